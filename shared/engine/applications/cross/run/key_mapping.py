"""Leads the keys of a crossing through crosswalks, tells what that did, and where it would help.

It would where each table has codes of communes that follow the official code (COG) of another year.
"""

from collections.abc import Sequence

import pyarrow as pa

from shared.engine.applications.cross.application import CrossParameters
from shared.engine.applications.cross.run.key_tables import Side, key_text, keys
from shared.engine.codes.cog import Fit
from shared.engine.contract.result import Report
from shared.engine.database import literal, quoted
from shared.engine.reading.columns.cog import best_year
from shared.engine.reading.linkage.crosswalk_lookup import map_keys
from shared.engine.reading.values.value_tests import Texts
from shared.engine.running.steps.workbench import Workbench
from shared.engine.tables.crosswalks import CROSSWALKS, PRESENT, Cost
from shared.language.french import counted

PARTS = "\x1f"
"""Between the parts of a key of several columns; the first part goes through crosswalks."""

_ESCAPED = (("\x1e", "\x1e0"), (PARTS, "\x1e1"))

_ARRIVING = "keys that arrive"
_TABLES = {"left": "la table principale", "right": "la table croisée"}

_OF = {
    "changed": "is_changed",
    "multiplied": "targets > 1",
    "merged": "is_merged",
    "unknown": "targets = 0",
}

_MOST_KEYS = 100_000
"""There are fewer codes: a column with more keys holds something else."""

_FEW_KEYS = 400
"""Enough to tell that keys are something else."""

_ENOUGH = 0.95
"""Share of the keys that must be codes of communes, of any year."""

CommunesByKey = dict[str, set[str]]
"""Each key of a side with the present communes that it leads to."""

Years = dict[str, int]
"""The COG that each side follows."""


def crossed_keys(workbench: Workbench, parameters: CrossParameters) -> tuple[str, str]:
    """Return the keys of both sides, in SQL."""
    pairs = [((parameters.left_key, "left_key"), (parameters.right_key, "right_key"))]
    pairs += [
        ((key.left, f"keys.{at}.left"), (key.right, f"keys.{at}.right"))
        for at, key in enumerate(parameters.keys)
    ]
    met = [_met(workbench, left, right) for left, right in pairs]
    return key_of([left for left, _ in met]), key_of([right for _, right in met])


def _met(workbench: Workbench, left: tuple[str, str], right: tuple[str, str]) -> tuple[str, str]:
    """Return two columns to compare, in SQL: by value where both are days, or both numbers."""
    as_written = workbench.column("left", *left), workbench.column("right", *right)
    kinds = workbench.kind_of_value("left", left[0]), workbench.kind_of_value("right", right[0])
    if not kinds[0] or kinds[0] != kinds[1]:
        return as_written
    return workbench.plain_value("left", left[0]), workbench.plain_value("right", right[0])


def key_of(columns: Sequence[str]) -> str:
    """Return the key of columns, in SQL: one as it is; of several, null where a part is empty."""
    if len(columns) == 1:
        return columns[0]
    parts = []
    for column in columns:
        part = key_text(column)
        for sign, escaped in _ESCAPED:
            part = f"replace({part}, {literal(sign)}, {literal(escaped)})"
        parts.append(part)
    return f"({f' || {literal(PARTS)} || '.join(parts)})"


def first_part(key: str) -> str:
    """Return the part of a key in SQL that crosswalks and successors are of."""
    return f"split_part({key}, {literal(PARTS)}, 1)"


def further_parts(key: str) -> str:
    """Return the other parts of a key with their separator, in SQL; empty for one column."""
    return f"substr({key}, length({first_part(key)}) + 1)"


def shown_parts(key: str) -> list[str]:
    """Return the parts of a key as they were written."""
    parts = key.split(PARTS)
    return [part.replace("\x1e1", PARTS).replace("\x1e0", "\x1e") for part in parts]


def map_side(workbench: Workbench, side: Side, via: str | None) -> str:
    """Return what each key is compared by: itself, or what it leads to `via` a crosswalk.

    Returns the SQL of a table of `key` and `target`, a pair once, and `n` rows that have the key.
    """
    present = f"SELECT key, n FROM {keys(side)} WHERE key IS NOT NULL"
    if via is None:
        return f"(SELECT key, key AS target, n FROM ({present}))"
    first = f"SELECT DISTINCT {first_part('key')} AS key FROM ({present})"
    values = workbench.database.sql(first).to_arrow_table()["key"].combine_chunks()
    at, targets = map_keys(via, values)
    mapped = quoted(f"{side} mapped")
    workbench.database.register(_ARRIVING, pa.table({"key": values.take(at), "target": targets}))
    arriving = (
        f"SELECT k.key, a.target || {further_parts('k.key')} AS target, n FROM ({present}) k"
        f" JOIN {quoted(_ARRIVING)} a ON a.key = {first_part('k.key')}"
    )
    workbench.database.execute(f"CREATE OR REPLACE TABLE {mapped} AS {arriving}")
    workbench.database.unregister(_ARRIVING)
    return mapped


