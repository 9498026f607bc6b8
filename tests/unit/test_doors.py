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


def test_files_leave_the_lab_by_known_routes_only() -> None:
    """Whatever a service serves as a file, of all its routes."""
    found = {
        f"{entrypoint.route.method} {entrypoint.route.path}"
        for service in SERVICE_CLASSES
        for _, method in inspect.getmembers(service, inspect.isfunction)
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if hasattr(entrypoint, "route") and entrypoint.route.returns is Download
    }
    assert found == DOORS
