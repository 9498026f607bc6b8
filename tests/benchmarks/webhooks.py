"""Delays of a live webhook endpoint beside dead ones, deleted ones, and a silent name server.

Seconds from the publication of an event to its arrival at the endpoint of member B, 60 events in 12
seconds, on a real broker, document server and notify process with its time limits as in production.
Member A meanwhile has 450 endpoints on a server that takes connections and says nothing, or had
10,000 that are deleted, or has 450 whose name server is silent for 25 seconds, or causes a burst of
events, behind which others wait until it is written down. WEBHOOKS_CODE names the folder of another
version of the code, to be measured in place of this one.
"""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from pymongo import MongoClient
from pymongo.database import Database

from deploy.local.ports import LOOPBACK, listening
from deploy.local.signing_keys import key_pair
from deploy.queues import declare
from services.notify.sending.signing import new_secret
from services.notify.service import Notify
from shared.aggregate import NEVER, new_id, now
from shared.events import ProjectPiloted
from tests.events import publish
from tests.servers import Broker, Documents, eventually, free_port
from tests.web_server import WebServer, serving

DEAD, DELETED, BACKLOG = 450, 10_000, 3
EVENTS, INTERVAL, PATIENCE = 60, 0.2, 300.0
RETRIES = (0.2, 1.0)
SILENT = ".silent.example"

PATCH = f"""
import socket, time
asked, pause = socket.getaddrinfo, time.sleep
def getaddrinfo(host, *args, **kwargs):
    if str(host).endswith({SILENT!r}):
        pause(25)
        raise socket.gaierror(-3, "no answer")
    return asked(host, *args, **kwargs)
socket.getaddrinfo = getaddrinfo
"""
"""What the service's process finds as its sitecustomize: a resolver whose server may be silent."""


@dataclass
class Stack:
    """A notify process with its servers, and the live endpoint's."""

    broker: Broker
    vhost: str
    database: Database[dict[str, Any]]
    live: WebServer

    def add(self, member_id: str, *urls: str, state: str = "enabled", prefix: str = "end") -> None:
        """Save endpoints as the first versions of notify did."""
        document = {
            "version": 1,
            "outbox": [],
            "handled": [],
            "has_outbox": False,
            "outbox_since": NEVER,
            "member_id": member_id,
            "event_types": ["project_piloted"],
            "description": "",
            "secret": new_secret(),
            "sees_all": False,
            "state": state,
            "reason": "",
            "abandoned_in_row": 0,
            "created_at": now(),
        }
        many = [{**document, "_id": f"{prefix}_{new_id('')}", "url": url} for url in urls]
        self.database["endpoints"].insert_many(many)

    def tell(self, member_id: str) -> str:
        """Let something happen to a project of a member; the event's id."""
        project_id = new_id("prj")
        event = ProjectPiloted(project_id=project_id, holder_id=member_id, site_id="mem_site")
        envelope = publish(self.broker, self.vhost, event, subject=project_id, sequence=1)
        return str(envelope["id"])

    def load(self, *urls: str) -> None:
        """Give member A these endpoints and deliveries to each, and wait until they are due."""
        self.add("mem_a", *urls)
        for _ in range(BACKLOG):
            self.tell("mem_a")
        expected, kept = BACKLOG * len(urls), self.database["deliveries"]
        eventually(lambda: sum(1 for _ in kept.find({})) == expected)

    def delays(self) -> list[float]:
        """Seconds that the deliveries to member B took; PATIENCE for those that did not come."""
        self.add("mem_b", self.live.url("/b", host="localhost"), prefix="enz")
        began_by_endpoint: dict[str, float] = {}
        for _ in range(EVENTS):
            began = time.monotonic()
            began_by_endpoint[self.tell("mem_b")] = began
            time.sleep(max(began + INTERVAL - time.monotonic(), 0))
        with contextlib.suppress(AssertionError):
            eventually(lambda: len(self.live.calls("/b")) >= EVENTS)
        came = dict.fromkeys(began_by_endpoint, PATIENCE)
        for call in self.live.calls("/b"):
            for event_id, began in began_by_endpoint.items():
                if f'"{event_id}"'.encode() in call.body:
                    came[event_id] = min(came[event_id], call.at - began)
        return sorted(came.values())


