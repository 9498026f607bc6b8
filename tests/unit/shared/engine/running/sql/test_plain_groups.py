"""Which queries are sums of one table by groups, and as what they are written anew."""

import pytest

from shared.engine.running.sql.plain_groups import plain_groups

TABLES = {
    "aides": {
        "commune": "VARCHAR",
        "aide": "VARCHAR",
        "montant": "BIGINT",
        "part": "DOUBLE",
        "jour": "DATE",
        "Été": "VARCHAR",
    },
    "autre": {"commune": "VARCHAR"},
}
_BY = "FROM aides GROUP BY commune"


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        (
            f"SELECT commune, count(*) AS n {_BY}",
            (
                'SELECT "commune" AS "commune", count(*) AS "n" FROM "aides" WHERE true'
                " GROUP BY 1 ORDER BY 1"
            ),
        ),
        (
            "SELECT sum(A.Montant) AS s, a.commune c FROM Aides a GROUP BY c ORDER BY c DESC",
            (
                'SELECT sum("montant") AS "s", "commune" AS "c" FROM "aides" WHERE true'
                " GROUP BY 2 ORDER BY 2 DESC NULLS LAST, 2"
            ),
        ),
        (
            (
                "SELECT avg(montant) AS m FROM aides WHERE aide IN ('l''apl', 'rsa') AND"
                " NOT (montant BETWEEN -1 AND 2.5) AND commune LIKE '14%' AND jour IS NOT NULL"
            ),
            (
                'SELECT avg("montant") AS "m" FROM "aides" WHERE'
                " (\"aide\" IN ('l''apl', 'rsa')) AND (NOT (\"montant\" BETWEEN -1 AND 2.5))"
                " AND (\"commune\" LIKE '14%')"
                ' AND (NOT ("jour" IS NULL))'
            ),
        ),
        (
            "SELECT \"Été\", count(montant) AS n FROM aides WHERE jour >= '2024-01-01' GROUP BY 1",
            (
                'SELECT "Été" AS "Été", count("montant") AS "n" FROM "aides"'
                " WHERE (\"jour\" >= '2024-01-01') GROUP BY 1 ORDER BY 1"
            ),
        ),
    ],
)
def test_query_of_known_parts_is_written_anew(sql: str, written: str) -> None:
    """With the columns' own names, and its groups in order."""
    groups = plain_groups(sql, TABLES)
    assert groups
    assert " ".join(groups.sql.split()) == " ".join(written.split())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT commune FROM aides GROUP BY commune",
        "SELECT count(*) FROM aides, autre",
        "SELECT count(*) FROM aides JOIN autre USING (commune)",
        "SELECT count(*) FROM (SELECT * FROM aides)",
        "SELECT count(*) FROM aides AS a(x)",
        "WITH aides AS (SELECT 1 AS x) SELECT count(*) FROM aides",
        f"SELECT commune, count(*) {_BY} UNION SELECT 'a', 1",
        f"SELECT commune, count(*) {_BY} HAVING count(*) > 9",
        f"SELECT commune, count(*) AS n {_BY} ORDER BY n",
        f"SELECT commune, count(*) {_BY} LIMIT 3",
        f"SELECT commune, count(*) {_BY}, aide",
        f"SELECT DISTINCT commune, count(*) {_BY}",
        f"SELECT commune, aide, count(*) {_BY}",
        f"SELECT commune, count(DISTINCT aide) {_BY}",
        f"SELECT commune, sum(DISTINCT montant) {_BY}",
        f"SELECT commune, sum(montant ORDER BY jour) {_BY}",
        f"SELECT commune, count(*) FILTER (aide = 'rsa') {_BY}",
        f"SELECT commune, sum(count(*)) OVER () {_BY}",
        f"SELECT commune, sum(montant + 1) {_BY}",
        f"SELECT commune, 2 * sum(montant) {_BY}",
        f"SELECT commune, max(montant) {_BY}",
        f"SELECT upper(commune), count(*) {_BY}",
        "SELECT part, count(*) FROM aides GROUP BY part",
        "SELECT commune, count(*) FROM aides GROUP BY CUBE (commune)",
        "SELECT commune AS aide, count(*) FROM aides GROUP BY aide",
        "SELECT count(*) FROM aides WHERE aide = 'rsa' OR aide = 'apl'",
        "SELECT count(*) FROM aides WHERE commune > 14",
        "SELECT count(*) FROM aides WHERE aide = commune",
        "SELECT count(*) FROM aides WHERE lower(aide) = 'rsa'",
        "SELECT count(*) FROM aides WHERE aide IN (SELECT commune FROM autre)",
        "SELECT count(*) FROM aides WHERE aide LIKE 'r!%' ESCAPE '!'",
        "SELECT count(*) FROM aides WHERE aide = 'rsa' COLLATE NOCASE",
        "SELECT count(*) FROM aides WHERE montant < CAST('9' AS INTEGER)",
        "SELECT count(*) FROM aides WHERE EXISTS (FROM autre)",
        "SELECT count(inconnue) FROM aides",
        "SELECT count(*) AS n, count(*) AS N FROM aides",
        "SELECT * FROM aides",
    ],
)
def test_any_other_query_is_none(sql: str) -> None:
    """What is on no list waits for a reviewer."""
    assert plain_groups(sql, TABLES) is None


def test_conditions_on_a_column_are_one() -> None:
    """Which rows a column chooses is looked at column by column."""
    groups = plain_groups(
        "SELECT count(*) AS n FROM aides WHERE montant > 1 AND aide <> 'rsa' AND montant < 9",
        TABLES,
    )
    assert groups
    assert groups.tests_by_column == {
        "montant": '"montant" > 1 AND "montant" < 9',
        "aide": "\"aide\" <> 'rsa'",
    }
