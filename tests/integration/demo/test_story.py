"""What the demo adds to a story that stopped."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli.api_client import CallError
from deploy.demo.story import StoryError, explained, wait
from deploy.local.ports import LOOPBACK
from tests.servers import free_port
from tests.web_server import answer, serving

RED = {
    "ready": False,
    "checks": {"running": True, "broker": False, "storage": False},
    "reasons": {"broker": "low memory"},
}


@pytest.fixture
def lab() -> Iterator[str]:
    """A server that is ready at its root and not below `/red`."""
    body = json.dumps(RED).encode()
    with serving() as server:
        server.answers |= {"/readyz": answer(200, body), "/red/readyz": answer(503, body)}
        yield server.url("")


def test_waiting_in_vain_tells_red_checks_and_the_full_disk(lab: str, tmp_path: Path) -> None:
    """Each service that is not ready, by its red checks; and the free space when it is scarce."""
    urls = {"intake": lab, "catalog": f"{lab}/red", "notify": f"http://{LOOPBACK}:{free_port()}"}
    text = (
        r"^waited 0 s in vain: a trial; catalog is not ready \(broker: low memory, storage\); "
        rf"notify does not answer; only \d+ MB are free at {tmp_path}$"
    )
    with pytest.raises(StoryError, match=text), explained(urls, tmp_path, 10**18):
        wait("a trial", lambda: False, 0)


def test_trouble_of_another_kind_is_told_alone(lab: str, tmp_path: Path) -> None:
    """A lab that is well has nothing added."""
    with pytest.raises(StoryError, match=r"^it is closed$"), explained({"x": lab}, tmp_path, 0):
        raise CallError("it is closed")
