"""Queries on restricted rows, answered from protected tables: the same figures, or none."""

from itertools import chain
from random import Random

import pytest

from shared.engine.applications.application import NotInTables
from tests.unit.shared.engine.answering.worlds import (
    SMALL,
    check_all_shown,
    figures_shown,
    payments,
    people,
    queries,
    villagers,
)

SHOWN = """
-- Groups, with all figures of the row shown.
SELECT sexe AS k, count(*) AS n, sum(montant) AS s, avg(montant) AS m, sum(revenu) AS r FROM caf
  GROUP BY sexe ORDER BY n DESC;
SELECT left(code_commune, 2) AS k, count(*) AS n, sum(montant) AS s FROM caf GROUP BY 1 ORDER BY 1;
SELECT coalesce(prestation, 'aucune') AS k, count(*) AS n, count(prestation) AS known FROM caf
  GROUP BY 1 ORDER BY 2;
SELECT year(ouvert) AS k, sexe AS k2, count(id) AS n FROM caf GROUP BY ALL ORDER BY ALL;
SELECT CASE WHEN age < 25 THEN 'jeunes' WHEN age BETWEEN 25 AND 59 THEN 'actifs' ELSE 'âgés' END AS
  k, count(*) AS n FROM caf GROUP BY k ORDER BY k;
FROM caf SELECT sexe AS k, count() AS n, sum(montant * 1.2) AS s GROUP BY sexe ORDER BY sexe;
SELECT count(*) AS n, sum(montant) AS s, count(DISTINCT id) AS units FROM caf;
SELECT sum(sexe = 'F') * 1.0 AS n FROM caf;
SELECT avg(montant * 2) AS m FROM caf;
-- Conditions: each is answered by the coarsest table that has it.
SELECT count(*) AS n FROM caf WHERE NOT (age >= 60) AND prestation = 'B';
SELECT count(*) AS n FROM caf WHERE left(code_commune, 2) IN ('14', '50') AND sexe <> 'F';
SELECT count(*) AS n FROM caf WHERE code_commune LIKE '50%' AND ouvert >= '2023-01-01';
SELECT sexe AS k, count(*) AS n FROM caf WHERE prestation IS NULL GROUP BY k ORDER BY k;
SELECT count(*) AS n FROM caf WHERE CAST(age AS INTEGER) >= 18 AND ouvert <= '9999-12-31';
SELECT count(*) AS n FROM caf JOIN (VALUES ('F')) t(x) ON x = sexe;
SELECT count(*) AS n FROM caf WHERE prestation NOT IN ('A') AND ouvert < DATE '2024-01-01';
SELECT count(*) AS n, sum(montant) AS s FROM caf WHERE sexe = 'X';
SELECT sexe AS k, count(*) AS n FROM caf WHERE sexe IN (SELECT 'F' FROM zones) GROUP BY k;
-- Figures of other tables than the group's.
SELECT sexe AS k, count(*) FILTER (WHERE age >= 60) AS old, count(*) AS n, count(*) FILTER (age >=
  60) * 100.0 / count(*) AS share FROM caf GROUP BY sexe ORDER BY k;
SELECT sum(CASE WHEN left(code_commune, 2) = '14' THEN montant ELSE 0 END) AS s, avg(CASE WHEN
  left(code_commune, 2) <> '76' THEN montant END) AS m FROM caf;
SELECT sexe AS k, sum(CASE WHEN age < 18 THEN 1 ELSE 0 END) AS young, count_if(age < 18) AS n,
  count(CASE WHEN age < 18 THEN id END) AS ids, count(CASE WHEN age < 18 THEN 1 END) AS ones,
  avg(CASE WHEN age < 18 THEN 1.0 ELSE 0 END) AS share FROM caf GROUP BY 1 ORDER BY 1;
SELECT left(code_commune, 2) AS k, count(DISTINCT CASE WHEN sexe = 'F' THEN id END) AS n FROM caf
  GROUP BY 1 ORDER BY 1;
SELECT code_commune AS k, count(*) AS n FROM caf WHERE code_commune >= '50129' GROUP BY
  code_commune HAVING count(*) > 10 ORDER BY n DESC LIMIT 2;
-- Queries around queries, and grouping sets.
SELECT sexe AS k, n * 1.0 / (SELECT count(*) FROM caf) AS share FROM (SELECT sexe, count(*) AS n
  FROM caf GROUP BY sexe) ORDER BY k;
WITH x AS (SELECT * FROM caf WHERE sexe = 'F') SELECT year(ouvert) AS k, count(*) AS n FROM x GROUP
  BY 1 ORDER BY 1;
SELECT sexe AS k, year(ouvert) AS k2, count(*) AS n FROM caf GROUP BY CUBE (sexe, k2) ORDER BY ALL;
SELECT sexe AS k, prestation AS k2, grouping(sexe, prestation) AS k3, count(*) AS n FROM caf GROUP
  BY ROLLUP (sexe, prestation) ORDER BY ALL;
SELECT sexe AS k, left(code_commune, 2) AS k2, count(*) AS n FROM caf GROUP BY GROUPING SETS
  ((sexe, k2), (k2), ()) ORDER BY ALL;
SELECT 'sexe' AS k, sexe AS k2, count(*) AS n FROM caf GROUP BY sexe UNION ALL SELECT 'an',
  CAST(year(ouvert) AS VARCHAR), count(*) FROM caf GROUP BY year(ouvert) ORDER BY ALL;
WITH a AS (SELECT sexe, count(*) AS n FROM caf GROUP BY 1), b AS (SELECT year(ouvert) AS k, count(*)
  AS n FROM caf GROUP BY 1) SELECT k, row_number() OVER (ORDER BY k) AS place, n FROM b ORDER BY k;
WITH a AS (SELECT sexe AS k, count(*) AS n FROM caf GROUP BY 1) SELECT k, n, (SELECT count(*) FROM
  zones) AS zones FROM a ORDER BY k;
-- Windows: over groups, and in the order of time.
SELECT sexe AS k, round(count(*) * 100.0 / sum(count(*)) OVER (), 3) AS share, rank() OVER (ORDER
  BY count(*) DESC) AS rank FROM caf GROUP BY sexe ORDER BY k;
SELECT sexe AS k, year(ouvert) AS k2, count(*) AS n, count(*) / sum(count(*)) OVER (PARTITION BY
  sexe) AS share FROM caf GROUP BY sexe, k2 ORDER BY ALL;
SELECT k, n, sum(n) OVER (ORDER BY k) AS so_far, n - lag(n) OVER (ORDER BY k) AS more FROM (SELECT
  extract(year FROM ouvert) AS k, count(*) AS n FROM caf GROUP BY k) ORDER BY k;
SELECT date_part('year', ouvert) AS k, count(*) AS n, sum(count(*)) OVER w AS so_far, rank() OVER
  (w ORDER BY count(*)) AS rank FROM caf GROUP BY 1 WINDOW w AS () ORDER BY k;
SELECT sexe AS k, year(ouvert) AS k2, rank() OVER b AS rank FROM caf GROUP BY 1, 2 WINDOW a AS
  (PARTITION BY sexe), b AS (a ORDER BY count(*)) ORDER BY ALL;
SELECT year(ouvert) AS k, sum(count(*)) OVER v AS so_far FROM caf GROUP BY 1 WINDOW v AS (ORDER BY
  year(ouvert)) ORDER BY k;
-- Larger areas answer for all their parts, some of which are hidden.
SELECT count(*) AS n, sum(montant) AS s, avg(montant) AS m FROM caf c JOIN communes m
  ON m.code = c.code_commune;
SELECT sexe AS k, count(*) FILTER (WHERE code_commune >= '2') AS n FROM caf GROUP BY ALL ORDER BY k;
SELECT left(m.nom, 3) AS k, count(*) AS n FROM caf c JOIN communes m ON m.code = c.code_commune
  GROUP BY 1 ORDER BY 1;
SELECT sexe AS k, avg(montant) / sum(avg(montant)) OVER () AS w FROM caf GROUP BY 1 ORDER BY 1;
SELECT count(*) AS n, sum(CASE WHEN sexe = 'F' THEN count(*) ELSE 0 END) OVER () AS w FROM caf
  GROUP BY sexe ORDER BY n;
SELECT left(code_commune, 2) AS k, sexe AS k2, count(*) AS n FROM caf WHERE left(code_commune, 2)
  <> '50' GROUP BY ROLLUP (left(code_commune, 2), sexe) ORDER BY ALL;
SELECT sexe AS k, sum(revenu) // 1000 AS n, sum(CASE WHEN age < 18 THEN 1 ELSE 0 END) * 100 //
  count(*) AS share FROM caf GROUP BY 1 ORDER BY 1;
-- What else chooses groups and turns them into columns.
SELECT sexe AS k, count(*) AS n FROM caf GROUP BY sexe QUALIFY row_number() OVER (ORDER BY count(*)
  DESC) = 1;
SELECT sexe AS k, count(*) AS n FROM caf GROUP BY sexe QUALIFY rank() OVER (ORDER BY n) = 1;
SELECT left(code_commune, 2) AS K, sexe AS K2, count(*) AS N FROM caf GROUP BY 1, 2 QUALIFY rank()
  OVER (PARTITION BY left(code_commune, 2) ORDER BY count(*)) = 1 ORDER BY K LIMIT 2;
SELECT sexe AS k, "A", B FROM (PIVOT caf ON prestation IN ('A', 'B') USING count(*) GROUP BY sexe)
  ORDER BY k;
SELECT sexe AS k, "A_s", B_n FROM (PIVOT caf ON prestation IN ('A', 'B') USING sum(montant) AS s,
  count(*) AS n GROUP BY sexe) ORDER BY k;
-- What no row of the data meets is of nobody.
SELECT z.zone AS k, z.code AS k2, count(c.id) AS n, sum(c.revenu) AS r FROM (SELECT * FROM zones
  WHERE zone = 'nord' UNION ALL SELECT 'sud', '99999') z LEFT JOIN caf c ON c.code_commune = z.code
  GROUP BY ALL ORDER BY ALL;
SELECT m.code AS k, count(DISTINCT c.id) AS n FROM caf c RIGHT JOIN communes m ON c.code_commune =
  m.code WHERE m.population > 1000 GROUP BY 1 ORDER BY 1;
-- Joins: a row counts as often as it meets a row.
SELECT z.zone AS k, count(*) AS n, count(c.id) AS ids, sum(c.revenu) AS r FROM caf c JOIN zones z
  ON z.code = c.code_commune WHERE z.zone <> 'sud' GROUP BY z.zone ORDER BY k;
SELECT c.code_commune AS k, count(*) AS n, count(DISTINCT c.id) AS units FROM caf c LEFT JOIN zones
  z ON z.code = c.code_commune WHERE c.code_commune IN ('14118', '76540') GROUP BY c.code_commune
  ORDER BY k;
SELECT z.zone AS k, count(*) AS n FROM zones z RIGHT JOIN caf c ON c.code_commune = z.code WHERE
  left(c.code_commune, 2) = '76' GROUP BY ALL ORDER BY ALL;
SELECT m.nom AS k, t.n AS n, t.n * 1000.0 / m.population AS rate FROM communes m JOIN (SELECT
  code_commune, count(*) AS n FROM caf GROUP BY 1) t ON t.code_commune = m.code WHERE m.population
  > 1000 ORDER BY k;
"""

