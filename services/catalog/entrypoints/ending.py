"""How a dataset ends: retired from the catalogue."""

from services.catalog.datasets.views import DatasetView, view_of
from services.catalog.entrypoints.owning import DATASET
from services.catalog.retirement import commands
from services.catalog.retirement.bodies import NewRetirement
from shared.auth import INSIDE, Caller, Role
from shared.http import Call, http
from shared.inbound import Identifier
from shared.messaging import rpc
from shared.store import Store

_ENDERS: frozenset[Role] = frozenset({"owner", "holder", "operator"})


class Ending:
    """For the owners of data, and operators."""

    documents: Store

    @http(
        "POST",
        f"{DATASET}/retirement",
        body=NewRetirement,
        returns=DatasetView,
        roles=_ENDERS,
    )
    def retire_dataset(self, call: Call, dataset_id: str) -> DatasetView:
        """Take a dataset out of the catalogue: not found any more, and read by no project."""
        reason = call.body.reason
        dataset = commands.retire_dataset(self.documents, dataset_id, call.caller, reason)
        return view_of(dataset, call.caller)

    @rpc
    def withdraw_dataset(
        self, dataset_id: Identifier, owner_id: Identifier, reason: str
    ) -> DatasetView:
        """Take that owner's dataset out of the catalogue."""
        owner = Caller(owner_id, frozenset())
        said = NewRetirement.model_validate({"reason": reason})
        dataset = commands.retire_dataset(self.documents, dataset_id, owner, said.reason)
        return view_of(dataset, INSIDE)
