"""A recipe becomes a treatment, with its steps in an order in which they can run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.compute.recipes.filling import check_places, fill, ordered
from services.compute.recipes.model import Recipe, RecipeVersion
from shared.errors import Forbidden, Invalid, NotFound
from shared.events import Step
from tests.integration.compute.jobs import step

CHART = {"top": "${top}", "title": "Les ${top}"}
SUM = step("aggregate", {"table": "crossed"}, "summed", by=["epci"], sums=["${what}"], chart=CHART)
SIDES = {"left": "homes", "right": "towns"}
CROSS = step("cross", SIDES, "crossed", left_key="com", right_key="code")
RECIPE: dict[str, Any] = {
    "title": "Additionner par EPCI",
    "description": "",
    "inputs": {"homes": {"title": "Des logements"}, "towns": {"title": "Les communes"}},
    "parameters": {
        "what": {"title": "Ce qui est additionné", "default": "vacants"},
        "top": {"title": "Combien de barres", "type": "integer", "default": 10},
    },
    "steps": [CROSS, SUM],
}
INPUTS = {"homes": "dts_1", "towns": "dts_2"}


def version(**changes: Any) -> RecipeVersion:
    """The recipe above, changed."""
    about = {"number": 2, "published_at": datetime.now(UTC)}
    return RecipeVersion.model_validate({**RECIPE, **about, **changes})


def test_values_keep_their_type_and_stand_in_texts() -> None:
    """A parameter alone is a value; within a text it is text."""
    treatment = fill(version(), "par-epci", INPUTS, {"top": 5})
    chart = treatment.steps[1].parameters["chart"]
    assert (chart["top"], chart["title"]) == (5, "Les 5")
    assert treatment.steps[1].parameters["sums"] == ["vacants"]
    assert (treatment.inputs, treatment.recipe) == (INPUTS, "par-epci@2")


@pytest.mark.parametrize(
    ("inputs", "values", "field"),
    [
        ({"homes": "dts_1"}, {}, "inputs.towns"),
        ({**INPUTS, "towns": ""}, {}, "inputs.towns"),
        ({**INPUTS, "homes": " "}, {}, "inputs.homes"),
        ({**INPUTS, "more": "dts_3"}, {}, "inputs.more"),
        (INPUTS, {"top": "cinq"}, "parameters.top"),
        (INPUTS, {"top": "2,5"}, "parameters.top"),
        (INPUTS, {"top": "9" * 400}, "parameters.top"),
        (INPUTS, {"top": True}, "parameters.top"),
        (INPUTS, {"bottom": 1}, "parameters.bottom"),
    ],
)
def test_wrong_input_or_value_is_named(
    inputs: dict[str, str], values: dict[str, Any], field: str
) -> None:
    """Whoever uses a recipe learns which of what they chose is missing or wrong."""
    with pytest.raises(Invalid) as error:
        fill(version(), "par-epci", inputs, values)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "01004", "01004"),
        ("text", "5", "5"),
        ("integer", "1 000", 1000),
        ("number", "2,5", 2.5),
        ("number", "1e3", 1000.0),
        ("boolean", "true", True),
    ],
)
def test_text_of_a_form_is_read_as_its_parameter_is(kind: str, text: str, value: object) -> None:
    """A code stays a text, with its zeros; numbers are written as people do."""
    about = {"title": "Un seuil", "type": kind, "default": text}
    recipe = version(parameters={**RECIPE["parameters"], "what": about})
    (_, summed) = fill(recipe, "par-epci", INPUTS, {"what": text}).steps
    assert summed.parameters["sums"] == [value]


def test_steps_are_ordered_by_what_they_read() -> None:
    """Written in any order, each runs after those whose tables it reads."""
    steps = [Step.model_validate(step) for step in (SUM, CROSS)]
    assert [step.output for step in ordered(steps)] == ["crossed", "summed"]


def test_cycle_is_refused_with_the_names_of_its_steps() -> None:
    """Steps that wait for one another never run."""
    step = Step.model_validate({**CROSS, "inputs": {"left": "summed", "right": "towns"}})
    with pytest.raises(Invalid, match=r"« crossed ».*« summed »|« summed ».*« crossed »"):
        ordered([step, Step.model_validate(SUM)])


def test_place_without_a_parameter_is_a_fault() -> None:
    """`${other}` stands for nothing."""
    step = {**SUM, "parameters": {"by": ["${other}"]}}
    with pytest.raises(Invalid, match="« other »"):
        check_places(version(steps=[CROSS, step]))


def test_recipe_has_versions_of_its_author() -> None:
    """The same again is no version, another member publishes none, an erased one has no words."""
    recipe = Recipe(id="par-epci", member_id="mbr_1")
    for title in ("Un", "Un", "Deux"):
        recipe.publish("mbr_1", {**RECIPE, "title": title})
    assert [version.number for version in recipe.versions] == [1, 2]
    with pytest.raises(Forbidden):
        recipe.publish("mbr_2", RECIPE)
    assert recipe.at(1).title == "Un"
    with pytest.raises(NotFound):
        recipe.at(3)
    recipe.retire(is_erased=True)
    assert {version.steps for version in recipe.versions} == {()}
    with pytest.raises(NotFound):
        recipe.at(None)


def test_no_value_is_written_into_code() -> None:
    """What was reviewed is what runs: values are given to it beside."""
    code = "def run(tables, parameters):\n    return '${what} ${other}'\n"
    own = step("python", {"a": "homes"}, "summed", code=code, parameters={"what": "${what}"})
    recipe = version(steps=[own])
    check_places(recipe)
    (filled,) = fill(recipe, "par-epci", INPUTS, {"what": "x'; import os"}).steps
    assert filled.parameters == {"code": code, "parameters": {"what": "x'; import os"}}


def of_query(sql: str) -> RecipeVersion:
    """A recipe of one query."""
    return version(steps=[step("query", {"t": "homes"}, "queried", sql=sql)])


def test_value_goes_into_sql_as_a_value() -> None:
    """Whatever signs it holds: a text is compared, a number counted, a name is a column's."""
    recipe = of_query("SELECT \"${what}\" FROM t WHERE com = '${what}' LIMIT ${top}")
    (query,) = fill(recipe, "r", INPUTS, {"what": "x' OR '1'='1", "top": 5}).steps
    assert query.parameters["sql"] == (
        "SELECT \"x' OR '1'='1\" FROM t WHERE com = 'x'' OR ''1''=''1' LIMIT 5"
    )


