"""Numbers of the social security that stand alone among other values."""

import random

import duckdb
import pytest

from shared.engine.reading.privacy.stray_nirs import nirs_in_cells
from shared.engine.tables.manifest import Column

NIR = "255081416802538"


def strays(values: list[str], type_: str = "VARCHAR", kind: str = "text") -> dict[str, int]:
    """Of a table of one column `a`."""
    database = duckdb.connect()
    database.execute(f"CREATE TABLE t (a {type_})")
    database.executemany("INSERT INTO t VALUES (?)", [[value] for value in values])
    column = Column(name="a", kind=kind, filled=len(values), distinct=len(set(values)))
    return {name: cells.cells for name, cells in nirs_in_cells(database, "t", [column]).items()}


def certainty(values: list[str]) -> float:
    """How sure it is that they are no such numbers by chance; 0 where nothing is told."""
    database = duckdb.connect()
    database.execute("CREATE TABLE t (a VARCHAR)")
    database.executemany("INSERT INTO t VALUES (?)", [[value] for value in values])
    column = Column(name="a", kind="text", filled=len(values), distinct=len(set(values)))
    cells = nirs_in_cells(database, "t", [column]).get("a")
    return cells.certainty if cells else 0.0


@pytest.mark.parametrize(
    "written",
    [
        NIR,
        f" {NIR} ",
        "2 55 08 14 168 025 38",
        "2\u00a055\u00a008\u00a014\u00a0168\u00a0025\u00a038",
        "2550814168025 38",
        "2-55-08-14-168-025-38",
        "2.55.08.14.168.025.38",
        "185022A00123484",
        "1 85 02 2a 001 234 84",
    ],
)
def test_one_number_with_its_key_is_counted(written: str) -> None:
    """However it is written, among a hundred other cells."""
    assert strays([*["ok"] * 100, written]) == {"a": 1}


@pytest.mark.parametrize(("type_", "kind"), [("BIGINT", "integer"), ("DOUBLE", "decimal")])
def test_numbers_with_their_key_are_counted_among_figures(type_: str, kind: str) -> None:
    """Each cell of them, the same one twice too."""
    assert strays([*map(str, range(100)), NIR, NIR], type_, kind) == {"a": 2}


@pytest.mark.parametrize(
    "written",
    [
        "255081416802539",
        "955081416802538",
        "255001416802538",
        "2.55081416802538",
        "255 081 416 802 538",
        f"{NIR}0",
        f"n°{NIR}",
    ],
)
def test_other_numbers_are_not_counted(written: str) -> None:
    """Of a wrong key, sex or month; a decimal, a figure in groups of three, a longer one."""
    assert strays([*["ok"] * 100, written]) == {}


def test_right_key_among_many_long_numbers_is_chance() -> None:
    """One in a hundred of them passes."""
    others = [str(255081416802538 + at) for at in range(1, 60)]
    assert strays([*["ok"] * 40, NIR, *others]) == {}


def wrong(count: int) -> list[str]:
    """Numbers of fifteen digits whose key is none: it is 1 at least."""
    return [f"{2550814168025 + at}00" for at in range(count)]


def test_it_is_as_sure_as_chance_leaves_it() -> None:
    """One of a few long numbers, or of many; a number that is written as a NIR is no chance."""
    others = ["ok"] * 1000
    assert certainty([*others, NIR]) == pytest.approx(0.99, abs=0.001)
    assert certainty([*others, *[NIR] * 50]) == pytest.approx(0.99, abs=0.001)
    assert certainty([*others, NIR, *wrong(20)]) == pytest.approx(0.81, abs=0.01)
    assert certainty([*others, NIR, *wrong(200)]) == 0
    written = "2 55 08 14 168 025 38"
    assert certainty([*others, written, *wrong(200)]) == pytest.approx(0.99, abs=0.001)


def test_random_numbers_of_thirteen_to_sixteen_digits_are_no_nirs() -> None:
    """As identifiers of things are: one in a hundred has the key, and nobody is meant."""
    chance = random.Random(1)
    values = [str(chance.randint(10**12, 10**16)) for _ in range(5000)]
    assert strays(values, "BIGINT", "integer") == {}
