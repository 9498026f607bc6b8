"""Lets owners confirm the legal basis of a held version, and have a published one screened anew."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.catalog.legal_basis import Basis, LegalBasis
from services.catalog.model import Dataset
from shared.aggregate import now
from shared.auth import Caller
from shared.store import Store
from shared.words import legible

_Purpose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(legible),
]
_Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(legible)
]


class NewLegalBasis(BaseModel):
    """On what basis a held version may be published: one of RGPD article 6(1)."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(default=None, ge=1, description="by default the newest held one")
    basis: Basis
    purpose: _Purpose = Field(description="what the data is published for, in French")
    note: _Note = ""
    restrict: bool = Field(default=False, description="make an open dataset restricted")


def confirm(store: Store, dataset_id: str, owner_id: str, body: NewLegalBasis) -> Dataset:
    """The dataset, with that version public.

    Raises NotFound, Forbidden for anybody but the owner, WrongStage when nothing is held, Invalid
    for a basis on which open data cannot name persons.
    """
    said = LegalBasis(
        **body.model_dump(include={"basis", "purpose", "note"}),
        confirmed_by=owner_id,
        confirmed_at=now(),
    )

    def decide(dataset: Dataset) -> None:
        dataset.check_owner(owner_id, "en confirme la base légale")
        dataset.confirm(body.version, said, restrict=body.restrict)

    return store.of(Dataset).change(dataset_id, decide)


def screen_again(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, whose shown version is read and screened anew: screening learns.

    It is held where it now turns out to name persons; asked again meanwhile nothing changes. Raises
    NotFound, Forbidden for anybody but the owner and operators.
    """

    def decide(dataset: Dataset) -> None:
        if "operator" not in caller.roles:
            dataset.check_owner(caller.member_id, "le fait examiner de nouveau")
        dataset.read_again()

    return store.of(Dataset).change(dataset_id, decide)
