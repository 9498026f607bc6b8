"""Which level of a dimension a use of its column needs: the coarsest whose classes answer it."""

import pytest
from sqlglot import exp, parse_one

from shared.engine.answering.needed_levels import needed_depth
from shared.engine.applications.application import NotInTables
from tests.unit.shared.engine.answering.worlds import payments, people

LEVELS = {
    "left(code_commune, 2)": "departement",
    "substring(code_commune, 1, 2)": "departement",
    "code_commune LIKE '14%'": "departement",
    "starts_with(code_commune, '14')": "departement",
    "code_commune IS NOT NULL": "departement",
    "code_commune LIKE '141%'": "commune",
    "code_commune LIKE '_4%'": "commune",
    "left(code_commune, 3)": "commune",
    "substring(code_commune, 2, 2)": "commune",
    "code_commune < '15'": "commune",
    "year(verse)": "year",
    "extract(year FROM verse)": "year",
    "strftime(verse, '%Y')": "year",
    "date_trunc('year', verse)": "year",
    "verse >= '2023-01-01'": "year",
    "verse < DATE '2023-01-01'": "year",
    "verse <= '2022-12-31'": "year",
    "verse BETWEEN '2023-01-01' AND '2023-12-31'": "year",
    "verse BETWEEN '2023-01-01' AND '2023-06-30'": "quarter",
    "'2023-04-01' > verse": "quarter",
    "quarter(verse)": "quarter",
    "date_trunc('quarter', verse)": "quarter",
    "verse IS NULL": "year",
    "year(verse::timestamp)": "year",
    "strftime(verse, 'an %y')": "year",
    "date_diff('quarter', DATE '2022-01-01', verse)": "quarter",
    "CAST(verse AS TEXT)[:4]": "year",
    "verse < make_date(2023, 1, 1)": "year",
    "verse < DATE '2022-01-01' + INTERVAL 1 YEAR": "year",
    "verse >= '2023-07-01'::date - INTERVAL 3 MONTH": "quarter",
    "verse < TIMESTAMP '2023-01-01 00:00:00'": "year",
    "verse >= strptime('2023-04-01', '%Y-%m-%d')": "quarter",
}
CLASSES = [
    "age >= 18",
    "age > 17",
    "age < 60",
    "age <= 59",
    "18 <= age",
    "17 < age",
    "age >= 0",
    "age BETWEEN 18 AND 24",
    "age BETWEEN 0 AND 59",
    "CAST(age AS INTEGER) >= (25)",
]
IN_NO_CLASS = [
    "age",
    "age + 1 > 18",
    "age > 18",
    "age <= 60",
    "age = 18",
    "age <> 18",
    "age IN (18, 19)",
    "age BETWEEN 18 AND 25",
    "age BETWEEN 17 AND 24",
    "age >= other",
    "age >= '18'",
    "-age >= 18",
    "montant >= 18",
    "id = 'p1'",
    "nowhere = 1",
]
IN_NO_PERIOD = [
    "verse",
    "verse >= '2023-02-01'",
    "verse > '2023-01-01'",
    "verse <= '2023-01-01'",
    "verse BETWEEN '2023-01-01' AND '2024-01-01'",
    "verse = '2023-01-01'",
    "month(verse)",
    "strftime(verse, '%Y-%m')",
    "strftime(verse, '%Y-%j')",
    "monthname(verse)",
    "last_day(verse)",
    "date_diff('day', DATE '2022-01-01', verse)",
    "verse < DATE '2022-01-31' + INTERVAL 1 MONTH",
    "verse < make_date(2023, 13, 1)",
    "verse < make_date(2000 + 23, 1, 1)",
    "verse < DATE '2023-01-01' + INTERVAL 10 DAY",
    "date_trunc('week', verse)",
    "extract(dow FROM verse)",
    "verse >= current_date",
    "verse + INTERVAL 1 DAY >= '2023-01-01'",
]


def column_of(expression: str) -> exp.Column:
    """The column of an expression."""
    column = parse_one(f"SELECT {expression}", dialect="duckdb").find(exp.Column)
    assert column is not None
    return column


@pytest.mark.parametrize(("expression", "level"), LEVELS.items())
def test_use_needs_the_coarsest_level_that_answers_it(expression: str, level: str) -> None:
    """Of places and of dates."""
    source = payments().source
    name, depth = needed_depth(source, column_of(expression))
    assert source.dimension(name).levels[depth - 1] == level


@pytest.mark.parametrize("expression", CLASSES)
def test_comparison_at_the_edge_of_a_class_is_answered(expression: str) -> None:
    """Of whole numbers, more than 17 is from 18 on."""
    assert needed_depth(people().source, column_of(expression)) == ("age", 1)


@pytest.mark.parametrize("expression", IN_NO_CLASS)
def test_what_divides_a_class_is_refused(expression: str) -> None:
    """Nor is a column chosen by that tables are not made by."""
    with pytest.raises(NotInTables):
        needed_depth(people().source, column_of(expression))


@pytest.mark.parametrize("expression", IN_NO_PERIOD)
def test_what_divides_a_period_is_refused(expression: str) -> None:
    """The tables have years and quarters."""
    with pytest.raises(NotInTables):
        needed_depth(payments().source, column_of(expression))
