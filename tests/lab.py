"""What the tests of every service have at hand: events both ways, HTTP, RPC, files, documents."""

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

import urllib3
from nameko.standalone.rpc import ClusterRpcProxy
from pymongo import MongoClient
from pymongo.database import Database

from shared.aggregate import new_id
from shared.events import Event
from shared.messaging import declared_queues
from shared.storage import Storage
from shared.store import Store
from tests.events import Listener, publish
from tests.servers import PATIENCE_SECONDS, Broker, eventually

SEQUENCES = itertools.count(1000)
"""Versions of subjects: no two events that say none have the same id."""


@dataclass
class ServiceLab:
    """Servers and settings of one module's processes; `tested` is their service's name."""

    tested: ClassVar[str]

    broker: Broker
    vhost: str
    environ: dict[str, str]
    token: Callable[..., str]
    _listener: Listener = field(init=False)
    _pool: urllib3.PoolManager = field(init=False)

    def __post_init__(self) -> None:
        self._listener = Listener(self.broker, self.vhost, self.tested)
        self._pool = urllib3.PoolManager(retries=False, timeout=PATIENCE_SECONDS)

    @property
    def files(self) -> Storage:
        """The file store."""
        return Storage(self.environ["DATALAB_STORAGE_URL"])

    def envelopes(self) -> list[dict[str, Any]]:
        """The distinct events that the service published so far, in the order of arrival."""
        return self._listener.heard()

    def events(self, topic: str, **data: Any) -> list[dict[str, Any]]:
        """The data of the distinct events of a topic so far with these values, oldest first."""
        about = [event["data"] for event in self.envelopes() if event["type"] == topic]
        return [event for event in about if data.items() <= event.items()]

    def wait_for(self, topic: str, **data: Any) -> dict[str, Any]:
        """The first of these events, once it was published."""
        eventually(lambda: self.events(topic, **data), f"{topic} {data}")
        return self.events(topic, **data)[0]

    def publish(
        self, event: Event, subject: str = "", sequence: int = 0, times: int = 1
    ) -> dict[str, Any]:
        """Publish an event as its service would, `times` in a row as after a crash; its envelope.

        Without a sequence it has one of its own.
        """
        ids = (getattr(event, name, None) for name in ("job_id", "project_id"))
        subject = subject or next(filter(None, ids), None) or new_id("sub")
        sequence = sequence or next(SEQUENCES)
        return publish(
            self.broker, self.vhost, event, subject=subject, sequence=sequence, times=times
        )

    def request(
        self, method: str, url: str, token: str, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """An HTTP request with a bearer token; `json` is a body."""
        headers = {"Authorization": f"Bearer {token}", **(options.pop("headers", None) or {})}
        if options.get("json", ...) is None:
            del options["json"]
        answer = self._pool.request(method, url, headers=headers, **options)
        assert_declared(method, url, answer)
        return answer

    @contextlib.contextmanager
    def rpc(self, service: str = "") -> Iterator[Any]:
        """A stock nameko client of a service, by default the tested one."""
        with ClusterRpcProxy(
            {"AMQP_URI": self.broker.uri(self.vhost)}, timeout=PATIENCE_SECONDS
        ) as cluster:
            yield getattr(cluster, service or self.tested)

    def queues(self) -> dict[str, int]:
        """Messages by queue, without the reply queues."""
        counted = self.broker.queues(self.vhost)
        return {name: count for name, count in counted.items() if not name.startswith("rpc.reply")}

    def parked(self) -> int:
        """How many events are parked."""
        with self.broker.connection(self.vhost) as connection:
            declared = connection.channel().queue_declare(declared_queues.PARKED, passive=True)
        return int(declared.message_count)

    @contextlib.contextmanager
    def store(self, service: str = "") -> Iterator[Store]:
        """The documents of a service, by default the tested one."""
        uri, name = self.environ["DATALAB_MONGODB_URI"], self._database_name(service)
        with contextlib.closing(Store(uri, name)) as store:
            yield store

    @contextlib.contextmanager
    def database(self, service: str = "") -> Iterator[Database[dict[str, Any]]]:
        """The database of a service as it is, by default the tested one's."""
        with MongoClient[dict[str, Any]](self.environ["DATALAB_MONGODB_URI"]) as client:
            yield client[self._database_name(service)]

    def _database_name(self, service: str) -> str:
        return f"{self.environ['DATALAB_DATABASE_PREFIX']}_{service or self.tested}"


@cache
def _declared(origin: str) -> dict[str, Any]:
    """The paths of the OpenAPI document that a service serves there."""
    paths: dict[str, Any] = urllib3.request("GET", f"{origin}/openapi.json").json()["paths"]
    return paths


def assert_declared(method: str, url: str, answer: urllib3.BaseHTTPResponse) -> None:
    """Assert that an answer is of a media type that the OpenAPI document has for its route."""
    sent = answer.headers.get("Content-Type", "").partition(";")[0]
    address = urlsplit(url)
    if answer.status // 100 != 2 or not sent:
        return
    for path, operations in _declared(f"{address.scheme}://{address.netloc}").items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), address.path):
            responses = operations[method.lower()]["responses"]
            assert sent in responses[str(answer.status)]["content"], (method, path, sent)
            return
