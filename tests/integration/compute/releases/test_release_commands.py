"""The commands by which reviewers decide on results that are held back."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import forks
from tests.integration.compute.lab import HOLDER, Lab
from tests.integration.compute.releases.test_releasing import asked, held
from tests.integration.compute.samples import PARTIAL
from tests.servers import RunningService

DECIDED = ("--decision", "release", "--reason", "relu")


@pytest.fixture
def shell(lab: Lab, compute: RunningService, tmp_path: Path) -> "Shell":
    """A shell beside it."""
    return Shell(lab, compute, tmp_path)


class Shell:
    """Runs `datalab job` as people do."""

    def __init__(self, lab: Lab, compute: RunningService, home: Path) -> None:
        self._lab = lab
        self._environ = {"DATALAB_URL_COMPUTE": compute.url, "DATALAB_HOME": str(home)}

    def run(
        self, *words: str, member: str = "mbr_r", role: str = "reviewer"
    ) -> "subprocess.CompletedProcess[str]":
        """The command's end, whatever it is."""
        environ = self._environ | {"DATALAB_TOKEN": self._lab.token(member, role)}
        program = ("-c", "from deploy.cli import main; main()", "job")
        return forks.commands().run((*program, *words), environ)

    def json(self, *words: str) -> Any:
        """What a command answers to a program."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def test_reviewer_finds_and_reads_what_is_held(lab: Lab, shell: Shell) -> None:
    """In the list, and rule by rule, with what each found.

    Who may not decide, and what is no decision, is told with words for it.
    """
    job_id = held(lab)
    listed = shell.json("held", "--limit", "100")["items"]
    assert job_id in {held_result["id"] for held_result in listed}
    outcome = shell.run("held-result", job_id)
    assert outcome.returncode == 0, outcome.stderr
    assert all(word in outcome.stdout for word in (job_id, "ledger", "14", "deux cellules"))
    assert "the treatment failed: le code s'est arrêté ligne 3" in outcome.stdout
    for member, role, words in (
        (HOLDER, "holder", DECIDED),
        (PARTIAL, "reviewer", DECIDED),
        ("mbr_r", "reviewer", ("--decision", "open", "--reason", "relu")),
    ):
        done = shell.run("release", job_id, *words, member=member, role=role)
        assert (done.returncode, bool(done.stderr.strip())) == (1, True)
    assert shell.json("held-result", job_id)["decision"] is None


@pytest.mark.parametrize(("decision", "status"), [("release", 200), ("refuse", 409)])
def test_reviewer_decides_on_what_is_held(
    lab: Lab, compute: RunningService, shell: Shell, decision: str, status: int
) -> None:
    """The holder gets the file or does not, and reads why; the first word stands."""
    job_id = held(lab)
    body = shell.json("release", job_id, "--decision", decision, "--reason", "relu deux fois")
    assert body["job_id"] == job_id
    answer = lab.call(compute, "GET", f"/jobs/{job_id}/result?name=result.csv")
    assert answer.status == status
    seen = asked(lab, compute, f"/jobs/{job_id}", HOLDER, "holder")["decision"]
    assert (seen["decision"], seen["reason"]) == (decision, "relu deux fois")
    assert job_id not in {
        held_result["id"] for held_result in shell.json("held", "--limit", "100")["items"]
    }
    other = {"release": "refuse", "refuse": "release"}[decision]
    done = shell.run("release", job_id, "--decision", other, "--reason", "non")
    assert (done.returncode, job_id in done.stdout) == (1, False)


def test_job_that_is_not_held_is_not_found(shell: Shell) -> None:
    """By its reviewer's reading and by deciding on it."""
    for words in (("held-result", "job_x"), ("release", "job_x", *DECIDED)):
        done = shell.run(*words)
        assert (done.returncode, done.stdout) == (1, "")
