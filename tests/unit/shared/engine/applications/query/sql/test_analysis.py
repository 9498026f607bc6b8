"""Which columns a query reads, and what it makes of them."""

from collections.abc import Mapping

import pytest

from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.treatment_checks import check_tables
from shared.engine.applications import check_steps
from shared.engine.applications.effect import Columns, Effect, Met, Source
from shared.engine.applications.query.application import QUERY, QueryParameters, effect
from shared.engine.applications.query.sql import OTHERS
from shared.engine.running.sql.binding import bind
from shared.errors import Invalid
from shared.events import Step, Treatment

TABLES: Mapping[str, Columns] = {"t": ("a", "b", "c"), "u": ("a", "d", "T")}
AS_THEY_ARE = {"a": "", "b": "", "c": ""}


def effect_of(sql: str, tables: Mapping[str, Columns] = TABLES) -> Effect:
    """What a query makes of these tables."""
    return effect(QueryParameters(sql=sql), tables)


def read_by(sql: str, tables: Mapping[str, Columns] = TABLES) -> str:
    """The columns that it reads, as text."""
    effect = effect_of(sql, tables)
    parts = {part.source for column in effect.columns.values() for part in column.of}
    return " ".join(sorted(".".join(source) for source in effect.reads | parts))


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT a FROM t WHERE b > 1", "t.a t.b"),
        ('SELECT "A" FROM T', "t.a"),
        ("SELECT x.a FROM t AS x(b, a)", "t.b"),
        ("SELECT a FROM (SELECT * FROM t)", "t.a"),
        ("SELECT 1 AS un FROM t, u WHERE d = 1", "t.a u.d"),
        ("SELECT count(*) AS n FROM t WHERE c = 1", "t.c"),
        ("SELECT t.t FROM u AS t", "u.T"),
        ("SELECT t FROM u", "u.T"),
        ("SELECT u FROM u", "u.T u.a u.d"),
        ("WITH t AS (SELECT d FROM u) SELECT d FROM t", "u.d"),
        ("WITH t AS (SELECT a FROM t WHERE b) SELECT a FROM t", "t.a t.b"),
        ("WITH x AS (SELECT c FROM t) SELECT a FROM u", "u.a"),
        ("SELECT b AS a, a AS z FROM t", "t.a t.b"),
        ("SELECT b + 1 AS x, x * 2 AS y FROM t", "t.b"),
        ("SELECT d FROM t JOIN u USING (a)", "t.a u.a u.d"),
        ("SELECT count(*) AS n FROM t NATURAL JOIN u", "t.a u.a"),
        ("SELECT a FROM t WHERE EXISTS (FROM u WHERE u.a = t.b)", "t.a t.b u.a"),
        ("SELECT a FROM t ORDER BY c LIMIT 1", "t.a t.c"),
        ("SELECT a FROM ((SELECT a, b FROM t) ORDER BY b LIMIT 1)", "t.a t.b"),
        ("SELECT a AS c FROM t ORDER BY c DESC", "t.a"),
        ("SELECT a AS c FROM t ORDER BY t.c", "t.a t.c"),
        ("SELECT a AS c FROM t WHERE c", "t.a t.c"),
        ("SELECT (SELECT max(d) FROM u WHERE u.a = t.a) AS m FROM t", "t.a u.a u.d"),
        ("SELECT a FROM t QUALIFY row_number() OVER w = 1 WINDOW w AS (ORDER BY c)", "t.a t.c"),
        ("SELECT list_filter(a, lambda b: b > c) AS l FROM t", "t.a t.c"),
        ("SELECT a FROM t EXCEPT SELECT d FROM u", "t.a u.d"),
        ("SELECT a FROM (SELECT a, b FROM t UNION SELECT a, d FROM u)", "t.a t.b u.a u.d"),
        ("SELECT x FROM (SELECT a AS x, b FROM t UNION ALL SELECT a, d FROM u)", "t.a u.a"),
        ("SELECT a FROM (SELECT DISTINCT a, b FROM t)", "t.a t.b"),
        ("SELECT * EXCLUDE (a, b) REPLACE (b + 1 AS c) FROM t", "t.b"),
        ("FROM t, LATERAL (SELECT d FROM u WHERE u.a = t.a LIMIT 1)", "t.a t.b t.c u.a u.d"),
        ("SELECT v FROM (UNPIVOT t ON b, c INTO NAME n VALUE v)", "t.b t.c"),
        ("WITH RECURSIVE r(n) AS (SELECT a FROM t UNION ALL SELECT d FROM u, r) FROM r", "t.a u.d"),
        ("SELECT range FROM t, range(3), generate_series(a, b) AS g(x)", "t.a t.b"),
        ("SELECT c FROM t JOIN u JOIN u AS x ON x.d = u.d ON u.a = t.a", "t.a t.c u.a u.d"),
        ("SELECT t.b FROM (t JOIN u USING (a))", "t.a t.b u.a"),
        ("SELECT s.* FROM (SELECT {'k': a} AS s, b FROM t)", "t.a"),
        ("SELECT a FROM t WHERE (b, c) IN (SELECT a, d FROM u)", "t.a t.b t.c u.a u.d"),
    ],
)  # fmt: skip
def test_columns_read_are_these_and_no_others(sql: str, read: str) -> None:
    """Also those of filters, orders and subqueries."""
    assert read_by(sql) == read


