"""Takes an owner's word that what screening found is no personal data, and the staff's on that."""

from collections.abc import Collection
from itertools import chain

from services.catalog.datasets.bodies import DeclarationWord, NewDeclaration
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from shared.auth import Caller
from shared.errors import Forbidden, Invalid
from shared.store import Store


def declare(store: Store, dataset_id: str, owner_id: str, body: NewDeclaration) -> Dataset:
    """The dataset, public where it was held for nothing else and the owner's word is enough.

    Raises NotFound, Forbidden for anybody but the owner, WrongStage for a version that was not
    screened, Invalid for a column in which nothing was found.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_owner(owner_id, "dit ce qui n'y est pas personnel")
        if dataset.retirement:
            dataset.check_present()
        version = dataset.screened(body.version)
        refused = _refused(store, owner_id, version.marks)
        dataset.declare(body.version, body.columns, body.reason, refused)

    return store.of(Dataset).change(dataset_id, decide)


def _refused(store: Store, owner_id: str, marks: Collection[str]) -> frozenset[str]:
    """Those of the marks of content of which the staff refused that owner's word."""
    known = store.of(Dataset).every({"refused": {"$in": sorted(marks)}})
    return frozenset(chain.from_iterable(one.refused for one in known if one.owner_id == owner_id))


def answer(store: Store, dataset_id: str, caller: Caller, body: DeclarationWord) -> Dataset:
    """The dataset, held again where it was public by a declaration that holds no longer.

    Raises NotFound, Forbidden for an answer that is not the caller's to give, Invalid for a refusal
    without a reason, WrongStage when nothing was declared that it may be said of.
    """
    if body.answer == "refuse" and not body.reason:
        raise Invalid("un refus se motive", "reason")

    def decide(dataset: Dataset) -> None:
        if body.answer == "withdraw":
            dataset.check_owner(caller.member_id, "revient sur ce qu'il a déclaré")
        elif not caller.is_staff or caller.member_id in dataset.insiders:
            raise Forbidden(
                "une déclaration est confirmée ou refusée par un agent du Datalab, qui n'est ni"
                " propriétaire de ces données ni de celles dont elles sont faites"
            )
        if dataset.retirement:
            dataset.check_present()
        dataset.answer_declaration(
            body.version, body.columns, body.answer, caller.member_id, body.reason
        )

    seen = visible(store, dataset_id, caller)
    decide(seen)
    if body.answer == "refuse":
        # First, as this can be done again, and the same refusal cannot.
        _heed(store, seen)
    return store.of(Dataset).change(dataset_id, decide)


def _heed(store: Store, refused: Dataset) -> None:
    """Have the same data wait that its owner has in other datasets."""
    marks = refused.refused
    for other in store.of(Dataset).every({"hashes": {"$in": marks}}):
        if other.owner_id == refused.owner_id and other.id != refused.id:
            store.of(Dataset).change(other.id, lambda one: one.heed_refusal(marks))