HIDDEN = """
-- A hidden town beside one that is shown: the sum of both would tell of it.
SELECT count(*) AS n FROM caf WHERE code_commune IN ('50129', '50218');
SELECT sum(montant) AS s, avg(montant) AS m FROM caf WHERE code_commune IN ('50129', '50218');
SELECT count(DISTINCT id) AS n FROM caf WHERE code_commune IN ('50129', '50218');
SELECT count(*) FILTER (WHERE code_commune <= '14118' OR code_commune = '14327') AS n, sum(CASE
  WHEN code_commune IN ('14118', '14327') THEN 1 ELSE 0 END) AS s FROM caf;
SELECT left(code_commune, 2) AS k, count(*) AS n FROM caf WHERE code_commune IN ('14118', '14327',
  '50502', '50218') GROUP BY 1;
SELECT z.zone AS k, count(*) AS n FROM caf c JOIN zones z ON z.code = c.code_commune WHERE z.zone =
  'sud' GROUP BY z.zone;
SELECT sum(CASE WHEN z.zone = 'sud' THEN 1 ELSE 0 END) AS n FROM caf c JOIN zones z
  ON z.code = c.code_commune;
-- What is added up of figures.
SELECT sum(n) AS n, avg(n) AS m FROM (SELECT code_commune, count(*) AS n FROM caf WHERE
  code_commune IN ('50129', '50218') GROUP BY 1);
SELECT sum(n + 1) AS n FROM (SELECT code_commune AS c, count(*) AS n FROM caf GROUP BY 1) WHERE c
  IN ('50129', '50218');
WITH t AS (SELECT code_commune AS c, count(*) AS n FROM caf GROUP BY 1), u AS (SELECT * FROM t)
  SELECT sum(u.n) AS n, sum(u.n) FILTER (WHERE u.c = '14327') AS only FROM u JOIN zones z ON z.code
  = u.c OR u.c = '50218' WHERE z.zone = 'ouest' OR u.c = '14327';
SELECT sum(n) AS n FROM (SELECT code_commune AS c, count(*) AS n FROM caf WHERE code_commune =
  '50129' GROUP BY 1 UNION ALL SELECT code_commune, count(*) FROM caf WHERE code_commune = '50218'
  GROUP BY 1);
SELECT c AS k, sum(n) OVER () AS n, sum(n) OVER (ORDER BY c DESC) AS so_far FROM (SELECT
  code_commune AS c, count(*) AS n FROM caf WHERE code_commune IN ('50129', '50218') GROUP BY 1)
  ORDER BY c LIMIT 1;
SELECT c AS k, n FROM (SELECT code_commune AS c, n / sum(n) OVER (PARTITION BY d) AS n FROM (SELECT
  code_commune, left(code_commune, 2) AS d, count(*) AS n FROM caf WHERE code_commune IN ('50129',
  '50218') GROUP BY ALL)) WHERE c = '50129';
-- What SQL makes of a null.
SELECT count(n) AS n, count(*) AS rows, max(n) AS most, min(n) AS least, median(n) AS m FROM
  (SELECT code_commune, count(*) AS n FROM caf GROUP BY 1);
SELECT count(*) FILTER (WHERE n > 5) AS n, sum(n) FILTER (WHERE n > 5) AS s, sum(CASE WHEN n > 5
  THEN 1 ELSE 0 END) AS o FROM (SELECT code_commune, count(*) AS n FROM caf GROUP BY 1);
SELECT code_commune AS k, coalesce(count(*), 0) AS n, CASE WHEN count(*) > 5 THEN 1 ELSE 0 END AS o,
  greatest(count(*), 0) AS g, count(*) IS NULL AS i FROM caf
  WHERE code_commune = '50218' GROUP BY 1;
SELECT m.code AS k, coalesce(t.n, 0) AS n FROM communes m LEFT JOIN (SELECT code_commune AS c,
  count(*) AS n FROM caf GROUP BY 1) t ON t.c = m.code WHERE m.code = '50218';
SELECT coalesce(sum(n), 0) AS n FROM (SELECT code_commune, count(*) AS n FROM caf GROUP BY 1);
SELECT k, rank() OVER (ORDER BY n) AS n, row_number() OVER (ORDER BY n) AS r, count(n) OVER () AS o,
  max(n) OVER () AS m FROM (SELECT code_commune AS k, count(*) AS n FROM caf GROUP BY 1);
SELECT code_commune AS k, rank() OVER (ORDER BY count(*) DESC) AS r, sum(count(*)) FILTER
  (WHERE count(*) > 5) OVER () AS n FROM caf GROUP BY 1;
SELECT code_commune AS k, coalesce("F", 0) AS n FROM (SELECT * FROM (SELECT code_commune, sexe,
  count(*) AS n FROM caf GROUP BY 1, 2) PIVOT (sum(n) FOR sexe IN ('F', 'H'))) WHERE code_commune
  = '50218';
SELECT lag(coalesce(n, 0)) OVER (ORDER BY k) AS n FROM (SELECT code_commune AS k, count(*) AS n FROM
  caf WHERE code_commune IN ('50041', '50129') GROUP BY 1);
-- A count that is shown beside a sum that is not: 76540 has one of most of the amounts.
SELECT sum(montant) AS s FROM caf WHERE code_commune IN ('76540', '14118');
SELECT code_commune AS k, avg(montant) AS m FROM caf WHERE code_commune = '76540' GROUP BY 1;
"""

