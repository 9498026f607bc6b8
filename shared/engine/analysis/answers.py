"""What answers for restricted data: steps on its protected tables, or why there are none.

It is decided by form, by the treatment and what owners let be shown, so that it tells nothing of
the data.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import chain
from logging import getLogger

from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.engine.applications.application import NotInTables
from shared.engine.tables.manifest import Column
from shared.errors import Invalid
from shared.events.event import Step, Treatment
from shared.language.french import quoted

log = getLogger(__name__)


class UnansweredError(NotInTables):
    """The same, with the step's `field` that asks for what is in no table."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


Answer = tuple[Step, ...] | UnansweredError


def answering_steps(
    steps: Sequence[Step],
    restricted: Mapping[str, KnownTable],
    columns: Mapping[str, tuple[str, ...] | None],
    repeated: Collection[str] | None = None,
) -> tuple[Step, ...]:
    """Return the steps that do the same on protected tables in place of `restricted` inputs.

    These are by name, the data with its tables; `columns` are those of all inputs, `repeated` those
    of others that have a value in several rows, None where it was looked at before. Raises
    UnansweredError, in French, for a treatment that is no sum of cells, and Invalid for one that
    cannot run.
    """
    # It parses SQL: that costs 65 ms and 12 MB, and no service needs it before it is asked.
    module = import_module("shared.engine.answering.treatments")
    answer, now_read = tuple(steps), dict(columns)
    for table in {table.dataset_id: table for table in restricted.values()}.values():
        names = [name for name, other in restricted.items() if other is table]
        try:
            answer = module.answering_steps(answer, names, table, now_read, repeated)
        except (UnansweredError, Invalid):
            raise
        except Exception as error:
            # Whatever somebody writes is a request that waits at worst.
            log.exception("a treatment was not followed")
            raise UnansweredError("ce traitement n'est pas suivi ici", "steps.0") from error
        now_read |= dict.fromkeys(names, table.facts.columns if table.facts else ())
    return answer


def repeated_columns(tables: Iterable[Iterable[KnownColumn | Column]]) -> set[str]:
    """Return the columns, in lower case, that have each of their values twice in the mean.

    So many as an area has communes; a name that tables have several times is looked at in each.
    """
    is_repeated: dict[str, bool] = {}
    for column in chain.from_iterable(tables):
        name, distinct, filled = column.name.lower(), column.distinct or 0, column.filled or 0
        is_repeated[name] = is_repeated.get(name, True) and 0 < _MEAN_ROWS * distinct <= filled
    return {name for name in is_repeated if is_repeated[name]}


_MEAN_ROWS = 2
"""Of a value, from which on it stands for a group of rows."""


def answers_of(treatment: Treatment, inputs: KnownInputs) -> dict[str, Answer]:
    """Return of each dataset with protected tables what answers for all, or why nothing does.

    `inputs` are the tables that the treatment reads, as the asker may know them. Raises Invalid for
    a treatment that cannot run.
    """
    columns, restricted = dict[str, tuple[str, ...] | None](), dict[str, KnownTable]()
    for name, dataset_id in treatment.inputs.items():
        table = inputs.table(dataset_id)
        columns[name] = table.names
        if table.facts and table.columns is not None:
            restricted[name] = table
    answer: Answer = ()
    others = [inputs.table(of) for name, of in treatment.inputs.items() if name not in restricted]
    repeated = repeated_columns(table.columns or () for table in others)
    try:
        answer = answering_steps(treatment.steps, restricted, columns, repeated)
    except UnansweredError as error:
        answer = error
    return {table.dataset_id: answer for table in restricted.values()}


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
        if isinstance(answer, tuple) and table.facts and table.facts.policy.is_for_granted:
            message = (
                f"{title} répond par ses tableaux protégés, une fois que ses propriétaires l'ont"
                " accordé ; il n'y a pas de relecteur"
            )
        elif isinstance(answer, tuple):
            kind = "at_once"
            message = f"{title} répond aussitôt, par ses tableaux protégés"
        elif answer is not None:
            field = answer.field
            message = (
                f"{answer}. Ses tableaux protégés ne répondent pas à cela : les propriétaires de"
                f" {title} décident, puis un relecteur"
            )
        yield Remark(field=field, kind=kind, message=message, dataset_id=table.dataset_id)
