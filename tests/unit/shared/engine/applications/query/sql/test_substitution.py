"""Values stand in a query as values: whatever they hold, the query around them stays the same."""

import duckdb
import pytest

from shared.engine.applications.query.sql.statement import SqlFault, parse
from shared.engine.applications.query.sql.substitution import Value, filled

HOSTILE = (
    "L'Aigle",
    "x' or '1'='1",
    "'; DROP TABLE t; --",
    'a"b',
    '" FROM secret --',
    "\\' or 1=1 --",
    "/* */ -- $$",
    "${commune}",
    "placeholder0x",
    "",
)
TOWNS = "(VALUES ('L''Aigle', 3), ('Caen', 5), ('x'' or ''1''=''1', 7)) t(nom, \"valeur\")"


def answer(sql: str, **values: Value) -> list[tuple[object, ...]]:
    """What the filled query answers of those towns."""
    return duckdb.execute(filled(sql, values)).fetchall()


@pytest.mark.parametrize(("name", "count"), [("L'Aigle", 1), ("Caen", 1), ("x' or '1'='1", 1)])
def test_text_is_compared_and_nothing_else(name: str, count: int) -> None:
    """An apostrophe breaks no query, and `or '1'='1'` counts nothing more."""
    sql = f"SELECT count(*) FROM {TOWNS} WHERE nom = '${{commune}}'"  # noqa: S608 - a constant
    assert answer(sql, commune=name) == [(count,)]


@pytest.mark.parametrize(
    ("written", "values", "outcome"),
    [
        ("nom = '${a}'", {"a": "L'Aigle"}, "nom = 'L''Aigle'"),
        ("nom LIKE '%${a}-${b}%'", {"a": "L'", "b": 2}, "nom LIKE '%L''-2%'"),
        ("valeur > ${a}", {"a": 2.5}, "valeur > 2.5"),
        ("valeur = -${a}", {"a": -5}, "valeur = -(-5)"),
        ("vrai = ${a}", {"a": True}, "vrai = TRUE"),
        ("${a} = 1", {"a": "ma colonne"}, '"ma colonne" = 1'),
        ("t.${a} = 1", {"a": "nom"}, 't."nom" = 1'),
        ('"${a}" = 1', {"a": 'a"b'}, '"a""b" = 1'),
        ("population_${a} = 1", {"a": 2021}, '"population_2021" = 1'),
        ("nom = 'L''${a}'", {"a": "x"}, "nom = 'L''x'"),
        ("x = 1 -- ${a}\n", {"a": "\n OR TRUE"}, "x = 1 -- ${a}\n"),
        ("x = 1 /* ${a} */", {"a": "*/ OR TRUE"}, "x = 1 /* ${a} */"),
        ("x IN (${a},  ${b})", {"a": 1, "b": 2}, "x IN (1,  2)"),
    ],
)
def test_value_takes_the_form_of_its_place(
    written: str, values: dict[str, Value], outcome: str
) -> None:
    """Text, number, truth or name; what stands around it stays as it was written."""
    before = "SELECT  nom FROM t WHERE "
    assert filled(before + written, values) == before + outcome


@pytest.mark.parametrize(
    "written",
    [
        "SELECT a FROM ${x}",
        "SELECT ${x}(a) FROM t",
        "SELECT a ${x} b FROM t",
        "SELECT a FROM t WHERE ${x}.a = 1",
        "SELECT a FROM t AS ${x}",
        "SELECT CAST(a AS ${x}) FROM t",
        "SELECT COLUMNS('${x}') FROM t",
        "SELECT E'${x}' FROM t",
        "SELECT $$${x}$$ FROM t",
        "SELECT a->>'${x}' FROM t",
        "WITH ${x} AS (SELECT 1) SELECT a FROM t",
        "SELECT a FROM '${x}'",
        "SELECT a FROM t ORDER BY a COLLATE ${x}",
        "${x}",
        "SELECT a FROM t ${x}",
    ],
)
def test_value_stands_for_no_other_thing(written: str) -> None:
    """No table, function, type, pattern of columns or piece of SQL: it is told by its name."""
    with pytest.raises(SqlFault) as fault:
        filled(written, {"x": "a"})
    assert "placeholder" not in str(fault.value)


def test_refusal_names_the_placeholder_and_its_place() -> None:
    """As its author wrote it."""
    sql = "SELECT '${a}' AS b\n  FROM ${table}"
    with pytest.raises(SqlFault, match=r"^ligne 2, colonne 8 : « \$\{table\} » ne peut"):
        filled(sql, {"a": "a long text", "table": "t"})


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_changes_the_query_around_it(value: str) -> None:
    """The tree is that of a plain word, but for that word."""
    sql = "SELECT '${x}' AS a, ${x}, t.${x} AS \"${x}\" FROM t WHERE b LIKE 'é${x}%' ORDER BY ${x}"

    def shape(text: str) -> list[type]:
        return [type(node) for node in parse(text).walk()]

    assert shape(filled(sql, {"x": value})) == shape(filled(sql, {"x": "plain"}))
