"""A SELECT of a person's, on the tables of its step alone."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyarrow import parquet

from shared.engine.running.sql.binding import FUNCTIONS, TABLE_FUNCTIONS
from tests.corpora.sql import Attack, attacks, csv_of, schema, text_of
from tests.integration.compute.jobs import RunOutcome, Tables, Taken, step, take_in, treat_taken

SHOPS = (
    "com;siren;montant;taux;ouverture;menages;nom\n"
    "01004;732 829 320;1\u202f234,56 €;12,5 %;31/01/2024;12;Été\n"
    "14118;356000000;(12,00 €);3 %;01/02/2024;s;MARQUE\n"
    "2A004;552081317;0 €;-0,1 %;29/02/2024;<5;\n"
).encode()
BOUNDED = {"endless_recursion", "product_of_tables", "regex_bomb"}
"""Attacks that the limits of the sandbox end, and nothing before."""


@pytest.fixture(scope="module")
def shops() -> Taken:
    """One table, `t`."""
    return take_in({"t": SHOPS})


@pytest.fixture(scope="module")
def attacked() -> Taken:
    """The tables of those who attack."""
    tables: Tables = {name: csv_of("tuning", name) for name in schema("tuning")}
    return take_in(tables)


def asked(folder: Path, taken: Taken, sql: str, **work: Any) -> RunOutcome:
    """What a query makes of all these tables."""
    roles = {name: name for name in taken.tables}
    return treat_taken(folder, taken, step("query", roles, "r", sql=sql), **work)


def rows_of(run: RunOutcome) -> list[dict[str, Any]]:
    """The rows of its result."""
    assert not run.error, run.error
    rows: list[dict[str, Any]] = parquet.read_table(run.output_path("result.parquet")).to_pylist()
    return rows


def test_numbers_and_days_have_their_types_and_codes_stay_text(
    shops: Taken, tmp_path: Path
) -> None:
    """Cells that are no number are empty, and told as what they are."""
    run = asked(
        tmp_path,
        shops,
        "SELECT com, montant * 2 AS double, ouverture + INTERVAL 1 DAY AS demain,"
        " lpad(com, 6, '0') AS code, menages FROM t WHERE taux > 0 ORDER BY montant DESC",
    )
    first, second = rows_of(run)
    assert (first["com"], first["double"], str(first["demain"])[:10]) == (
        *("01004", 2469.12),
        "2024-02-01",
    )
    assert (second["code"], second["menages"]) == ("014118", None)
    warned = [warning for warning in run.reports[-1]["warnings"] if warning["kind"] == "withheld"]
    assert [(warning["column"], warning["cells"]) for warning in warned] == [("menages", 2)]


def test_text_that_looks_like_numbers_stays_the_text_that_was_asked(
    shops: Taken, tmp_path: Path
) -> None:
    """A department that the query cuts out of a code keeps its zero; sums are whole numbers."""
    rows = rows_of(
        asked(tmp_path, shops, "SELECT left(com, 2) AS dep, sum(menages) AS m FROM t GROUP BY 1")
    )
    assert {row["dep"]: row["m"] for row in rows} == {"01": 12, "14": None, "2A": None}


def test_trial_samples_the_first_table_of_the_query(tmp_path: Path) -> None:
    """The others are whole, and a count of the sample says so."""
    many = ("k\n" + "".join(f"{n}\n" for n in range(100))).encode()
    sql = "SELECT (SELECT count(*) FROM b) AS a, (SELECT count(*) FROM a) AS b FROM b LIMIT 1"
    taken = take_in({"a": many, "b": many})
    run = asked(tmp_path, taken, sql, kind="trial", sample_rows=10)
    assert rows_of(run) == [{"a": 10, "b": 100}]
    assert run.reports[-1]["sample"]["of"] == 100


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT com,\n  montants FROM t", "ligne 2, colonne 3 : aucune colonne"),
        ("SELECT montant + nom AS x FROM t", "ligne 1, colonne 16 : +(DOUBLE, VARCHAR)"),
        ("SELECT com, sum(montant) AS m FROM t", "colonne 8 : « com » n'est ni dans GROUP BY"),
        (
            "SELECT random() AS x FROM t",
            "la fonction « random » n'existe pas, ou n'est pas offerte",
        ),
        (
            "SELECT com,\n  CAST(nom AS INT) AS n FROM t",
            "échoué, ligne 2, colonne 3 : une valeur ne peut pas être convertie ; TRY_CAST la",
        ),
        ("SELECT menages::TINYINT + 300::TINYINT AS n FROM t", "colonne 30 : un nombre sort"),
        ("SELECT 9e18::BIGINT * 10::HUGEINT AS n FROM t", "échoué : un nombre est trop grand"),
        (
            "SELECT com,\n  date_part('siecle', ouverture) AS n FROM t",
            "ligne 2, colonne 14 : « siecle » n'est pas une partie de date",
        ),
        ("SELECT date_part(lower(nom), ouverture) AS n FROM t", "pas celui d'une partie de date"),
        ("SELECT sum(sum(montant)) AS n FROM t", "colonne 12 : un agrégat ne peut pas en contenir"),
        (
            "SELECT com,\n  list_transform([1], x -> x + 1) AS n FROM t",
            "ligne 2, colonne 23 : une fonction s'écrit « lambda x: … »",
        ),
    ],
)
def test_fault_is_told_in_french_without_a_value(
    shops: Taken, tmp_path: Path, sql: str, message: str
) -> None:
    """With its place, where it is one of the text."""
    run = asked(tmp_path, shops, sql)
    assert message in run.error
    assert "MARQUE" not in run.error


def test_result_that_is_too_large_is_refused_before_it_is_made(
    shops: Taken, tmp_path: Path
) -> None:
    """A million times a million rows would fill the disk."""
    sql = "SELECT a.range AS n FROM t, range(1000000) a, range(1000000) b"
    run = asked(tmp_path, shops, sql, crossing_rows=10_000)
    assert "a plus de 10 000 lignes" in run.error.replace("\u202f", " ")


def test_tables_of_other_steps_are_out_of_reach(tmp_path: Path) -> None:
    """Also under the name of a table of WITH that stands elsewhere."""
    taken = take_in({"t": SHOPS, "u": b"secret\nMARQUE\n"})
    for number, sql in enumerate(
        (
            "SELECT * FROM u",
            'SELECT * FROM "t (échantillon)"',
            "SELECT * FROM memory.main.u",
            "WITH u AS (SELECT * FROM u) SELECT * FROM u",
            "SELECT com FROM t WHERE EXISTS (WITH u AS (SELECT 1) FROM u) AND com IN (FROM u)",
        )
    ):
        query = step("query", {"t": "t"}, "r", sql=sql)
        run = treat_taken(tmp_path / str(number), taken, query)
        assert run.error, sql
        assert "MARQUE" not in run.error


@pytest.mark.parametrize(
    # The limits of the sandbox end the others: tests/integration/compute/execution.
    "attack",
    [attack for attack in attacks("tuning") if attack.id not in BOUNDED],
    ids=lambda endpoint: str(endpoint.id),
)
def test_attack_is_refused_or_tells_nothing(
    attack: Attack, attacked: Taken, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In what its author sees: the reason, the log, the result."""
    file = tmp_path / "marque.txt"
    file.write_text("MARQUE-FICHIER")
    run = asked(tmp_path, attacked, text_of(attack.sql, str(file)), crossing_rows=100_000)
    assert run.error
    assert not any(mark in run.error + capfd.readouterr().out for mark in attack.marks)


