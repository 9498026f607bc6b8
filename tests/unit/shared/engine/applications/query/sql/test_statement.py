"""What a query may be: one SELECT, whose faults are told in French with their place."""

import time
from contextlib import suppress

import pytest

from shared.engine.applications.query.application import QueryParameters, effect
from shared.engine.applications.query.sql.statement import DEEPEST, SqlFault, parse, tables_named
from shared.errors import Invalid

WIDE = tuple(f"c{number}" for number in range(200))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t",
        "FROM t",
        "WITH x AS (FROM t) SELECT a FROM x ORDER BY a LIMIT 3",
        "SELECT a FROM t UNION ALL BY NAME SELECT b FROM u;",
        "PIVOT t ON a IN (1, 2) USING sum(b)",
        "UNPIVOT t ON a, b INTO NAME n VALUE v",
        "(SELECT a FROM t) -- fin",
        "VALUES (1, 2)",
        """SELECT élève, "Straße", 'Straße \u212a' AS été FROM t""",
    ],
)
def test_one_select_is_taken(sql: str) -> None:
    """In each form that DuckDB has for it."""
    assert parse(sql)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "vide"),
        ("-- rien", "vide"),
        ("DROP TABLE t", "ligne 1, colonne 1 : seul un SELECT"),
        ("\n SELEC a FROM t", "ligne 2, colonne 2 : « SELEC » ne commence aucune requête"),
        ("x" * 300, "n'est pas du SQL compris"),
        ("SELECT DI\ufb06INCT a FROM t", "ligne 1, colonne 8 : écrivez le nom où se trouve"),
        ("SELECT a A\u017f b FROM t", "entre guillemets"),
        ("\u017fELECT a FROM t", "guillemets"),
        ('WITH "\u212a" AS (FROM t) FROM k', "ligne 1, colonne 6 : la lettre « \u212a »"),
        ('SELECT a AS "\u0130" FROM t', "la lettre « \u0130 »"),
        ('SELECT a FROM t AS x("\u212a")', "la lettre « \u212a »"),
        ("SELECT 1; SELECT 2", "ligne 1, colonne 9 : une seule instruction"),
        ("SELECT a\nFROM t WHERE WHERE b", "ligne 2"),
        ("SELECT a,\n  'abc FROM t", "ligne 2, colonne 3 : ce texte, ce nom"),
        ("SELECT 'it''s' AS \"b FROM t", "ligne 1, colonne 19 : ce texte"),
        ("SELECT 'a--', -- 'b'\n/* c", "ligne 2, colonne 1 : ce texte"),
        ("SELECT (1", "après « 1 »"),
        ("SELECT a FROM s.t", "ligne 1, colonne 15 : une table se nomme par son seul nom"),
        ("SELECT a FROM t WHERE b = ?", "ligne 1, colonne 27 : un paramètre"),
        ("SELECT a\nFROM t WHERE b = $1", "ligne 2, colonne 18 : un paramètre"),
        ("SELECT :x FROM t", "ligne 1, colonne 8 : un paramètre"),
        ("SELECT a FROM t WHERE b = :jour", "ligne 1, colonne 27 : un paramètre"),
        ("WITH x AS (INSERT INTO t VALUES (1) RETURNING *) FROM x", "INSERT"),
        ("SELECT a FROM t USING SAMPLE 10%", "tirage au hasard"),
        ("SELECT a FROM (SUMMARIZE t)", "SUMMARIZE"),
        ("SELECT a INTO u FROM t", "INTO"),
        ("SELECT (a || b).upper() FROM t", "écrivez f(x)"),
        ("SELECT a /* b /* c */ */ FROM t", "un commentaire en contient un autre"),
        ("SELECT \0 1", "caractère nul"),
        ("SELECT a FROM t ORDER BY " + "9" * 5000, "ce nombre est trop long"),
        ("SELECT " + "(" * 200 + "1" + ")" * 200, "niveaux imbriqués"),
        ("SELECT " + "NOT " * 200 + "a FROM t", "niveaux imbriqués"),
        ("SELECT " + "a, " * 3000 + "a FROM t", "mots et signes"),
        ("SELECT '" + "x" * 30_000 + "'", "caractères"),
    ],
)
def test_what_else_it_may_be_is_refused_with_its_place(sql: str, message: str) -> None:
    """No message quotes more of the query than a word."""
    with pytest.raises(SqlFault) as refused:
        parse(sql)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 200


HOSTILE = {
    "brackets": f"SELECT {'(' * (DEEPEST - 2)}1{')' * (DEEPEST - 2)}",
    "sums": f"FROM t, u SELECT c0{'+c1' * 1400}",
    "stars": f"FROM t, u SELECT *{', *' * 1400}",
    "columns": f"FROM t, u SELECT 1{', COLUMNS(1)' * 500}",
    "commas": f"FROM t{', u' * 1400} SELECT c1",
    "joins": f"FROM t{' JOIN u USING (c1)' * 400}",
    "natural joins": f"FROM t{' NATURAL JOIN u' * 700}",
    "unions": f"FROM t{' UNION FROM t' * 400}",
    "tables that double": "WITH a0 AS (FROM t)"
    + "".join(f", a{n} AS (FROM a{n - 1}, a{n - 1} b)" for n in range(1, 30))
    + " FROM a29",
    "aliases that double": "FROM t SELECT c1 AS a0"
    + "".join(f", a{n - 1} + a{n - 1} AS a{n}" for n in range(1, 400)),
    "unknown names": "FROM t SELECT " + ",".join(f"z{n}" for n in range(1400)),
    "recursion in recursion": "WITH RECURSIVE a AS (FROM t UNION ALL (WITH RECURSIVE b AS"
    " (FROM a UNION ALL (WITH RECURSIVE c AS (FROM b UNION ALL (WITH RECURSIVE d AS (FROM c UNION"
    " ALL FROM d, d x) FROM d)) FROM c)) FROM b)) FROM a",
    "spaces": f"SELECT{chr(10) * 19_000}zz FROM t",
}


@pytest.mark.parametrize("sql", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_query_costs_little(sql: str) -> None:
    """It is parsed in the service's process, which others wait for: 0.2 s at most."""
    assert min(cost_of(sql) for _ in range(3)) < 0.2


def cost_of(sql: str) -> float:
    """The seconds of CPU that a query takes to be checked and analysed."""
    parse.cache_clear()
    began = time.process_time()
    with suppress(Invalid, ValueError):
        effect(QueryParameters(sql=sql), {"t": WIDE, "u": WIDE})
    return time.process_time() - began


def test_first_table_that_is_named_is_found() -> None:
    """Names of WITH are names, too; whoever asks knows which are tables."""
    assert tables_named("WITH x AS (FROM B) SELECT 1 FROM x, a") == ["b", "x", "a"]
    assert tables_named("SELECT (") == []
