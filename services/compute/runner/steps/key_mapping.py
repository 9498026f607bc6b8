"""Leads the keys of one side of a crossing through a crosswalk, and tells what that did to them."""

from typing import Literal

import pyarrow as pa

from services.compute.execution.job_folder import Report
from services.compute.runner.database import quoted
from services.compute.runner.linkage.crosswalk_lookup import map_keys
from services.compute.runner.steps.workbench import Workbench
from shared.tables.crosswalks import CROSSWALKS, Cost
from shared.words import counted

Side = Literal["left", "right"]

_ARRIVING = "keys that arrive"
_TABLES = {"left": "la table principale", "right": "la table croisée"}


def keys(side: Side) -> str:
    """The table of a side's distinct keys: `key`, null for none, and `n` rows that have it."""
    return quoted(f"{side} keys")


def map_side(workbench: Workbench, side: Side, via: str | None) -> str:
    """What each key is compared by: itself, or what it leads to `via` a crosswalk.

    Returns the SQL of a table of `key` and `target`, a pair once.
    """
    present = f"SELECT key FROM {keys(side)} WHERE key IS NOT NULL"
    if via is None:
        return f"(SELECT key, key AS target FROM ({present}))"
    values = workbench.database.sql(present).to_arrow_table()["key"].combine_chunks()
    at, targets = map_keys(via, values)
    made = quoted(f"{side} mapped")
    workbench.database.register(_ARRIVING, pa.table({"key": values.take(at), "target": targets}))
    arriving = f"SELECT * FROM {quoted(_ARRIVING)}"
    workbench.database.execute(f"CREATE OR REPLACE TABLE {made} AS {arriving}")
    workbench.database.unregister(_ARRIVING)
    return made


def mapping_report(workbench: Workbench, side: Side, mapped: str, via: str) -> Report:
    """What the crosswalk did, in keys and rows: changed, multiplied, merged, and not known to it.

    `cost` is what it cost here, which may be less than what it may cost.
    """
    counts = (f"{it} FILTER ({of})" for of in _OF.values() for it in ("count(*)", "sum(n)"))
    ((total, *figures),) = workbench.rows(f"""
        SELECT count(*), {", ".join(counts)}
        FROM (
            SELECT k.key, any_value(k.n) AS n, count(w.target) AS targets,
                coalesce(bool_or(w.target <> k.key), false) AS is_changed,
                coalesce(bool_or(m.sources > 1), false) AS is_merged
            FROM {keys(side)} k LEFT JOIN {mapped} w ON w.key = k.key LEFT JOIN (
                SELECT target, count(*) AS sources FROM {mapped} GROUP BY target
            ) m ON m.target = w.target
            WHERE k.key IS NOT NULL GROUP BY k.key
        )
    """)
    pairs = zip(figures[::2], figures[1::2], strict=True)
    report: Report = {
        what: {"keys": int(number), "rows": int(rows or 0)}
        for what, (number, rows) in zip(_OF, pairs, strict=True)
    }
    crosswalk = CROSSWALKS[via]
    told = {"via": via, "description": crosswalk.description, "keys": int(total)}
    multiplies, merges = (report[what]["keys"] > 0 for what in ("multiplied", "merged"))
    return told | report | {"cost": Cost.of(multiplies=multiplies, merges=merges)}


_OF = {
    "changed": "is_changed",
    "multiplied": "targets > 1",
    "merged": "is_merged",
    "unknown": "targets = 0",
}


def mapping_in_words(side: Side, report: Report) -> str:
    """A mapping report in a sentence, in French."""
    changed, unknown = report["changed"], report["unknown"]
    return (
        f"la clé de {_TABLES[side]} passe par « {report['via']} » :"
        f" {counted(changed['keys'], 'clé changée', 'clés changées')}"
        f" ({counted(changed['rows'], 'ligne', 'lignes')}),"
        f" {counted(report['multiplied']['rows'], 'ligne', 'lignes')} à plusieurs clés,"
        f" {counted(unknown['keys'], 'clé inconnue', 'clés inconnues')} ;"
        f" {Cost(report['cost']).told}"
    )
