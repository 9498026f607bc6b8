"""The OpenAPI document of a few routes."""

import json
from typing import Any

from openapi_spec_validator import validate
from pydantic import BaseModel, Field

from shared.http.openapi import document
from shared.http.route import Download, Route, Text


class Parcel(BaseModel):
    """A thing with a part."""

    title: str = Field(description="what people read")
    parts: list["Parcel"] = []


class Listing(BaseModel):
    """What to list."""

    q: str
    limit: int = 50


ROUTES = {
    "make": Route("POST", "/parcels", body=Parcel, returns=Parcel, status=201, text="Make one."),
    "search": Route("GET", "/parcels", query=Listing, returns=list[Parcel], text="List.\n\nAll."),
    "load": Route("GET", "/parcels/{parcel_id}/file", returns=Download, roles=frozenset({"owner"})),
    "drop": Route("DELETE", "/parcels/{parcel_id}"),
    "send": Route("POST", "/files", body=Parcel, upload="file", returns=Parcel, status=202),
}


def described(routes: dict[str, Route]) -> dict[str, Any]:
    """The document of these routes, after the validator has accepted it."""
    openapi_document: dict[str, Any] = json.loads(document("parcels", "1.0", routes))
    validate(openapi_document)
    return openapi_document


def test_document_of_every_kind_of_route_is_valid() -> None:
    """Bodies, queries, uploads, downloads and empty answers are OpenAPI 3.1."""
    paths = described(ROUTES)["paths"]
    assert set(paths["/parcels"]) == {"post", "get"}
    answers = paths["/parcels/{parcel_id}"]["delete"]["responses"]
    assert set(answers) == {"204", "401", "404", "default"}


def test_service_without_routes_is_valid() -> None:
    """The problem's schema is there even when nothing else is."""
    assert "Problem" in described({})["components"]["schemas"]


def test_query_model_becomes_parameters() -> None:
    """Path and query parameters are listed with their place, need and schema."""
    parameters = described(ROUTES)["paths"]["/parcels"]["get"]["parameters"]
    assert [
        (parameter["name"], parameter["in"], parameter["required"]) for parameter in parameters
    ] == [("q", "query", True), ("limit", "query", False)]
    assert parameters[1]["schema"]["default"] == 50


def test_upload_is_a_form_of_metadata_and_file() -> None:
    """Both parts are required."""
    content = described(ROUTES)["paths"]["/files"]["post"]["requestBody"]["content"]
    assert content["multipart/form-data"]["schema"]["required"] == ["metadata", "file"]


def test_roles_and_text_come_from_the_method() -> None:
    """The docstring is the summary, the roles are told."""
    paths = described(ROUTES)["paths"]
    assert paths["/parcels"]["get"]["summary"] == "List"
    assert paths["/parcels"]["get"]["description"] == "All."
    assert "owner" in paths["/parcels/{parcel_id}/file"]["get"]["description"]


def test_formats_are_told_with_their_schema_where_they_have_one() -> None:
    """A route may answer in several, and without a token where the lab opens its catalogue."""
    formats = {"json": "application/json", "turtle": "text/turtle"}
    read = Route("GET", "/parcels/{parcel_id}", returns=Parcel, formats=formats, public=True)
    graph = Route("GET", "/graph", returns=Text, formats={"turtle": "text/turtle"})
    paths = described({"read": read, "graph": graph})["paths"]
    operation = paths["/parcels/{parcel_id}"]["get"]
    content = operation["responses"]["200"]["content"]
    assert content["application/json"]["schema"]["$ref"].endswith("/Parcel")
    assert content["text/turtle"]["schema"] == {}
    assert {"406", "404"} <= set(operation["responses"])
    assert {} in operation["security"]
    assert list(paths["/graph"]["get"]["responses"]["200"]["content"]) == ["text/turtle"]
    assert "security" not in paths["/graph"]["get"]
