# The lab's commands. They need make, Python 3.11 to 3.13 with its venv module, and what they say.

ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3.13; do \
	$$python -c 'import ensurepip' 2>/dev/null && echo $$python && break; done)
endif
BIN := .venv/bin
# Named after what they were made from: another lock makes the environment anew.
LOCKED := .venv/locked-$(shell cksum < requirements.lock | cut -d ' ' -f 1)
CODE := .venv/code-$(shell cat requirements.lock requirements-code.lock | cksum | cut -d ' ' -f 1)
DEV := .venv/dev-$(shell cat requirements*.lock | cksum | cut -d ' ' -f 1)
INSTALLED := .venv/installed-$(shell cksum < pyproject.toml | cut -d ' ' -f 1)
PEERS := .venv/peers-$(shell cksum < requirements-bench.lock | cut -d ' ' -f 1)
UV := uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

PIP := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes

# Where it is set, each process of the tests and each job compiles all of its modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install code demo up down status test lint docs screenshots bench lock compose-files

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

$(LOCKED):
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with its venv module is needed:" \
		"apt-get install python3 python3-venv, or make PYTHON=/path/to/python." >&2; exit 1; }
	@echo "Installing the locked packages into .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) -r requirements.lock
	@touch $@

$(CODE): $(LOCKED)
	@echo "Installing what holders' own code may import"
	@$(PIP) -r requirements-code.lock
	@touch $@

$(DEV): $(CODE)
	@echo "Installing what tests and checks need"
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(INSTALLED): $(LOCKED)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: $(INSTALLED) ## Make .venv from the hashed lock

code: install $(CODE) ## Add the libraries that holders' own Python code may import

demo: install ## Play the story of one project from nothing to delivered, then stop
	@$(BIN)/python -m deploy.demo

up: install ## Start the stack for hand use
	@$(BIN)/datalab up

down: install ## Stop it; its data stay in .datalab/
	@$(BIN)/datalab down

status: install ## Show its processes
	@$(BIN)/datalab status

test: install $(DEV) ## Run the unit, integration and end-to-end tests (ARGS="-k name" for some)
	@$(BIN)/python -m deploy.local.packages
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --durations=10 $(ARGS)

lint: install $(DEV) ## Check style, types and the architecture
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: install ## Write what the documents say of events, routes, settings and metrics
	@$(BIN)/python -m deploy.reference

# In an environment of their own: they need other versions of what the lab uses.
$(PEERS): $(LOCKED)
	@$(PYTHON) -m venv --clear .venv/peers
	@.venv/peers/bin/pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-bench.lock
	@touch $@

screenshots: install $(DEV) ## Take the README's pictures of the portal anew; needs chromium-headless-shell
	@$(BIN)/python -m tests.e2e.portal.screenshots

bench: install $(DEV) $(PEERS) ## Measure beside what others use, and the raw limit (ARGS="typing" for some)
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# Each lock has what it adds to those before it: requirements, -code, -dev.
lock: ## Resolve the locks again; needs uv
	@command -v uv >/dev/null || { echo "uv is needed: pip install uv" >&2; exit 1; }
	@$(UV) --extra lab --extra local -o requirements.lock pyproject.toml
	@$(UV) --extra lab --extra local --extra code -c requirements.lock -o requirements-code.lock pyproject.toml \
		$$(sed -n 's/^\([^ =]*\)==.*/--no-emit-package \1/p' requirements.lock)
	@sed -i -e '/^#/d' -e '1i -r requirements.lock' requirements-code.lock
	@$(UV) --all-extras -c requirements.lock -c requirements-code.lock -o requirements-dev.lock pyproject.toml \
		$$(sed -n 's/^\([^ =]*\)==.*/--no-emit-package \1/p' requirements.lock requirements-code.lock)
	@sed -i -e '/^#/d' -e '1i -r requirements-code.lock' requirements-dev.lock
	@$(UV) -o requirements-bench.lock tests/benchmarks/peers.in

compose-files: install ## Make the passwords and keys that docker-compose.yml reads
	@$(BIN)/python -m deploy.compose
