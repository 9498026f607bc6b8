"""What the catalog's tests send and hear."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import urllib3

from shared import events
from shared.aggregate import new_id, now
from shared.engine.tables.manifest import Column, Input, Manifest, Output, Profile
from shared.events.event import FileRef, Step, Treatment
from tests.conftest import Token
from tests.lab import ServiceLab
from tests.servers import Broker, RunningService, eventually, running

CATALOG = "services.catalog.service:Catalog"
RETRIES = (0.2, 0.5, 3)
UPLOAD_BYTES = 100_000
Ended = TypeVar("Ended", events.JobSucceeded, events.ProjectDelivered)
CSV = b"com;nom\n14118;Caen\n"


@dataclass
class Lab(ServiceLab):
    """The running catalog with the servers behind it."""

    tested = "catalog"

    service: RunningService

    def call(self, method: str, path: str, token: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Send an HTTP request with a token."""
        return self.request(method, self.service.url + path, token, **options)

    def get(self, path: str, token: str) -> Any:
        """The JSON of a 200 answer."""
        answer = self.call("GET", path, token)
        assert answer.status == 200, answer.data
        return answer.json()

    def post_file(
        self,
        path: str,
        token: str,
        metadata: dict[str, Any],
        content: bytes = CSV,
        *,
        key: str = "",
    ) -> urllib3.BaseHTTPResponse:
        """Upload `content` with its metadata, under an idempotency key if there is one."""
        fields = {
            "metadata": ("metadata", json.dumps(metadata).encode(), "application/json"),
            "file": ("données.csv", content, "text/csv"),
        }
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("POST", path, token, fields=fields, headers=headers)

    def upload(self, owner_id: str, content: bytes = CSV, **metadata: Any) -> str:
        """The id of a new dataset of that owner."""
        token = self.token(owner_id, "owner")
        answer = self.post_file("/datasets", token, about(**metadata), content)
        assert answer.status == 202, answer.data
        return str(answer.json()["id"])

    def published(self, owner_id: str, *keys: str, **metadata: Any) -> str:
        """The id of a new dataset that compute has read, finding these kinds of keys."""
        dataset_id = self.upload(owner_id, uuid4().bytes, **metadata)
        self.ingest(dataset_id, 1, *keys)
        return dataset_id

    def ingest(
        self, dataset_id: str, version: int, *keys: str, others: tuple[Column, ...] = ()
    ) -> dict[str, Any]:
        """Let compute have read a version, which is published then; what is told of that."""
        self.publish(self.ingested(dataset_id, version, *keys, others=others))
        return self.wait_for("dataset_published", dataset_id=dataset_id, version=version)

    def registered(self, event: events.ProjectDelivered, times: int = 1) -> str:
        """Deliver a project; the id of its result, which waits to be read."""
        self.publish(event, times=times)
        registration = self.wait_for("dataset_registered", project_id=event.project_id)
        return str(registration["dataset_id"])

    def result_of(self, event: events.ProjectDelivered) -> str:
        """Deliver a project; the id of its result, which is read and published."""
        dataset_id = self.registered(event)
        self.ingest(dataset_id, 1)
        return dataset_id

    def pages(self, path: str, token: str) -> list[list[dict[str, Any]]]:
        """The items of a list that is asked for by a query, page by page."""
        page = self.get(path, token)
        pages = [page["items"]]
        while page["next"] is not None:
            page = self.get(f"{path}&after={page['next']}", token)
            pages.append(page["items"])
        return pages

    def ingested(
        self, dataset_id: str, version: int, *keys: str, others: tuple[Column, ...] = ()
    ) -> events.JobSucceeded:
        """The end of an ingest job, whose manifest and table are in the store.

        A later version has a longer one.
        """
        content = b"PAR1", dataset_id.encode(), b"+" * (version - 1)
        file = self.files.put(content, "application/vnd.apache.parquet")
        table = Output(name="table.parquet", file=file)
        columns = [Column(name=key, kind="text", filled=1, distinct=1, key=key) for key in keys]
        profile = Profile(rows=1, encoding="utf-8", delimiter=";", columns=(*columns, *others))
        return self.ended(dataset_id, version, [table], [profile.model_dump()])

    def ended(
        self, dataset_id: str, version: int, outputs: list[Output], reports: list[dict[str, Any]]
    ) -> events.JobSucceeded:
        """The end of an ingest job that made and reported this; its manifest is in the store."""
        manifest = Manifest(
            job_id=new_id("job"),
            kind="ingest",
            outputs=tuple(outputs),
            reports=tuple(reports),
            started=now(),
            ended=now(),
        )
        return events.JobSucceeded(
            job_id=manifest.job_id,
            kind="ingest",
            dataset_id=dataset_id,
            dataset_version=version,
            result=self.put(manifest),
            seconds=0.1,
        )

    def put(self, manifest: Manifest) -> FileRef:
        """Store a manifest."""
        return self.files.put([manifest.model_dump_json().encode()], "application/json")

    def reporting(self, event: Ended, **changed: Any) -> Ended:
        """The same end of a job, in whose manifest the first report says this instead."""
        manifest = Manifest.model_validate_json(self.files.read(event.result))
        report = {**next(iter(manifest.reports), {}), **changed}
        file = self.put(manifest.model_copy(update={"reports": (report,)}))
        return event.model_copy(update={"result": file})

    def secure(self, *dataset_ids: str, project_id: str = "", holder_id: str = "mbr_h") -> str:
        """Publish that a project which reads these datasets is secured; the project's id."""
        project_id = project_id or new_id("prj")
        self.publish(
            events.ProjectSecured(
                project_id=project_id,
                holder_id=holder_id,
                dataset_ids=dataset_ids,
                decided_by="mbr_r",
                reason="conforme",
            )
        )
        return project_id

    def ask_for(self, *dataset_ids: str, project_id: str = "") -> str:
        """Secure a project that has to ask an owner; its id, once the owner is asked."""
        project_id = self.secure(*dataset_ids, project_id=project_id)
        self.wait_for("access_requested", project_id=project_id)
        return project_id

    def opened_for(self, *dataset_ids: str, project_id: str = "") -> str:
        """Secure a project that has to ask nobody; its id, once its data is open to it."""
        project_id = self.secure(*dataset_ids, project_id=project_id)
        self.wait_for("data_access_opened", project_id=project_id)
        return project_id

    def settled(self) -> None:
        """Wait until the catalog has handled every message and published what came of it."""
        eventually(lambda: not self.waiting() and not self.unpublished(), what="empty queues")

    def waiting(self) -> int:
        """Messages in the catalog's own queues."""
        return sum(n for name, n in self.queues().items() if name.startswith("catalog."))

    def unpublished(self) -> int:
        """Documents with events that the broker has not confirmed."""
        with self.database() as database:
            return sum(
                database[name].count_documents({"has_outbox": True})
                for name in ("datasets", "accesses")
            )


