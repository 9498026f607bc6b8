"""Every way by which files leave the lab is known: a new one is judged first, then added here."""

import inspect

from deploy.topology import SERVICE_CLASSES
from shared.http import Download

DOORS = {
    "GET /datasets/{dataset_id}/table",
    "GET /datasets/{dataset_id}/files/{name}",
    "GET /jobs/{job_id}/result",
}
"""The first two open restricted data to its owner and staff only, the last withholds results of
what a project may not read any more: tests/integration/catalog/access/test_doors.py and
tests/integration/compute/test_access.py."""

ROUTES = [
    entrypoint.route
    for service in SERVICE_CLASSES
    for _, method in inspect.getmembers(service, inspect.isfunction)
    for entrypoint in getattr(method, "nameko_entrypoints", ())
    if hasattr(entrypoint, "route") and entrypoint.route.returns is Download
]


def test_files_leave_the_lab_by_known_routes_only() -> None:
    """Whatever a service serves as a file, of all its routes."""
    assert {f"{route.method} {route.path}" for route in ROUTES} == DOORS


def test_files_leave_as_what_they_are() -> None:
    """Every such route declares the media types that it sends, and never a page to be shown."""
    for route in ROUTES:
        assert route.sends, route.path
        assert not {"text/html", "image/svg+xml"} & set(route.sends)
