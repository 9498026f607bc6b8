"""Adds the INSEE codes of the communes that a column names, and tells which names got none."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from shared.engine.applications.clean.operations import CommuneCodes
from shared.engine.applications.clean.run.chain import Chain
from shared.engine.codes.commune_names import FoundCommune, clue_of, find_commune
from shared.engine.contract.result import Report
from shared.engine.database import quoted
from shared.language.french import counted, french_list
from shared.language.french import quoted as french_quoted

_CODES = quoted("codes of communes")
_ARRIVING = "codes of communes, arriving"
_MOST_NAMES = 30
_NAME = re.compile(r"[^\d@]{1,60}")
"""So many names a report lists, of these signs."""

_PLACED = 0.5
"""Where a smaller share of the rows has a known name, the column names something else."""

_WHY = {
    "several": "plusieurs communes s'appellent ainsi",
    "elsewhere": "pas dans ce département",
    "unknown": "nom inconnu",
}
_SOURCE = "Code officiel géographique, INSEE, 2026"
_SHOWN = 3


class _Pair(NamedTuple):
    """A name with what stands beside it, in how many rows, and its commune."""

    name: str
    beside: str
    rows: int
    commune: FoundCommune


def add_codes(operation: CommuneCodes, chain: Chain, at: str) -> Report:
    """Add the column of codes; returns how many rows have one, and which names have none."""
    name = f"coalesce({chain.text(operation.column, f'{at}.column')}, '')"
    beside = "''"
    if operation.departement:
        beside = f"coalesce({chain.text(operation.departement, f'{at}.departement')}, '')"
    table = chain.table
    lookup = (name, beside, operation.territory)
    whole = _pairs(chain, table.whole, *lookup)
    pairs = whole if table.name == table.whole else _pairs(chain, table.name, *lookup)
    _make_codes(chain, whole)
    mine = _of_row(name, operation.column), _of_row(beside, operation.departement)
    joined = f"LEFT JOIN {_CODES} c ON c.name = {mine[0]} AND c.beside = {mine[1]}"
    chain.join(joined, {operation.name: "c.code"})
    return {"columns": [operation.name], **_figures(pairs), "source": _SOURCE}


def _of_row(sql: str, column: str | None) -> str:
    return sql.replace(quoted(column), f"t.{quoted(column)}") if column else sql


def _pairs(
    chain: Chain, table: str, name: str, beside: str, territory: Sequence[str]
) -> list[_Pair]:
    """Return each name of a table with what stands beside it, and how many rows have both."""
    counts = chain.workbench.rows(
        f"SELECT {name} AS name, {beside} AS beside, count(*) FROM {quoted(table)}"
        " WHERE name <> '' GROUP BY ALL"
    )
    return [_Pair(name, by, int(n), find_commune(name, by, territory)) for name, by, n in counts]


def _make_codes(chain: Chain, pairs: Iterable[_Pair]) -> None:
    """Make the table of names with what stands beside them, and their codes."""
    coded = [pair for pair in pairs if pair.commune.code]
    columns = {
        "name": [pair.name for pair in coded],
        "beside": [pair.beside for pair in coded],
        "code": [pair.commune.code for pair in coded],
    }
    arriving = pa.table({key: pa.array(values, pa.string()) for key, values in columns.items()})
    database = chain.workbench.database
    database.register(_ARRIVING, arriving)
    database.execute(f"CREATE OR REPLACE TABLE {_CODES} AS FROM {quoted(_ARRIVING)}")
    database.unregister(_ARRIVING)


def _figures(pairs: Sequence[_Pair]) -> Report:
    rows: Counter[str] = Counter()
    for pair in pairs:
        rows[pair.commune.outcome] += pair.rows
    unread = sum(pair.rows for pair in pairs if pair.beside and clue_of(pair.beside) is None)
    is_named = sum(rows.values()) * _PLACED <= sum(rows.values()) - rows["unknown"]
    return {
        "cells": rows["present"] + rows["former"],
        **{outcome: rows[outcome] for outcome in ("former", "several", "elsewhere", "unknown")},
        "unread_departements": unread,
        # A column of something else may hold anything, names of persons too.
        "names": _listed(pairs, _WHY) if is_named else [],
        "former_names": _listed(pairs, ("former",)) if is_named else [],
    }


def _listed(pairs: Iterable[_Pair], outcomes: Iterable[str]) -> list[Report]:
    """Return names with these outcomes, the most frequent first; leave out what is no mere name."""
    listed_outcomes, rows_by_commune = set(outcomes), Counter[tuple[str, FoundCommune]]()
    for pair in pairs:
        if pair.commune.outcome in listed_outcomes and _NAME.fullmatch(pair.name):
            rows_by_commune[pair.name, pair.commune] += pair.rows
    ranked = sorted(rows_by_commune.items(), key=lambda entry: (-entry[1], entry[0]))
    return [
        {"name": name, "outcome": commune.outcome, "rows": rows}
        | ({"code": commune.code} if commune.code else {})
        for (name, commune), rows in ranked[:_MOST_NAMES]
    ]


def codes_in_words(report: Report) -> str:
    """State in French what the operation did, with the most frequent names without a code."""
    got = counted(report["cells"], "ligne a un code", "lignes ont un code")
    sentences = [f"codes des communes (« {report['columns'][0]} ») : {got}"]
    if report["former"]:
        old = counted(report["former"], "par un ancien nom", "par d'anciens noms")
        sentences.append(f"dont {old}{_some(report['former_names'])}")
    without = report["several"] + report["elsewhere"] + report["unknown"]
    if without:
        lacking = counted(without, "ligne n'en a pas", "lignes n'en ont pas")
        sentences.append(f"{lacking}{_some(report['names'])}")
    if unread := report["unread_departements"]:
        sentences.append(
            counted(unread, "département n'est pas lu", "départements ne sont pas lus")
        )
    return ", ".join(sentences)


def _some(names: Sequence[Report]) -> str:
    """Return the first of these names in parentheses, each with its code or why it has none."""
    examples = [
        f"{french_quoted(entry['name'])} : {entry.get('code') or _WHY[entry['outcome']]}"
        for entry in names[:_SHOWN]
    ]
    return f" ({'p. ex. ' * (len(names) > _SHOWN)}{french_list(examples)})" if examples else ""
