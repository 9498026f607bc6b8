"""The steps of a treatment that cross two datasets as they are."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.applications import APPLICATIONS, parse_parameters
from shared.applications.cross_application import CrossParameters
from shared.events.event import Treatment


class DatasetCrossing(NamedTuple):
    """A step that crosses two datasets as they are."""

    step: int
    left: str
    right: str
    parameters: CrossParameters


def dataset_crossings(treatment: Treatment) -> Iterator[DatasetCrossing]:
    """The steps that cross two datasets themselves; Invalid for wrong parameters."""
    for number, step in enumerate(treatment.steps):
        left, right = (treatment.inputs.get(step.inputs.get(it, "")) for it in ("left", "right"))
        if step.application == "cross" and left and right:
            parameters = parse_parameters(APPLICATIONS["cross"], step, f"steps.{number}")
            # Of several keys together the index knows nothing.
            if isinstance(parameters, CrossParameters) and not parameters.keys:
                yield DatasetCrossing(number, left, right, parameters)