REFUSED = {
    "SELECT count(*) FROM caf WHERE CAST(age AS VARCHAR) >= '18'": "« age » n'est montré que par",
    "SELECT count(*) FROM caf WHERE age IS TRUE": "« age » n'est montré que par classes",
    "SELECT sum(COLUMNS('mont.*')) FROM caf": "COLUMNS et random()",
    "SELECT count(*) FROM caf WHERE random() < 0.5": "COLUMNS et random()",
    "SELECT sum(CAST(montant AS DECIMAL(10, 0))) FROM caf": "arrondit chaque ligne",
    "SELECT sum(coalesce(montant, 'abc')) FROM caf": "est à sommer avant",
    "SELECT count(*) FROM caf WHERE ouvert >= '20220301'": "premier jour d'une période",
    "SELECT count(*) FROM caf GROUP BY CUBE (sexe, prestation, upper(sexe), lower(sexe),"
    " left(sexe, 1), trim(sexe))": "trop de regroupements",
    " UNION ALL ".join(["SELECT count(*), sum(montant) FROM caf"] * 40): "trop de chiffres",
    "SELECT * FROM caf WHERE sexe = 'F'": "des lignes une à une",
    "SELECT DISTINCT sexe FROM caf": "des lignes une à une",
    "SELECT max(montant) FROM caf": "« montant » peut être additionné",
    "SELECT max(age) FROM caf": "« age » n'est montré que par classes",
    "SELECT max(sexe) FROM caf": "une plus grande valeur",
    "SELECT min(sexe) FROM caf": "une plus petite valeur",
    "SELECT string_agg(sexe, ',') FROM caf": "ce calcul n'est ni un nombre",
    "SELECT string_agg(id, ',') FROM caf": "« id » n'est pas montré ; le sont : « code_commune »",
    "SELECT count(*) FROM caf WHERE id = 'p7'": "« id » n'est pas montré",
    "SELECT count(*) FROM caf WHERE id IN (SELECT code FROM zones)": "« id » n'est pas montré",
    "SELECT count(*) FROM caf c JOIN zones z ON z.code = c.id": "« id » n'est pas montré",
    "SELECT count(*) FROM caf WHERE age > 60": "comparez-le au début d'une classe",
    "SELECT count(*) FROM caf WHERE age = 18": "comparez-le au début d'une classe",
    "SELECT age // 10, count(*) FROM caf GROUP BY 1": "comparez-le au début d'une classe",
    "SELECT sum(age) FROM caf": "comparez-le au début d'une classe",
    "SELECT count(*) FROM caf WHERE ouvert > '2023-05-01'": "« ouvert » n'est montré que par année",
    "SELECT month(ouvert), count(*) FROM caf GROUP BY 1": "« ouvert » n'est montré que par année",
    "SELECT ouvert, count(*) FROM caf GROUP BY 1": "« ouvert » n'est montré que par année",
    "SELECT count(*) FROM caf WHERE montant > 100": "« montant » peut être additionné, et ne",
    "SELECT sum(CASE WHEN montant > 100 THEN 1 ELSE 0 END) FROM caf": "« montant » peut être",
    "SELECT sum(CASE WHEN montant > 100 THEN montant END) FROM caf": "« montant » peut être",
    "SELECT sum(montant * montant) FROM caf": "à sommer avant",
    "SELECT sum(greatest(montant, 100)) FROM caf": "à sommer avant",
    "SELECT sum(CAST(montant AS INTEGER)) FROM caf": "arrondit chaque ligne",
    "SELECT sum(DISTINCT montant) FROM caf": "des montants distincts",
    "SELECT avg(revenu) FROM caf": "« revenu » n'a pas de valeur partout",
    "SELECT count(revenu) FROM caf": "combien de lignes",
    "SELECT count(DISTINCT sexe) FROM caf": "diffèrent n'est dans aucun tableau",
    "SELECT count(nullif(id, 'p7')) FROM caf": "« id » n'est pas montré",
    "SELECT count(DISTINCT id || sexe) FROM caf": "« id » n'est pas montré",
    "SELECT count(DISTINCT z.id) FROM caf JOIN (SELECT code, zone AS id FROM zones) z"
    " ON z.code = code_commune": "diffèrent n'est dans aucun tableau",
    "SELECT sexe, code_commune, prestation, year(ouvert), count(*) FROM caf GROUP BY ALL": "3 au",
    "SELECT sexe, prestation, count(*) FILTER (WHERE age < 18 AND year(ouvert) = 2023) FROM caf"
    " GROUP BY ALL": "« age », « ouvert », « prestation » et « sexe » ensemble",
    "SELECT count(*) FROM caf a JOIN caf b ON a.code_commune = b.code_commune": "elles-mêmes",
    "SELECT count(*) FROM caf a RIGHT JOIN zones z ON z.code = a.code_commune": "garde aussi",
    "SELECT count(*) FROM zones z LEFT JOIN caf a ON z.code = a.code_commune": "garde aussi",
    "SELECT z.code, sum(CASE WHEN a.sexe IS NULL THEN 1 END) FROM zones z LEFT JOIN caf a"
    " ON z.code = a.code_commune GROUP BY 1": "garde aussi",
    "SELECT count(z.zone) FROM caf POSITIONAL JOIN zones z": "écrivez JOIN",
    "SELECT *, count(*) FROM caf GROUP BY ALL QUALIFY rank() OVER (ORDER BY sexe) = 1": "nommez",
    "SELECT z.code, min(z.zone), count(a.id) FROM zones z LEFT JOIN caf a ON z.code ="
    " a.code_commune GROUP BY 1": "garde aussi",
    "SELECT sexe FROM caf GROUP BY 1 QUALIFY rank() OVER (ORDER BY sexe) = 1 ORDER BY age": "triez",
    "PIVOT caf ON sexe IN ('F', 'H') USING count(*)": "valeurs nommées",
    "SELECT max(n) FROM (SELECT row_number() OVER () AS n FROM caf)": "des lignes une à une",
    "SELECT sexe, sum(count(*)) OVER () FROM caf GROUP BY CUBE (sexe)": "sous une fenêtre",
}