def alone(stack: Stack) -> None:
    """Nothing else."""


def beside_dead(stack: Stack) -> None:
    """450 endpoints that take connections and say nothing."""
    silent = socket.create_server((LOOPBACK, 0), backlog=1000)
    threading.Thread(target=_hold, args=[silent], daemon=True).start()
    port = silent.getsockname()[1]
    stack.load(*(f"http://{LOOPBACK}:{port}/{number}" for number in range(DEAD)))


def _hold(silent: socket.socket) -> None:
    held = []
    while True:
        held.append(silent.accept()[0])


def beside_deleted(stack: Stack) -> None:
    """10,000 endpoints that were made and deleted."""
    urls = [f"http://{LOOPBACK}:9/{number}" for number in range(DELETED)]
    stack.add("mem_a", *urls, state="deleted")


def beside_silent_names(stack: Stack) -> None:
    """450 endpoints with a name each that nobody answers for."""
    stack.load(*(f"http://n{number}{SILENT}/" for number in range(DEAD)))


def behind_burst(stack: Stack) -> None:
    """200 events at once for the 50 endpoints that a member may have: 10,000 deliveries."""
    stack.add("mem_a", *(f"http://{LOOPBACK}:9/{number}" for number in range(50)))
    for _ in range(200):
        stack.tell("mem_a")


SCENARIOS = {
    "alone": alone,
    "450 dead endpoints": beside_dead,
    "10,000 deleted": beside_deleted,
    "silent name server": beside_silent_names,
    "behind a burst": behind_burst,
}


def main() -> None:
    """Measure each scenario on a stack of its own."""
    print(f"\nwebhooks: {(__doc__ or '').splitlines()[0]}")
    for name, prepare in SCENARIOS.items():
        with _stack() as stack:
            prepare(stack)
            delays = stack.delays()
        lost = sum(delay == PATIENCE for delay in delays)
        p99 = statistics.quantiles(delays, n=100, method="inclusive")[98]
        late = f", {lost} of {EVENTS} did not come in {PATIENCE:g} s" if lost else ""
        print(
            f"  {name:<20} p50 {statistics.median(delays):.3f} s, p99 {p99:.3f} s{late}", flush=True
        )


@contextlib.contextmanager
def _stack() -> Iterator[Stack]:
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="dl-")))
        broker, documents = Broker(home / "broker"), Documents(home / "documents")
        for server in (broker, documents):
            server.start()
        stack.callback(broker.close)
        stack.callback(documents.stop)
        vhost, prefix = broker.new_vhost(), f"bench_{uuid4().hex[:8]}"
        declare(broker.uri(vhost), [Notify], RETRIES)
        client: MongoClient[dict[str, Any]] = stack.enter_context(MongoClient(documents.uri))
        live = stack.enter_context(serving(204))
        stack.enter_context(
            _service(home, _environ(home, broker.uri(vhost), documents.uri, prefix))
        )
        yield Stack(broker, vhost, client[f"{prefix}_notify"], live)


def _environ(home: Path, amqp_uri: str, mongodb_uri: str, prefix: str) -> dict[str, str]:
    (home / "patch").mkdir()
    (home / "patch" / "sitecustomize.py").write_text(PATCH)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(home / "patch"),
        "DATALAB_AMQP_URI": amqp_uri,
        "DATALAB_MONGODB_URI": mongodb_uri,
        "DATALAB_STORAGE_URL": f"file://{home}/files",
        "DATALAB_TOKEN_PUBLIC_KEY": str(key_pair(home / "keys").public),
        "DATALAB_DATABASE_PREFIX": prefix,
        "DATALAB_HTTP_PORT": str(free_port()),
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_WEBHOOK_PRIVATE_ADDRESSES": "true",
    }


@contextlib.contextmanager
def _service(home: Path, environ: dict[str, str]) -> Iterator[None]:
    code = os.environ.get("WEBHOOKS_CODE") or str(Path(__file__).parents[2])
    with (home / "notify.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.run", "services.notify.service:Notify"],
            cwd=code,
            env=environ,
            stderr=log,
        )
    try:
        eventually(lambda: listening(int(environ["DATALAB_HTTP_PORT"])))
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
