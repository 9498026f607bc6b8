"""How release follows a query that adds up."""

from shared.engine.applications.query.run import given_columns, shape
from shared.engine.database import quoted
from shared.engine.release.grouping import Grouping
from shared.engine.running.sql.plain_groups import plain_groups
from shared.engine.running.steps.grouped_step import GroupedStep


def groups(grouped: GroupedStep) -> Grouping | None:
    """Return the groups of the rows that the query reads; None for a query that is not plain."""
    step, roles = grouped.step, grouped.roles
    bench, following = grouped.bench, grouped.following
    tables = {role: given_columns(bench, role) for role in roles}
    sql = str(step.parameters["sql"])
    plain = plain_groups(sql, {role: shape(columns) for role, columns in tables.items()})
    if plain is None:
        return None
    inputs = {plain.role: step.inputs[plain.role]}
    read = [f"{tables[plain.role][name].value} AS {quoted(name)}" for name in plain.columns]
    read += map(quoted, following.tables[inputs[plain.role]].carriers)
    view = f"‹lignes lues pour {step.output}›"
    grouped.database.execute(
        f"CREATE VIEW {quoted(view)} AS"
        f" SELECT {', '.join(read) or '1'} FROM {quoted(roles[plain.role].name)}"
    )
    columns = {name: quoted(column) for name, column in plain.keys.items()}
    return Grouping(
        following, inputs, plain.effect, view, step.output, columns, plain.tests_by_column
    )