@pytest.mark.parametrize(
    ("sql", "name", "how_by_column", "by"),
    [
        ("SELECT a AS x FROM t", "x", {"a": ""}, None),
        ("SELECT a + b AS x FROM t", "x", {"a": "derived", "b": "derived"}, None),
        ("SELECT sum(a) AS x FROM t", "x", {"a": "sum"}, ""),
        ("FROM (UNPIVOT t ON b, c INTO NAME n VALUE x)", "x", {"b": "", "c": ""}, None),
        ("FROM (UNPIVOT t ON COLUMNS('b|c') INTO NAME n VALUE x)", OTHERS, AS_THEY_ARE, None),
        ("SELECT b, avg(a) AS x FROM t GROUP BY b", "x", {"a": "mean"}, "b"),
        ("SELECT b, count(*) AS x FROM t GROUP BY ALL", "x", {"b": "count"}, "b"),
        ("SELECT count(DISTINCT a) AS x FROM t GROUP BY b, c", "x", {"a": "distinct"}, "b c"),
        ("SELECT left(b, 2) AS d, max(a) AS x FROM t GROUP BY d", "x", {"a": "max"}, "b"),
        ("SELECT list(a) AS x FROM t GROUP BY b", "x", {"a": "derived"}, "b"),
        (
            "SELECT sum(a) OVER (ORDER BY b) AS x FROM t",
            "x",
            {"a": "derived", "b": "derived"},
            None,
        ),
        ("SELECT DISTINCT a AS x, b FROM t", "x", {"a": ""}, "a b"),
        (
            "SELECT b, sum(s) AS x FROM (SELECT b, c, sum(a) AS s FROM t GROUP BY b, c) GROUP BY b",
            "x",
            {"a": "sum"},
            "b",
        ),
        (
            "WITH g AS (SELECT b, sum(a) AS s FROM t GROUP BY b) SELECT s / 2 AS x FROM g",
            "x",
            {"a": "derived"},
            "b",
        ),
    ],
)
def test_what_a_column_is_made_of_is_told(
    sql: str, name: str, how_by_column: dict[str, str], by: str | None
) -> None:
    """How, and for which groups."""
    effect = effect_of(sql)
    column = effect.columns[name]
    assert {part.source.column: part.how for part in column.of} == how_by_column
    groups = effect.by if column.by is None else column.by
    assert (None if groups is None else " ".join(source.column for source in groups)) == by


def test_columns_of_a_result_have_each_a_name_of_their_own() -> None:
    """Those without one are called as they are worked out."""
    effect = effect_of("SELECT t.a, u.a, sum(b) OVER (), b AS A FROM t, u")
    assert list(effect.columns) == ["a", "a_2", "sum(b) OVER ()", "A_3"]


def test_columns_that_meet_are_told() -> None:
    """By ON, USING, WHERE and IN alike."""
    left, right = Source("t", "a"), (Source("u", "a"),)
    assert effect_of("SELECT 1 AS x FROM t LEFT JOIN u USING (a)").met == (
        Met("left", left, right),
    )
    assert effect_of("SELECT 1 AS x FROM t, u WHERE t.a = u.a").met == (Met("inner", left, right),)


def test_table_of_unknown_columns_is_asked_for_what_is_named_or_for_all() -> None:
    """A name that no known table has is one of its own."""
    tables: Mapping[str, Columns] = {"t": None, "u": ("d",)}
    assert read_by("SELECT a FROM t JOIN u ON t.k = u.d", tables) == "t.a t.k u.d"
    passed = effect_of("SELECT * FROM t", tables)
    assert (passed.whole, passed.passes) == (("t",), ("t",))
    assert effect_of("SELECT to_json(t) AS j FROM t", tables).whole == ("t",)
    assert effect_of("SELECT count(*) AS n FROM t", tables).whole == ("t",)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT a,\n  bb FROM t", "ligne 2, colonne 3 : aucune colonne ne s'appelle « bb »"),
        ("SELECT t.dd FROM t", "ligne 1, colonne 8 : la table « t » n'a pas de colonne « dd »"),
        ("SELECT z.a FROM t", "aucune table ne s'appelle « z » ici"),
        ("SELECT t.a FROM t AS x", "aucune table ne s'appelle « t » ici"),
        ("SELECT a FROM t JOIN u USING (b)", "« b »"),
    ],
)
def test_unknown_name_is_told_with_its_place_and_what_is_near(sql: str, message: str) -> None:
    """It is a fault of the parameter, and none for lineage, which goes on without it."""
    (fault, *_) = effect_of(sql).faults
    assert fault.field == "sql"
    assert message in fault.message


