"""Invented columns are recognised as what they stand for."""

from pathlib import Path

import pytest
from pyarrow import parquet

from shared.engine.contract.policy import Invention
from shared.engine.contract.work import Work
from shared.engine.database import open_database
from shared.engine.reading.columns.profile import describe
from shared.engine.reading.values.dates import FORMATS, MONTHS, WRITTEN
from shared.engine.running.steps.input_tables import take
from shared.engine.synthetic.invented_tables import invent
from shared.engine.tables.manifest import Column, Meaning

MEMORY = 500_000_000

KEYS = [
    *("siret", "siren", "tva", "epci", "uai", "rna", "rnb", "finess", "naf", "iris"),
    *("postcode", "commune"),
]
PLAIN = [
    *("nir", "departement", "region", "email", "phone", "url", "geo_point", "version", "year"),
    *("category", "free_text"),
]
NUMBERS = (
    *(("integer", shape, "") for shape in (None, "# ##0", "#.##0", "#,##0")),
    *(("decimal", shape, "") for shape in (None, "0,0", "0.0", "# ##0,0", "#.##0,0", "#,##0.0")),
    ("integer", "# ##0", "ans"),
    *(("decimal", None, unit) for unit in ("%", "€", "m²", "kWh/m²", "h", "octets")),
)


def column(name: str, kind: str = "text", key: str | None = None, **meaning: object) -> Column:
    """A column of restricted data as everybody may know it."""
    fields = {"confidence": 1, "valid": 1, **meaning}
    about = Meaning.model_validate(fields) if meaning else None
    return Column(name=name, kind=kind, filled=0, distinct=0, key=key, meaning=about)


COLUMNS = [
    *(column(kind, key=kind, type=kind) for kind in KEYS),
    *(column(kind, type=kind) for kind in PLAIN),
    column("présent", kind="boolean", type="boolean"),
    column("est_vide", kind="integer", type="boolean"),
    *(
        column(f"{kind} {at}", kind=kind, type=kind, format=shape, unit=unit or None)
        for at, (kind, shape, unit) in enumerate(NUMBERS)
    ),
    *(column(f"jour {shape}", kind="date", type="date", format=shape) for shape in FORMATS[:-1]),
    *(
        column(f"jour {at}", type="date", format=shape)
        for at, shape in enumerate((FORMATS[-1], *WRITTEN))
    ),
    *(
        column(f"moment {at}", kind="date", type="datetime", format=shape)
        for at, shape in enumerate(FORMATS[:2])
    ),
    *(column(f"mois {shape}", type="month", format=shape) for shape in MONTHS),
    column("contour", type="wkt", format="POINT, POLYGON"),
    column("latitude", kind="decimal", type="latitude"),
    column("longitude", kind="decimal", type="longitude"),
    column("remarque"),
]


def meant(described: Column) -> tuple[object, ...]:
    """What a column was recognised to hold, and how it writes that."""
    meaning = described.meaning
    return described.key, described.type, *((meaning.format, meaning.unit) if meaning else ())


def invented(folder: Path, columns: list[Column], **invention: object) -> Work:
    """The work of a trial whose only table is invented, in its folder."""
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    work = Work(
        kind="trial",
        inputs={"t": "in/0"},
        described={"t": tuple(columns)},
        invented={"t": Invention.model_validate({"seed": "dts_1.1", "rows": 900, **invention})},
        sample_rows=600,
    )
    return invent(folder, work, MEMORY)


def test_columns_are_recognised_as_what_they_stand_for(tmp_path: Path) -> None:
    """Every type, and every format of numbers and days, by the reading that describes uploads."""
    work = invented(tmp_path, COLUMNS)
    with open_database(tmp_path, MEMORY) as database:
        table = take(database, work, "t", tmp_path / work.inputs["t"])
        rows, described = describe(database, table.name, lambda _share, _what: None)
        seen = {column.name: meant(column) for column in described}
    assert rows == 600
    assert seen == {column.name: meant(column) for column in COLUMNS}


@pytest.mark.parametrize(
    ("stored", "kind"), [("BIGINT", "integer"), ("DOUBLE", "decimal"), ("DATE", "date")]
)
def test_columns_have_the_types_that_are_stored(tmp_path: Path, stored: str, kind: str) -> None:
    """A source that has numbers and days as such has no text of them."""
    of_type = column("a", kind=kind).model_copy(update={"stored": stored})
    work = invented(tmp_path, [of_type])
    with open_database(tmp_path, MEMORY) as database:
        take(database, work, "t", tmp_path / work.inputs["t"])
        ((found, filled),) = database.execute(
            "SELECT typeof(any_value(a)), count(a) FROM t"
        ).fetchall()
    assert (found, filled) == (stored, 600)


def test_rows_agree_in_themselves_and_tables_meet(tmp_path: Path) -> None:
    """A SIRET begins with its SIREN, an IRIS with its commune; other tables have the same SIREN."""
    columns = [column(kind, key=kind, type=kind) for kind in ("siren", "siret", "iris", "commune")]
    tables = []
    for seed in ("a", "b"):
        (tmp_path / seed).mkdir()
        work = invented(tmp_path / seed, columns, seed=seed, territory=["14", "50129"])
        tables.append(parquet.read_table(tmp_path / seed / work.inputs["t"]).to_pylist())
    for row in tables[0]:
        assert row["siret"].startswith(row["siren"])
        assert row["iris"].startswith(row["commune"])
        assert row["commune"].startswith("14") or row["commune"] == "50129"
    assert {row["siren"] for row in tables[0]} == {row["siren"] for row in tables[1]}
    assert tables[0] != tables[1]


def test_same_seed_invents_the_same_rows(tmp_path: Path) -> None:
    """A trial that is run again reads what it read before."""
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        contents.append(parquet.read_table(folder / invented(folder, COLUMNS).inputs["t"]))
    assert contents[0].equals(contents[1])


def test_only_marks_of_the_source_leave_cells_empty(tmp_path: Path) -> None:
    """Code that meets an empty cell in a trial meets some in the data as well."""
    marked = column("b", kind="integer", type="integer").model_copy(update={"missing": ("NA",)})
    work = invented(tmp_path, [column("a"), marked])
    table = parquet.read_table(tmp_path / work.inputs["t"])
    assert table["a"].null_count == 0
    assert 0 < table["b"].null_count < 60
