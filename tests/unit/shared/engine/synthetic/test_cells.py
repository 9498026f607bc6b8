"""Rows drawn from protected tables: their shares, their finest levels, and their means."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from shared.engine.contract.policy import NOTHING, Invention, ReleasePolicy
from shared.engine.database import quoted
from shared.engine.protection.protected_tables import make_protected_tables
from shared.engine.synthetic.invented_tables import invented_cells
from shared.engine.synthetic.places import communes_in
from shared.engine.tables.manifest import Column, Meaning

POLICY = {
    "unit": ["personne"],
    "dimensions": [
        {"column": "com", "levels": ["departement", "commune"]},
        {"column": "sexe", "levels": ["value"]},
        {"column": "jour", "levels": ["year"]},
        {"column": "age", "levels": ["classes"], "bounds": [18, 65]},
    ],
    "measures": [{"column": "aide", "cap": 500}],
}
COLUMNS = tuple(
    Column(
        name=name,
        kind=kind,
        filled=0,
        distinct=0,
        key="commune" if name == "com" else None,
        meaning=Meaning(confidence=1, valid=1, type=of, format=shape) if of else None,
    )
    for name, kind, of, shape in (
        ("com", "text", "commune", None),
        ("sexe", "text", "category", None),
        ("jour", "date", "date", "%d/%m/%Y"),
        ("age", "integer", "integer", None),
        ("aide", "decimal", "decimal", "0,0"),
        ("personne", "text", "", None),
    )
)
TOWNS = (("14118", 400), ("14762", 200), ("50129", 250), ("50502", 4), ("50218", 3), ("75056", 40))
ROWS = 2000


class Tables(NamedTuple):
    """Rows of persons, and the protected tables that are made of them, in a database."""

    rows: Sequence[Mapping[str, str]]
    database: duckdb.DuckDBPyConnection
    invention: Invention

    def invented(self) -> Mapping[str, Sequence[str | None]]:
        """Rows drawn from the tables."""
        return invented_cells(self.database, "tableaux", self.invention, COLUMNS, ROWS)


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Persons who are aided in a few towns: women three times as often, and with more."""
    people = (town for town, number in TOWNS for _ in range(number))
    chance = np.random.default_rng(1)
    rows = []
    for number, town in enumerate(people):
        sex = "F" if chance.random() < 0.75 else "H"
        amount = chance.uniform(100, 140) if sex == "F" else chance.uniform(20, 40)
        year, age = chance.integers(2022, 2025), chance.integers(0, 90)
        cells = (town, sex, f"03/05/{year}", str(age), f"{amount:.2f}".replace(".", ","), number)
        names = (column.name for column in COLUMNS)
        rows.append({name: str(cell) for name, cell in zip(names, cells, strict=True)})
    database = duckdb.connect()
    database.register("texts", pa.Table.from_pylist(rows))
    policy = ReleasePolicy.model_validate(POLICY)
    made = make_protected_tables(database, "texts", COLUMNS, policy, lambda *_: None)
    database.execute(f"CREATE TABLE tableaux AS FROM {quoted(made.name)}")
    invention = Invention(seed="dts_1.1", rows=1000, facts=made.facts)
    return Tables(rows, database, invention)


def shares(values: Sequence[Any]) -> dict[Any, float]:
    """The share of each value."""
    return {value: count / len(values) for value, count in Counter(values).items()}


def test_shares_are_those_of_the_tables(tables: Tables) -> None:
    """Of departements, sexes and years together, and of classes that no table has beside them."""
    invented = tables.invented()
    drawn = list(zip(invented["com"], invented["sexe"], invented["jour"], strict=True))
    keys = [(str(com)[:2], sex, str(day)[-4:]) for com, sex, day in drawn]
    real = [(row["com"][:2], row["sexe"], row["jour"][-4:]) for row in tables.rows]
    expected = shares(real)
    for key, share in shares(keys).items():
        assert share == pytest.approx(expected.get(key, 0.0), abs=0.02), key
    adults = sum(18 <= int(str(age)) < 65 for age in invented["age"]) / ROWS
    real_adults = sum(18 <= int(row["age"]) < 65 for row in tables.rows) / len(tables.rows)
    assert adults == pytest.approx(real_adults, abs=0.02)


def test_levels_finer_than_shown_have_official_codes(tables: Tables) -> None:
    """A commune of few persons is hidden: its rows are in any communes of its departement."""
    invented = tables.invented()
    towns = Counter(str(com) for com in invented["com"])
    assert towns["14118"] / ROWS == pytest.approx(400 / len(tables.rows), abs=0.02)
    others = towns.keys() - {town for town, _ in TOWNS}
    assert others
    assert others <= set(communes_in("departement", "50"))


def test_measures_are_around_the_mean_of_their_cells(tables: Tables) -> None:
    """Women are aided with more, and nobody with more than the cap; they are written as before."""
    invented = tables.invented()
    amounts: dict[str, list[float]] = {"F": [], "H": []}
    for sex, amount in zip(invented["sexe"], invented["aide"], strict=True):
        amounts[str(sex)].append(float(str(amount).replace(",", ".")))
    assert np.mean(amounts["F"]) == pytest.approx(120, rel=0.1)
    assert np.mean(amounts["H"]) == pytest.approx(30, rel=0.1)
    assert all("," in str(amount) for amount in invented["aide"])


def test_no_cell_of_a_person_is_a_real_one(tables: Tables) -> None:
    """What no table shows is invented: names, and days but for their year."""
    invented = tables.invented()
    assert all(str(person).startswith("Texte inventé ") for person in invented["personne"])
    assert len({str(day)[:5] for day in invented["jour"]}) > 100
    assert NOTHING not in invented["sexe"]
