"""Exports tables: in a sandbox, when somebody asks, a few at a time and one for each member."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from services.compute.execution.job_folder import JobFolder, job_folder, pieces
from services.compute.execution.spares.spares import Spares
from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from shared.auth import Caller
from shared.engine.contract.work import TABLE_REQUEST
from shared.engine.sandbox.limits import Limits
from shared.engine.tables.exports import MEDIA_TYPES, STORED, Export, Line
from shared.engine.tables.manifest import PARQUET, RESULT, Input, Manifest
from shared.errors import Invalid, Rejected, TooMany, Unavailable
from shared.events.event import FileRef
from shared.language.french import file_name, french_date
from shared.storage import Storage

SECONDS = 120
"""How long an export may take; a million rows of sixteen columns take twelve as a workbook."""

_MODULE = "shared.engine.exports.__main__"
_KINDS = {"trial": "essai sur un échantillon", "full": "calcul complet"}
_AT_ONCE, _WAITING, _OF_ONE = 2, 4, 2
_WAIT_SECONDS = 60


class ExportGate:
    """Lets `at_once` exports run, some wait, and no member hold more than a few of both.

    Each that waits holds a worker of the service: others would go without.
    """

    def __init__(self, at_once: int = _AT_ONCE, waiting: int = _WAITING) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._most = at_once + waiting
        self._lanes = Counter[str]()

    @property
    def held(self) -> int:
        """Return how many run or wait."""
        return self._lanes.total()

    @contextmanager
    def place(self, lane: str) -> Iterator[None]:
        """Take a turn; raises TooMany for a member's third at once, Unavailable when all wait."""
        with self._lock:
            if self._lanes[lane] >= _OF_ONE:
                raise TooMany(
                    "deux exports sont déjà en cours pour vous ; attendez qu'ils finissent"
                )
            if self.held >= self._most:
                raise Unavailable("too many exports wait for their turn")
            self._lanes[lane] += 1
        try:
            if not self._places.acquire(timeout=_WAIT_SECONDS):
                raise Unavailable("no export ended within a minute")
            try:
                yield
            finally:
                self._places.release()
        finally:
            with self._lock:
                self._lanes[lane] -= 1


GATE = ExportGate()
"""That of this process."""


class TableExports(NamedTuple):
    """Exports the tables in a store, each within that many bytes of memory."""

    files: Storage
    memory_bytes: int
    spares: Spares

    def of_job(
        self, queries: Queries, job_id: str, name: str, format_name: str, caller: Caller
    ) -> tuple[str, FileRef]:
        """Return a job's file of that name, or its table in the requested one of DOWNLOADS.

        With what it is called. Raises as `table` does, and as `Queries.result` for who may not.
        """
        job = queries.read(job_id, caller)
        if format_name == STORED:
            return _called(job, f"-{name}"), queries.result(job_id, name, caller)
        table = queries.result(job_id, RESULT, caller)
        if format_name != "parquet":
            job, manifest = queries.job_and_manifest(job_id, self.files, caller)
            about = tuple(lines_of(job, manifest))
            export = Export.model_validate({"format": format_name, "about": about})
            table = self.table(table, export, caller.member_id)
        return _called(job, f".{format_name}"), table

    def table(self, table: FileRef, export: Export, lane: str) -> FileRef:
        """Store a table in the requested format: what nothing refers to is swept after a day.

        `lane` is the member who asks. Raises Invalid, naming the format, for a table that it cannot
        hold; Rejected for what is no table; TooMany and Unavailable as the gate does.
        """
        if table.media_type != PARQUET:
            raise Rejected("seule une table peut être exportée")
        with GATE.place(lane), job_folder() as folder:
            with folder.input_path(0).open("wb") as file:
                for chunk in self.files.chunks(table):
                    file.write(chunk)
            (folder.path / TABLE_REQUEST).write_text(export.model_dump_json())
            exported_file = _run(folder, self.memory_bytes, self.spares)
            return self.files.put(pieces(exported_file), MEDIA_TYPES[export.format])


def _called(job: Job, ending: str) -> str:
    """Return the name of a downloaded file: the title of its project or data, and the day."""
    trial = "-essai-invente" if job.is_invented else "-essai"
    end = f"{trial}{ending}" if job.kind == "trial" else ending
    return file_name(job.title, job.ended_at, end)


def _run(folder: JobFolder, memory_bytes: int, spares: Spares) -> Path:
    limits = Limits(seconds=SECONDS, memory_bytes=memory_bytes)
    outcome = spares.run(folder.path, _MODULE, limits)
    if not outcome.ok:
        raise Invalid(f"export impossible : {outcome.reason}", "format")
    return folder.left_path("out/table")


def lines_of(job: Job, manifest: Manifest) -> Iterator[Line]:
    """Yield the second sheet's lines, in French, with the attributions to publish."""
    day = french_date(manifest.ended.date().isoformat())
    text = f"{_KINDS.get(job.kind, job.kind)}, traitement {job.id}, le {day}"
    yield Line(label="Résultat", text=text)
    yield Line(label="Projet", text=job.project_id or "")
    for source in {source.dataset_id: source for source in manifest.inputs}.values():
        yield Line(label="Source", text=_source(source))
        if source.attribution:
            yield Line(label="Attribution", text=source.attribution)
        for condition in source.conditions:
            yield Line(label="Condition", text=condition)
    for report in manifest.reports:
        if summary := report.get("summary"):
            yield Line(label="Compte rendu", text=str(summary)[:5000])
    if job.warning:
        yield Line(label="À savoir", text=job.warning)
    if job.masking:
        yield Line(label="Secret statistique", text=job.masking)


def _source(source: Input) -> str:
    licence = f", licence {source.licence}" if source.licence else ""
    return f"{source.title or source.name} (version {source.version}, {source.dataset_id}){licence}"
