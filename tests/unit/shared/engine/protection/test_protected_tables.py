"""Protected tables: what they show, and what who has all of them reads off them."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError
from scipy.optimize import linprog

from shared.engine.contract.policy import COUNT, NOTHING, TABLE, MadeTables, ReleasePolicy
from shared.engine.database import Database, quoted
from shared.engine.protection.protected_tables import make_protected_tables
from shared.engine.tables.manifest import Column, Meaning
from shared.errors import Invalid

TOWNS = ("14118", "14047", "14762", "50129", "50502", "50218")
Row = Sequence[Any]
NAMES = ("zone", "town", "sex", "state", "person", "aid")
POLICY = {
    "unit": ["person"],
    "dimensions": [
        {"column": "zone", "levels": ["value"]},
        {"column": "sex", "levels": ["value"]},
        {"column": "state", "levels": ["value"]},
    ],
}


def described(names: Sequence[str] = NAMES) -> list[Column]:
    """The columns of the test's rows as reading them describes them."""
    number = Meaning(type="decimal", confidence=1, valid=1, format="0.0")
    code = Meaning(type="commune", confidence=1, valid=1)
    meanings = {"aid": ("decimal", None, number), "town": ("text", "commune", code)}
    return [
        Column(name=name, kind=kind, filled=1, distinct=1, key=key, meaning=meaning)
        for name in names
        for kind, key, meaning in [meanings.get(name, ("text", None, None))]
    ]


class Made(NamedTuple):
    """Protected tables as their readers have them: rows by column."""

    rows: list[dict[str, Any]]
    most_at_once: int
    facts: MadeTables

    def figure(self, figure: str = COUNT, **classes: str) -> Any:
        """The figure of the cell of these classes."""
        names = {name: value for name, value in classes.items() if value}
        order = [name for name in self.rows[0] if name in names]
        table = " et ".join(order) or "ensemble"
        (row,) = (
            row
            for row in self.rows
            if row[TABLE] == table and all(row[name] == value for name, value in names.items())
        )
        return row[figure]


def made(rows: Sequence[Row], policy: dict[str, Any], names: Sequence[str] = NAMES) -> Made:
    """The protected tables of these rows."""
    database: Database = duckdb.connect()
    listed = ", ".join(f"{quoted(name)} VARCHAR" for name in names)
    database.execute(f"CREATE TABLE r ({listed})")
    texts = pa.table(
        {
            name: list(map(str, values))
            for name, values in zip(names, zip(*rows, strict=False), strict=False)
        }
    )
    database.register("texts", texts)
    database.execute("INSERT INTO r FROM texts")
    tables = make_protected_tables(
        database, "r", described(names), ReleasePolicy.model_validate(policy), lambda *_: None
    )
    shown = database.sql(f"FROM {quoted(tables.name)}").to_arrow_table().to_pylist()
    return Made(shown, tables.facts.most_at_once, tables.facts)


def persons(seed: int, number: int) -> list[Row]:
    """So many persons, unevenly in zones, states and sexes, with an amount each."""
    chance = random.Random(seed)
    return [
        (
            f"z{int(chance.random() ** 2 * 6)}",
            "14118",
            chance.choice("FM"),
            f"s{int(chance.random() ** 2 * 5)}",
            f"p{person}",
            round(chance.expovariate(1 / 300) + 10, 2),
        )
        for person in range(number)
    ]


Cell = frozenset[tuple[str, str]]


