"""The lab under test: a whole stack of its own, a partner, and a tap on every event."""

import contextlib
import json
import os
import random
import signal
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from kombu import Connection
from pymongo import MongoClient

from deploy import SERVICES
from deploy.cli.api_client import CallError, Client
from deploy.demo import content
from deploy.demo.partner import Partner
from deploy.demo.story import wait
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from shared.auth import issue_token
from shared.settings import Settings
from tests.chaos.journey import Cast
from tests.servers import free_port

TAP = "chaos.tap"
_EXCHANGES = [f"{service}.events" for service in SERVICES]
_ROWS = 40
_FIRST_COMMUNES = ";140"
"""In the rows of communes that all files have: a result in which nothing meets is none."""

RETRY_SECONDS = (0.5, 1, 2, 5, 10, 20, 30)
_SETTINGS = {
    "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRY_SECONDS)),
    "DATALAB_SWEEP_SECONDS": "1",
    "DATALAB_RPC_SECONDS": "5",
    "DATALAB_JOB_LEASE_SECONDS": "4",
    "DATALAB_JOB_SLOTS": "2",
    "DATALAB_PUBLIC_CATALOG": "true",
    "DATALAB_WEBHOOK_SECONDS": "0.5,1,2,5,10,20,30,60",
    "DATALAB_ERASURE_GRACE_SECONDS": "0",
    "DATALAB_RENEWAL_WAIT_SECONDS": "1",
    "DATALAB_WEBHOOK_PRIVATE_ADDRESSES": "true",
}


class Lab:
    """A running stack with what the audit needs to look inside."""

    def __init__(self, home: Path, workers: int) -> None:
        ports = Ports(**{name: free_port() for name in Ports.__dataclass_fields__})
        self.stack = Stack(home / "lab", ports, _SETTINGS, workers)
        self.partner = Partner()
        self.files = home
        self.kills: list[str] = []

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Run the stack and tap its exchanges while the block lasts."""
        self.stack.up()
        try:
            self._tap()
            yield
        finally:
            self.stack.down()
            self.partner.close()

    def client(self, member_id: str, *roles: str) -> Client:
        """A client with that member's token."""
        token = issue_token(self.stack.plan.keys.private, member_id, roles, timedelta(hours=12))
        return Client(self.stack.urls(), lambda: token)

    def cast(self) -> Cast:
        """Members and data, published before anything is killed."""
        staff = self.client("lab", "operator", "reviewer")
        url = f"http://127.0.0.1:{self.partner.port}/events"
        endpoint = staff.post("notify", "/endpoints", {"url": url, "event_types": ["*"]})
        self.partner.trust(endpoint["secret"])
        members = {
            role: staff.post("intake", "/members", content.member(role))["id"]
            for role in content.MEMBERS
        }
        holder = self.client(members["agency"], "holder", "owner")
        owner = self.client(members["lab"], "owner")
        datasets = [
            self._offer(holder, content.HOMES, content.HOMES_FILE),
            self._offer(owner, content.open_dataset("epci_2026.csv"), "epci_2026.csv"),
            self._offer(
                owner,
                {**content.open_dataset("epci_2026.csv"), "access": "restricted"},
                "epci_2026.csv",
            ),
        ]
        for dataset in datasets:
            wait(f"{dataset} is published", partial(_is_published, staff, dataset))

        def client_of(member_id: str) -> Client:
            return self.client(member_id, "owner")

        team = [members["laboratory"], members["agency"]]
        return Cast(holder, staff, client_of, owner, members["city"], team, *datasets)

    def _offer(self, client: Client, metadata: dict[str, Any], filename: str) -> str:
        """Upload the first rows of a real table."""
        header, *rows = (content.DATA / filename).read_text(encoding="utf-8").splitlines()
        lines = [header, *(row for row in rows if _FIRST_COMMUNES in row)][:_ROWS]
        file = self.files / filename
        file.write_text("\n".join(lines), encoding="utf-8")
        return str(client.upload("catalog", "/datasets", metadata, file)["id"])

    @contextlib.contextmanager
    def killing(self, seed: int, at_least: int, ease: float) -> Iterator[Event]:
        """Kill processes at random while the block lasts; the event given is set at `at_least`.

        `ease` stretches the pauses: a long run with short ones would be nothing but restarts.
        """
        enough, over = Event(), Event()
        chance = random.Random(seed)
        names = [*self.stack.plan.service_processes(), "broker", "documents"]

        def kill_for_ever() -> None:
            while not over.wait(ease * chance.uniform(1.5, 4)):
                name = chance.choice(names)
                if pid := self.stack.pid(name):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        self.kills.append(name)
                if len(self.kills) >= at_least:
                    enough.set()

        killer = Thread(target=kill_for_ever, daemon=True)
        killer.start()
        try:
            yield enough
        finally:
            over.set()
            killer.join()

    def collections(self) -> Iterator[tuple[str, Any]]:
        """Every collection of every service, as `service.name`."""
        environment = self.stack.environment()
        uri, prefix = environment["DATALAB_MONGODB_URI"], Settings.model_fields["database_prefix"]
        with MongoClient[dict[str, Any]](uri) as client:
            for service in SERVICES:
                database = client[f"{prefix.default}_{service}"]
                for name in sorted(database.list_collection_names()):
                    yield f"{service}.{name}", database[name]

    @contextlib.contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel to the broker."""
        with Connection(self.stack.environment()["DATALAB_AMQP_URI"]) as connection:
            yield connection.channel()

    def tapped(self) -> dict[str, dict[str, Any]]:
        """Every event that any service published, by id; the tap is empty afterwards."""
        events: dict[str, dict[str, Any]] = {}
        with self.channel() as channel:
            while message := channel.basic_get(TAP, no_ack=True):
                event = json.loads(message.body)
                events[event["id"]] = event
        return events

    def _tap(self) -> None:
        with self.channel() as channel:
            arguments = {"x-queue-type": "quorum"}
            channel.queue_declare(TAP, durable=True, auto_delete=False, arguments=arguments)
            for exchange in _EXCHANGES:
                channel.queue_bind(TAP, exchange, "#")


def grant_all(owner: Client) -> None:
    """Decide every waiting request for restricted data."""
    with contextlib.suppress(CallError):
        for request in owner.get("catalog", "/access-requests", waiting="true")["items"]:
            path = f"/access-requests/{request['id']}/decision"
            fields = {"reason": "Accord de l'épreuve.", "fingerprint": request["fingerprint"]}
            owner.post("catalog", path, {"decision": "grant", **fields})


def release_all(staff: Client) -> None:
    """Let every held result go to its holder."""
    with contextlib.suppress(CallError):
        for held in staff.get("compute", "/release-requests")["items"]:
            version = staff.get("compute", f"/release-requests/{held['id']}")["version"]
            fields = {"decision": "release", "reason": "Accord de l'épreuve.", "version": version}
            staff.post("compute", f"/jobs/{held['id']}/release", fields)


def _is_published(client: Client, dataset_id: str) -> bool:
    return bool(client.get("catalog", f"/datasets/{dataset_id}")["state"] == "published")
