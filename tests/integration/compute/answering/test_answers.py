"""The engine answers treatments from protected tables with the figures of the rows."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared.events.event import Step, Treatment
from tests.corpora.requests.judge import Judgement, Request, judge, requests
from tests.unit.shared.engine.analysis.steps import step

QUICK = ("demandes_logement", "paiements_apprentis")
"""Tables whose protected tables are made within seconds."""

RANKED = {"q23"}
"""Asks for the ten largest, of which a hidden commune is one: the largest that are shown answer."""

HOMES = "demandes_logement"
WAITING = step("filter", {"table": HOMES}, "f", column="statut", comparison="=", value="en attente")
PLACES = step(
    "cross",
    {"left": HOMES, "right": "communes"},
    "f",
    left_key="commune",
    right_key="code",
    how="left",
)


def test_judged_requests_are_answered_or_wait() -> None:
    """What waits is refused by its form; what leaves is answered, and wrong in its ranks alone."""
    judged = [(request, judge(request)) for request in requests("tuning") if request.table in QUICK]
    assert {request.id for request, judgement in judged if judgement.wrong} == RANKED
    assert not [
        request.id for request, judgement in judged if not request.leaves and not judgement.refusal
    ]
    leaving = [judgement for request, judgement in judged if request.leaves]
    assert sum(not judgement.refusal for judgement in leaving) >= 0.9 * len(leaving) > 0
    # A few ask for cells all of which are hidden.
    assert sum(judgement.shown > 0 for judgement in leaving) >= 0.9 * len(leaving)


def judged(*steps: Any) -> Judgement:
    """What becomes of steps on the requests for homes."""
    inputs = {name: name for name in (HOMES, "communes")}
    listed = tuple(Step.model_validate(step) for step in steps)
    return judge(Request("", HOMES, Treatment(inputs=inputs, steps=listed), leaves=True))


def counted(by: str, table: str = "f", **more: Any) -> Any:
    """Counts and sums of what was chosen."""
    return step("aggregate", {"table": table}, "a", by=[by], rows="n", **more)


ANSWERED: dict[str, Sequence[Any]] = {
    "filter": (WAITING, counted("typologie", sums=["nb_personnes"])),
    "filter in other letters": (
        WAITING | {"parameters": {"column": "statut", "comparison": "=", "value": " En Attente"}},
        counted("typologie"),
    ),
    "filter that drops columns": (
        WAITING | {"parameters": {**WAITING["parameters"], "columns": ["typologie"]}},
        counted("typologie"),
    ),
    "filter of dates": (
        step(
            "filter",
            {"table": HOMES},
            "f",
            column="date_demande",
            comparison=">=",
            value="01/01/2024",
        ),
        counted("statut"),
    ),
    "crossing": (PLACES, counted("commune", sums=["nb_personnes"])),
    "crossing of a filter": (
        WAITING,
        PLACES | {"inputs": {"left": "f", "right": "communes"}, "output": "g"},
        counted("commune", "g"),
    ),
    "crossing, then SQL": (
        PLACES,
        step("query", {"t": "f"}, "a", sql="SELECT commune, count(*) AS n FROM t GROUP BY commune"),
    ),
}


@pytest.mark.parametrize("steps", ANSWERED.values(), ids=ANSWERED)
def test_steps_that_choose_rows_choose_cells(steps: Sequence[Any]) -> None:
    """The engine's own step runs on cells, with the figures of the rows after it."""
    judgement = judged(*steps)
    assert judgement.refusal == ""
    assert judgement.wrong == 0
    assert judgement.shown > 0
