"""What answers for restricted data: steps on its protected tables, or why there are none.

It is decided by form, by the treatment and what owners let be shown, so that it tells nothing of
the data.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.engine.applications.application import NotInTables
from shared.events.event import Step, Treatment
from shared.language.french import quoted


class UnansweredError(NotInTables):
    """The same, with the step's `field` that asks for what is in no table."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


Answer = tuple[Step, ...] | UnansweredError


def answering_steps(
    steps: Sequence[Step],
    names: Sequence[str],
    table: KnownTable,
    columns: Mapping[str, tuple[str, ...] | None],
) -> tuple[Step, ...]:
    """Return the steps that do the same on the protected tables of the inputs of these `names`.

    `table` is the data that has them, `columns` are those of all inputs, by name. Raises
    UnansweredError, in French, for a treatment that is no sum of cells, and Invalid for one that
    cannot run.
    """
    # It parses SQL: that costs 65 ms and 12 MB, and no service needs it before it is asked.
    module = import_module("shared.engine.answering.treatments")
    answer: tuple[Step, ...] = module.answering_steps(steps, names, table, columns)
    return answer


def answers_of(treatment: Treatment, inputs: KnownInputs) -> dict[str, Answer]:
    """Return of each dataset with protected tables what answers for it, or why nothing does.

    `inputs` are the tables that the treatment reads, as the asker may know them. Raises Invalid for
    a treatment that cannot run.
    """
    columns = {
        name: inputs.table(dataset_id).names for name, dataset_id in treatment.inputs.items()
    }
    answers: dict[str, Answer] = {}
    for table in inputs.tables:
        if table.facts is None or table.columns is None:
            continue
        names = [name for name, of in treatment.inputs.items() if of == table.dataset_id]
        try:
            answers[table.dataset_id] = answering_steps(treatment.steps, names, table, columns)
        except UnansweredError as error:
            answers[table.dataset_id] = error
    return answers


def answer_remarks(treatment: Treatment, inputs: KnownInputs) -> Iterator[Remark]:
    """Yield a remark for each restricted dataset of others that a treatment reads.

    Raises Invalid for a treatment that cannot run.
    """
    answers = answers_of(treatment, inputs)
    names = {dataset_id: name for name, dataset_id in treatment.inputs.items()}
    for table in inputs.tables:
        if not table.is_restricted:
            continue
        answer, title = answers.get(table.dataset_id), quoted(table.title)
        field, kind = f"inputs.{names[table.dataset_id]}", "waits"
        message = f"{title} n'a pas de tableaux protégés : ses propriétaires décident, puis un"
        message += " relecteur"
        if isinstance(answer, tuple):
            kind = "at_once"
            message = f"{title} répond aussitôt, par ses tableaux protégés"
        elif answer is not None:
            field = answer.field
            message = (
                f"{answer}. Ses tableaux protégés ne répondent pas à cela : les propriétaires de"
                f" {title} décident, puis un relecteur"
            )
        yield Remark(field=field, kind=kind, message=message, dataset_id=table.dataset_id)
