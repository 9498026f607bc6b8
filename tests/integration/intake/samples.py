"""A compute service small enough to see through: it says what it is told to of code."""

from typing import Any

from shared.errors import Invalid
from shared.http import Call, http
from shared.messaging import rpc

UNREAD = "Le code a seulement été relu."


class Compute:
    """Answers intake's question."""

    name = "compute"

    @http("GET", "/names", returns=tuple[str, ...])
    def read(self, _call: Call) -> tuple[str, ...]:
        """Nothing; without a route there is no `/readyz`."""
        return ()

    @rpc
    def check_code(self, treatment: dict[str, Any], member_id: str) -> list[dict[str, str]]:
        """Refuse code that says `raise`, and tell for whom other code was not tried."""
        [step] = treatment["steps"]
        if "raise" in step["parameters"]["code"]:
            raise Invalid("le code s'est arrêté ligne 2", "steps.0.parameters.code")
        return [{"message": f"{UNREAD} Pour {member_id}."}]
