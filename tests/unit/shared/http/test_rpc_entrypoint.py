"""What programs pass by RPC to the method of a route, and the Call that it makes."""

from typing import Any

import pytest
from pydantic import BaseModel, Field

from deploy.reference import entrypoints
from deploy.topology import SERVICE_CLASSES
from shared.auth import INSIDE, Caller
from shared.errors import Invalid
from shared.http import ANY_MEMBER, BY, OWNER, WholeBody
from shared.http.route import Call, Route
from shared.http.rpc_entrypoint import Actor, RouteRpc
from shared.inbound import Body, Paging
from shared.messaging.rpc import Arguments, Request


class Parcel(Body):
    """What is sent."""

    title: str = Field(min_length=2)
    weight: int = 1
    parts: tuple[str, ...] = ()
    note: str = Field(default="", min_length=1)


class ListParcels(Paging):
    """Which parcels."""

    colour: str | None = None


LIST = Route("GET", "/parcels", query=ListParcels)
SEND = Route("POST", "/parcels/{parcel_id}", body=Parcel)


def rpc(route: Route, *arguments: str | Actor | WholeBody) -> RouteRpc:
    """The entrypoint as it is once it is set up."""
    entrypoint = RouteRpc(route, arguments)
    entrypoint.arguments = Arguments(entrypoint.parameters(None))
    return entrypoint


def called(entrypoint: RouteRpc, *args: Any, **kwargs: Any) -> tuple[Call, dict[str, Any]]:
    """The Call, and the parameters of the path, that this request makes."""
    (call,), path = entrypoint.inputs(Request(list(args), kwargs, "reply", "call_1", {}))
    return call, path


def test_listed_arguments_come_by_place_and_others_by_name() -> None:
    """A field that is added to a body later changes no call of before."""
    send = rpc(SEND, "parcel_id", "title", OWNER)
    assert [(one.name, one.kind.name) for one in send.parameters(None)] == [
        ("parcel_id", "POSITIONAL_OR_KEYWORD"),
        ("title", "POSITIONAL_OR_KEYWORD"),
        ("owner_id", "POSITIONAL_OR_KEYWORD"),
        ("weight", "KEYWORD_ONLY"),
        ("parts", "KEYWORD_ONLY"),
        ("note", "KEYWORD_ONLY"),
    ]
    call, path = called(send, "p_1", "Lot", "mbr_1", weight=2)
    assert (call.body, path) == (Parcel(title="Lot", weight=2), {"parcel_id": "p_1"})
    assert called(rpc(LIST, "colour", "limit"), "red", 3)[0].query == ListParcels(
        colour="red", limit=3
    )


def test_field_that_is_none_or_as_by_default_is_left_out() -> None:
    """Who passes by place skips it so, also where the default is no value that one may send."""
    send = rpc(SEND, "parcel_id", "title", "parts", "note", "weight")
    body: BaseModel = called(send, "p_1", "Lot", None, "", 1)[0].body
    assert body.model_fields_set == {"title"}


def test_actor_acts_with_the_roles_that_it_stands_for() -> None:
    """Staff decides `by` somebody, owners for themselves; without any the call is from inside."""
    staff = Caller("mbr_1", frozenset({"reviewer", "operator"}))
    assert called(rpc(LIST, BY), "mbr_1")[0].caller == staff
    assert called(rpc(LIST, OWNER), "mbr_1")[0].caller == Caller("mbr_1", frozenset())
    assert called(rpc(LIST, ANY_MEMBER))[0].caller == Caller("", frozenset())
    assert called(rpc(LIST))[0].caller == INSIDE


def test_call_that_the_broker_repeats_has_the_same_key() -> None:
    """Unless the caller named one; each is called what its sender calls it."""
    send = rpc(SEND, "parcel_id", "title", "idempotency_key")
    own = called(send, "p_1", "Lot")[0].idempotency_key
    named = called(send, "p_1", "Lot", "k")[0].idempotency_key
    assert own
    assert named
    assert (own.text, own.name) == ("call_1", "correlation_id")
    assert (named.text, named.name) == ("k", "idempotency_key")


def test_empty_key_is_refused_by_its_name() -> None:
    """Whoever sends one forgot to fill it in."""
    call, _ = called(rpc(SEND, "parcel_id", "title", "idempotency_key"), "p_1", "Lot", "")
    with pytest.raises(Invalid, match="idempotency_key: doit"):
        _ = call.idempotency_key


@pytest.mark.parametrize(
    ("args", "kwargs", "field"),
    [
        (["p_1"], {"owner_id": "mbr_1"}, "title"),
        (["p_1", None, "mbr_1"], {}, "title"),
        (["p_1", "L", "mbr_1"], {}, "title"),
        (["p_1", "Lot", "mbr_1"], {"weight": "heavy"}, "weight"),
        (["p_1", "Lot", "mbr_1"], {"colour": "red"}, "colour"),
        (["p 1", "Lot", "mbr_1"], {}, "parcel_id"),
        (["p_1", "Lot", "a b"], {}, "owner_id"),
        (["p_1", "Lot", "mbr_1"], {"title": "Lot"}, "title"),
    ],
)
def test_argument_that_does_not_fit_is_named(
    args: list[Any], kwargs: dict[str, Any], field: str
) -> None:
    """By the name that the caller gave it."""
    with pytest.raises(Invalid) as caught:
        called(rpc(SEND, "parcel_id", "title", OWNER), *args, **kwargs)
    assert caught.value.field == field


def test_argument_that_is_nothing_of_the_route_stops_the_start() -> None:
    """A misspelt one is found when the service is set up, or the documents are written."""
    with pytest.raises(KeyError, match="colour"):
        rpc(SEND, "parcel_id", "colour")


@pytest.mark.parametrize("service", SERVICE_CLASSES)
def test_every_route_that_is_rpc_has_all_that_its_path_names(service: type) -> None:
    """And each of its arguments once."""
    routes = {method: known.route for method, known in entrypoints(service, "route")}
    for method, entrypoint in entrypoints(service, "rpc_consumer"):
        if isinstance(entrypoint, RouteRpc):
            names = [parameter.name for parameter in entrypoint.parameters(method)]
            assert len(set(names)) == len(names)
            assert set(names) >= set(routes[method].parameters)
