"""Has a job read protected tables, where these were opened, in place of restricted data."""

from collections.abc import Mapping, Sequence

from shared.engine.analysis.answers import UnansweredError, answering_steps
from shared.engine.analysis.known_tables import KnownTable
from shared.engine.contract.work import Work
from shared.engine.tables.manifest import Input
from shared.errors import Rejected
from shared.events import Treatment


def answered(
    work: Work, treatment: Treatment | None, inputs: Sequence[Input], data: Mapping[str, KnownTable]
) -> Work:
    """Return the work with steps that do the same on the tables that answer for `data`, by id.

    Raises Rejected where they do not: what may be shown has changed meanwhile.
    """
    if treatment is None or not data:
        return work
    restricted = {name: data[of] for name, of in treatment.inputs.items() if of in data}
    columns = {
        read_input.name: restricted[read_input.name].names
        if read_input.name in restricted
        else read_input.table_columns
        for read_input in inputs
    }
    try:
        steps = answering_steps(work.steps, restricted, columns)
    except UnansweredError as error:
        raise Rejected(f"les tableaux protégés ne répondent plus : {error}") from error
    return work.model_copy(update={"steps": steps, "tables": tuple(restricted)})
