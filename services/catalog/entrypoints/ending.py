"""How a dataset ends: retired from the catalogue, or deleted."""

from services.catalog.datasets.model import ENDERS
from services.catalog.datasets.views import DatasetView, view_of
from services.catalog.entrypoints import DATASET
from services.catalog.retirement import commands, eraser
from services.catalog.retirement.views import DeletionReceipt, NewDeletion, NewRetirement
from shared.endings.orphans import Hashes
from shared.http import OWNER, Call, as_rpc, http
from shared.messaging import rpc
from shared.store import Store


class Ending:
    """For the owners of data, and operators."""

    documents: Store

    @as_rpc("dataset_id", OWNER, "reason")
    @http("POST", f"{DATASET}/retirement", body=NewRetirement, returns=DatasetView, roles=ENDERS)
    def withdraw_dataset(self, call: Call, dataset_id: str) -> DatasetView:
        """Take a dataset out of the catalogue: not found any more, and read by no project."""
        reason = call.body.reason
        dataset = commands.retire_dataset(self.documents, dataset_id, call.caller, reason)
        return view_of(dataset, call.caller)

    @as_rpc("dataset_id", OWNER, "reason")
    @http("DELETE", DATASET, body=NewDeletion, returns=DeletionReceipt, roles=ENDERS)
    def delete_dataset_of(self, call: Call, dataset_id: str) -> DeletionReceipt:
        """Delete a dataset with its content; that it was there stays known. The answer tells what.

        Again it is the same answer, in which `erased_at` says when all was erased.
        """
        return commands.delete_dataset(self.documents, dataset_id, call.caller, call.body)

    @as_rpc("dataset_id")
    @http("GET", f"{DATASET}/deletion", returns=DeletionReceipt)
    def get_deletion(self, call: Call, dataset_id: str) -> DeletionReceipt:
        """What was erased of a deleted dataset, when, and what stays as other data has the same."""
        return commands.read_receipt(self.documents, dataset_id, call.caller)

    @rpc
    def files_in_use(self, hashes: Hashes) -> list[str]:
        """Of the hashes of stored files, up to 1,000, those that the catalogue refers to."""
        return sorted(eraser.files_in_use(self.documents, hashes))
