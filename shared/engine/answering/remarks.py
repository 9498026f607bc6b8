"""What is said of a treatment of restricted data before it runs: what leaves at once, and what not.

It is decided by form, so that what is said tells nothing of the data.
"""

from collections.abc import Iterator

from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.analysis.remarks import Remark
from shared.engine.answering.treatments import answers_of
from shared.events.event import Treatment
from shared.language.french import quoted


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
