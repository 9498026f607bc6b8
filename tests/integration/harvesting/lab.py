"""What the tests of harvests ask the running lab, and serve it."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import urllib3
from nameko.standalone.rpc import ClusterRpcProxy

from services.catalog.datasets.model import Dataset
from shared.store import Store
from tests.events import Listener
from tests.portal import Portal, page
from tests.servers import Broker, RunningService, eventually

SECONDS = 60.0


@dataclass
class Lab:
    """The running catalog and compute, with the servers around them."""

    broker: Broker
    vhost: str
    environ: dict[str, str]
    token: Callable[..., str]
    portal: Portal
    catalog: RunningService
    compute: RunningService
    _listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self._listener = Listener(self.broker, self.vhost, "catalog")

    def call(
        self, method: str, path: str, *roles: str, body: object = None, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """An HTTP call to the catalog, an operator's if no roles are said."""
        headers = {"Authorization": f"Bearer {self.token('mbr_op', *(roles or ('operator',)))}"}
        if body is not None:
            options["body"] = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        headers |= options.pop("headers", {})
        url = self.catalog.url + path
        return urllib3.request(method, url, headers=headers, retries=False, timeout=20, **options)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of an answer that is no refusal."""
        answer = self.call(method, path, body=body)
        assert answer.status < 300, answer.data
        return answer.json()

    def add(self, path: str, catalogue: str = "dcat", **more: Any) -> str:
        """The id of a new source at that path of the portal."""
        about = {"title": "Portail", "catalogue": catalogue, "theme": "territoire", **more}
        url = self.portal.url(path) if path else ""
        return str(self.ask("POST", "/sources", {**about, "url": url})["id"])

    def serve(self, path: str, body: bytes, media_type: str = "text/turtle") -> None:
        """Let the portal serve a page."""
        self.portal.answers[path] = page(body, media_type)

    def harvest(self, source_id: str, **how: bool) -> dict[str, Any]:
        """Harvest a source, and wait until that ended."""
        begun = self.ask("POST", f"/sources/{source_id}/harvest", how)
        return self.ended(begun["id"])

    def ended(self, harvest_id: str) -> dict[str, Any]:
        """A harvest, once it has ended."""

        def look() -> bool:
            found.update(self.ask("GET", f"/harvests/{harvest_id}"))
            return found["state"] in {"completed", "failed", "cancelled"}

        found: dict[str, Any] = {}
        eventually(look, SECONDS, f"{harvest_id} ends")
        return found

    def datasets(self, source_id: str) -> dict[str, dict[str, Any]]:
        """What the catalogue shows of a source's datasets, by their title."""
        with contextlib.closing(self.store()) as store:
            ids = [one.id for one in store.of(Dataset).find({"source_id": source_id})]
        shown = (self.ask("GET", f"/datasets/{one}") for one in ids)
        return {one["title"]: one for one in shown}

    def events(self, topic: str, **data: Any) -> list[dict[str, Any]]:
        """The distinct events of a topic so far whose data has these values."""
        about = [event["data"] for event in self._listener.heard() if event["type"] == topic]
        return [one for one in about if data.items() <= one.items()]

    def store(self) -> Store:
        """The catalog's documents."""
        prefix = self.environ["DATALAB_DATABASE_PREFIX"]
        return Store(self.environ["DATALAB_MONGODB_URI"], f"{prefix}_catalog")

    def rpc(self) -> Any:
        """A stock nameko client."""
        return ClusterRpcProxy({"AMQP_URI": self.broker.uri(self.vhost)}, timeout=20)
