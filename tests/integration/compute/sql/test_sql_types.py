"""What the catalogue says of a column's type is what a query gets."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from shared.engine.database import columns, literal, open_database, quoted
from shared.engine.reading.columns.typed_values import typed_table
from shared.engine.tables.manifest import Column
from tests.integration.compute.jobs import DEMO, ingest

TEXTS = (
    "com;siren;montant;taux;ouverture;mois;menages;actif;vrai;annee;heure;nom\n"
    "01004;732829320;1 234,56 €;12,5 %;31/01/2024;05/2024;12;oui;true;2020;2024-01-31 10:00;Été\n"
    "14118;356000000;(12,00 €);3 %;01/02/2024;06/2024;s;non;false;2021;2024-01-31 10:00;Hiver\n"
)


def check_types(folder: Path, source: Path | bytes, filename: str) -> dict[str, str]:
    """The types of the columns of a file that was taken in, which its profile tells."""
    outcome = ingest(folder, source, filename)
    described = [Column.model_validate(column) for column in outcome.reports[0]["columns"]]
    with open_database(folder, 10**9) as database:
        table = literal(str(outcome.output_path("table.parquet")))
        database.execute(f"CREATE VIEW given AS FROM read_parquet({table})")
        select = typed_table(database, "given", described).select
        database.execute(f"CREATE VIEW {quoted('typed')} AS {select}")
        sql_types_by_name = columns(database, "typed")
    assert {column.name: column.sql_type for column in described} == sql_types_by_name
    return sql_types_by_name


def test_texts_have_the_types_that_they_were_read_to_hold(tmp_path: Path) -> None:
    """Codes, months and what has no meaning stay text."""
    types_by_column = check_types(tmp_path / "made", TEXTS.encode(), "t.csv")
    assert (types_by_column["com"], types_by_column["montant"], types_by_column["ouverture"]) == (
        "VARCHAR",
        "DOUBLE",
        "DATE",
    )
    for name in ("communes_2026.csv", "logements.csv"):
        check_types(tmp_path / name, DEMO / name, name)


def test_columns_that_their_source_types_keep_their_types(tmp_path: Path) -> None:
    """As Parquet stores them."""
    path = tmp_path / "t.parquet"
    table = pa.table({"n": [1, 2], "x": [0.5, None], "b": [True, None], "t": ["a", "b"]})
    parquet.write_table(table, path)
    types_by_column = check_types(tmp_path / "made", path, "t.parquet")
    assert types_by_column == {"n": "BIGINT", "x": "DOUBLE", "b": "BOOLEAN", "t": "VARCHAR"}
