"""Which treatments protected tables answer, by which steps, and at which field others wait."""

from typing import Any

import pytest

from shared.engine.analysis.answers import UnansweredError, answering_steps
from shared.events.event import Step
from tests.unit.shared.engine.analysis.steps import step
from tests.unit.shared.engine.answering.worlds import OPEN, PAYMENTS, PEOPLE, payments, people

COUNTED = step("aggregate", {"table": "f"}, "a", by=["sexe"], rows="n")
COUNTED_ROWS = step("aggregate", {"table": PEOPLE}, "a", by=["sexe"], rows="n")
CHOSEN = step("filter", {"table": PEOPLE}, "f", column="prestation", comparison="=", value="b")


def crossed(output: str = "f", left: str = PEOPLE, right: str = "zones", **changed: Any) -> Any:
    """The people with the zones of their town."""
    keys = {"left_key": "code_commune", "right_key": "code", "how": "left"}
    return step("cross", {"left": left, "right": right}, output, **{**keys, **changed})


def answered(*steps: Any, names: tuple[str, ...] = (PEOPLE,)) -> tuple[Step, ...]:
    """The steps that answer these."""
    columns = {name: tuple(columns) for name, (columns, _) in OPEN.items()}
    listed = [Step.model_validate(step) for step in steps]
    return answering_steps(listed, dict.fromkeys(names, people().known_table), columns)


def test_aggregation_becomes_a_query_on_cells() -> None:
    """What comes after it stays as it was."""
    first = step("aggregate", {"table": PEOPLE}, "a", by=["code_commune"], rows="n")
    chart = step("chart", {"table": "a"}, "c", label="code_commune", value="n", title="T")
    query, drawn = answered(first, chart)
    assert (query.application, query.inputs, query.output) == ("query", {"table": PEOPLE}, "a")
    assert drawn == Step.model_validate(chart)


def test_chart_of_an_aggregation_is_a_step_of_its_own() -> None:
    """It draws the answer."""
    chart = {"value": "n", "label": "sexe", "title": "T"}
    query, drawn = answered(
        step("aggregate", {"table": PEOPLE}, "a", by=["sexe"], rows="n", chart=chart)
    )
    assert (query.output, drawn.application, drawn.inputs) == ("a", "chart", {"table": "a"})
    assert drawn.parameters == chart


@pytest.mark.parametrize("choosing", [CHOSEN, crossed()])
def test_what_chooses_rows_chooses_cells(choosing: Any) -> None:
    """The step itself runs, on cells that have the columns of the data."""
    cells, chosen, query = answered(choosing, COUNTED)
    assert cells.inputs == {"table": PEOPLE}
    assert chosen.application == choosing["application"]
    assert chosen.parameters == choosing["parameters"]
    assert cells.output in chosen.inputs.values()
    assert query.inputs["table"] == chosen.output
    assert query.output == "a"


def test_an_aggregation_s_medians_are_estimated_as_a_query_s() -> None:
    """And so are its quantiles."""
    quantile = {"column": "age", "p": 0.25}
    (query,) = answered(
        step(
            "aggregate", {"table": PEOPLE}, "a", by=["sexe"], medians=["age"], quantiles=[quantile]
        )
    )
    assert "0.25 * (c['total'] - 1)" in query.parameters["sql"]
    assert "0.5 * (c['total'] - 1)" in query.parameters["sql"]
    assert "age_q25" in query.parameters["sql"]


def test_a_pivot_moves_the_figures_of_periods() -> None:
    """Each is in one cell: its figure is what the aggregation shows, and no sum."""
    yearly = step("aggregate", {"table": PEOPLE}, "a", by=["sexe"], rows="n")
    yearly["parameters"]["times"] = [{"column": "ouvert", "step": "year", "name": "an"}]
    wide = {"index": ["sexe"], "names": "an", "values": "n", "figure": "sum", "columns": ["2023"]}
    assert answered(yearly, step("pivot", {"table": "a"}, "p", wide=wide))[1].application == "pivot"
    yearly["parameters"]["by"] = ["sexe", "prestation"]
    with pytest.raises(UnansweredError, match="additionne"):
        answered(yearly, step("pivot", {"table": "a"}, "p", wide=wide))


def test_two_inputs_of_one_dataset_are_both_answered() -> None:
    """Each by itself; crossed with each other they are in no table."""
    steps = [
        step("aggregate", {"table": name}, f"of_{name}", by=["sexe"], rows=f"n_{name}")
        for name in ("x", "y")
    ]
    both = crossed("a", "of_x", "of_y", left_key="sexe", right_key="sexe")
    answer = answered(*steps, both, names=("x", "y"))
    assert [made.application for made in answer] == ["query", "query", "cross"]
    with pytest.raises(UnansweredError, match="croisées avec elles-mêmes"):
        answered(crossed(left="x", right="y", right_key="code_commune"), names=("x", "y"))


