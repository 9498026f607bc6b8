"""What can be asked of compute, and what is refused before anything runs."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.engine.applications import check_steps, list_applications, with_choices
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.errors import Invalid
from shared.events import Step, Treatment

CROSS: dict[str, Any] = {
    "application": "cross",
    "inputs": {"left": "a", "right": "b"},
    "parameters": {"left_key": "k", "right_key": "k"},
    "output": "c",
}


def test_applications_are_listed_with_schemas_of_their_parameters() -> None:
    """Each has French texts, roles and a valid JSON Schema."""
    listed = {application.name: application for application in list_applications()}
    on_tables = {"clean", "filter", "cross", "aggregate", "pivot", "geo", "pseudonymise"}
    assert set(listed) == {"ingest", *on_tables, "query", "python", "chart", "map", "report"}
    for application in listed.values():
        Draft202012Validator.check_schema(application.parameters)
        assert application.title
        assert application.description
    assert [role.name for role in listed["cross"].roles] == ["left", "right", "successors"]
    assert [role.required for role in listed["cross"].roles] == [True, True, False]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"application": "rm"}, "steps.0"),
        ({"inputs": {"left": "a"}}, "steps.0.inputs.right"),
        ({"inputs": {"left": "a", "right": "z"}}, "steps.0.inputs.right"),
        ({"inputs": {"left": "a", "right": "b", "up": "a"}}, "steps.0.inputs.up"),
        ({"parameters": {"left_key": "k"}}, "steps.0.parameters.right_key"),
        ({"parameters": {**CROSS["parameters"], "how": "outer"}}, "steps.0.parameters.how"),
        ({"parameters": {**CROSS["parameters"], "extra": 1}}, "steps.0.parameters.extra"),
        ({"parameters": {**CROSS["parameters"], "left_via": "x"}}, "steps.0.parameters.left_via"),
        ({"output": "a"}, "steps.0.output"),
        ({"output": "../c"}, "steps.0.output"),
    ],
)
def test_step_that_cannot_run_is_refused_naming_the_field(
    change: dict[str, Any], field: str
) -> None:
    """The first fault is named before anything is read."""
    with pytest.raises(Invalid) as refused:
        check_steps(["a", "b"], [Step(**{**CROSS, **change})])
    assert refused.value.field == field


@pytest.mark.parametrize(
    "parameters",
    [
        {"by": []},
        {"by": ["g"]},
        {"by": ["g"], "sums": ["G"]},
        {"by": ["g"], "sums": ["x"], "means": ["y"], "counts": ["y", "y"]},
        {"by": ["g"], "sums": ["x"], "ratio": {"name": "r", "numerator": "x", "denominator": "y"}},
        {"by": ["g"], "sums": ["x"], "chart": {"value": "g", "label": "g", "title": "t"}},
    ],
)
def test_aggregation_that_names_no_result_is_refused(parameters: dict[str, Any]) -> None:
    """Groups, figures, ratio and chart must name columns that the result has, each once."""
    with pytest.raises(ValueError, match="validation error"):
        AggregateParameters.model_validate(parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"left_key": "k"}, "ce champ manque"),
        ({**CROSS["parameters"], "extra": 1}, "ce champ n'existe pas"),
        (
            {**CROSS["parameters"], "how": "outer"},
            "les valeurs possibles sont 'left', 'inner', 'right', 'full' ou 'anti'",
        ),
        ({**CROSS["parameters"], "left_key": 3}, "doit être un texte"),
        (
            {**CROSS["parameters"], "left_via": "siret_siren", "right_via": "iris_commune"},
            "left_via mène à « siren », et right_via à « commune »",
        ),
    ],
)
def test_wrong_parameter_is_explained_in_french(parameters: dict[str, Any], message: str) -> None:
    """It is the reason of a failed trial, which the holder reads."""
    with pytest.raises(Invalid) as refused:
        check_steps(["a", "b"], [Step(**{**CROSS, "parameters": parameters})])
    assert refused.value.args[0] == message


def test_choice_that_a_new_treatment_leaves_open_is_written_out() -> None:
    """Rows of both tables are not multiplied unless that is wanted; what is chosen stays."""
    kept = {**CROSS, "parameters": {**CROSS["parameters"], "many_to_many": "kept"}, "output": "d"}
    added = {"application": "aggregate", "inputs": {"table": "d"}, "output": "e"}
    treatment = Treatment.model_validate(
        {"inputs": {"a": "dts_a", "b": "dts_b"}, "steps": [CROSS, kept, added]}
    )
    first, second, third = with_choices(treatment).steps
    assert first.parameters == {**CROSS["parameters"], "many_to_many": "refused"}
    assert (second, third) == treatment.steps[1:]
    assert with_choices(with_choices(treatment)) == with_choices(treatment)
