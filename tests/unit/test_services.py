"""Every place that lists the services lists them all: a folder below services/ is one."""

import inspect
import re
import tomllib
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

import pytest

from deploy import PORTAL, SERVICES
from deploy.local.ports import Ports
from deploy.topology import SERVICE_CLASSES

ROOT = Path(__file__).parents[2]
ALL = sorted({path.parent.name for path in (ROOT / "services").glob("*/*.py")})
FOLDERS = [name for name in ALL if name != PORTAL]
"""Those that speak by events; the portal has pages alone."""

CLASSES = {service.name: service for service in SERVICE_CLASSES}
PORTS = asdict(Ports())
COMPOSE = (ROOT / "docker-compose.yml").read_text()
PROMETHEUS = (ROOT / "deploy/prometheus/prometheus.yml").read_text()


@pytest.mark.parametrize("service", FOLDERS)
def test_topology_declares_the_service_s_queues(service: str) -> None:
    """deploy/__init__.py, SERVICES: without it the service's events fall through."""
    assert service in CLASSES


@pytest.mark.parametrize("service", FOLDERS)
def test_local_stack_starts_the_service_on_a_port_of_its_own(service: str) -> None:
    """deploy/__init__.py, SERVICES, and deploy/local/ports.py."""
    assert service in SERVICES
    assert service in PORTS
    module, name = SERVICES[service].split(":")
    assert (module, name) == (f"services.{service}.service", CLASSES[service].__name__)


@pytest.mark.parametrize("service", FOLDERS)
def test_docker_compose_runs_the_service_on_its_port(service: str) -> None:
    """docker-compose.yml: a container that runs this class, with its user and its port."""
    block = re.search(rf"^  {service}:\n(?:    .*\n|\n)+", COMPOSE, re.MULTILINE)
    assert block, f"docker-compose.yml has no service {service}"
    port = PORTS[service]
    assert f'deploy.run, "{SERVICES[service]}"' in block[0]
    assert f"secrets: [{service}_amqp_uri, {service}_mongodb_uri" in block[0]
    assert f"DATALAB_AMQP_URI_FILE: /run/secrets/{service}_amqp_uri" in block[0]
    assert f"DATALAB_MONGODB_URI_FILE: /run/secrets/{service}_mongodb_uri" in block[0]
    assert f'DATALAB_HTTP_PORT: "{port}"' in block[0]
    assert f"${{DATALAB_PORT_{service.upper()}:-{port}}}:{port}" in block[0]


@pytest.mark.parametrize("service", ALL)
def test_prometheus_scrapes_the_service(service: str) -> None:
    """deploy/prometheus/prometheus.yml: its target, by its name in docker-compose.yml."""
    assert f'"{service}:{PORTS.get(service)}"' in PROMETHEUS


@pytest.mark.parametrize("service", FOLDERS)
def test_import_contract_holds_the_service_apart(service: str) -> None:
    """pyproject.toml, "services are independent of each other", by a pattern."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    name = "services are independent of each other"
    (apart,) = [contract for contract in contracts["contracts"] if contract["name"] == name]
    assert apart["type"] == "independence"
    assert any(fnmatch(f"services.{service}", pattern) for pattern in apart["modules"])


@pytest.mark.parametrize("service", SERVICE_CLASSES)
def test_service_has_what_its_entrypoints_declare(service: type) -> None:
    """Mypy takes a declared attribute for granted: a request would find out that it is missing."""
    declared = {name for cls in service.__mro__ for name in inspect.get_annotations(cls)}
    assert {name for name in declared if not hasattr(service, name)} == set()


def test_nothing_but_folders_is_listed() -> None:
    """A service that went is gone everywhere."""
    run = re.findall(r'deploy\.run, "services\.(\w+)\.service:', COMPOSE)
    (targets,) = re.findall(r"targets: \[(.*:8001.*)\]", PROMETHEUS)
    assert sorted(CLASSES) == sorted(SERVICES) == sorted(run) == FOLDERS
    assert sorted(re.findall(r'"(\w+):\d+"', targets)) == ALL
