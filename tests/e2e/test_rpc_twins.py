"""What is a route and RPC in one answers the same by both, to a stock nameko client."""

import operator
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
import urllib3
from nameko.standalone.rpc import ClusterRpcProxy

from deploy.demo import content
from deploy.demo.story import Story
from deploy.reference import entrypoints
from deploy.topology import SERVICE_CLASSES
from shared.auth import issue_token
from shared.errors import LabError
from shared.http.route import Route
from shared.http.rpc_entrypoint import RouteRpc
from tests.chaos.lab import Lab
from tests.servers import eventually

ACTOR = "mbr_twin"
RECIPE = content.recipe()["name"]
VALUES: dict[str, Any] = {
    "answer": "accept",
    "attendance": 5,
    "basis": "public_task",
    "changes": {},
    "column": "com",
    "columns": ["com"],
    "delivery": {"job_id": "job_x", "title": "T", "description": "D", "licence": "lov2"},
    "event_types": ["project_*"],
    "mail": "une@ville.example",
    "member": {"name": "Ville", "kind": "local_authority"},
    "mode": "on_change",
    "name": "Zénobie",
    "project": {"title": "T", "problem": "P", "theme": "eau", "territory": ["14"]},
    "purpose": "Annuaire",
    "reason": "Fini.",
    "question": "Pourquoi ?",
    "repair": "leading_zero",
    "site_id": ACTOR,
    "source": {"title": "R", "catalogue": "dcat", "url": "http://192.0.2.1/", "theme": "eau"},
    "team": [ACTOR],
    "title": "Diapositives",
    "treatment": {"inputs": {"homes": "dts_none"}, "steps": []},
    "url": "https://a.example/d.pdf",
    "version": 1,
    "workshop": {
        "title": "Atelier",
        "theme": "eau",
        "starts_at": "2999-01-01T00:00:00Z",
        "ends_at": "2999-01-01T00:00:00Z",
        "place": "Caen",
        "seats": 5,
    },
}
OF_METHOD: dict[str, dict[str, Any]] = {
    "answer_no_personal_data": {"answer": "confirm"},
    "decide_access": {"decision": "grant"},
    "decide_on_opening": {"decision": "open"},
    "decide_quota": {"decision": "refuse"},
    "decide_release": {"decision": "release"},
    "make_treatment": {"name": RECIPE, "wanted": {"inputs": {}}},
    "request_quota": {"seconds": 7200},
    "review_project": {"decision": "secure"},
}


class Twin(NamedTuple):
    """A method that programs call by RPC, and its route."""

    service: str
    name: str
    route: Route
    rpc: RouteRpc


TWINS = [
    Twin(service.name, method.__name__, rpc._route, rpc)
    for service in SERVICE_CLASSES
    for method, rpc in entrypoints(service, "rpc_consumer")
    if isinstance(rpc, RouteRpc)
]


def arguments_of(twin: Twin, ids: dict[str, str]) -> dict[str, Any]:
    """All that has to be passed; what is there is read only, and the rest is unknown."""
    needed = [one.name for one in twin.rpc.parameters(None) if one.default is one.empty]
    known = ids if twin.route.method == "GET" else {}
    values = VALUES | {name: f"{name}_none" for name in needed if name.endswith("_id")}
    values |= OF_METHOD.get(twin.name, {}) | known
    if twin.rpc._actor:
        values[twin.rpc._actor.name] = ACTOR
    return {name: values[name] for name in needed}


def by_rpc(rpc: Any, twin: Twin, arguments: dict[str, Any]) -> Any:
    """The answer, or the status and sentence of the error."""
    try:
        return getattr(getattr(rpc, twin.service), twin.name)(**arguments)
    except LabError as error:
        return error.status, str(error)


def by_http(lab: Lab, twin: Twin, arguments: dict[str, Any]) -> Any:
    """The same, as the member who acts, or as an operator."""
    route, (actor, whole) = twin.route, (twin.rpc._actor, twin.rpc._whole)
    roles = {*route.roles, *(actor.roles if actor else ["operator"])}
    token = issue_token(lab.stack.plan.keys.private, ACTOR, roles, timedelta(hours=1))
    sent = {name: value for name, value in arguments.items() if name not in route.parameters}
    if actor:
        sent.pop(actor.name, None)
    answer = urllib3.request(
        route.method,
        lab.stack.urls()[twin.service] + route.path.format(**arguments),
        json=(sent[whole.name] if whole else sent) if route.body else None,
        headers={"Authorization": f"Bearer {token}"},
    )
    body = answer.json()
    if answer.status < 300:
        return body
    return answer.status, f"{body['field']}: {body['detail']}" if "field" in body else body[
        "detail"
    ]


@pytest.fixture(scope="module")
def ids(story: Story) -> dict[str, str]:
    """What is there after the story."""
    return {
        "dataset_id": story.result_id,
        "endpoint_id": story.endpoint_id,
        "job_id": story.project()["results"][-1]["job_id"],
        "member_id": story.members["city"],
        "name": RECIPE,
        "project_id": story.project_id,
    }


@pytest.fixture(scope="module")
def rpc(lab: Lab) -> Iterator[Any]:
    """A stock nameko client."""
    with ClusterRpcProxy({"AMQP_URI": lab.stack.environment()["DATALAB_AMQP_URI"]}) as cluster:
        yield cluster


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: f"{twin.service}.{twin.name}")
def test_method_answers_by_rpc_as_its_route_does(
    lab: Lab, rpc: Any, ids: dict[str, str], twin: Twin
) -> None:
    """The same JSON, or the same error; of what is made, the same fields."""
    arguments = arguments_of(twin, ids)

    def both() -> list[Any]:
        return [by_rpc(rpc, twin, arguments), by_http(lab, twin, arguments)]

    if twin.route.method == "GET":
        eventually(lambda: operator.eq(*both()), what="the same answer by RPC and by its route")
        return
    answers = both()
    told, shown = (sorted(one) if isinstance(one, dict) else one for one in answers)
    assert told == shown
