"""Names inside SQL, names that must differ, and databases that are opened in advance."""

from pathlib import Path

import duckdb
import pytest

from shared.engine.database import literal, open_database, prepare_database, quoted
from shared.engine.tables.column_names import unique


def test_quotes_inside_names_and_texts_are_doubled() -> None:
    """What somebody called a column cannot end the name it stands in."""
    assert quoted('a" b') == '"a"" b"'
    assert literal("l'eau") == "'l''eau'"


def test_repeated_names_get_numbers_whatever_their_case() -> None:
    """SQL takes `Nom` and `nom` for one, and a number may be taken as well."""
    assert unique(["nom", "Nom", "nom_2"], taken=["NOM"]) == ["nom_2", "Nom_3", "nom_2_2"]


def test_database_opened_in_advance_is_locked_and_serves_once(tmp_path: Path) -> None:
    """Whoever opens a second one, or another folder's, has one of its own."""
    prepare_database(tmp_path, 10**9)
    (tmp_path / "outside").write_text("x")
    with open_database(tmp_path / "other", 10**9) as other:
        other.execute("CREATE TABLE mine AS SELECT 1")
    with open_database(tmp_path, 10**9) as first, open_database(tmp_path, 10**9) as second:
        first.execute("CREATE TABLE mine AS SELECT 1")
        for database in (first, second):
            with pytest.raises(duckdb.PermissionException):
                database.read_csv(str(tmp_path / "outside"))
        with pytest.raises(duckdb.CatalogException):
            second.execute("SELECT * FROM mine")