def test_value_that_would_be_a_piece_of_sql_is_refused() -> None:
    """When the recipe is published, and when one of before is used: at its step, with the line."""
    with pytest.raises(Invalid, match=r"« \$\{what\} » ne peut tenir lieu que") as error:
        fill(of_query("SELECT com\nFROM ${what}"), "r", INPUTS, {})
    assert error.value.field == "steps.0.parameters.sql"
    assert "ligne 2, colonne 6" in str(error.value)


def test_columns_are_called_as_the_recipe_calls_them() -> None:
    """By a query before its steps, which reads what the recipe names; elsewhere nothing changes."""
    inputs = {
        "homes": {"title": "Des logements", "columns": {"com": "commune", "vacants": ""}},
        "towns": {"title": "Les communes", "columns": {"code": "commune"}},
    }
    chosen = {"homes": {"com": 'le "code"'}, "towns": {"code": "code"}}
    treatment = fill(version(inputs=inputs), "par-epci", INPUTS, {}, chosen)
    first, cross, _ = treatment.steps
    assert (first.application, first.inputs) == ("query", {"table": "homes"})
    assert first.parameters == {
        "sql": 'SELECT "le ""code""" AS "com", "vacants" AS "vacants" FROM "table"'
    }
    assert cross.inputs == {"left": first.output, "right": "towns"}


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"others": {"com": "a"}}, "columns.others"),
        ({"homes": {"epci": "a"}}, "columns.homes.epci"),
    ],
)
def test_column_that_the_recipe_does_not_name_is_refused(
    columns: dict[str, dict[str, str]], field: str
) -> None:
    """As an unknown input is."""
    with pytest.raises(Invalid) as error:
        fill(version(), "par-epci", INPUTS, {}, columns)
    assert error.value.field == field


def test_too_many_steps_with_those_that_rename_are_refused() -> None:
    """A treatment has ten at most."""
    inputs = {"homes": {"title": "L", "columns": {"com": ""}}, "towns": {"title": "C"}}
    steps = [CROSS, *({**SUM, "output": f"s{number}"} for number in range(9))]
    with pytest.raises(Invalid, match="plus de 10 étapes"):
        fill(version(inputs=inputs, steps=steps), "r", INPUTS, {}, {"homes": {"com": "b"}})
