"""A compute service as a real process, events to send it, and all that it publishes."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import urllib3
from pyarrow import parquet

from shared.aggregate import new_id
from shared.engine.tables.manifest import PARQUET, Manifest
from shared.events import (
    Content,
    DatasetRegistered,
    FileRef,
    ProjectDelivered,
    ProjectEquipped,
    ProjectSecured,
    ProjectStaffed,
    ProjectWithdrawn,
    Step,
    Treatment,
)
from shared.events.event import UNTOLD
from tests.integration.compute.samples import Shelf
from tests.lab import ServiceLab
from tests.servers import RunningService, eventually, running

COMPUTE = "services.compute.service:Compute"
CATALOG = "tests.integration.compute.samples:Catalog"
INTAKE = "tests.integration.compute.samples:Intake"
OWNER = "mbr_owner"
HOLDER = "mbr_holder"
HOMES = b"com;logements;vacants\n" + b"".join(
    b"14%03d;%d;%d\n" % (number, 10 * number, number) for number in range(1, 701)
)


@dataclass
class Lab(ServiceLab):
    """The broker, the documents and the files around compute."""

    tested = "compute"

    work: Path

    def register(
        self,
        content: bytes,
        filename: str = "table.csv",
        times: int = 1,
        *,
        read_as: Content = "table",
        owner: str = OWNER,
    ) -> DatasetRegistered:
        """Store a file and publish that it was registered."""
        event = DatasetRegistered(
            dataset_id=new_id("dts"),
            owner_id=owner,
            title=filename,
            version=1,
            file=self.files.put([content], "text/csv"),
            filename=filename,
            content=read_as,
        )
        self.publish(event, event.dataset_id, 1, times)
        return event

    def ingest(self, content: bytes) -> str:
        """The id of a dataset that compute has read, on the catalogue's shelf."""
        dataset = self.register(content).dataset_id
        manifest = self.manifest(self.wait_for("job_succeeded", dataset_id=dataset))
        table = manifest.output("table.parquet")
        assert table is not None
        self.shelve(dataset, table)
        return dataset

    def homes(self) -> str:
        """The id of a dataset with the homes, on the catalogue's shelf as compute reads them."""
        names, *rows = (line.split(";") for line in HOMES.decode().splitlines())
        dataset = new_id("dts")
        self.shelve(dataset, self.put(dict(zip(names, zip(*rows, strict=True), strict=True))))
        return dataset

    def put(self, columns: Mapping[str, Sequence[object]]) -> FileRef:
        """Store a table of these columns."""
        content = BytesIO()
        parquet.write_table(pa.table(columns), content)
        return self.files.put([content.getvalue()], PARQUET)

    def shelve(self, dataset_id: str, table: FileRef, upload: str = "") -> None:
        """Let the sample catalogue know a dataset that nobody may read yet."""
        answer = {
            "dataset_id": dataset_id,
            "title": "Logements",
            "version": 1,
            "licence": "Licence Ouverte",
            "sha256": table.sha256,
            "file": table.model_dump(),
            "upload": upload,
        }
        with self.store("catalog") as store:
            store.of(Shelf).save(Shelf(id=dataset_id, answer=answer))

    def shelve_invented(self, *readers: str) -> str:
        """The id of aids whose rows are invented, for these readers: the data is nowhere."""
        dataset_id = new_id("dts")
        columns = [
            {"name": name, "kind": kind, "filled": 0, "distinct": 0, "key": key, "meaning": meaning}
            for name, kind, key, meaning in (
                ("siren", "text", "siren", {"type": "siren", "confidence": 1, "valid": 1}),
                ("aide", "integer", None, {"type": "integer", "confidence": 1, "valid": 1}),
            )
        ]
        answer = {
            "dataset_id": dataset_id,
            "title": "Aides",
            "version": 1,
            "licence": "lov2",
            "sha256": "",
            "file": UNTOLD.model_dump(),
            "is_published": True,
            "described": columns,
            "table_columns": ["siren", "aide"],
            "invention": {"seed": f"{dataset_id}.1", "rows": 800},
        }
        facts = {"dataset_id": dataset_id, "reason": "-"}
        with self.store("catalog") as store:
            shelf = Shelf(id=dataset_id, readers=list(readers), answer=answer, facts=facts)
            store.of(Shelf).save(shelf)
        return dataset_id

    def grant(self, project_id: str, dataset_id: str) -> None:
        """Let a project read a dataset."""
        with self.store("catalog") as store:
            store.of(Shelf).change(dataset_id, lambda shelf: shelf.readers.append(project_id))

    def start(
        self,
        project_id: str,
        dataset_id: str,
        treatment: Treatment | None = None,
        holder: str = HOLDER,
    ) -> None:
        """Let a project read a dataset, open its workspace, and equip it: to sum the dataset."""
        self.grant(project_id, dataset_id)
        self.secure(project_id, holder)
        self.equip(project_id, treatment or summing(dataset_id), holder)

    def started(self) -> str:
        """The id of a new project that reads and sums a table of its own."""
        dataset, project = self.homes(), new_id("prj")
        self.start(project, dataset)
        return project

    def secure(self, project_id: str, holder: str = HOLDER) -> None:
        """Publish that a project was secured."""
        self.publish(
            ProjectSecured(
                project_id=project_id,
                holder_id=holder,
                dataset_ids=(),
                decided_by="mbr_reviewer",
                reason="conforme",
            ),
            project_id,
            sequence=2,
        )

    def equip(self, project_id: str, treatment: Treatment, holder: str = HOLDER) -> None:
        """Publish that a project was equipped."""
        event = ProjectEquipped(project_id=project_id, holder_id=holder, treatment=treatment)
        self.publish(event, project_id, sequence=3)

    def staff(self, project_id: str) -> None:
        """Publish that a project has its team."""
        event = ProjectStaffed(project_id=project_id, holder_id=HOLDER, team=("mbr_expert",))
        self.publish(event, project_id, sequence=6)

    def withdraw(self, project_id: str) -> None:
        """Publish that a project was given up."""
        event = ProjectWithdrawn(
            project_id=project_id, holder_id=HOLDER, decided_by=HOLDER, reason="abandon"
        )
        self.publish(event, project_id, sequence=9)

    def deliver(self, project_id: str, done: dict[str, Any]) -> None:
        """Publish that a project was delivered with the result that `done` tells of."""
        event = ProjectDelivered(
            project_id=project_id,
            holder_id=HOLDER,
            job_id=done["job_id"],
            title="Logements",
            description="Par commune",
            theme="habitat",
            territory=("14",),
            licence="lov2",
            result=FileRef.model_validate(done["result"]),
        )
        self.publish(event, project_id, sequence=8)

    def manifest(self, event: dict[str, Any]) -> Manifest:
        """The manifest that an event refers to."""
        ref = FileRef.model_validate(event["result"])
        return Manifest.model_validate_json(self.files.read(ref))

    def call(
        self,
        service: RunningService,
        method: str,
        path: str,
        member: str = HOLDER,
        role: str = "holder",
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        """An HTTP call with a member's token."""
        return self.request(method, service.url + path, self.token(member, role), **options)

    def compute(self, **settings: str) -> contextlib.AbstractContextManager[RunningService]:
        """A compute process with some settings of its own."""
        changes = {f"DATALAB_{name.upper()}": value for name, value in settings.items()}
        return running(COMPUTE, {**self.environ, **changes})

    def bare_compute(self, **settings: str) -> contextlib.AbstractContextManager[RunningService]:
        """The same without spares: what they load pays from a process's third job on."""
        return self.compute(job_spare="false", **settings)

    def catalog(self) -> contextlib.AbstractContextManager[RunningService]:
        """The sample catalogue as a process."""
        return running(CATALOG, self.environ)

    def intake(self) -> contextlib.AbstractContextManager[RunningService]:
        """The sample intake as a process."""
        return running(INTAKE, self.environ)


class CrampedService(RunningService):
    """A compute process whose jobs have a disk of 8 MB."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        super().__init__(COMPUTE, environ, folder)
        small = ["--size", "8000000", "--tmpfs", environ["TMPDIR"]]
        beneath = ["bwrap", "--die-with-parent", "--dev-bind", "/", "/", *small, "--"]
        self._command = [*beneath, *self._command]

    def ready(self) -> bool:
        """Whether it runs, and says what it lacks."""
        return self.red().keys() == {"job folders"}


def treating(
    dataset_id: str, application: str, *roles: str, output: str = "result", **parameters: object
) -> Treatment:
    """A treatment of one step, which reads that dataset in these roles."""
    inputs = dict.fromkeys(roles, "homes")
    step = Step(application=application, inputs=inputs, parameters=parameters, output=output)
    return Treatment(inputs={"homes": dataset_id}, steps=(step,))


def summing(dataset_id: str) -> Treatment:
    """A treatment that sums the homes of each commune."""
    return treating(dataset_id, "aggregate", "table", by=["com"], sums=["logements", "vacants"])


def crossing(dataset_id: str) -> Treatment:
    """A treatment that crosses the homes of communes with themselves, by département."""
    keys = dict.fromkeys(("left_key", "right_key"), "com")
    vias = dict.fromkeys(("left_via", "right_via"), "commune_departement")
    return treating(dataset_id, "cross", "left", "right", **keys, **vias)


def endless(dataset_id: str) -> Treatment:
    """A treatment that asks a question without an end."""
    sql = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) n FROM r"
    return treating(dataset_id, "query", "homes", sql=sql)


def unfit() -> Treatment:
    """A treatment that names no column to add up."""
    return treating("dts_1", "aggregate", "table")


def has_ended(pid: int) -> bool:
    """Whether a process does nothing more; whoever is to reap it may take its time."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def runners(service: RunningService) -> list[psutil.Process]:
    """The processes of a service that do jobs, or wait for one: those in a sandbox.

    Each sandbox has a PID namespace of its own, where nothing else of ours is called Python.
    """
    outside = Path("/proc/self/ns/pid").readlink()
    with contextlib.suppress(psutil.Error, OSError):
        return [
            process
            for process in psutil.Process(service.pid).children(recursive=True)
            if Path(f"/proc/{process.pid}/ns/pid").readlink() != outside
            and process.name().startswith("python")
        ]
    return []


def freeze(service: RunningService) -> psutil.Process:
    """Stop the job that a service runs now, or next, in its tracks; returns its process.

    The service has no spares: a sandbox that waits, or is being made, looks like a job's.
    """
    assert service.environ["DATALAB_JOB_SPARE"] == "false"
    processes: list[psutil.Process] = []

    def look() -> bool:
        # A second look could fall on a moment when some other process ends, and see none.
        processes[:] = runners(service)
        return bool(processes)

    eventually(look, "a job runs")
    processes[0].suspend()
    return processes[0]
