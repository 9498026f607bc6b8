"""Treatments as holders write them."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.bodies import WrittenTreatment
from shared.errors import explain


def written(**step: Any) -> dict[str, Any]:
    """A treatment of two steps; `step` changes the second."""
    first = {
        "application": "cross",
        "inputs": {"left": "logements", "right": "epci"},
        "output": "croisement",
    }
    second = {
        "application": "aggregate",
        "inputs": {"table": "croisement"},
        "parameters": {"by": ["epci"], "ratio": {"name": "taux", "over": 2.5}},
        "output": "vacance",
    }
    return {
        "inputs": {"logements": "dts_1", "epci": "dts_2"},
        "steps": [first, {**second, **step}],
    }


def test_a_wired_treatment_is_accepted_as_it_is() -> None:
    """Each step reads inputs or what an earlier step made."""
    assert WrittenTreatment.model_validate(written()).steps[1].parameters["by"] == ["epci"]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ({"inputs": {"table": "inconnu"}}, "« inconnu »"),
        ({"inputs": {"table": "vacance"}}, "« vacance »"),
        ({"output": "croisement"}, "existe déjà"),
        ({"output": "epci"}, "existe déjà"),
        ({"output": "../epci"}, "steps.1.output"),
        ({"application": ""}, "steps.1.application"),
        ({"inputs": {}}, "steps.1.inputs"),
        ({"colour": "blue"}, "steps.1.colour"),
        ({"parameters": {"$where": 1}}, "steps.1.parameters"),
        ({"parameters": {"a": [{"b.c": 1}]}}, "steps.1.parameters"),
        ({"parameters": {"a\0": 1}}, "steps.1.parameters"),
        ({"parameters": {"a": 2**64}}, "steps.1.parameters"),
        ({"parameters": {"a": float("nan")}}, "steps.1.parameters"),
        ({"parameters": {"a": "\ud800"}}, "steps.1.parameters"),
        ({"parameters": {"a": "x" * 20_000}}, "steps.1.parameters"),
    ],
)
def test_a_faulty_step_is_refused_by_name(step: dict[str, Any], fault: str) -> None:
    """Unwired, badly named, or not fit to be stored."""
    with pytest.raises(ValidationError) as refused:
        WrittenTreatment.model_validate(written(**step))
    assert fault in explain(refused.value)


def test_parameters_nest_only_so_deep() -> None:
    """The document server has a limit of its own."""
    deep: object = 1
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(ValidationError, match="plus de"):
        WrittenTreatment.model_validate(written(parameters={"a": deep}))


@pytest.mark.parametrize(
    ("inputs", "fault"),
    [({}, "inputs"), ({"a": "dts_1;drop"}, "inputs.a"), ({"A b": "dts_1"}, "inputs.A b")],
)
def test_inputs_are_named_datasets(inputs: dict[str, str], fault: str) -> None:
    """At least one, by a plain name."""
    with pytest.raises(ValidationError) as refused:
        WrittenTreatment.model_validate({**written(), "inputs": inputs})
    assert explain(refused.value).startswith(fault)
