"""How release follows the groups of an aggregation."""

from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.database import quoted
from shared.engine.release.grouping import Grouping
from shared.engine.running.steps.figures import period
from shared.engine.running.steps.grouped_step import GroupedStep
from shared.engine.running.steps.workbench import TABLE


def groups(grouped: GroupedStep) -> Grouping:
    """Return the groups that the aggregation makes of its table's rows."""
    step, table = grouped.step, grouped.roles[TABLE].name
    parameters, bench = AggregateParameters.model_validate(step.parameters), grouped.bench
    columns = {name: quoted(name) for name in parameters.by}
    columns |= {
        time.called: period(bench, number, time) for number, time in enumerate(parameters.times)
    }
    inputs = dict(step.inputs)
    return Grouping(grouped.following, inputs, grouped.effect, table, step.output, columns)
