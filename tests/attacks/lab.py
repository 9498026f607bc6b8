"""What an attacker works with: tables, treatments and uploads, and what the lab shows of them.

`adapter.py` is the one place where this meets the code that is attacked.
"""

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.engine.tables.release import LedgerEntry
from shared.events.event import Verdict

HOLDER = "mbr_porteur"
OWNER = "mbr_detenteur"

Cells = Mapping[str, Sequence[str]]
"""The columns of a table with their values, as text."""

Step = Mapping[str, Any]
"""A step of a treatment, as it is sent."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table of the holder's own, or of others: then it is restricted, and its owner's.

    `personal` is what the screening said when it was taken in; `unit` is the column that tells
    whose a row is, which the attacker knows; the rules have to find it out, unless its owner states
    it.
    """

    cells: Cells
    owner: str = HOLDER
    personal: Verdict = "none"
    unit: str = ""
    dataset_id: str = "dts_propre"
    version: int = 1
    is_unit_stated: bool = False

    @property
    def is_restricted(self) -> bool:
        """Whether it is others' data, which the holder may not see."""
        return self.owner != HOLDER


@dataclass(frozen=True)
class Treatment:
    """What the holder sends: steps over named tables."""

    steps: Sequence[Step]
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class Seen:
    """All that the holder sees of a treatment: the result's rows, the reports, or why it failed.

    `pages` are the files that are text, such as a report's page; `log` is what it told on the way.
    """

    rows: Sequence[Mapping[str, Any]] = ()
    reports: Sequence[Mapping[str, Any]] = ()
    error: str = ""
    pages: Sequence[str] = ()
    log: str = ""

    @property
    def text(self) -> str:
        """All of it as one text."""
        rows = [self.rows, self.reports, self.error, self.pages, self.log]
        return json.dumps(rows, ensure_ascii=False, default=str)

    def cell(self, figure: str, **group: str) -> Any:
        """A figure of the group that has these values, None where it is not shown."""
        for row in self.rows:
            if all(str(row.get(name)) == value for name, value in group.items()):
                return row.get(figure)
        return None

    def has(self, **group: str) -> bool:
        """Whether there is a row of that group, with or without its figure."""
        return any(
            all(str(row.get(name)) == value for name, value in group.items()) for row in self.rows
        )


@dataclass
class Ledger:
    """What left of the restricted tables of a world before, each with its file of cells.

    A third says whether it left with cells masked.

    It is for the rules: attackers do not look at it.
    """

    released: list[tuple[LedgerEntry, bytes, bool]] = field(default_factory=list)


def cross(left: str, right: str, output: str = "croise", **parameters: Any) -> Step:
    """A crossing, on `id` of both unless told otherwise."""
    fields = {"left_key": "id", "right_key": "id", "how": "inner", **parameters}
    inputs = {"left": left, "right": right}
    return {"application": "cross", "inputs": inputs, "output": output, "parameters": fields}


def aggregate(table: str, by: Sequence[str], output: str = "resultat", **parameters: Any) -> Step:
    """An aggregation."""
    fields = {"by": list(by), **parameters}
    return {
        "application": "aggregate",
        "inputs": {"table": table},
        "output": output,
        "parameters": fields,
    }


def query(sql: str, *tables: str, output: str = "resultat") -> Step:
    """A query over tables by their own names."""
    return {
        "application": "query",
        "inputs": {name: name for name in tables},
        "output": output,
        "parameters": {"sql": sql},
    }


def signs(seen: Seen, *words: str) -> dict[str, Hashable]:
    """What any attacker looks at: why it failed, and whether it is shown what it asks about."""
    named = any(word in seen.text for word in words)
    return {"error": seen.error, "log": seen.log, "named": named}


def leaves(report: Any, at: str = "") -> dict[str, Hashable]:
    """Every figure, word and sentence of a report, by where it stands in it."""
    if isinstance(report, Mapping):
        parts = [(f"{at}.{name}", part_of_report) for name, part_of_report in report.items()]
    elif isinstance(report, Sequence) and not isinstance(report, str):
        parts = [(f"{at}.{number}", part_of_report) for number, part_of_report in enumerate(report)]
    else:
        return {at: report}
    return {
        name: leaf
        for path, part_of_report in parts
        for name, leaf in leaves(part_of_report, path).items()
    }