def test_every_function_of_the_engine_is_let_through_or_kept_out() -> None:
    """What may be called exists; what tells of the engine, waits or fails on purpose may not."""
    with duckdb.connect() as database:
        relation = database.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()")
        names = {str(name) for (name,) in relation.fetchall()}
    assert FUNCTIONS - names <= {"current_date", "unnest"}
    for name in (
        *("error", "getenv", "current_setting", "getvariable", "nextval", "random", "uuid"),
        *("sleep_ms", "write_log", "current_query", "json_execute_serialized_sql", "stats"),
        *("read_text", "read_csv", "glob", "query", "query_table", "duckdb_tables", "version"),
    ):
        assert name not in FUNCTIONS | TABLE_FUNCTIONS


def test_columns_by_which_restricted_rows_are_followed_are_none_of_a_query(tmp_path: Path) -> None:
    """`*` and DISTINCT would tell of them; a result of restricted rows waits for a reviewer."""
    same = b"k;n\nx;1\nx;1\ny;2\n"
    protected = {"t": {"dataset_id": "dts_t", "version": 1, "title": "T"}}
    sql = "SELECT *, to_json(t) AS j FROM (SELECT DISTINCT * FROM t) AS t ORDER BY k"
    run = asked(tmp_path, take_in({"t": same}), sql, protected=protected)
    assert [name for row in rows_of(run)[:1] for name in row] == ["k", "n", "j"]
    assert len(rows_of(run)) == 2
    assert "\u2039" not in str(rows_of(run))
    assert "in" not in run.reports[-1].get("rows", {})