def intervals(
    made_tables: Made, dimensions: Sequence[str], figure: str
) -> Iterator[tuple[Cell, Any]]:
    """What who reads all tables knows of each hidden cell: its least and its most.

    Splits are found again from the published rows alone: classes that nobody is in count as well.
    """
    cells: dict[Cell, Any] = {}
    for row in made_tables.rows:
        key = frozenset((name, row[name]) for name in dimensions if row[name] is not None)
        cells[key] = row[figure]
    values = {
        name: sorted({value for key in cells for n, value in key if n == name})
        for name in dimensions
    }
    unknown = {
        key: at for at, key in enumerate(key for key, value in cells.items() if value is None)
    }
    rows, sums = [], []
    for key in cells:
        for name in set(dimensions) - {n for n, _ in key}:
            parts = [key | {(name, class_)} for class_ in values[name]]
            if all(part in cells for part in parts):
                terms: dict[int, float] = defaultdict(float)
                known = 0.0
                for sign, part in ((-1, key), *((1, part) for part in parts)):
                    if cells[part] is None:
                        terms[unknown[part]] += sign
                    else:
                        known += sign * cells[part]
                if terms:
                    rows.append([terms.get(at, 0.0) for at in range(len(unknown))])
                    sums.append(-known)
    for key, at in unknown.items():
        objective = np.zeros(len(unknown))
        objective[at] = 1
        ends = [
            linprog(sign * objective, A_eq=rows, b_eq=sums, bounds=(0, 1e7)).fun for sign in (1, -1)
        ]
        yield key, (ends[0], -ends[1])


def behind(rows: Sequence[Row], cell: Cell) -> list[Row]:
    """The rows of a cell."""
    return [row for row in rows if all(row[NAMES.index(name)] == value for name, value in cell)]


@pytest.mark.parametrize("seed", range(3))
def test_small_cells_may_be_nobody_or_enough(seed: int) -> None:
    """To who reads all tables and adds and subtracts; what is shown is right."""
    rows = persons(seed, 400)
    tables = made(rows, {**POLICY, "minimum_units": 5})
    shown = 0
    for row in tables.rows:
        cell = frozenset((name, row[name]) for name in NAMES[:4] if row.get(name) is not None)
        if row[COUNT] is not None:
            assert row[COUNT] == len(behind(rows, cell))
            assert row[COUNT] == 0 or row[COUNT] >= 5
            shown += row[COUNT] > 0
    assert shown > 40
    for cell, (least, most) in intervals(tables, ["zone", "sex", "state"], COUNT):
        if len(behind(rows, cell)) < 5:
            assert least < 1e-6, cell
            assert most > 5 - 1e-6, cell


@pytest.mark.parametrize("seed", range(2))
def test_sums_tell_no_part_within_a_tenth(seed: int) -> None:
    """Of one that has most of a sum, whichever sums are added and subtracted."""
    rows = persons(seed, 200)
    rows = [(*row[:5], 9000.0 if at % 17 == 0 else row[5]) for at, row in enumerate(rows)]
    policy = {**POLICY, "minimum_units": 3, "measures": [{"column": "aid"}]}
    tables = made(rows, policy)
    for cell, (least, most) in intervals(tables, ["zone", "sex", "state"], "aid"):
        amounts = sorted((row[5] for row in behind(rows, cell)), reverse=True)
        if amounts and amounts[0] >= 0.85 * sum(amounts):
            assert least <= sum(amounts) - 0.1 * amounts[0] + 1, cell
            assert most >= sum(amounts) + 0.1 * amounts[0] - 1, cell
    assert any(row["aid"] for row in tables.rows)


def test_months_of_a_person_are_a_person() -> None:
    """Twelve rows of one do not make a cell of twelve."""
    rows = [("z1", "14118", "F", f"s{month}", "p1", 100) for month in range(12)]
    rows += [("z2", "14118", "FM"[at % 2], f"s{at % 3}", f"q{at}", 9 + at) for at in range(60)]
    tables = made(rows, POLICY)
    assert tables.figure() == 61
    assert tables.figure(zone="z2") is None, "the other zone would follow"
    assert made(rows, {**POLICY, "unit": []}).figure() == 72


