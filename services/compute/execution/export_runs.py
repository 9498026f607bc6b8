"""Exports tables for who takes them away: those that jobs made, and others in the store."""

from collections.abc import Iterator
from typing import NamedTuple

from services.compute.execution.job_folder import pieces
from services.compute.execution.table_runs import TableRuns
from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from shared.auth import Caller
from shared.engine.tables.exports import MEDIA_TYPES, STORED, Export, Line
from shared.engine.tables.manifest import RESULT, Input, Manifest
from shared.errors import Invalid
from shared.events.event import FileRef
from shared.language.french import file_name, french_date

_MODULE = "shared.engine.exports.__main__"
_KINDS = {"trial": "essai sur un échantillon", "full": "calcul complet"}


class TableExports(NamedTuple):
    """The tables in a store, in other formats."""

    runs: TableRuns

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
            job, manifest = queries.job_and_manifest(job_id, self.runs.files, caller)
            about = tuple(lines_of(job, manifest))
            export = Export.model_validate({"format": format_name, "about": about})
            table = self.table(table, export, caller.member_id)
        return _called(job, f".{format_name}"), table

    def table(self, table: FileRef, export: Export, lane: str) -> FileRef:
        """Store a table in the requested format: what nothing refers to is swept after a day.

        Raises Invalid, naming the format, for a table that it cannot hold; else as `TableRuns.of`.
        """
        with self.runs.of(_MODULE, (table,), export, lane) as (folder, outcome):
            if not outcome.ok:
                raise Invalid(f"export impossible : {outcome.reason}", "format")
            exported_file = folder.left_path("out/table")
            return self.runs.files.put(pieces(exported_file), MEDIA_TYPES[export.format])


def _called(job: Job, ending: str) -> str:
    """Return the name of a downloaded file: the title of its project or data, and the day."""
    trial = "-essai-invente" if job.is_invented else "-essai"
    end = f"{trial}{ending}" if job.kind == "trial" else ending
    return file_name(job.title, job.ended_at, end)


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
