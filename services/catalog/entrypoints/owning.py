"""What owners do with their data: put it in, mend it, say on what basis it is published."""

from services.catalog.datasets import editing, registration
from services.catalog.datasets.bodies import (
    ChangeDataset,
    DeclarationWord,
    NewDeclaration,
    NewLegalBasis,
    NewRepair,
    NewUpload,
    NewVersion,
)
from services.catalog.datasets.held_datasets import HeldPage, list_held
from services.catalog.datasets.model import ENDERS, OWNERS, Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.views import DatasetView, view_of
from services.catalog.entrypoints import DATASET
from shared.http import BY, OWNER, Call, WholeBody, as_rpc, http
from shared.inbound import Paging
from shared.store import Store


class Owning:
    """For the owners of data."""

    documents: Store

    @http(
        "POST",
        "/datasets",
        body=NewUpload,
        upload="file",
        returns=DatasetView,
        status=202,
        roles=OWNERS,
    )
    def upload_dataset(self, call: Call) -> DatasetView:
        """Take in a file as a new dataset of the caller's; it is published once it was read.

        With an `Idempotency-Key` that came before, the answer is the dataset registered then.
        `same_bytes` names the datasets that have the same file already.
        """
        dataset = registration.register_upload(
            self.documents,
            call.caller.member_id,
            call.body.plain(),
            VersionContent(file=call.file, filename=call.filename, sheet=call.body.sheet),
            call.idempotency_key,
        )
        return self._uploaded(call, dataset)

    @http(
        "POST",
        f"{DATASET}/versions",
        body=NewVersion,
        upload="file",
        returns=DatasetView,
        status=202,
        roles=OWNERS,
    )
    def upload_version(self, call: Call, dataset_id: str) -> DatasetView:
        """Take in another version of the caller's dataset, unless its bytes are the newest's.

        Another sheet of the same bytes is another version.
        """
        fields = call.body.model_dump()
        upload = VersionContent(file=call.file, filename=call.filename, **fields)
        owner_id = call.caller.member_id
        dataset, new = registration.register_version(self.documents, dataset_id, owner_id, upload)
        return self._uploaded(call, dataset, is_new=new)

    def _uploaded(self, call: Call, dataset: Dataset, *, is_new: bool = True) -> DatasetView:
        view = view_of(dataset, call.caller)
        # Some document servers read all datasets to find a hash in an array.
        if not call.file_was_stored:
            return view
        same = registration.same_bytes(
            self.documents, call.caller, dataset, call.file.sha256, is_new=is_new
        )
        return view.model_copy(update={"same_bytes": same})

    @as_rpc("dataset_id", OWNER, "column", "repair")
    @http(
        "POST", f"{DATASET}/repairs", body=NewRepair, returns=DatasetView, status=202, roles=OWNERS
    )
    def accept_repair(self, call: Call, dataset_id: str) -> DatasetView:
        """Accept a repair that the profile proposes: the file is read anew, as another version."""
        owner_id = call.caller.member_id
        dataset = editing.accept_repair(self.documents, dataset_id, owner_id, call.body)
        return view_of(dataset, call.caller)

    @http("GET", "/held-datasets", query=Paging, returns=HeldPage)
    def read_held(self, call: Call) -> HeldPage:
        """What is held for what it tells of persons, and waits for the caller's word."""
        return list_held(self.documents, call.query, call.caller)

    @as_rpc("dataset_id", OWNER, "basis", "purpose")
    @http("POST", f"{DATASET}/legal-basis", body=NewLegalBasis, returns=DatasetView, roles=OWNERS)
    def confirm_legal_basis(self, call: Call, dataset_id: str) -> DatasetView:
        """Publish a held version of the caller's dataset on the legal basis that it has."""
        dataset = editing.confirm(self.documents, dataset_id, call.caller.member_id, call.body)
        return view_of(dataset, call.caller)

    @as_rpc("dataset_id", OWNER, "columns", "reason")
    @http("POST", f"{DATASET}/not-personal", body=NewDeclaration, returns=DatasetView, roles=OWNERS)
    def declare_no_personal_data(self, call: Call, dataset_id: str) -> DatasetView:
        """Say that what was found in columns of the caller's dataset is no personal data."""
        owner_id = call.caller.member_id
        dataset = editing.declare(self.documents, dataset_id, owner_id, call.body)
        return view_of(dataset, call.caller)

    @as_rpc("dataset_id", BY, "answer", "reason")
    @http("POST", f"{DATASET}/not-personal/answer", body=DeclarationWord, returns=DatasetView)
    def answer_no_personal_data(self, call: Call, dataset_id: str) -> DatasetView:
        """Confirm or refuse, as staff, what an owner declared; as the owner take it back."""
        dataset = editing.answer_declaration(self.documents, dataset_id, call.caller, call.body)
        return view_of(dataset, call.caller)

    @as_rpc("dataset_id")
    @http("POST", f"{DATASET}/screening", returns=DatasetView, status=202, roles=ENDERS)
    def screen_dataset(self, call: Call, dataset_id: str) -> DatasetView:
        """Have a dataset read and screened anew, and held if it turns out to name persons."""
        return view_of(editing.screen_again(self.documents, dataset_id, call.caller), call.caller)

    @as_rpc("dataset_id", OWNER, WholeBody("changes"))
    @http("PATCH", DATASET, body=ChangeDataset, returns=DatasetView, roles=OWNERS)
    def describe_dataset(self, call: Call, dataset_id: str) -> DatasetView:
        """Change what is said of the caller's dataset; what is not sent stays."""
        dataset = editing.describe(self.documents, dataset_id, call.caller.member_id, call.body)
        return view_of(dataset, call.caller)