def test_that_all_of_a_group_are_alike_is_hidden() -> None:
    """All of a zone in one state tells of each of them; all of a sex in one zone may be known."""
    rows = [("z1", "14118", "F", "s1", f"p{at}", 100 + at) for at in range(20)]
    rows += [("z2", "14118", "FM"[at % 2], f"s{at % 3}", f"q{at}", at + 9) for at in range(120)]
    tables = made(rows, POLICY)
    assert tables.figure(zone="z1") == 20
    assert tables.figure(zone="z1", state="s1") is None


def test_areas_lead_to_larger_ones_and_rows_without_a_class_are_one() -> None:
    """Levels come of the official codes; a missing value is said to be missing."""
    rows = [("z", town, "F", "", f"p{at}", 5 + at) for at, town in enumerate(TOWNS * 20)]
    dimension = {"column": "town", "levels": ["departement", "commune"]}
    policy = {
        "unit": ["person"],
        "dimensions": [dimension, {"column": "state", "levels": ["value"]}],
    }
    tables = made(rows, policy)
    assert tables.figure(departement="14") == 60
    assert tables.figure(commune="50129") == 20
    assert tables.figure(departement="50", state=NOTHING) == 60


@pytest.mark.parametrize(
    "dimensions",
    [
        [{"column": "person", "levels": ["value"]}],
        [{"column": "zone", "levels": ["value"]}] * 2,
        [{"column": "nombre", "levels": ["value"]}],
    ],
)
def test_policy_that_contradicts_itself_is_refused(dimensions: list[dict[str, Any]]) -> None:
    """Whose a row is, a column twice, and a name that the tables have themselves."""
    with pytest.raises(ValidationError):
        ReleasePolicy.model_validate({**POLICY, "dimensions": dimensions})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unit": ["nir"]}, "unit.0"),
        ({"dimensions": [{"column": "age", "levels": ["value"]}]}, "dimensions.0.column"),
        ({"dimensions": [{"column": "zone", "levels": ["epci"]}]}, "dimensions.0"),
        ({"dimensions": [{"column": "zone", "levels": ["year"]}]}, "dimensions.0"),
        (
            {"dimensions": [{"column": "zone", "levels": ["classes"], "bounds": [1]}]},
            "dimensions.0",
        ),
        ({"measures": [{"column": "loan"}]}, "measures.0.column"),
        ({"measures": [{"column": "town"}]}, "measures.0.column"),
        ({"units_repeat": False}, "units_repeat"),
        ({"measures": [{"column": "aid", "is_full": True}]}, "measures.0.is_full"),
    ],
)
def test_policy_that_does_not_fit_is_refused_at_its_field(
    changes: dict[str, Any], field: str
) -> None:
    """Nothing is made of it."""
    with pytest.raises(Invalid) as refusal:
        made([*persons(1, 60), ("z1", "14118", "F", "s1", "p1", "")], {**POLICY, **changes})
    assert refusal.value.field == field


def test_missing_amounts_add_nothing_and_large_ones_the_cap() -> None:
    """A cap is no amount of rows that have none."""
    rows = [("z", "t", "F", "s", f"p{at}", "" if at % 3 else 10 + 100 * at) for at in range(60)]
    policy = {
        "dimensions": [{"column": "zone", "levels": ["value"]}],
        "measures": [{"column": "aid", "cap": 2000}],
    }
    expected = sum(min(2000, 10 + 100 * at) for at in range(0, 60, 3))
    assert made(rows, policy).figure("aid") == expected


def test_sums_of_nothing_and_differences_of_sums_are_hidden() -> None:
    """That all have no aid tells of each; of two sums and their own, all or none are shown."""
    names = (*NAMES, "loan", "both")
    rows = [
        (f"z{at % 3}", "t", "F", "s", f"p{at}", aid, loan, aid + loan)
        for at in range(90)
        for aid in [0 if at % 3 == 0 else 100 + at]
        for loan in [777 if at == 1 else 0 if at % 3 == 1 else 50 + at]
    ]
    measures = [{"column": name} for name in ("aid", "loan", "both")]
    dimensions = [{"column": "zone", "levels": ["value"]}]
    tables = made(rows, {"dimensions": dimensions, "measures": measures}, names)
    for zone in ("z0", "z1"):
        shown = [tables.figure(name, zone=zone) for name in ("aid", "loan", "both")]
        assert (tables.figure(zone=zone), shown) == (30, [None] * 3)