def mapping_report(workbench: Workbench, side: Side, mapped: str, via: str) -> Report:
    """Report the keys and rows that the crosswalk changed, multiplied, merged or did not know.

    `cost` is what it cost here, which may be less than what it may cost.
    """
    counts = (f"{count} FILTER ({of})" for of in _OF.values() for count in ("count(*)", "sum(n)"))
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
    mapping = {"via": via, "description": crosswalk.description, "keys": int(total)}
    multiplies, merges = (report[what]["keys"] > 0 for what in ("multiplied", "merged"))
    return mapping | report | {"cost": Cost.of(multiplies=multiplies, merges=merges)}


def mapping_in_words(side: Side, report: Report) -> str:
    """Return a mapping report in a sentence, in French."""
    changed, unknown = report["changed"], report["unknown"]
    return (
        f"la clé de {_TABLES[side]} passe par « {report['via']} » :"
        f" {counted(changed['keys'], 'clé changée', 'clés changées')}"
        f" ({counted(changed['rows'], 'ligne', 'lignes')}),"
        f" {counted(report['multiplied']['rows'], 'ligne', 'lignes')} à plusieurs clés,"
        f" {counted(unknown['keys'], 'clé inconnue', 'clés inconnues')} ;"
        f" {Cost(report['cost']).in_words}"
    )


def cog_warnings(workbench: Workbench, met: int) -> list[Report]:
    """Warn of what crossing codes as they are leaves out or confuses, when their COG differ.

    `met` is how many distinct left keys met. A first warning names the use of the communes'
    crosswalk that lets most of them meet, a second one the communes that were split in between.
    """
    if best_year(_texts(workbench, keys("left"), _FEW_KEYS), _ENOUGH / 2) is None:
        return []
    left = _texts(workbench, keys("left"))
    if (fit := _fit(left)) is None:
        return []
    right = _texts(workbench, keys("right"))
    if (other := _fit(right)) is None:
        return []
    years = {"left": fit.year, "right": other.year}
    here, there = _communes_by_key(left), _communes_by_key(right)
    warnings = (_of_missing(here, there, met, years), _of_split(here, there, years))
    return [warning for warning in warnings if warning]


def _of_missing(here: CommunesByKey, there: CommunesByKey, met: int, years: Years) -> Report | None:
    targets_there, arriving = there.keys(), set().union(*there.values())
    gains = {
        ("left_via",): sum(not targets.isdisjoint(targets_there) for targets in here.values()),
        ("right_via",): len(here.keys() & arriving),
        ("left_via", "right_via"): sum(
            not targets.isdisjoint(arriving) for targets in here.values()
        ),
    }
    best = max(gains, key=lambda parameters: gains[parameters])
    if gains[best] <= met:
        return None
    missing = len(here) - met
    absent = counted(missing, "code de commune manque", "codes de communes manquent")
    message = (
        f"{absent} dans la table croisée, qui suit le code officiel de {years['right']} ; la table"
        f" principale suit celui de {years['left']} :"
        f" {' et '.join(best)} = « {PRESENT.name} » en rattache {gains[best] - met}"
    )
    return _warning("missing", best, gains[best] - met, years, message)


def _of_split(here: CommunesByKey, there: CommunesByKey, years: Years) -> Report | None:
    """Warn of codes that one table has for a commune that is several in the other."""
    split = sum(
        len(targets) > 1 and len(there[key]) == 1 for key, targets in here.items() if key in there
    )
    if not split:
        return None
    some = counted(split, "commune scindée", "communes scindées")
    message = (
        f"la table principale a {some} entre {years['left']} et {years['right']}, dont les lignes"
        " portent aussi ce qui est depuis une autre commune ;"
        f" left_via = « {PRESENT.name} » les rattache à toutes"
    )
    return _warning("split", ("left_via",), split, years, message)


def _warning(
    kind: str, parameters: tuple[str, ...], number: int, years: Years, message: str
) -> Report:
    return {
        "kind": kind,
        "parameters": list(parameters),
        "via": PRESENT.name,
        "keys": number,
        "years": years,
        "told": message,
    }


def _texts(workbench: Workbench, table: str, most: int = _MOST_KEYS + 1) -> Texts:
    """Return some distinct keys as Arrow strings, else one more than can be codes of communes."""
    query = f"SELECT key FROM {table} WHERE key IS NOT NULL LIMIT {most}"
    return workbench.database.sql(query).to_arrow_table()["key"].combine_chunks()


def _fit(values: Texts) -> Fit | None:
    """Return the year of values that are nearly all codes of communes; None if they are not."""
    return best_year(values, _ENOUGH) if len(values) <= _MOST_KEYS else None


def _communes_by_key(values: Texts) -> CommunesByKey:
    """Return each value with its present communes, none for what is no code."""
    result: CommunesByKey = {value: set() for value in values.to_pylist()}
    at, targets = map_keys(PRESENT.name, values)
    for value, target in zip(values.take(at).to_pylist(), targets.to_pylist(), strict=True):
        result[value].add(target)
    return result
