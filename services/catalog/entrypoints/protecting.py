"""What may be shown of restricted data: its owner's policy, and the tables that are made by it."""

from services.catalog.datasets.model import OWNERS
from services.catalog.entrypoints import DATASET
from services.catalog.protection import commands
from services.catalog.protection.bodies import NewAgreement, NewPolicy
from services.catalog.protection.job_input import ProtectedDataset, open_for_protection
from services.catalog.protection.tables_dataset import FILENAME
from services.catalog.protection.undecided import UndecidedPage, list_undecided
from services.catalog.protection.views import PolicyView
from shared.http import Call, Download, http
from shared.inbound import Identifier, Paging
from shared.messaging import rpc
from shared.storage import Storage
from shared.store import Store

POLICY = f"{DATASET}/release-policy"


class Protecting:
    """For the owners of restricted data, and those who read what they publish of it."""

    documents: Store
    files: Storage

    @http("PUT", POLICY, body=NewPolicy, returns=PolicyView, status=202, roles=OWNERS)
    def set_release_policy(self, call: Call, dataset_id: str) -> PolicyView:
        """Say what may be shown of the caller's restricted table; the tables are made to be seen.

        Nobody else sees them before the caller agrees to them.
        """
        member_id = call.caller.member_id
        commands.set_policy(self.documents, dataset_id, member_id, call.body.plain())
        return commands.read_policy(self.documents, dataset_id, call.caller)

    @http("POST", f"{POLICY}/agreement", body=NewAgreement, returns=PolicyView, roles=OWNERS)
    def agree_to_tables(self, call: Call, dataset_id: str) -> PolicyView:
        """Publish the tables that the caller saw by that policy, and those of later versions.

        So many a year as the policy says; with `version`, those of it at once. 409 where they are
        not made, or another policy was set or others were made since.
        """
        agreement, member_id = call.body, call.caller.member_id
        number, version = agreement.number, agreement.version
        commands.agree(self.documents, dataset_id, member_id, number, version)
        return commands.read_policy(self.documents, dataset_id, call.caller)

    @http("DELETE", POLICY, returns=PolicyView, roles=OWNERS)
    def remove_release_policy(self, call: Call, dataset_id: str) -> PolicyView:
        """Make no more tables of the caller's dataset, and retire theirs; what left, left.

        Where no policy was set, its owner is not asked for one any more.
        """
        commands.remove_policy(self.documents, dataset_id, call.caller.member_id)
        return commands.read_policy(self.documents, dataset_id, call.caller)

    @http("GET", "/datasets-without-policy", query=Paging, returns=UndecidedPage)
    def read_undecided(self, call: Call) -> UndecidedPage:
        """The caller's restricted tables of which it has not said what may be shown."""
        return list_undecided(self.documents, call.query, call.caller)

    @http("GET", POLICY, returns=PolicyView)
    def get_release_policy(self, call: Call, dataset_id: str) -> PolicyView:
        """What may be shown of a dataset, and what tables there are; to its owner a proposal too.

        404 for others where nothing is published.
        """
        return commands.read_policy(self.documents, dataset_id, call.caller)

    @http("GET", f"{POLICY}/tables", returns=Download, sends=("text/csv",))
    def read_tables(self, call: Call, dataset_id: str) -> Download:
        """The protected tables as CSV: to owner and staff the latest, to others the published."""
        file = commands.read_tables(self.documents, dataset_id, call.caller)
        return Download(
            chunks=self.files.chunks(file),
            media_type=file.media_type,
            filename=f"{dataset_id}-{FILENAME}",
            size=file.size,
        )

    @rpc
    def open_for_protection(self, dataset_id: Identifier) -> ProtectedDataset:
        """The whole table of a dataset and its owner's policy, for the job that makes the tables.

        WrongStage where none are to be made any more.
        """
        return open_for_protection(self.documents, dataset_id)
