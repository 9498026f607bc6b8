"""Small restricted tables: their rows, and the protected tables that answer in their place."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

from shared.engine.analysis.known_tables import KnownColumn, KnownTable
from shared.engine.answering.queries import AskedQuery, query_of_cells
from shared.engine.answering.source import ProtectedSource
from shared.engine.applications.query.application import QueryParameters, effect
from shared.engine.contract.policy import ReleasePolicy
from shared.engine.database import Database, quoted
from shared.engine.protection.noisy_tables import make_noisy_tables
from shared.engine.protection.protected_tables import make_protected_tables
from shared.engine.tables.manifest import Column, Meaning

Row = Mapping[str, Any]
"""A row of a result; columns of groups have a name that begins with k, those of windows with w, and
all others are figures."""

PEOPLE, PAYMENTS = "caf", "aides"
TOWNS = {"14118": 900, "14047": 500, "50129": 500, "50502": 300, "76351": 400, "76540": 300}
SMALL = {"14366": 4, "14327": 9, "50218": 6, "50041": 7}
"""Towns with so few that they are hidden; no other is."""

_ZONES = {"nord": "14118 14047 50129", "sud": "14118 76351 14366", "ouest": "50129 50502"}
"""Some towns are in two of them, 76540 is in none."""

OPEN: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]] = {
    "zones": (
        ("code", "zone"),
        [(code, zone) for zone, codes in _ZONES.items() for code in codes.split()],
    ),
    "communes": (
        ("code", "nom", "population"),
        [(code, f"V{code}", 20 * people) for code, people in (TOWNS | SMALL).items()],
    ),
    "cantons": (("code", "dep"), [(code, f"D{code[:2]}") for code in TOWNS | SMALL]),
}
REPEATED = ("zone", "dep")
"""The columns of open tables that have a value in several rows."""

_KINDS = {
    "commune": ("text", "VARCHAR", "commune", ""),
    "integer": ("integer", "BIGINT", None, ""),
    "decimal": ("decimal", "DOUBLE", None, "0.0"),
    "date": ("date", "DATE", None, "%Y-%m-%d"),
    "text": ("text", "VARCHAR", None, ""),
}


@dataclass(frozen=True)
class World:
    """A restricted table `role`, beside open ones: on its rows, and on its protected tables."""

    role: str
    source: ProtectedSource
    schema: Mapping[str, Sequence[str]]
    rows: Database
    tables: Database

    def truth(self, sql: str) -> list[Row]:
        """What a query gives on the rows."""
        truth: list[Row] = self.rows.sql(sql).to_arrow_table().to_pylist()
        return truth

    def answer(self, sql: str) -> list[Row]:
        """What its answer gives; raises NotInTables."""
        columns = {name: tuple(names) for name, names in self.schema.items()}
        names = list(effect(QueryParameters(sql=sql), columns).columns)
        asked = AskedQuery(sql, self.role, self.schema, names, repeated=REPEATED)
        answered = query_of_cells(asked, self.source)
        answer: list[Row] = self.tables.sql(answered.sql).to_arrow_table().to_pylist()
        return answer

    @property
    def known_table(self) -> KnownTable:
        """What others know of the restricted table."""
        return KnownTable(
            dataset_id=f"dts_{self.role}",
            title=self.role,
            columns=tuple(self.source.columns.values()),
            is_restricted=True,
            facts=self.source.facts,
        )


def figures_shown(truth: list[Row], answer: list[Row]) -> int:
    """Return how many figures of an answer are shown.

    Raises AssertionError for one that is not as in truth. A class of nobody that is hidden may have
    a row, too, with no figure but 0, and what is true of its window.
    """
    by_keys = {_keys(row): row for row in truth}
    assert len(by_keys) == len(truth)
    assert len({_keys(row) for row in answer}) == len(answer), "a row stands there twice"
    shown = 0
    for row in answer:
        for name, figure in row.items():
            is_more = _keys(row) not in by_keys and name.startswith("w")
            if figure is None or name.startswith("k") or is_more:
                continue
            other = by_keys.get(_keys(row), dict.fromkeys(row, 0))
            assert same(figure, other[name]), (row, other)
            shown += 1
    return shown


def same(figure: Any, other: Any) -> bool:
    """Whether two figures are the same, but for the rounding of decimals."""
    if isinstance(figure, float) and isinstance(other, float | int):
        return math.isclose(figure, other, rel_tol=1e-9)
    return bool(figure == other)


def _keys(row: Row) -> tuple[str, ...]:
    return tuple(str(cell) for name, cell in row.items() if name.startswith("k"))


def queries(text: str) -> list[str]:
    """The queries of a text, each of which ends with a semicolon."""
    return [sql.strip() for sql in text.split(";") if sql.strip()]


def check_all_shown(world: World, sql: str) -> None:
    """Raise AssertionError unless the answer is the truth, row by row and in its order."""
    truth, answer = world.truth(sql), world.answer(sql)
    assert truth
    assert len(answer) == len(truth)
    for row, other in zip(answer, truth, strict=True):
        assert list(row) == list(other)
        assert all(same(cell, other[name]) for name, cell in row.items()), (row, other)


@cache
def people() -> World:
    """A row a person; one has most of the amounts of 76540, and a tenth have no income."""
    random = Random(3)
    everybody = [town for town, number in (TOWNS | SMALL).items() for _ in range(number)]
    rows = [
        (
            f"p{number}",
            town,
            random.choice("FFH"),
            random.randint(0, 79),
            random.choices(("A", "B", "C", ""), (55, 30, 12, 3))[0],
            round(random.uniform(100, 500), 2) if number else 500_000.0,
            "" if random.random() < 0.1 else random.randint(500, 4000),
            date(2022, 1, 1) + timedelta(days=random.randrange(1095)),
        )
        for number, town in enumerate(reversed(everybody))
        for town in [town if number else "76540"]
    ]
    columns = {"id": "text", "code_commune": "commune", "sexe": "text", "age": "integer"}
    columns |= {"prestation": "text", "montant": "decimal", "revenu": "integer", "ouvert": "date"}
    policy = {
        "unit": ["id"],
        "units_repeat": False,
        "dimensions": [
            {"column": "code_commune", "levels": ["departement", "commune"]},
            {"column": "sexe", "levels": ["value"]},
            {"column": "age", "levels": ["classes"], "bounds": [18, 25, 60]},
            {"column": "prestation", "levels": ["value"]},
            {"column": "ouvert", "levels": ["year"]},
        ],
        "measures": [{"column": "montant", "is_full": True}, {"column": "revenu"}],
    }
    return _world(PEOPLE, columns, rows, policy)


@cache
def payments() -> World:
    """Several payments to each; few in 2022 and 2025, so that none of their quarters is shown."""
    random = Random(5)
    rows = []
    for number in range(600):
        town, sex = random.choice(("14118", "50129", "76351")), random.choice("FH")
        days = [date(2023, 1, 1) + timedelta(random.randrange(730)) for _ in range(number % 5)]
        days += [date(2022, 5, 2)] * (number < 6) + [date(2025, 2, 1)] * (number % 25 == 0)
        rows += [(f"d{number}", town, sex, day, 50 * random.randint(1, 6)) for day in days]
    columns = {"dossier": "text", "code_commune": "commune", "sexe": "text"}
    columns |= {"verse": "date", "aide": "decimal"}
    policy = {
        "unit": ["dossier"],
        "dimensions": [
            {"column": "code_commune", "levels": ["departement", "commune"]},
            {"column": "sexe", "levels": ["value"]},
            {"column": "verse", "levels": ["year", "quarter"]},
        ],
        "measures": [{"column": "aide"}],
    }
    return _world(PAYMENTS, columns, rows, policy)


@cache
def noisy(most_rows: int = 1, *, by_amount: bool = False) -> World:
    """Three thousand persons with an amount, in tables with noise; some live elsewhere.

    `by_amount`, the tables have classes of amounts.
    """
    random = Random(7)
    towns = [*TOWNS, "75056"]
    rows = [
        (f"p{number}", random.choice(towns), random.choice("FFH"), random.randint(100, 500))
        for number in range(3000)
    ]
    columns = {"id": "text", "code_commune": "commune", "sexe": "text", "montant": "integer"}
    town = {"column": "code_commune", "levels": ["departement", "commune"], "values": list(TOWNS)}
    sex = {"column": "sexe", "levels": ["value"], "values": ["F", "H"]}
    amount = {"column": "montant", "levels": ["classes"], "bounds": [*range(100, 501, 50)]}
    dimensions = [town, sex, *([amount] if by_amount else [])]
    about = {"dimensions": dimensions, "measures": [{"column": "montant", "cap": 500}]}
    unit = {"unit": ["id"], "most_rows": most_rows}
    return _world(PEOPLE, columns, rows, {"method": "noise", **unit, **about})


@cache
def villagers(last: str = "27229") -> World:
    """A row a person; the EPCI of the last and that of 50502 are hidden."""
    towns = {"14118": 90, "50129": 80, "76351": 70, "50502": 20, last: 4}
    everybody = [town for town, number in towns.items() for _ in range(number)]
    rows = [(f"p{number}", town) for number, town in enumerate(everybody)]
    policy = {
        "unit": ["id"],
        "units_repeat": False,
        "dimensions": [{"column": "code_commune", "levels": ["epci", "commune"]}],
    }
    return _world("gens", {"id": "text", "code_commune": "commune"}, rows, policy)


def _world(
    role: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], policy: Mapping[str, Any]
) -> World:
    on_rows: Database = duckdb.connect()
    on_tables: Database = duckdb.connect()
    texts = pa.table(
        {
            name: list(map(str, cells))
            for name, cells in zip(columns, zip(*rows, strict=True), strict=True)
        }
    )
    on_rows.register("texts", texts)
    casts = ", ".join(
        f"CAST(nullif({quoted(name)}, '') AS {_KINDS[kind][1]}) AS {quoted(name)}"
        for name, kind in columns.items()
    )
    on_rows.execute(f"CREATE TABLE {role} AS SELECT {casts} FROM texts")  # noqa: S608
    described = [_described(name, kind) for name, kind in columns.items()]
    release_policy = ReleasePolicy.model_validate(policy)
    make = make_noisy_tables if release_policy.is_noisy else make_protected_tables
    made = make(on_rows, "texts", described, release_policy, lambda *_: None)
    on_tables.register(role, on_rows.sql(f"FROM {quoted(made.name)}").to_arrow_table())
    for name, (names, cells) in OPEN.items():
        table = pa.table(dict(zip(names, zip(*cells, strict=True), strict=True)))
        for database in (on_rows, on_tables):
            database.register(name, table)
    schema = {role: tuple(columns), **{name: names for name, (names, _) in OPEN.items()}}
    source = ProtectedSource(made.facts, [KnownColumn.of(column) for column in described])
    return World(role, source, schema, on_rows, on_tables)


def _described(name: str, kind: str) -> Column:
    of, _, key, form = _KINDS[kind]
    meaning = None
    if kind != "text":
        meaning = Meaning.model_validate(
            {"type": kind, "confidence": 1, "valid": 1, **({"format": form} if form else {})}
        )
    return Column(name=name, kind=of, filled=1, distinct=1, key=key, meaning=meaning)
