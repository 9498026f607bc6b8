"""Tables that show all cells, each slightly wrong: which there are, that they add up, how wrong."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from shared.engine.contract.policy import COUNT, OTHER, TABLE, MadeTables, ReleasePolicy, error_name
from shared.engine.database import Database, quoted
from shared.engine.protection.noisy_tables import make_noisy_tables
from shared.engine.protection.protected_tables import ProtectedTables
from shared.errors import Invalid
from tests.unit.shared.engine.protection.test_protected_tables import NAMES, TOWNS, described

Row = Sequence[Any]
CAP = 2000
STATES = tuple(f"s{at}" for at in range(5))
TOWN = {"column": "town", "levels": ["departement", "commune"], "values": list(TOWNS)}
SEX = {"column": "sex", "levels": ["value"], "values": ["F", "M"]}
STATE = {"column": "state", "levels": ["value"], "values": list(STATES)}
POLICY: dict[str, Any] = {
    "method": "noise",
    "unit": ["person"],
    "dimensions": [TOWN, SEX, STATE],
    "measures": [{"column": "aid", "cap": CAP}],
}


def persons(number: int) -> list[Row]:
    """So many persons, each with a town, a sex, a state and an amount."""
    chance = random.Random(5)
    return [
        (
            "z",
            TOWNS[int(chance.random() ** 2 * len(TOWNS))],
            chance.choice("FM"),
            STATES[int(chance.random() ** 2 * len(STATES))],
            f"p{person}",
            f"{min(chance.expovariate(1 / 300) + 10, CAP):.2f}",
        )
        for person in range(number)
    ]


class Noisy:
    """Noisy tables as their readers have them."""

    def __init__(self, rows: Sequence[Row], policy: dict[str, Any]) -> None:
        database: Database = duckdb.connect()
        listed = ", ".join(f"{quoted(name)} VARCHAR" for name in NAMES)
        database.execute(f"CREATE TABLE r ({listed})")
        for row in rows:
            database.execute("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?)", row)
        release_policy = ReleasePolicy.model_validate(policy)
        self.tables: ProtectedTables = make_noisy_tables(
            database, "r", described(), release_policy, lambda *_: None
        )
        self.facts: MadeTables = self.tables.facts
        self.rows = database.sql(f"FROM {quoted(self.tables.name)}").to_arrow_table().to_pylist()

    def figures(self, table: str, *names: str, figure: str = COUNT) -> dict[tuple[Any, ...], float]:
        """The figures of a table by its classes in these columns, added up."""
        figures: dict[tuple[Any, ...], float] = defaultdict(float)
        for row in self.rows:
            if row[TABLE] == table:
                figures[tuple(row[name] for name in names)] += row[figure]
        return figures


def cells_of(noisy: Noisy) -> list[tuple[Any, ...]]:
    """The cells of all tables, without their figures."""
    return [tuple(row[name] for name in (TABLE, "departement", "commune", "sex", "state"))
            for row in noisy.rows]  # fmt: skip


def test_which_cells_there_are_tells_nothing_of_the_data() -> None:
    """Of nobody there are the same as of two thousand, as wrong, with the same facts."""
    some, none = Noisy(persons(2000), POLICY), Noisy([], POLICY)
    assert cells_of(some) == cells_of(none)
    assert some.facts == none.facts
    assert none.tables.close_percent is None
    assert all(row[error_name("aid")] > row[error_name(COUNT)] > 0 for row in some.rows)


def test_tables_add_up_and_no_figure_is_below_nothing() -> None:
    """Figures are rounded to whole numbers, so that sums of many are off by some."""
    noisy = Noisy(persons(2000), POLICY)
    assert all(row[COUNT] >= 0 and row["aid"] >= 0 for row in noisy.rows)
    finest = "commune et sex et state"
    cells = len(noisy.figures(finest, "commune", "sex", "state"))
    for figure in (COUNT, "aid"):
        for table, names in {
            "commune et sex": ("commune", "sex"),
            "departement et state": ("departement", "state"),
            "sex": ("sex",),
            "ensemble": (),
        }.items():
            parts = noisy.figures(finest, *names, figure=figure)
            wholes = noisy.figures(table, *names, figure=figure)
            rounding = 0.5 + 4 * (cells / len(wholes) / 12) ** 0.5
            assert parts == pytest.approx(wholes, abs=rounding)


def test_half_widths_hold_of_large_tables() -> None:
    """Where many cells of nobody are raised to 0, sums of them stay right."""
    rows = persons(3000)
    noisy = Noisy(rows, {**POLICY, "dimensions": [{**TOWN, "values": ["50"]}, SEX, STATE]})
    errors = dict(zip(noisy.facts.tables, noisy.facts.standard_errors, strict=True))
    for table, expected in {"ensemble": 3000, "sex": sum(row[2] == "F" for row in rows)}.items():
        figure = noisy.figures(table, "sex")[(None if table == "ensemble" else "F",)]
        assert abs(figure - expected) <= 4 * errors[table][0]
    (whole,) = noisy.figures("ensemble", figure="aid").values()
    assert abs(whole - sum(float(row[5]) for row in rows)) <= 4 * errors["ensemble"][1]
    assert noisy.tables.close_percent is not None


def test_unit_and_amount_count_up_to_their_caps() -> None:
    """Of a hundred rows of each of twenty, two count; below 0 is 0, and too much the cap."""
    rows = [
        ("z", TOWNS[0], "F", "s0", f"p{at % 20}", "-50000" if at % 3 else "70000")
        for at in range(2000)
    ]
    policy = {**POLICY, "dimensions": [SEX], "guess_percent": 95, "most_rows": 2}
    noisy = Noisy(rows, policy)
    count_error, aid_error = noisy.facts.standard_errors[0]
    (count,), (aid,) = (noisy.figures("ensemble", figure=name).values() for name in (COUNT, "aid"))
    assert abs(count - 40) <= 5 * count_error
    assert 0 <= aid <= 40 * CAP + 5 * aid_error


def test_what_has_no_class_is_one() -> None:
    """A commune elsewhere shows in no class of its own."""
    rows = [("z", "75056", "F", "s0", f"p{at}", "10") for at in range(900)]
    noisy = Noisy(rows, POLICY)
    assert noisy.figures("commune", "commune")[OTHER,] > 700


def test_tables_of_too_many_figures_are_not_made() -> None:
    """By their form, whatever the data: fewer dimensions at once are."""
    values = [f"v{at}" for at in range(400)]
    wide = [{"column": name, "levels": ["value"], "values": values} for name in ("zone", "sex")]
    assert Noisy([], {"method": "noise", "dimensions": [*wide, STATE]}).facts.most_at_once == 2


def test_measure_without_a_cap_is_refused() -> None:
    """At its field, before anything is read."""
    with pytest.raises(Invalid) as refusal:
        Noisy([], {**POLICY, "measures": [{"column": "aid"}]})
    assert refusal.value.field == "measures.0.cap"
