"""Which keys of two tables meet, how many rows that makes, and how few of them a trial takes.

Rows are counted from the keys, before any are made: two tables of 150,000 rows with one key in
common make 22,500,000,000.
"""

from collections.abc import Mapping

from shared.engine.applications.cross.run.key_tables import (
    ALONE,
    LEFT,
    MEETINGS,
    JoinBound,
    Side,
    keys,
)
from shared.engine.contract.crossing_size import CrossingSize
from shared.engine.database import quoted
from shared.engine.running.steps.workbench import Workbench
from shared.engine.tables.multiplicity import Multiplicity, Relation
from shared.errors import Rejected
from shared.language.french import counted, grouped

SUCCESSORS = quoted("successors of codes")
_PAIRS = quoted("pairs of keys")
_SAMPLED, _FEW = quoted("left keys of the sample"), quoted("keys that meet in the sample")

MOST_PAIRS = 10_000_000
"""Pairs of keys that meet: crosswalks to something coarse lead many keys to the same."""

ROWS_EACH = 100
"""How many rows a row of a trial's sample meets, if all together meet more."""


def make_meetings(
    workbench: Workbench, mapped: Mapping[Side, str], *, are_equal: bool, by_crosswalk: bool
) -> None:
    """Make the pairs of keys that meet, directly or by a successor; then all left keys.

    Where a crosswalk leads from one side or both, raises Rejected for more pairs than MOST_PAIRS,
    before they are made. Without any, a left key meets one at most. Where keys only meet that
    `are_equal`, one look at them tells all.
    """
    if are_equal:
        _meet_equal(workbench)
        return
    distinct = "DISTINCT" if by_crosswalk else ""
    if by_crosswalk:
        _check_pairs(workbench, mapped)
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {_PAIRS} AS
        SELECT {distinct} l.key AS left_key, r.key AS right_key, true AS is_direct,
            l.n AS left_n, r.n AS right_n
        FROM {mapped["left"]} l JOIN {mapped["right"]} r ON r.target = l.target
    """)
    workbench.database.execute(f"""
        INSERT INTO {_PAIRS}
        SELECT DISTINCT l.key, r.key, false, l.n, r.n FROM {keys("left")} l
        JOIN {SUCCESSORS} g ON g.gone = l.key JOIN {mapped["right"]} r ON r.target = g.successor
        WHERE NOT EXISTS (SELECT 1 FROM {_PAIRS} m WHERE m.left_key = l.key)
    """)
    workbench.database.execute(f"CREATE OR REPLACE VIEW {MEETINGS} AS FROM {_PAIRS}")
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {LEFT} AS
        SELECT l.*, coalesce(m.is_direct, false) AS found, m.left_key IS NOT NULL AS met,
            CASE WHEN NOT found THEN g.successor END AS successor
        FROM {keys("left")} l
        LEFT JOIN (SELECT {distinct} left_key, is_direct FROM {MEETINGS}) m
            ON m.left_key = l.key
        LEFT JOIN {SUCCESSORS} g ON g.gone = l.key
    """)


