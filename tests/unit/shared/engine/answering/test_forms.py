"""The same request in the ways that people and their tools write it: each is answered in full."""

import pytest

from shared.engine.applications.application import NotInTables
from tests.unit.shared.engine.answering.worlds import check_all_shown, payments, people, queries

OF_PEOPLE = """
-- Casts that keep each amount.
SELECT sexe AS k, sum(CAST(montant AS DECIMAL(12, 2))) AS s, round(avg(montant::NUMERIC(10, 3)), 2)
  AS m, sum(CAST(coalesce(revenu, 0) AS INT)) AS r, sum(round(montant, 2)) AS t FROM caf GROUP BY 1
  ORDER BY k;
SELECT count(*) AS n FROM caf WHERE age::SMALLINT >= 18 AND age::DECIMAL < 60;
-- Subtotals, sorted by what they are made of.
SELECT coalesce(left(c.code_commune, 2), 'ensemble') AS k, coalesce(sexe, 'tous') AS k2, count(*)
  AS n FROM caf c GROUP BY ROLLUP (left(c.code_commune, 2), sexe) ORDER BY left(c.code_commune, 2)
  NULLS LAST, count(*) DESC LIMIT 5;
SELECT sexe AS k, prestation AS k2, grouping_id(sexe, prestation) AS k3, count(*) AS n FROM caf
  GROUP BY CUBE (sexe, prestation) ORDER BY grouping_id(sexe, prestation), sexe, prestation;
-- PIVOT of rows that a SELECT chose, in both forms.
FROM (PIVOT (SELECT year(ouvert) AS k, sexe FROM caf) ON sexe IN ('F', 'M') USING count(*) GROUP BY
  k) ORDER BY k;
WITH x AS (SELECT left(code_commune, 2) AS k, sexe, montant FROM caf) SELECT * FROM
  (PIVOT x ON sexe IN ('F', 'M') USING count(*) AS n, sum(montant) AS s GROUP BY k) ORDER BY k;
SELECT * FROM (SELECT year(ouvert) AS k, sexe FROM caf) PIVOT (count(*) FOR sexe IN ('F', 'M'))
  ORDER BY k;
SELECT * FROM (SELECT year(ouvert) AS k, sexe FROM caf) PIVOT (count(*) FOR sexe IN ('F' AS femmes,
  'M' AS hommes) GROUP BY k) AS p ORDER BY k;
-- FROM first, and OUTER written out.
FROM caf c JOIN zones z ON z.code = c.code_commune SELECT z.zone AS k, count(*) AS n, sum(c.revenu)
  AS r WHERE z.zone <> 'sud' GROUP BY ALL ORDER BY ALL;
WITH x AS (FROM caf JOIN communes ON code = code_commune SELECT left(code, 2) AS k, sexe AS k2,
  count(*) AS n GROUP BY ALL) SELECT k, k2, n * 1.0 / sum(n) OVER (PARTITION BY k) AS share FROM x
  ORDER BY ALL;
FROM (caf c JOIN zones z ON z.code = c.code_commune) SELECT z.zone AS k, count(*) AS n WHERE z.zone
  <> 'sud' GROUP BY 1 ORDER BY 1;
SELECT sexe AS k, count(*) AS n FROM caf LEFT OUTER JOIN communes m ON m.code = code_commune GROUP
  BY 1 ORDER BY 1;
-- Rows that are chosen once, and read several times.
WITH x AS (SELECT sexe, left(code_commune, 2) AS d FROM caf WHERE sexe <> 'X'), y AS (SELECT d, sexe
  FROM x) SELECT 'tous' AS k, count(*) AS n FROM x UNION ALL SELECT d, count(*) FROM y GROUP BY d
  UNION ALL SELECT sexe, count(*) FROM x GROUP BY sexe ORDER BY ALL;
"""

OF_PAYMENTS = """
-- Conditions that leave one class of each dimension that units may have several of.
SELECT count(DISTINCT dossier) AS n FROM aides WHERE verse >= '2023-01-01' AND verse < '2024-01-01';
SELECT sexe AS k, count(DISTINCT dossier) AS n FROM aides WHERE (verse BETWEEN DATE '2023-01-01' AND
  '2023-12-31') GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT dossier) AS n FROM aides WHERE 'F' = sexe AND code_commune IN ('14118');
-- A quarter's name tells its year.
SELECT year(verse) || '-T' || CAST(quarter(verse) AS VARCHAR) AS k, count(DISTINCT dossier) AS n
  FROM aides WHERE year(verse) = 2024 GROUP BY 1 ORDER BY 1;
"""


@pytest.mark.parametrize("sql", queries(OF_PEOPLE))
def test_persons_are_counted_however_it_is_written(sql: str) -> None:
    """Of which no figure is hidden."""
    check_all_shown(people(), sql)


@pytest.mark.parametrize("sql", queries(OF_PAYMENTS))
def test_units_are_counted_once_however_it_is_written(sql: str) -> None:
    """A unit has several rows, and counts once in each figure."""
    check_all_shown(payments(), sql)


@pytest.mark.parametrize(
    "condition",
    [
        "verse >= '2023-01-01'",
        "verse >= '2023-01-01' AND verse < '2025-01-01'",
        "verse < '2024-01-01' OR verse >= '2024-01-01'",
        "verse >= '2023-01-01' AND verse < '2023-07-01'",
        "strftime(verse, '%b') = 'Jan'",
        "((verse >= '2024-01-01' AND verse < '2025-01-01') OR year(verse) = 2023)",
        "strftime(verse, '%y') = '23'",
    ],
)
def test_conditions_that_leave_several_classes_add_no_units_up(condition: str) -> None:
    """They would count a unit of two of them twice."""
    with pytest.raises(NotInTables):
        payments().answer(f"SELECT count(DISTINCT dossier) FROM aides WHERE {condition}")  # noqa: S608


@pytest.mark.parametrize(
    "amount", ["round(revenu, -3)", "round(montant, 1)", "CAST(montant AS INT)"]
)
def test_amounts_that_are_rounded_row_by_row_are_refused(amount: str) -> None:
    """Their sum is another than that of the amounts."""
    with pytest.raises(NotInTables, match="arrondit chaque ligne"):
        people().answer(f"SELECT sum({amount}) FROM caf")  # noqa: S608
