"""What is not published is as unknown to others as what does not exist: no answer tells it."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from services.catalog.service import Catalog
from shared.aggregate import new_id
from shared.errors import LabError
from shared.events import Treatment, TreatmentProposed
from tests.integration.catalog.datasets.test_holding import held
from tests.integration.catalog.lab import CSV, Lab, reading, submitted

OTHER = "mbr_other"
ROUTES = sorted(
    f"{entrypoint.route.method} {entrypoint.route.path}"
    for _, method in inspect.getmembers(Catalog, inspect.isfunction)
    for entrypoint in getattr(method, "nameko_entrypoints", ())
    if hasattr(entrypoint, "route") and "{dataset_id}" in entrypoint.route.path
)
BASIS = {"basis": "public_task", "purpose": "Annuaire"}
BY_SEX = {"column": "sexe", "levels": ["value"]}
DECLARED = {"columns": ["mail"], "reason": "Des navires"}
BODIES: dict[str, dict[str, Any]] = {
    "POST /datasets/{dataset_id}/versions": {
        "fields": {"metadata": "{}", "file": ("a.csv", CSV, "text/csv")}
    },
    "POST /datasets/{dataset_id}/repairs": {"json": {"column": "com", "repair": "leading_zero"}},
    "POST /datasets/{dataset_id}/legal-basis": {"json": BASIS},
    "POST /datasets/{dataset_id}/not-personal": {"json": DECLARED},
    "POST /datasets/{dataset_id}/not-personal/answer": {"json": {"answer": "withdraw"}},
    "POST /datasets/{dataset_id}/take-in": {"json": {}},
    "POST /datasets/{dataset_id}/opening": {"json": {"reason": "Utile à tous."}},
    "POST /datasets/{dataset_id}/opening/decision": {"json": {"decision": "open", "version": 1}},
    "POST /datasets/{dataset_id}/retirement": {"json": {"reason": "Fini."}},
    "DELETE /datasets/{dataset_id}": {"json": {"reason": "Fini."}},
    "PATCH /datasets/{dataset_id}": {"json": {"title": "Autre titre"}},
    "PUT /datasets/{dataset_id}/release-policy": {"json": {"dimensions": [BY_SEX]}},
    "POST /datasets/{dataset_id}/release-policy/agreement": {"json": {"number": 1}},
}
"""Bodies that fit, so that it is the dataset that is judged."""

CALLS: dict[str, Callable[[Any, str], object]] = {
    "describe_dataset": lambda catalog, dataset_id: catalog.describe_dataset(
        dataset_id, OTHER, {"title": "Autre"}
    ),
    "accept_repair": lambda catalog, dataset_id: catalog.accept_repair(
        dataset_id, OTHER, "com", "leading_zero"
    ),
    "confirm_legal_basis": lambda catalog, dataset_id: catalog.confirm_legal_basis(
        dataset_id, OTHER, **BASIS
    ),
    "declare_no_personal_data": lambda catalog, dataset_id: catalog.declare_no_personal_data(
        dataset_id, OTHER, **DECLARED
    ),
    "take_in": lambda catalog, dataset_id: catalog.take_in(dataset_id, OTHER),
    "open_dataset": lambda catalog, dataset_id: catalog.open_dataset("prj_x", dataset_id),
    "decide_access": lambda catalog, dataset_id: catalog.decide_access(
        f"prj_x.{dataset_id}", OTHER, "grant"
    ),
}
"""What services ask in the name of a member or a project."""


@pytest.fixture(scope="module")
def two(lab: Lab) -> tuple[str, str]:
    """The ids of a dataset of somebody else's that is held, and of none."""
    theme = {"title": "Lettre", "theme": "Abonnés", "keywords": ["lettre"]}
    return held(lab, "mbr_1", access="restricted", **theme), new_id("dts")


def as_seen(text: str, *names: str) -> str:
    """A text without what differs by itself: the names of what was asked about."""
    for name in names:
        text = text.replace(name, "NAME")
    return text


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_tells_held_data_from_none(lab: Lab, two: tuple[str, str], route: str) -> None:
    """Status, kind and text of the answer are the same for any other member."""
    method, path = route.split(" ")
    token = lab.token(OTHER, "holder", "owner")
    answers = []
    for dataset_id in two:
        filled = path.replace("{dataset_id}", dataset_id).replace("{name}", "chart.png")
        answer = lab.call(method, filled, token, **BODIES.get(route, {}))
        kind = answer.headers.get("Content-Type")
        answers.append((answer.status, kind, as_seen(answer.data.decode(), dataset_id)))
    assert answers[0] == answers[1]
    assert answers[0][0] in {403, 404}


@pytest.mark.parametrize("path", ["/datasets/{}?format=ttl", "/crossing?dataset_id={}"])
def test_no_query_tells_held_data_from_none(lab: Lab, two: tuple[str, str], path: str) -> None:
    """Neither in another format, nor beside others."""
    token = lab.token(OTHER, "holder")
    answers = [(lab.call("GET", path.format(dataset_id), token), dataset_id) for dataset_id in two]
    first, second = (
        (answer.status, as_seen(answer.data.decode(), dataset_id)) for answer, dataset_id in answers
    )
    assert first == second


@pytest.mark.parametrize("name", CALLS)
def test_no_call_tells_held_data_from_none(lab: Lab, two: tuple[str, str], name: str) -> None:
    """Class and text of the error are the same."""
    errors = []
    with lab.rpc() as catalog:
        for dataset_id in two:
            with pytest.raises(LabError) as raised:
                CALLS[name](catalog, dataset_id)
            errors.append((type(raised.value), as_seen(str(raised.value), dataset_id)))
    assert errors[0] == errors[1]


def event_text(lab: Lab, topic: str, project_id: str, dataset_id: str) -> str:
    """What an event says of a project."""
    return as_seen(str(lab.wait_for(topic, project_id=project_id)), project_id, dataset_id)


def test_project_is_told_the_same_of_held_data_and_of_none(lab: Lab, two: tuple[str, str]) -> None:
    """By the check of its treatment, by what fits it, and by the answer to its request."""
    texts: list[list[str]] = []
    for dataset_id in two:
        project = submitted(
            holder_id=OTHER, dataset_ids=(dataset_id,), treatment=reading(a=dataset_id)
        )
        identifier = project.project_id
        lab.publish(project)
        topics = ["inputs_checked", "datasets_matched"]
        event_texts = [event_text(lab, topic, identifier, dataset_id) for topic in topics]
        lab.secure(dataset_id, project_id=identifier, holder_id=OTHER)
        texts.append([*event_texts, event_text(lab, "access_refused", identifier, dataset_id)])
        assert lab.events("access_requested", project_id=identifier) == []
    assert texts[0] == texts[1]
    assert "inconnu du catalogue, ou n'y est pas encore publié" in texts[0][0]


def test_another_treatment_is_told_the_same_of_both(lab: Lab, two: tuple[str, str]) -> None:
    """As the first one was."""
    texts = []
    for dataset_id in two:
        treatment: Treatment = reading(a=dataset_id)
        event = TreatmentProposed(
            project_id=new_id("prj"), holder_id=OTHER, proposal=2, treatment=treatment
        )
        lab.publish(event)
        texts.append(event_text(lab, "inputs_checked", event.project_id, dataset_id))
    assert texts[0] == texts[1]