OF_SEVERAL_ROWS = """
SELECT sexe AS k, count(DISTINCT dossier) AS n, sum(aide) AS s, sum(aide) / count(DISTINCT dossier)
  AS m FROM aides GROUP BY sexe ORDER BY sexe;
SELECT count(DISTINCT dossier) AS n FROM aides WHERE extract(year FROM verse) = 2023;
SELECT date_trunc('quarter', verse) AS k, count(DISTINCT dossier) AS n FROM aides WHERE year(verse)
  = 2024 GROUP BY 1 ORDER BY 1;
SELECT year(verse) AS k, quarter(verse) AS k2, count(DISTINCT dossier) AS n FROM aides WHERE verse
  BETWEEN '2023-01-01' AND '2024-12-31' GROUP BY ALL ORDER BY ALL;
SELECT count(DISTINCT dossier) FILTER (WHERE sexe = 'F' AND code_commune = '14118') AS n FROM
  aides;
SELECT a.code_commune AS k, count(DISTINCT a.dossier) AS n, sum(a.aide) AS s FROM aides a JOIN
  zones z ON z.code = a.code_commune GROUP BY ALL ORDER BY ALL;
SELECT left(code_commune, 2) AS k, sexe AS k2, count(DISTINCT dossier) AS n FROM aides GROUP BY ALL
  ORDER BY ALL;
SELECT m.nom AS k, m.code AS k2, count(DISTINCT a.dossier) AS n FROM aides a JOIN communes m
  ON m.code = a.code_commune GROUP BY 1, 2 ORDER BY 1;
-- Of other tables' areas: these are the larger ones of the policy.
SELECT d.dep AS k, count(DISTINCT dossier) AS n, sum(aide) AS s FROM aides JOIN cantons d
  ON d.code = code_commune GROUP BY 1 ORDER BY 1;
"""

