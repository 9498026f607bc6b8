"""The same treatment without columns that their owners do not grant, where it does without."""

import re
from collections.abc import Collection, Iterator, Mapping

from pydantic_core import to_json

from shared.engine.applications import APPLICATIONS, check_steps, effect_of, traits_of
from shared.engine.applications.clean.application import CLEAN
from shared.engine.applications.python.application import CODE_PARAMETERS
from shared.engine.tables.column_names import unique
from shared.errors import Invalid
from shared.events.event import Step, Treatment
from shared.language.french import quoted

_MOST_STEPS = 10


def without_columns(treatment: Treatment, refused: Mapping[str, Collection[str]]) -> Treatment:
    """Return the treatment on tables without the columns that are refused, by dataset.

    They are left out of lists, and of each table before anything reads it. Raises Invalid, naming
    the step's field, where another step needs one of them.
    """
    gone = {name for columns in refused.values() for name in columns}
    dropped = list(_dropped(treatment, refused))
    tables = {step.inputs["table"]: step.output for step in dropped}
    steps = (*dropped, *(_rewired(step, tables, gone) for step in treatment.steps))
    if len(steps) > _MOST_STEPS:
        raise Invalid(
            f"un traitement a {_MOST_STEPS} étapes au plus : changez-le vous-même", "steps"
        )
    check_steps(treatment.inputs, steps)
    for number, step in enumerate(steps[len(dropped) :]):
        _check_does_without(number, step, gone)
    return treatment.model_copy(update={"steps": steps, "recipe": ""})


def does_without(treatment: Treatment, refused: Mapping[str, Collection[str]]) -> bool:
    """Return whether the treatment was made by `without_columns` for these very columns."""
    done = [(step.application, step.inputs, step.parameters) for step in treatment.steps]
    steps = _dropped(treatment, refused)
    return all((step.application, step.inputs, step.parameters) in done for step in steps)


def _dropped(treatment: Treatment, refused: Mapping[str, Collection[str]]) -> Iterator[Step]:
    """Yield a step for each table that has such columns, which takes them away."""
    taken = {*treatment.inputs, *(step.output for step in treatment.steps)}
    for name, dataset_id in treatment.inputs.items():
        if columns := refused.get(dataset_id):
            (output,) = unique([f"{name}_accorde"], taken)
            taken.add(output)
            drop = {"op": "drop", "columns": sorted(columns)}
            parameters = {"operations": [drop]}
            yield Step(
                application=CLEAN.name, inputs={"table": name}, parameters=parameters, output=output
            )


def _rewired(step: Step, tables: Mapping[str, str], gone: Collection[str]) -> Step:
    inputs = {role: tables.get(name, name) for role, name in step.inputs.items()}
    parameters = APPLICATIONS[step.application].without(dict(step.parameters), gone)
    return step.model_copy(update={"inputs": inputs, "parameters": parameters})


def _check_does_without(number: int, step: Step, gone: Collection[str]) -> None:
    effect = effect_of(step, f"steps.{number}", dict.fromkeys(step.inputs))
    needed = [
        (f"parameters.{named_column.field}", named_column.source.column)
        for named_column in effect.named
    ]
    needed += [("parameters", source.column) for source in effect.reads]
    needed += [(f"parameters.{field}", column) for field, column in _in_code(step, gone)]
    for field, column in needed:
        if column in gone:
            raise Invalid(
                f"l'étape {quoted(step.output)} a besoin de la colonne {quoted(column)},"
                " qui n'est pas accordée : changez le traitement",
                f"steps.{number}.{field}",
            )


def _in_code(step: Step, columns: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the columns that own code names as texts or attributes, with the code's parameter."""
    if not traits_of(step).runs_code:
        return
    for parameter in CODE_PARAMETERS:
        code = str(step.parameters.get(parameter) or "")
        for column in sorted(columns):
            written = {re.escape(column), re.escape(to_json(column).decode()[1:-1])}
            name = f"(?:{'|'.join(written)})"
            if re.search(rf"""["']{name}\\?["']|\.{name}\b""", code):
                yield parameter, column