def _meet_equal(workbench: Workbench) -> None:
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {LEFT} AS
        SELECT l.*, r.key IS NOT NULL AS found, found AS met, NULL AS successor, r.n AS right_n
        FROM {keys("left")} l LEFT JOIN {keys("right")} r ON r.key = l.key
    """)
    workbench.database.execute(f"""
        CREATE OR REPLACE VIEW {MEETINGS} AS
        SELECT key AS left_key, key AS right_key, true AS is_direct, n AS left_n, right_n
        FROM {LEFT} WHERE found
    """)


def _check_pairs(workbench: Workbench, mapped: Mapping[Side, str]) -> None:
    left, right = (
        f"(SELECT target, count(*) AS n FROM {mapped[side]} GROUP BY target)"
        for side in ("left", "right")
    )
    ((pairs,),) = workbench.rows(
        f"SELECT sum(l.n * r.n) FROM {left} l JOIN {right} r ON r.target = l.target"
    )
    if (pairs or 0) > MOST_PAIRS:
        raise Rejected(
            f"croisement trop grand : les passages font se rencontrer {grouped(int(pairs))} paires"
            f" de clés, pour {grouped(MOST_PAIRS)} permises ; choisissez un passage vers une clé"
            " plus fine, ou agrégez l'une des tables avant de croiser"
        )


def measure(workbench: Workbench, how: str, mapped: Mapping[Side, str]) -> CrossingSize:
    """Return how many rows the crossing of the whole tables has: exactly, without making them."""
    ((out,),) = workbench.rows(f"SELECT sum(CAST(left_n AS HUGEINT) * right_n) FROM {MEETINGS}")
    left_most, right_most = _most(workbench, mapped)
    ((alone,),) = workbench.rows(f"SELECT sum(n) FROM {LEFT} WHERE NOT met")
    left, right = workbench.tables["left"], workbench.tables["right"]
    rows = 0 if how == "anti" else int(out or 0)
    rows += int(alone or 0) if how in ("left", "full", "anti") else 0
    if how in ("right", "full"):
        where = ALONE.format("key")
        ((others,),) = workbench.rows(f"SELECT sum(n) FROM {keys('right')} WHERE {where}")
        rows += int(others or 0)
    return CrossingSize(
        output=workbench.output,
        left=left.whole_rows,
        right=right.whole_rows,
        out=rows,
        columns=len(workbench.columns("left")) + len(workbench.columns("right")),
        left_most=left_most,
        right_most=right_most,
        limit=workbench.crossing_rows,
    )


def _most(workbench: Workbench, mapped: Mapping[Side, str]) -> tuple[int, int]:
    """Return how many rows of each side meet under the key under which most do.

    Crosswalks and successors lead rows of several keys there.
    """
    ((left, right),) = workbench.rows(f"""
        WITH here AS (
            SELECT target, sum(n) AS n FROM (
                SELECT target, n FROM {mapped["left"]}
                UNION ALL
                SELECT successor, n FROM {SUCCESSORS}
                JOIN (SELECT DISTINCT left_key, left_n AS n FROM {MEETINGS} WHERE NOT is_direct)
                ON left_key = gone
            ) GROUP BY ALL
        ), there AS (SELECT target, sum(n) AS n FROM {mapped["right"]} GROUP BY ALL)
        SELECT arg_max(here.n, here.n * there.n), arg_max(there.n, here.n * there.n)
        FROM here JOIN there USING (target)
    """)
    return int(left or 0), int(right or 0)


def relation_of(workbench: Workbench) -> Relation:
    """Return how often a row of each whole table stands in an inner crossing; 0 if no keys meet."""
    ((left, right),) = workbench.rows(f"""
        SELECT (SELECT max(n) FROM (SELECT sum(right_n) AS n FROM {MEETINGS} GROUP BY left_key)),
            (SELECT max(n) FROM (SELECT sum(left_n) AS n FROM {MEETINGS} GROUP BY right_key))
    """)
    return Relation(Multiplicity(int(left or 0)), Multiplicity(int(right or 0)))


def bound(workbench: Workbench, left_key: str) -> JoinBound:
    """Return what a trial joins, whose work is that of a sample; all that meets for anything else.

    A trial makes at most `sample_rows` x ROWS_EACH rows. Where more meet, a left row meets the
    first keys in order, and rows of each at even distances: the same ones each time.
    """
    if workbench.sample_rows is None:
        return JoinBound()
    left = workbench.tables["left"]
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {_SAMPLED} AS
        SELECT {left_key} AS key, count(*) AS n FROM {quoted(left.name)} GROUP BY ALL
    """)
    met = f"SELECT key, n, right_key, right_n FROM {MEETINGS} JOIN {_SAMPLED} ON key = left_key"
    ((rows, most_keys),) = workbench.rows(f"""
        SELECT sum(n * rows), max(met_keys) FROM (
            SELECT n, sum(CAST(right_n AS HUGEINT)) AS rows, count(*) AS met_keys
            FROM ({met}) GROUP BY key, n
        )
    """)
    most_rows = workbench.sample_rows * ROWS_EACH
    if (rows or 0) <= most_rows:
        return JoinBound()
    rows_of_a_key = max(1, most_rows // left.rows)
    few = min(rows_of_a_key, int(most_keys))
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {_FEW} AS SELECT key AS left_key, right_key FROM ({met})
        QUALIFY row_number() OVER (PARTITION BY key ORDER BY right_key) <= {few}
    """)
    return JoinBound(_FEW, rows_of_a_key // few)


def preview_told(expected: int, actual: int) -> str:
    """Return how far the preview was right about the rows of the whole tables."""
    sentence = f"l'aperçu annonçait {counted(expected, 'ligne', 'lignes')}"
    if expected == actual:
        return f"{sentence}, ce qui est exact"
    off = f"{100 * abs(actual - expected) / max(1, actual):.1f}".replace(".", ",")
    return f"{sentence} ; il y en a {actual} sur les tables entières (écart de {off} %)"