BY_TOWN = "WITH t AS (SELECT code_commune AS c, count(*) AS n FROM caf GROUP BY 1) "
OF_FIGURES_REFUSED = {
    "SELECT * FROM (SELECT sexe, prestation, count(*) AS n FROM caf GROUP BY sexe, prestation,"
    " code_commune) PIVOT (sum(n) FOR prestation IN ('A', 'B'))": "PIVOT",
    "SELECT * FROM (SELECT sexe, prestation, count(*) AS n FROM caf GROUP BY 1, 2)"
    " PIVOT (count(n) FOR prestation IN ('A', 'B'))": "PIVOT",
    "SELECT count(*) FROM t WHERE n > 5": "choisi d'après un chiffre",
    "SELECT count(*) FROM (SELECT c FROM t WHERE coalesce(n, 9) > 5)": "choisi d'après un chiffre",
    "SELECT sum(n) FROM (SELECT * FROM t ORDER BY n LIMIT 3)": "choisi d'après un chiffre",
    "SELECT sum(n) OVER () FROM t WHERE n > 5": "choisi d'après un chiffre",
    "SELECT sexe, sum(count(*)) OVER () FROM caf GROUP BY 1 HAVING count(*) > 5": "choisi d'après",
    "SELECT sum(t.n) FROM caf JOIN t ON c = code_commune": "choisi d'après un chiffre",
    "SELECT count(*) FROM caf JOIN t ON c = code_commune AND n > 5": "choisi d'après un chiffre",
    "SELECT count_star() FROM t WHERE n > 5": "n'est pas suivi ici",
    "SELECT count_star(), count(*) FROM caf": "n'est pas suivi ici",
    "SELECT sum(l.m) FROM zones z, LATERAL (SELECT count(*) AS m FROM caf WHERE code_commune ="
    " z.code) l": "LATERAL",
    "SELECT sum(x) FROM unnest([(SELECT count(*) FROM caf WHERE sexe = 'F')]) u(x)": "unnest",
    "SELECT count(*) FROM range((SELECT count(*) FROM caf WHERE code_commune = '50218'))": "range",
    "SELECT n > 5, count(*) FROM t GROUP BY 1": "un groupe formé d'après un chiffre",
    "SELECT sum(n) OVER (PARTITION BY n > 5) FROM t": "un groupe formé d'après un chiffre",
    "SELECT code FROM zones WHERE code NOT IN (SELECT c FROM t)": "IN et EXISTS",
    "SELECT c FROM t EXCEPT SELECT c FROM t WHERE n > 5": "EXCEPT et INTERSECT",
    "SELECT last_value(n IGNORE NULLS) OVER (ORDER BY c) FROM t": "IGNORE NULLS",
}