def test_what_comes_of_an_answer_shows_no_hidden_figure() -> None:
    """A query on it is made strict where it would take a null for nothing, and else left alone."""
    plain = step("query", {"a": "a"}, "q", sql="SELECT sexe, 2 * n AS d FROM a ORDER BY n")
    assert answered(COUNTED_ROWS, plain)[1] == Step.model_validate(plain)
    filled = step("query", {"a": "a"}, "q", sql="SELECT sexe, coalesce(n, 0) AS n FROM a")
    assert "IS NULL" in answered(COUNTED_ROWS, filled)[1].parameters["sql"]


AGE = step("filter", {"table": PEOPLE}, "f", column="age", comparison=">", value="60")
IDS = crossed(left_key="id")
TOTAL = step("aggregate", {"table": "a"}, "t", by=["sexe"], sums=["n"])
COUNT = step("query", {"a": "a"}, "t", sql="SELECT count(*) AS n FROM a WHERE n > 20")
MEET = crossed(right="a", left_key="sexe", right_key="sexe", how="inner")
MEDIANS = step("aggregate", {"table": "f"}, "a", by=["sexe"], medians=["montant"])
MAXIMUMS = step("aggregate", {"table": "f"}, "a", by=["sexe"], maxs=["montant"])
DAYS = step("aggregate", {"table": PEOPLE}, "a", rows="n", by=[])
DAYS["parameters"]["times"] = [{"column": "ouvert", "step": "day"}]
FOUR = step("aggregate", {"table": "f"}, "a", by=["sexe", "code_commune"], rows="n")
FOUR["parameters"]["times"] = [{"column": "ouvert", "step": "year"}]
CODE = step("python", {PEOPLE: PEOPLE}, "p", code="def run(t, p): return t", columns={})
REFUSED = {
    "rows": ([CHOSEN], "steps.0", "lignes une à une : comptez-les"),
    "rows behind a count": ([COUNTED_ROWS, CHOSEN], "steps.1", "lignes une à une : comptez-les"),
    "no edge of a class": ([AGE, COUNTED], "steps.0", "comparez-le au début d'une classe"),
    "a list of ids": ([IDS, COUNTED], "steps.0", "« id » n'est pas montré"),
    "all rows of the right": ([crossed(how="full"), COUNTED], "steps.0", "garde aussi"),
    "from the right": (
        [crossed(left="zones", right=PEOPLE), COUNTED],
        "steps.0",
        "lignes une à une",
    ),
    "a sum of figures": ([COUNTED_ROWS, TOTAL], "steps.1", "choisi d'après un chiffre"),
    "a count of figures": ([COUNTED_ROWS, COUNT], "steps.1", "choisi d'après un chiffre"),
    "rows by figures": ([COUNTED_ROWS, MEET, TOTAL], "steps.1", "choisies par des chiffres"),
    "a median": ([CHOSEN, MEDIANS], "steps.1", "« montant » n'en a pas"),
    "a maximum": ([CHOSEN, MAXIMUMS], "steps.1", "n'est pas une somme"),
    "days": ([DAYS], "steps.0", "par jour ni par semaine"),
    "four dimensions": ([CHOSEN, FOUR], "steps.1", "« prestation » et « sexe » ensemble"),
    "own code": ([CODE], "steps.0", "lit des lignes une à une"),
}


@pytest.mark.parametrize(("steps", "field", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_sum_is_refused_at_its_step(steps: Any, field: str, reason: str) -> None:
    """With a reason in French."""
    with pytest.raises(UnansweredError, match=reason) as refused:
        answered(*steps)
    assert refused.value.field == field


def test_two_protected_tables_are_answered_one_after_the_other() -> None:
    """Each by its own tables; crossed with one another neither is."""
    ours, theirs = people().known_table, payments().known_table
    restricted = {PEOPLE: ours, PAYMENTS: theirs}
    columns = {name: table.names for name, table in restricted.items()}
    steps = [
        COUNTED_ROWS,
        step("aggregate", {"table": PAYMENTS}, "b", by=["sexe"], sums=["aide"]),
        step("cross", {"left": "a", "right": "b"}, "c", left_key="sexe", right_key="sexe"),
    ]
    first, second, third = answering_steps(
        [Step.model_validate(step) for step in steps], restricted, columns
    )
    assert (first.application, second.application) == ("query", "query")
    assert third == Step.model_validate(steps[2])
    joined = step(
        "query", {PEOPLE: PEOPLE, PAYMENTS: PAYMENTS}, "r",
        sql="SELECT count(*) FROM caf JOIN aides ON aides.dossier = caf.id",
    )  # fmt: skip
    with pytest.raises(UnansweredError):
        answering_steps([Step.model_validate(joined)], restricted, columns)
