"""A compute service that refers to no file."""

from shared.http import Call, http
from shared.messaging import rpc

COMPUTE = "tests.integration.catalog.retirement.samples:Compute"


class Compute:
    """Answers the catalogue's one question."""

    name = "compute"

    @http("GET", "/files", returns=tuple[str, ...])
    def read(self, _call: Call) -> tuple[str, ...]:
        """What it refers to; without a route there is no `/readyz`."""
        return ()

    @rpc
    def files_in_use(self, hashes: list[str]) -> list[str]:  # noqa: ARG002
        """None of them."""
        return []