@pytest.mark.parametrize(
    ("sql", "columns", "by"),
    [
        ("PIVOT (SELECT a, left(a, 1) AS i, c FROM t) ON i IN ('M') USING sum(c)", "a M", "a"),
        ("FROM (SELECT a, left(a, 1) AS i, c FROM t) PIVOT (sum(c) FOR i IN ('M'))", "a M", "a"),
        ("PIVOT (SELECT a, a AS a2, c FROM t) ON upper(A2) IN ('M') USING sum(C + 1)", "a M", "a"),
        (
            "PIVOT (SELECT a AS nfc, b, c FROM t) ON c IN (1) USING max(b COLLATE nfc)",
            "nfc 1",
            "a c",
        ),
        ("PIVOT t ON b IN (1) USING list({'a': c})", "a 1", "a b"),
        ("PIVOT t ON b IN (1) USING list(struct_pack(a := c))", "a 1", "a b"),
        ("PIVOT t ON a IN (1)", "b c 1", "a b c"),
        ("UNPIVOT (SELECT a, b, a AS a2 FROM t) ON a2", "a b name value", None),
    ],
)
def test_pivot_keeps_what_it_does_not_name(sql: str, columns: str, by: str | None) -> None:
    """Its rows are of all columns that stand in none of its values and figures, as the engine says.

    Also one that another column, which it does name, is made of. Its figures are of what it turns,
    too: each is of one value of that.
    """
    effect = effect_of(sql)
    assert [column.removesuffix("_2") for column in effect.columns] == columns.split()
    groups = None if effect.by is None else sorted({source.column for source in effect.by})
    assert groups == (None if by is None else by.split())
    engine = bind(sql, {"t": dict.fromkeys("abc", "VARCHAR") | {"c": "BIGINT"}})
    assert len(engine) == len(effect.columns)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a, sum(b) AS x FROM t GROUP BY a WITH TOTALS",
        "SELECT count(*) AS x FROM (SELECT * ILIKE 'a%' FROM t)",
    ],
)
def test_what_is_not_understood_reads_and_shows_all(sql: str) -> None:
    """Of every table, row by row: a form of SQL that the parser knows and the analysis does not."""
    effect = effect_of(sql)
    assert (effect.by, effect.is_open) == (None, True)
    assert read_by(sql) == "t.a t.b t.c u.T u.a u.d"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT a FROM z", "ligne 1, colonne 15 : aucune table ne s'appelle « z »"),
        ("PIVOT t ON a USING sum(b)", "ligne 1, colonne 12 : PIVOT doit nommer ses valeurs"),
        ("SELECT * FROM read_csv('x')", "« read_csv » ne peut pas tenir lieu de table"),
        ("SELECT a FROM t WHERE", "erreur de syntaxe"),
    ],
)
def test_query_that_can_never_run_is_refused_before_anything_is_known(
    sql: str, message: str
) -> None:
    """As a parameter of its step."""
    step = Step(application="query", inputs={"t": "x"}, parameters={"sql": sql}, output="r")
    with pytest.raises(Invalid) as refused:
        check_steps(["x"], [step])
    assert refused.value.field == "steps.0.parameters.sql"
    assert message in refused.value.args[0]


def test_trial_samples_the_first_table_that_the_query_names() -> None:
    """Wherever it stands among the inputs."""
    inputs = {"a": "x", "b": "y"}
    step = Step(application="query", inputs=inputs, parameters={"sql": "FROM b, a"}, output="r")
    assert QUERY.main_role(step) == "b"


def treatment(sql: str) -> Treatment:
    """A query on two datasets."""
    return Treatment.model_validate(
        {
            "inputs": {"t": "dts_t", "u": "dts_u"},
            "steps": [
                {
                    "application": "query",
                    "inputs": {"t": "t", "u": "u"},
                    "parameters": {"sql": sql},
                    "output": "r",
                }
            ],
        }
    )


def test_unknown_column_is_a_fault_of_the_check() -> None:
    """Before the treatment is sent."""
    known_tables = tuple(
        KnownTable(dataset_id=name, columns=tuple(KnownColumn(name=name) for name in names))
        for name, names in {"dts_t": ("a", "b"), "dts_u": ("a",)}.items()
    )
    findings = check_tables(treatment("SELECT aa FROM t"), KnownInputs(tables=known_tables))
    (fault,) = findings.faults
    assert fault.field == "steps.0.parameters.sql"
    assert "vouliez-vous dire « a » ?" in fault.message


def test_names_are_apart_as_the_engine_keeps_them() -> None:
    """It folds A to Z: by any more, a query would read one column and own to another."""
    tables = {"k": ("k", "\u212a", "É", "é")}
    assert read_by('SELECT "\u212a", É FROM K', tables) == "k.É k.\u212a"
    assert read_by("SELECT K FROM k", tables) == "k.k"
