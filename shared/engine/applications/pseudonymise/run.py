"""Puts pseudonyms in place of values: HMAC-SHA-256 (RFC 2104) with the project's key, in DuckDB."""

from shared.engine.applications.pseudonymise.application import PseudonymiseParameters
from shared.engine.contract.result import Report
from shared.engine.contract.work import PSEUDONYM_KEY
from shared.engine.database import count, quoted
from shared.engine.running.steps.workbench import TABLE, Workbench
from shared.errors import Rejected
from shared.language.french import counted, french_list
from shared.language.french import quoted as french_quoted

_BLOCK, _INNER, _OUTER = 64, 0x36, 0x5C
_SPACES = r"[\s\x{00a0}\x{202f}]+"
_DIGITS = 32
"""Hexadecimal digits of a pseudonym: 128 bits, so that no two values share one by accident."""


def run(workbench: Workbench, parameters: PseudonymiseParameters) -> Report:
    """Make the table with pseudonyms, in the order of its rows; empty cells stay empty.

    Raises Invalid naming the parameter whose column does not exist.
    """
    named = [
        workbench.column(TABLE, name, f"columns.{at}") for at, name in enumerate(parameters.columns)
    ]
    table = quoted(workbench.tables[TABLE].name)
    normal = {column: normalised(column, parameters) for column in named}
    chosen = ", ".join(
        f"{_pseudonym(normal[quoted(name)])} AS {quoted(name)}"
        if quoted(name) in normal
        else quoted(name)
        for name in workbench.columns(TABLE)
    )
    workbench.say(0.3, "calcule les pseudonymes")
    # The key goes in beside the SQL: what an engine says of a statement would hold it.
    workbench.database.execute(
        f"CREATE TABLE {quoted(workbench.output)} AS SELECT {chosen} FROM {table}",
        list(_pads(_key(workbench))),
    )
    distinct = ", ".join(f"count(DISTINCT {value}), count({value})" for value in normal.values())
    ((*counts,),) = workbench.rows(f"SELECT {distinct} FROM {table}")
    values, cells = sum(counts[::2]), sum(counts[1::2])
    rows = count(workbench.database, workbench.output)
    return {
        "rows": {"in": rows, "out": rows},
        "columns": list(parameters.columns),
        "values": int(values),
        "cells": int(cells),
        "summary": f"{counted(cells, 'cellule pseudonymisée', 'cellules pseudonymisées')}"
        f" ({french_list([french_quoted(name) for name in parameters.columns])}),"
        f" {counted(values, 'valeur distincte', 'valeurs distinctes')} ;"
        " ce n'est pas une anonymisation",
    }


def normalised(column: str, parameters: PseudonymiseParameters) -> str:
    """Return a column's values in SQL without what shall make no difference; null for nothing."""
    value = f"nfc_normalize(CAST({column} AS VARCHAR))"
    if "fold" in parameters.normalise:
        value = f"strip_accents(lower({value}))"
    if "digits" in parameters.normalise:
        value = f"regexp_replace({value}, '[^0-9]', '', 'g')"
    if "trim" in parameters.normalise:
        value = f"regexp_replace({value}, '^{_SPACES}|{_SPACES}$', '', 'g')"
    return f"nullif({value}, '')"


def _pseudonym(value: str) -> str:
    inner = f"unhex(sha256($1 || encode({value})))"
    return f"left(sha256($2 || {inner}), {_DIGITS})"


def _pads(key: bytes) -> tuple[bytes, bytes]:
    """Return what is hashed before the value, and before that hash."""
    block = key.ljust(_BLOCK, b"\0")
    return bytes(byte ^ _INNER for byte in block), bytes(byte ^ _OUTER for byte in block)


def _key(workbench: Workbench) -> bytes:
    try:
        return bytes.fromhex((workbench.out.parent / PSEUDONYM_KEY).read_text())
    except (OSError, ValueError) as error:
        raise Rejected("ce traitement n'a pas de clé : elle appartient à un projet") from error