def test_all_of_a_class_of_one_value_are_hidden() -> None:
    """The class would say what the value is; that everybody is in the only one says nothing."""
    rows = [("z", "t", "FM"[at % 2], "s", f"p{at}", 30 + at % 20) for at in range(60)]
    rows += [("z", "t", "FM"[at % 2], "s", f"q{at}", 72) for at in range(14)]
    age = {"column": "aid", "levels": ["classes", "value"], "bounds": [60]}
    sex = {"column": "sex", "levels": ["value"]}
    tables = made(rows, {"minimum_units": 3, "dimensions": [age, sex]})
    shown = [row for row in tables.rows if row["aid"] == "72"]
    assert all(row[COUNT] is None for row in shown)
    assert made(rows, {"dimensions": [{"column": "state", "levels": ["value"]}]}).figure(
        state="s"
    ) == len(rows)


def test_facts_count_what_is_there_to_read() -> None:
    """Not who is alone in a hidden cell: of two women of a zone, both in one state or in two."""
    men = [("z", "t", "M", f"s{at % 2}", f"p{at}", 1) for at in range(60)]
    women = [[("z", "t", "F", f"s{at * step}", f"q{at}", 1) for at in range(2)] for step in (0, 1)]
    alike, apart = (made([*men, *pair], POLICY | {"dimensions": _BY_SEX}) for pair in women)
    hidden = [row for row in apart.rows if row[COUNT] is None]
    assert apart.facts == alike.facts
    assert (apart.facts.cells, apart.facts.shown) == (
        len(apart.rows),
        apart.facts.cells - len(hidden),
    )
    assert hidden


def test_facts_that_one_row_decides_are_those_of_the_policy() -> None:
    """Whether a person has a second row, or no amount, is not told where the owner says no more."""
    rows = persons(1, 60)
    policy = {**POLICY, "measures": [{"column": "aid"}]}
    for others in ([], [rows[0]], [(*rows[0][:5], "")]):
        facts = made([*rows, *others], policy).facts
        assert (facts.has_repeated_units, facts.full_measures) == (True, ())
    full = {"units_repeat": False, "measures": [{"column": "aid", "is_full": True}]}
    facts = made(rows, {**POLICY, **full}).facts
    assert (facts.has_repeated_units, facts.full_measures) == (False, ("aid",))
    assert not made(rows, {**policy, "unit": []}).facts.has_repeated_units


_BY_SEX = [{"column": name, "levels": ["value"]} for name in ("sex", "state")]


def test_dimension_that_tells_another_is_refused() -> None:
    """A town and its zone are levels of one: their tables add up across."""
    rows = [(f"z{at % 2}", f"t{at % 4}", "F", "s", f"p{at}", 1) for at in range(60)]
    dimensions = [{"column": name, "levels": ["value"]} for name in ("zone", "town")]
    with pytest.raises(Invalid, match="niveaux d'une même dimension") as refusal:
        made(rows, {"dimensions": dimensions})
    assert refusal.value.field == "dimensions.1"


def test_a_place_in_two_larger_ones_is_refused() -> None:
    """What it counts would be a part of neither."""
    rows = [("z", "14118", "F", "s", f"p{at}", 1) for at in range(40)]
    nested = {"column": "town", "levels": ["epci", "region"]}
    with pytest.raises(Invalid, match="deux zones plus grandes"):
        made([(*rows[0][:1], town, *rows[0][2:]) for town in TOWNS] * 9, {"dimensions": [nested]})
