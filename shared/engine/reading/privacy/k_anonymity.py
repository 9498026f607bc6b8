"""How well rows hide among others: k-anonymity and l-diversity, counted in the database.

k is the number of rows of the smallest group alike in all quasi-identifiers (L. Sweeney, 2002,
« k-anonymity: a model for protecting privacy »). l is the smallest number of distinct values that a
sensitive column has in such a group (A. Machanavajjhala et al., 2007, « l-diversity: privacy beyond
k-anonymity », its distinct form). A missing value is a value here: it tells one row from another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.engine.database import Database, filled, quoted
from shared.engine.tables.privacy import K_ENOUGH


@dataclass(frozen=True)
class Anonymity:
    """The smallest group, all and small ones, the rows in these, l for each sensitive column."""

    k: int
    groups: int
    groups_below: int
    rows_below: int
    diversity: tuple[int, ...]


def measure(
    database: Database, table: str, quasi: Sequence[str], sensitive: Sequence[str]
) -> Anonymity:
    """Group the rows of a table by its quasi-identifiers, and measure the groups.

    DuckDB spills what does not fit into its memory limit.
    """
    keys = ", ".join(map(filled, quasi))
    counts = "".join(
        f", count(DISTINCT {value}) + max(CAST({value} IS NULL AS INTEGER)) AS l{at}"
        for at, value in enumerate(map(filled, sensitive))
    )
    least = "".join(f", min(l{at})" for at in range(len(sensitive)))
    ((k, groups, small, below, *diversity),) = database.execute(f"""
        SELECT min(n), count(*), count(*) FILTER (n < {K_ENOUGH}),
            coalesce(sum(n) FILTER (n < {K_ENOUGH}), 0){least}
        FROM (SELECT count(*) AS n{counts} FROM {quoted(table)} GROUP BY {keys})
    """).fetchall()
    return Anonymity(int(k), int(groups), int(small), int(below), tuple(map(int, diversity)))