SEVERAL_ROWS_REFUSED = {
    "SELECT count(*) FROM aides": "écrivez count(DISTINCT dossier)",
    "SELECT count(dossier) FROM aides": "écrivez count(DISTINCT dossier)",
    "SELECT sum(1) FROM aides": "écrivez count(DISTINCT dossier)",
    "SELECT avg(aide) FROM aides": "divisez la somme par count(DISTINCT dossier)",
    "SELECT count(DISTINCT dossier) FROM aides WHERE year(verse) >= 2023": "compterait deux fois",
    "SELECT quarter(verse), count(DISTINCT dossier) FROM aides GROUP BY 1": "compterait deux fois",
    "SELECT count(DISTINCT dossier) FROM aides WHERE sexe = 'F' OR year(verse) = 2023": "deux fois",
    "SELECT sexe, count(DISTINCT dossier) FILTER (WHERE verse >= '2023-07-01') FROM aides"
    " GROUP BY 1": "« verse »",
    "SELECT left(code_commune, 1), count(DISTINCT dossier) FROM aides GROUP BY 1": "« code_commune",
    "SELECT m.nom, count(DISTINCT dossier) FROM aides JOIN communes m ON m.code = code_commune"
    " GROUP BY 1": "« code_commune »",
    "SELECT m.code, count(DISTINCT dossier) FROM aides JOIN communes m ON m.code > code_commune"
    " GROUP BY 1": "« code_commune »",
    "SELECT z.zone, year(verse) > 2023, count(DISTINCT dossier) FROM aides JOIN zones z ON"
    " z.code = code_commune GROUP BY 1, 2": "« code_commune », « verse »",
}


