"""A compute service on a machine that lacks a library that code may import."""

from importlib import metadata

from services.compute.service import Compute
from shared.engine.applications.python import application as python_application

LACKING = "altair"


def _version(name: str) -> str:
    if name == LACKING:
        raise metadata.PackageNotFoundError(name)
    return metadata.version(name)


vars(python_application)["version"] = _version


class BareCompute(Compute):
    """The same service, there."""
