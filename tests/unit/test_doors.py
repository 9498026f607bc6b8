"""Every way by which files leave the lab is known: a new one is judged first, then added here."""

import inspect
import json

from pydantic import BaseModel, TypeAdapter

from deploy.topology import SERVICE_CLASSES
from shared.http import Download
from shared.http.response import answer
from shared.messaging import Documents
from shared.messaging.rpc import Rpc

DOORS = {
    "GET /datasets/{dataset_id}/table",
    "GET /datasets/{dataset_id}/files/{name}",
    "GET /datasets/{dataset_id}/release-policy/tables",
    "GET /jobs/{job_id}/result",
}
"""The first two open restricted data to its owner and staff only, the third protected tables that
the owner did not agree to, the last withholds results of what a project may not read any more:
tests/integration/catalog/access/test_doors.py, tests/e2e/test_protected_tables.py and
tests/integration/compute/test_access.py."""

METHODS = [
    method
    for service in SERVICE_CLASSES
    for _, method in inspect.getmembers(service, inspect.isfunction)
]
ALL_ROUTES = [
    entrypoint.route
    for method in METHODS
    for entrypoint in getattr(method, "nameko_entrypoints", ())
    if hasattr(entrypoint, "route")
]
ROUTES = [route for route in ALL_ROUTES if route.returns is Download]
RPC_PARAMETERS = [
    parameter
    for method in METHODS
    for entrypoint in getattr(method, "nameko_entrypoints", ())
    if isinstance(entrypoint, Rpc)
    for parameter in entrypoint.parameters(method)
]


def test_files_leave_the_lab_by_known_routes_only() -> None:
    """Whatever a service serves as a file, of all its routes."""
    assert {f"{route.method} {route.path}" for route in ROUTES} == DOORS


def test_files_leave_as_what_they_are() -> None:
    """Every such route declares the media types that it sends."""
    for route in ROUTES:
        assert route.sends, route.path


def test_pages_leave_to_be_saved_and_not_shown() -> None:
    """What a job wrote runs nothing in the name of the lab, wherever it is opened."""
    page = Download([b"<script>alert(1)</script>"], "text/html", "report.html")
    for route in ROUTES:
        headers = answer(route, page, ALL_ROUTES).headers
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]


def test_nobody_reads_a_file_by_its_hash() -> None:
    """`open_dataset` tells that of a whole table, beside the columns that a project may read.

    So no call takes the reference of a stored file: whoever has one needs the file store itself.
    """
    taken = [model for route in ALL_ROUTES for model in (route.body, route.query) if model]
    taken += [parameter.annotation for parameter in RPC_PARAMETERS]
    assert len(taken) > 100
    for model in taken:
        schema = json.dumps(TypeAdapter(model).json_schema())
        assert "FileRef" not in schema, model
        assert "sha256" not in schema, model


def test_documents_that_refer_to_files_are_known_to_the_sweep() -> None:
    """A class more is one more to ask before a file is erased: files_in_use of its service.

    What is released or just written is to be erased. Intake names results, which compute keeps.
    """
    told = {
        name: {one.__name__ for one in documents._classes if "FileRef" in _schema(one)}
        for name, documents in (
            (service.name, documents)
            for service in SERVICE_CLASSES
            for _, documents in inspect.getmembers(service, lambda it: isinstance(it, Documents))
        )
    }
    assert told == {
        "catalog": {
            "Dataset",
            "Use",
            "Harvest",
            "SavedIndex",
            "Release",
            "ReleasedFiles",
            "WrittenFile",
        },
        "compute": {"Job", "KeptStep", "WrittenFile"},
        "intake": {"Project"},
        "notify": set(),
    }


def _schema(model: type[BaseModel]) -> str:
    return json.dumps(model.model_json_schema())