@pytest.mark.parametrize("sql", queries(SHOWN))
def test_an_answer_is_the_truth(sql: str) -> None:
    """Where no cell is hidden, it has all figures and rows of the query on rows, in its order."""
    check_all_shown(people(), sql)


@pytest.mark.parametrize("sql", queries(HIDDEN))
def test_a_sum_with_a_hidden_cell_is_empty(sql: str) -> None:
    """It is not what the others add up to."""
    answer = people().answer(sql)
    assert len(answer) == len(people().truth(sql))
    figures = [cell for row in answer for name, cell in row.items() if not name.startswith("k")]
    assert figures == [None] * len(figures)


@pytest.mark.parametrize(("sql", "reason"), REFUSED.items())
def test_what_is_no_sum_of_cells_is_refused(sql: str, reason: str) -> None:
    """By its form, with a reason in French."""
    with pytest.raises(NotInTables, match=reason.replace("(", r"\(").replace(")", r"\)")):
        people().answer(sql)


@pytest.mark.parametrize(("sql", "reason"), OF_FIGURES_REFUSED.items())
def test_what_hidden_figures_would_have_chosen_is_refused(sql: str, reason: str) -> None:
    """Nobody can tell how much of it is missing."""
    with pytest.raises(NotInTables, match=reason):
        people().answer(BY_TOWN + sql)


@pytest.mark.parametrize("sql", queries(OF_SEVERAL_ROWS))
def test_units_with_several_rows_are_counted_each_once(sql: str) -> None:
    """In each class; sums are those of all rows."""
    check_all_shown(payments(), sql)


@pytest.mark.parametrize(("sql", "reason"), SEVERAL_ROWS_REFUSED.items())
def test_units_of_several_classes_are_not_added_up(sql: str, reason: str) -> None:
    """Rows are not counted where tables count units, nor units twice."""
    with pytest.raises(NotInTables, match=reason.replace("(", r"\(").replace(")", r"\)")):
        payments().answer(sql)


def test_small_towns_have_rows_without_figures() -> None:
    """That a town has few is hidden; who is there is known of towns anyway."""
    answer = people().answer("SELECT code_commune AS k, count(*) AS n FROM caf GROUP BY 1")
    assert {row["k"] for row in answer if row["n"] is None} == set(SMALL)
    assert len(answer) == len(people().truth("SELECT DISTINCT code_commune AS k FROM caf"))


def test_below_a_hidden_class_there_are_no_rows() -> None:
    """Its parts are in no table: what is added up over all parts is empty, and not smaller."""
    quarters = "SELECT date_trunc('quarter', verse) AS k, sum(aide) AS s FROM aides GROUP BY 1"
    answer = payments().answer(quarters)
    assert {row["k"].year for row in answer} == {2023, 2024}
    assert figures_shown(payments().truth(quarters), answer) == 8
    over_parts = "SELECT sexe AS k, sum(aide) AS s FROM aides WHERE verse < '2023-07-01' GROUP BY 1"
    assert {row["s"] for row in payments().answer(over_parts)} == {None}
    for around in (
        "SELECT sum(s) AS n FROM ({})",
        "SELECT sum(s) OVER (ORDER BY k) AS n FROM ({})",
    ):
        answer = payments().answer(around.format(quarters))
        assert {row["n"] for row in answer} == {None}


