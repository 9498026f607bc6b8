"""What the second sheet of an exported result says of it: how it was made, and of what."""

from collections.abc import Iterator

from services.compute.jobs.model import Job
from shared.tables.exports import Line
from shared.tables.manifest import Input, Manifest
from shared.words import french_date

_KINDS = {"trial": "essai sur un échantillon", "full": "calcul complet"}


def lines_of(job: Job, manifest: Manifest) -> tuple[Line, ...]:
    """The sheet's lines, in French; an attribution is to be published with the result."""
    return tuple(_lines(job, manifest))


def _lines(job: Job, manifest: Manifest) -> Iterator[Line]:
    day = french_date(manifest.ended.date().isoformat())
    told = f"{_KINDS.get(job.kind, job.kind)}, traitement {job.id}, le {day}"
    yield Line(label="Résultat", text=told)
    yield Line(label="Projet", text=job.project_id or "")
    for one in {one.dataset_id: one for one in manifest.inputs}.values():
        yield Line(label="Source", text=_source(one))
        if one.attribution:
            yield Line(label="Attribution", text=one.attribution)
        for condition in one.conditions:
            yield Line(label="Condition", text=condition)
    for report in manifest.reports:
        if said := report.get("summary"):
            yield Line(label="Compte rendu", text=str(said)[:5000])
    if job.warning:
        yield Line(label="À savoir", text=job.warning)


def _source(one: Input) -> str:
    licence = f", licence {one.licence}" if one.licence else ""
    return f"{one.title or one.name} (version {one.version}, {one.dataset_id}){licence}"
