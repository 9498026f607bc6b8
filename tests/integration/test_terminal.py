"""The command line on a terminal and off it: what is granted there, and jobs that are followed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import forks
from tests.web_server import Answer, Handler, WebServer, answer, serving

DATALAB = ("-c", "from deploy.cli import main; main()")
FINGERPRINT = "0123456789abcdef" * 4
REQUEST = {
    "id": "prj_1.dts_1",
    "asked": ["Le projet demande « revenu »."],
    "licence": "Licence Ouverte.",
    "privacy": "",
    "code": [],
    "fingerprint": FINGERPRINT,
}
PATH = f"/access-requests/{REQUEST['id']}"


def typed(answer: str, url: str, home: Path, *words: str) -> tuple[int, list[str], str]:
    """The end of a command on a terminal, what it showed there, and what it complained of."""
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    own = {"DATALAB_URL_CATALOG": url, "DATALAB_TOKEN": "x", "DATALAB_HOME": str(home)}
    done = subprocess.run(
        (sys.executable, *DATALAB, *words),
        env=os.environ | own,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
    )
    lines = os.read(ours, 1 << 16).decode().splitlines()
    for end in (ours, theirs):
        os.close(end)
    return done.returncode, lines, done.stderr.decode().strip()


@pytest.mark.parametrize("word", ["y", "n"])
def test_grant_is_for_what_the_terminal_showed(word: str, tmp_path: Path) -> None:
    """All that is asked, then its fingerprint; only a yes grants it."""
    with serving() as catalog:
        catalog.otherwise = answer(200, json.dumps(REQUEST).encode())
        words = ("dataset", "decide", "prj_1.dts_1", "--decision", "grant", "--service")
        status, lines, complaint = typed(word, catalog.url(""), tmp_path, *words)
        sent = [json.loads(request.body) for request in catalog.received if request.path != PATH]
    assert "Le projet demande « revenu »." in lines
    assert FINGERPRINT in lines
    granted = [FINGERPRINT] if word == "y" else []
    assert [document["fingerprint"] for document in sent] == granted
    assert all(document["service"] for document in sent)
    expected_text = "" if granted else "datalab: nothing was granted"
    assert (status, complaint) == (0 if granted else 1, expected_text)


EVENTS = "/jobs/job_1/events"
PROGRAM = (*DATALAB, "job", "follow", "job_1")
LOG = {"number": 1, "line": "2026-01-31T10:00:00Z lit « été »\x1b[2J"}
STATE: dict[str, Any] = {"attempt": 1, "reason": "", "cancel_requested": False}
ENDED = {**STATE, "seconds": 1.5, "warning": "", "withheld": "", "is_held": False}


def streamed(*events: tuple[str, str, object]) -> Answer:
    """A stream of these events, after a comment, that ends with them."""
    stream = b"retry: 1000\n\n:\n\n" + b"".join(
        f"id: {at}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()
        for at, kind, data in events
    )
    return answer(200, stream, Content_Type="text/event-stream")


@pytest.fixture
def compute() -> Iterator[WebServer]:
    """A stand-in for compute."""
    with serving() as server:
        yield server


def one_after_the_other(server: WebServer, *answers: Answer) -> None:
    """Let the calls of the stream be answered by these in turn."""
    left = list(answers)

    def act(handler: Handler) -> None:
        left.pop(0)(handler)

    server.answers[EVENTS] = act


def environ(server: WebServer, home: Path) -> dict[str, str]:
    """Where the command finds that server."""
    url = server.url("")
    return os.environ | {
        "DATALAB_URL_COMPUTE": url,
        "DATALAB_TOKEN": "x",
        "DATALAB_HOME": str(home),
    }


def follow(server: WebServer, home: Path) -> "subprocess.CompletedProcess[str]":
    """Follow the job, with the output going to a file."""
    return forks.commands().run(PROGRAM, environ(server, home))


@pytest.mark.parametrize(("state", "code"), [("failed", 1), ("cancelled", 3)])
def test_broken_stream_is_taken_up_where_it_broke(
    compute: WebServer, tmp_path: Path, state: str, code: int
) -> None:
    """With the id of the last event; the exit code tells how the job ended."""
    end = {**ENDED, "state": state, "reason": "quota épuisé"}
    one_after_the_other(
        compute,
        streamed(
            ("1.0.0", "state", {**STATE, "state": "running"}),
            ("1.0.0", "progress", {"progress": 0.4, "message": "croise"}),
            ("1.1.7", "log", LOG),
        ),
        answer(503),
        streamed(("1.1.9", "end", end)),
    )
    done = follow(compute, tmp_path)
    assert (done.returncode, done.stderr) == (code, "")
    heard = [call.headers.get("last-event-id") for call in compute.calls(EVENTS)]
    assert heard == [None, "1.1.7", "1.1.7"]
    assert done.stdout.splitlines() == [
        "running",
        " 40% croise",
        "2026-01-31T10:00:00Z lit « été »\N{REPLACEMENT CHARACTER}[2J",
        f"{state} in 1.50 s: quota épuisé",
    ]


def test_job_whose_result_waits_says_so_and_no_more(compute: WebServer, tmp_path: Path) -> None:
    """Neither how long it ran nor how it ended is told before a reviewer decided."""
    told = "Ce calcul lit des données restreintes d'autrui."
    held = {**STATE, "state": "held"}
    ended = {**ENDED, **held, "seconds": 0.0, "is_held": True, "withheld": told}
    one_after_the_other(compute, streamed(("0.0.0", "state", held), ("0.0.0", "end", ended)))
    done = follow(compute, tmp_path)
    assert (done.returncode, done.stdout.splitlines()) == (5, ["held", told])


HELD: dict[str, Any] = {
    "job_id": "job_1",
    "may_mask": True,
    "release": {
        "outputs": [],
        "masking": "1 ligne sur 2 a des chiffres masqués.",
        "differences": [
            {
                "job_id": "job_0",
                "project_id": "prj_0",
                "figures": ["count"],
                "in_both": 25,
                "only_here": 1,
                "only_there": 0,
            }
        ],
    },
}
UNDER_RULE = {"values": ["14118", "2"], "rules": {"n": "units"}, "units": {"n": 2}}
FREE = {"values": ["14366", "31"], "rules": {}, "units": {}}


def test_reviewer_reads_the_facts_of_a_held_result(compute: WebServer, tmp_path: Path) -> None:
    """Which figure is under which rule, what masking leaves, and what differs from before."""
    table = {"columns": ["commune", "n"], "rows": [UNDER_RULE, FREE]}
    for path, body in (("", HELD), ("/table", table)):
        compute.answers[f"/release-requests/job_1{path}"] = answer(200, json.dumps(body).encode())
    program = (*DATALAB, "job", "held-result", "job_1")
    lines = forks.commands().run(program, environ(compute, tmp_path)).stdout
    assert "14118  n       2      units  2" in lines
    assert "14366" not in lines
    assert "with --decision mask: 1 ligne sur 2 a des chiffres masqués." in lines
    assert "job_0   prj_0       count    25       1          0" in lines


def test_quota_is_asked_for_and_decided_as_it_was_read(compute: WebServer, tmp_path: Path) -> None:
    """The decision names the version of the workspace; a queued job says its place."""
    space, place = {"project_id": "prj_1", "version": 4}, "prochain de votre file"
    job = {"id": "job_1", "state": "queued", "queue_place": place, "outputs": []}
    for path, body in (
        ("/jobs/job_1", job),
        ("/quota-requests/prj_1", space),
        ("/workspaces/prj_1/quota-request", space),
        ("/workspaces/prj_1/quota-decision", space),
    ):
        compute.answers[path] = answer(200, json.dumps(body).encode())
    why = ("--seconds", "7200", "--reason", "x")
    for words in (("ask-quota", "prj_1"), ("decide-quota", "prj_1", "--decision", "grant")):
        program = (*DATALAB, "job", *words, *why)
        assert forks.commands().run(program, environ(compute, tmp_path)).returncode == 0
    sent = [json.loads(request.body) for request in compute.received if request.body]
    asked = {"seconds": 7200, "reason": "x"}
    assert sent == [asked, {**asked, "decision": "grant", "version": 4}]
    shown = forks.commands().run((*DATALAB, "job", "show", "job_1"), environ(compute, tmp_path))
    assert place in shown.stdout


def test_job_that_the_lab_gave_up_is_followed_no_longer(compute: WebServer, tmp_path: Path) -> None:
    """It waits for an operator, who may take days.

    A refusal is told, and not tried again. A job of which all was told (204) is asked how it ended.
    """
    refused = follow(compute, tmp_path)
    assert (refused.returncode, "datalab: " in refused.stderr) == (1, True)
    assert len(compute.calls(EVENTS)) == 1
    given_up = {**STATE, "state": "given_up", "reason": "erreur interne"}
    one_after_the_other(compute, streamed(("1.0.3", "state", given_up)), answer(204))
    done = follow(compute, tmp_path)
    assert (done.returncode, done.stdout) == (4, "given_up: erreur interne\n")
    compute.answers["/jobs/job_1"] = answer(200, b'{"state": "succeeded"}')
    assert follow(compute, tmp_path).returncode == 0


def test_a_terminal_shows_the_log_above_a_bar(compute: WebServer, tmp_path: Path) -> None:
    """The lines stay; the bar goes with the end."""
    one_after_the_other(
        compute,
        streamed(
            ("1.0.0", "progress", {"progress": 0.4, "message": "croise"}),
            ("1.1.7", "log", LOG),
            ("1.1.9", "end", {**ENDED, "state": "succeeded"}),
        ),
    )
    ours, theirs = os.openpty()
    environment = environ(compute, tmp_path) | {"TERM": "xterm", "COLUMNS": "120"}
    terminal, errors = Path(os.ttyname(theirs)), tmp_path / "errors"
    status = forks.commands().start(PROGRAM, environment, terminal, errors).wait()
    text = os.read(ours, 1 << 16).decode()
    for end in (ours, theirs):
        os.close(end)
    assert status == 0, errors.read_text()
    assert "lit « été »\N{REPLACEMENT CHARACTER}[2J" in text
    assert "croise" in text
    assert "succeeded in 1.50 s" in text
