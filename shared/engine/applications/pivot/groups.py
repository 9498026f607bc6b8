"""How release follows a table that is turned into columns of figures."""

from shared.engine.applications.effect import Effect, MadeColumn, Part, Source, as_it_is
from shared.engine.applications.pivot.application import PivotParameters
from shared.engine.database import filled, quoted
from shared.engine.release.grouping import Grouping, Turned
from shared.engine.running.steps.grouped_step import GroupedStep
from shared.engine.running.steps.workbench import TABLE
from shared.engine.tables.column_names import unique

_JUDGED = ("sum", "count", "mean")
"""Figures that the rules know; others are a value of one unit."""


def groups(grouped: GroupedStep) -> Turned | None:
    """Return the groups that its cells are of; None where their figures cannot be judged."""
    step, table = grouped.step, grouped.roles[TABLE]
    wide = PivotParameters.model_validate(step.parameters).wide
    if not wide or wide.figure not in _JUDGED or wide.names in wide.index:
        return None
    columns = {name: quoted(name) for name in wide.index} | {wide.names: filled(wide.names)}
    select = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    cells = f"‹cellules de {step.output}›"
    grouped.database.execute(
        f"CREATE TABLE {quoted(cells)} AS SELECT DISTINCT {select} FROM {quoted(table.name)}"
    )
    by = tuple(Source(TABLE, name) for name in columns)
    made_columns = {name: as_it_is(source) for name, source in zip(columns, by, strict=True)}
    (figure,) = unique(["‹chiffre›"], columns)
    made_columns[figure] = MadeColumn((Part(Source(TABLE, wide.values), wide.how),))
    effect, inputs = Effect(made_columns, by=by), dict(step.inputs)
    grouping = Grouping(grouped.following, inputs, effect, table.name, cells, columns)
    turned = dict(zip(wide.columns, wide.called(wide.columns), strict=True))
    return Turned(grouping, wide.names, turned, step.output)
