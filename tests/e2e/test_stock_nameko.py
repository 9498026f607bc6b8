"""Partners' own nameko services need nothing of ours: the wire is nameko's."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from deploy.demo import content
from tests.chaos.lab import Lab
from tests.servers import eventually

SERVE = """
import eventlet; eventlet.monkey_patch()
import sys, pathlib
from nameko.containers import ServiceContainer
from tests.e2e.listener import Listener
Listener.heard = pathlib.Path(sys.argv[2])
container = ServiceContainer(Listener, {"AMQP_URI": sys.argv[1]})
container.start(); print("ready", flush=True); container.wait()
"""


@pytest.fixture
def heard(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """The file a running stock service writes into."""
    file = tmp_path / "heard"
    file.touch()
    command = [sys.executable, "-c", SERVE, lab.stack.environment()["DATALAB_AMQP_URI"], str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == b"ready\n"
        yield file
        service.terminate()


def test_stock_service_hears_and_stock_proxy_submits_and_reads(lab: Lab, heard: Path) -> None:
    """`@event_handler("intake", "project_submitted")` and `ClusterRpcProxy`, unchanged."""
    project = content.project("dts_1", None)
    with ClusterRpcProxy({"AMQP_URI": lab.stack.environment()["DATALAB_AMQP_URI"]}) as rpc:
        submitted = rpc.intake.submit_project("mbr_partner", project)
        read = rpc.intake.get_project(submitted["id"])
    assert read["title"] == project["title"]
    eventually(lambda: submitted["id"] in heard.read_text())
