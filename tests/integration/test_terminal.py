"""A grant is for what was read: on a terminal the command line shows it, and asks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web_server import answer, serving

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
    program = (sys.executable, "-c", "from deploy.cli import main; main()")
    own = {"DATALAB_URL_CATALOG": url, "DATALAB_TOKEN": "x", "DATALAB_HOME": str(home)}
    done = subprocess.run(
        (*program, *words),
        env=os.environ | own,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
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
        words = ("dataset", "decide", "prj_1.dts_1", "--decision", "grant")
        status, lines, complaint = typed(word, catalog.url(""), tmp_path, *words)
        sent = [json.loads(request.body) for request in catalog.received if request.path != PATH]
    assert "Le projet demande « revenu »." in lines
    assert FINGERPRINT in lines
    granted = [FINGERPRINT] if word == "y" else []
    assert [document["fingerprint"] for document in sent] == granted
    expected_text = "" if granted else "datalab: nothing was granted"
    assert (status, complaint) == (0 if granted else 1, expected_text)
