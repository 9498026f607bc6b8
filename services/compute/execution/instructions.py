"""What the engine is told of a job: its `job.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.compute.jobs.model import Job
from shared.engine.contract.policy import Invention
from shared.engine.contract.work import Work
from shared.engine.tables.manifest import Input
from shared.engine.tables.release import ProtectedInput
from shared.events.event import Step
from shared.settings import Settings


def instructions(
    job: Job,
    inputs: Sequence[Input],
    protected: Mapping[str, ProtectedInput],
    expected_rows: Mapping[str, int],
    settings: Settings,
) -> Work:
    """Return the work of a job on these inputs, numbered as in its folder."""
    bound = (bound_input for bound_input in inputs if bound_input.columns is not None)
    return Work(
        **about(inputs),
        kind=job.kind,
        expected_rows=dict(expected_rows),
        table_columns={bound_input.name: bound_input.table_columns for bound_input in bound},
        protected=dict(protected),
        published=tuple(read_input.name for read_input in inputs if read_input.is_published),
        sources=tuple(read_input.in_results for read_input in inputs) if job.treatment else (),
        provenance=job.provenance,
        steps=job.treatment.steps if job.treatment else (),
        sample_rows=settings.trial_rows if job.kind == "trial" else None,
        crossing_rows=settings.crossing_rows,
        filename=job.filename,
        repairs=job.repairs,
        sheet=job.sheet,
        content=job.content,
        media_type=job.source.media_type if job.source else "",
        catalogue=job.catalogue,
        url=job.url,
    )


def code_trial(
    steps: Sequence[Step],
    inputs: Sequence[Input],
    inventions: Mapping[str, Invention],
    settings: Settings,
) -> Work:
    """Return the work of a trial of these steps; others' restricted inputs have `inventions`."""
    reads = {read_input.name: read_input.dataset_id for read_input in inputs}
    return Work(
        **about(inputs),
        kind="trial",
        sources=tuple(inputs),
        invented=inventions_of(reads, inventions),
        steps=tuple(steps),
        sample_rows=settings.trial_rows,
        crossing_rows=settings.crossing_rows,
    )


def inventions_of(
    reads: Mapping[str, str], inventions: Mapping[str, Invention]
) -> dict[str, Invention]:
    """Return, by the name in the steps, what invented rows are drawn from."""
    return {name: inventions[of] for name, of in reads.items() if of in inventions}


def about(inputs: Sequence[Input]) -> dict[str, Any]:
    """Return what a job is told of inputs wherever they are read, numbered as in its folder."""
    return {
        "inputs": {named.name: f"in/{number}" for number, named in enumerate(inputs)},
        "described": {
            read_input.name: read_input.described for read_input in inputs if read_input.described
        },
        "total_rows": {
            read_input.name: read_input.total_rows for read_input in inputs if read_input.total_rows
        },
        "likely_total_rows": {
            read_input.name: read_input.likely_total_rows for read_input in inputs
        },
        "uploads": {
            read_input.name: read_input.upload for read_input in inputs if read_input.upload
        },
    }