@contextlib.contextmanager
def running_lab(broker: Broker, vhost: str, environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog, running with these settings."""
    environ = {**environ, "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES))}
    with running(CATALOG, environ) as service:
        yield Lab(broker, vhost, environ, token, service)


def problem_of(answer: urllib3.BaseHTTPResponse, status: int) -> str:
    """The text of a problem answer of that status."""
    assert answer.status == status, answer.data
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.data.decode()


def about(**metadata: Any) -> dict[str, Any]:
    """The metadata of an upload, with what a test cares about."""
    return {
        "title": "Communes",
        "theme": "territoire",
        "licence": "Licence Ouverte 2.0",
        "access": "open",
        **metadata,
    }


def submitted(**changes: Any) -> events.ProjectSubmitted:
    """A project about vacant homes."""
    fields = {
        "project_id": new_id("prj"),
        "holder_id": "mbr_h",
        "title": "Logements vacants",
        "problem": "Où sont-ils ?",
        "theme": "habitat",
        "territory": ("14",),
    }
    return events.ProjectSubmitted.model_validate({**fields, **changes})


def reading(**inputs: str) -> Treatment:
    """A treatment of these datasets."""
    step = Step(application="aggregate", inputs={"table": next(iter(inputs))}, output="r")
    return Treatment(inputs=inputs, steps=(step,))


def failed(
    dataset_id: str,
    reason: str,
    end: type[events.JobFailed | events.JobCancelled] = events.JobFailed,
) -> events.JobFailed | events.JobCancelled:
    """The end of an ingest job that could not read the first version, or that was stopped."""
    about = {"kind": "ingest", "dataset_id": dataset_id, "dataset_version": 1, "reason": reason}
    return end.model_validate({"job_id": new_id("job"), **about})


def delivered(lab: Lab, *input_ids: str, holder_id: str = "mbr_h") -> events.ProjectDelivered:
    """A delivered project whose full job read these datasets and made a table and a chart."""
    step = Step(application="cross", inputs={"left": "a"}, parameters={"a.b": 1}, output="r")
    manifest = Manifest(
        job_id="job_full",
        kind="full",
        project_id="prj_x",
        inputs=tuple(
            Input(name=f"t{number}", dataset_id=input_id, version=1, sha256="a" * 64)
            for number, input_id in enumerate(input_ids)
        ),
        steps=(step,),
        outputs=(
            Output(name="result.parquet", file=lab.files.put([b"PAR1 result"], "x/parquet")),
            Output(name="chart.png", file=lab.files.put([b"PNG"], "image/png")),
        ),
        software={"duckdb": "2.0.1"},
        started=now(),
        ended=now(),
    )
    return events.ProjectDelivered(
        project_id=new_id("prj"),
        holder_id=holder_id,
        job_id="job_full",
        title="Vacance par EPCI",
        description="Taux de logements vacants",
        theme="habitat",
        territory=("14", "27"),
        keywords=("vacance",),
        licence="Licence Ouverte 2.0",
        result=lab.put(manifest),
    )
