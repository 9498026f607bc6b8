"""What the tests of harvests ask the running lab, and serve it."""

from dataclasses import dataclass
from typing import Any

import urllib3

from services.catalog.datasets.model import Dataset
from tests.lab import ServiceLab
from tests.servers import RunningService, eventually
from tests.web_server import WebServer, page


@dataclass
class Lab(ServiceLab):
    """The running catalog and compute, with the servers around them."""

    tested = "catalog"

    portal: WebServer
    catalog: RunningService
    compute: RunningService

    def call(
        self, method: str, path: str, *roles: str, body: object = None, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """An HTTP call to the catalog, an operator's if no roles are said."""
        token = self.token("mbr_op", *(roles or ("operator",)))
        return self.request(method, self.catalog.url + path, token, json=body, **options)

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

    def send(self, source_id: str, body: bytes) -> dict[str, Any]:
        """Upload a file to a source in Turtle, and wait until its harvest ended."""
        fields = {
            "metadata": ("metadata", b"{}", "application/json"),
            "file": ("catalogue.ttl", body, "text/turtle"),
        }
        answer = self.call("POST", f"/sources/{source_id}/file", fields=fields)
        assert answer.status == 202, answer.data
        return self.ended(answer.json()["id"])

    def ended(self, harvest_id: str) -> dict[str, Any]:
        """A harvest, once it has ended."""

        def look() -> bool:
            datasets_by_title.update(self.ask("GET", f"/harvests/{harvest_id}"))
            return datasets_by_title["state"] in {"completed", "failed", "cancelled"}

        datasets_by_title: dict[str, Any] = {}
        eventually(look, f"{harvest_id} ends")
        return datasets_by_title

    def datasets(self, source_id: str) -> dict[str, dict[str, Any]]:
        """What the catalogue shows of a source's datasets, by their title."""
        with self.store() as store:
            ids = [dataset.id for dataset in store.of(Dataset).find({"source_id": source_id})]
        datasets = (self.ask("GET", f"/datasets/{identifier}") for identifier in ids)
        return {dataset["title"]: dataset for dataset in datasets}