GROUPS = {
    "sexe": "sexe",
    "coalesce(prestation, '?')": "prestation",
    "code_commune": "code_commune",
    "left(code_commune, 2)": "code_commune",
    "year(ouvert)": "ouvert",
    "CASE WHEN age < 25 THEN 0 WHEN age < 60 THEN 1 END": "age",
    "age >= 60": "age",
}
CONDITIONS = {
    "sexe = 'F'": "sexe",
    "prestation IN ('A', 'C')": "prestation",
    "prestation IS NOT NULL": "prestation",
    "NOT prestation = 'A'": "prestation",
    "code_commune IN ('14118', '50129', '50218')": "code_commune",
    "left(code_commune, 2) <> '76'": "code_commune",
    "code_commune > '14366'": "code_commune",
    "age BETWEEN 18 AND 59": "age",
    "age <= 24": "age",
    "ouvert >= '2023-01-01'": "ouvert",
    "year(ouvert) IN (2022, 2024)": "ouvert",
}
FIGURES = (
    "count(*) FILTER (WHERE {})",
    "sum(CASE WHEN {} THEN montant ELSE 0 END)",
    "sum(CASE WHEN {} THEN 1 END)",
    "avg(CASE WHEN {} THEN montant END)",
    "sum(revenu) FILTER (WHERE {})",
    "count(CASE WHEN {} THEN id END)",
    "count(DISTINCT CASE WHEN {} THEN id END)",
)
PLAIN = ("count(*)", "sum(montant)", "avg(montant)", "sum(revenu / 2)", "count(DISTINCT id)")
JOINS = ("", "", " JOIN zones ON code = code_commune", " LEFT JOIN zones ON code = code_commune")
AROUND = (
    "{}",
    "SELECT k0, sum(n0) AS n FROM ({}) GROUP BY k0",
    "SELECT k0, k1, n0, sum(n1) OVER (PARTITION BY k1) AS w FROM ({})",
    "SELECT k0, k1, n1, sum(n0) OVER (PARTITION BY k0 ORDER BY k1) AS w FROM ({})",
)


def drawn(random: Random) -> tuple[str, set[str]]:
    """A query of random parts, with the dimensions that its figures need at most."""
    groups, conditions = random.sample([*GROUPS], 2), random.sample([*CONDITIONS], 2)
    join, inner = random.choice(JOINS), random.choice([*CONDITIONS])
    kept = conditions[: random.randint(0, 2)]
    of_joined = [figure for figure in FIGURES[:-1] if join] or [*FIGURES]
    figures = [random.choice(of_joined).format(inner), random.choice(PLAIN[: 4 if join else 5])]
    where = f" WHERE {' AND '.join(kept)}" if kept else ""
    keys = ", ".join(f"{key} AS k{number}" for number, key in enumerate(groups))
    sql = f"SELECT {keys}, {figures[0]} AS n0, {figures[1]} AS n1 FROM caf"  # noqa: S608
    sql += f"{join}{where} GROUP BY {', '.join(groups)}"
    needed = chain((GROUPS[key] for key in groups), (CONDITIONS[key] for key in (inner, *kept)))
    # The town of a join is one of them.
    return random.choice(AROUND).format(sql), {*needed, *["code_commune"] * bool(join)}


def test_random_queries_are_answered_with_the_truth() -> None:
    """A query is refused for its dimensions alone, and no figure is another than on the rows."""
    random, shown, refused = Random(7), [], 0
    for _ in range(150):
        sql, dimensions = drawn(random)
        if len(dimensions) > people().source.facts.most_at_once:
            with pytest.raises(NotInTables, match="ensemble"):
                people().answer(sql)
            refused += 1
            continue
        try:
            shown.append(figures_shown(people().truth(sql), people().answer(sql)))
        except Exception as error:
            raise AssertionError(sql) from error
    assert len(shown) > refused
    assert sum(map(bool, shown)) > 0.4 * len(shown)


@pytest.mark.parametrize(
    ("towns", "shown"),
    [
        ("'14118', '50129'", 170),
        ("'14118', '27229'", None),
        ("'14118', '27016'", 90),
        ("'14118', '27020'", None),
        ("'14118', '50032'", None),
    ],
)
def test_towns_below_a_hidden_area_hide_only_what_has_them(towns: str, shown: int | None) -> None:
    """Whether or not anybody is in them; those of other areas are shown as before."""
    sql = f"SELECT count(*) AS n FROM gens WHERE code_commune IN ({towns})"  # noqa: S608
    assert villagers().answer(sql) == [{"n": shown}]


def test_code_that_no_list_has_hides_what_may_have_it() -> None:
    """A commune of the past may be below the hidden area, whose list lacks it."""
    world = villagers("01003")
    assert world.source.facts.listed_levels == ()
    sql = "SELECT count(*) AS n FROM gens WHERE code_commune IN ('14118', '50129')"
    assert world.answer(sql) == [{"n": None}]


@pytest.mark.parametrize("last", ["27229", "01003"])
@pytest.mark.parametrize("key", ["m.code", "g.code_commune"])
def test_a_town_without_a_row_is_not_said_to_be_of_nobody(last: str, key: str) -> None:
    """Its area may be hidden, and then it has no cell: an outer join shows no 0 there."""
    sql = (
        f"SELECT m.code AS k, count(g.id) AS n FROM communes m LEFT JOIN gens g"  # noqa: S608
        f" ON g.code_commune = m.code WHERE m.code <> '14047' GROUP BY m.code, {key}"
    )
    shown = {row["k"]: row["n"] for row in villagers(last).answer(sql)}
    assert shown["50502"] is None
    assert shown["14118"] == (90 if last == "27229" else None)
