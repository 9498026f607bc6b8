"""Repairs of a column that the owner of the data accepts, as reading it proposed them."""

from typing import get_args

from pydantic import BaseModel, ConfigDict, Field

from services.catalog.model import Dataset
from services.catalog.versions import Upload
from shared.errors import Invalid, WrongStage
from shared.events import AcceptedRepair, RepairName
from shared.store import Store


class NewRepair(BaseModel):
    """A repair that the profile of the published version proposes for a column."""

    model_config = ConfigDict(extra="forbid")

    column: str = Field(max_length=500)
    repair: str = Field(description=f"one of {', '.join(get_args(RepairName))}")


def accept_repair(store: Store, dataset_id: str, owner_id: str, wanted: NewRepair) -> Dataset:
    """Read the newest file anew, with the repair: another version of the owner's dataset.

    Accepted before, it makes none. Raises Forbidden for anybody else's dataset, NotFound when it
    is not even public, WrongStage before a version could be read, and Invalid, naming the field,
    when the repair is not proposed for that column.
    """

    def accept(dataset: Dataset) -> None:
        dataset.check_owner(owner_id, "en accepte les réparations")
        if not _is_accepted(dataset, wanted):
            dataset.register(_mended(dataset, _proposed(dataset, wanted)))

    return store.of(Dataset).change(dataset_id, accept)


def _is_accepted(dataset: Dataset, wanted: NewRepair) -> bool:
    accepted = dataset.versions[-1].accepted_repairs if dataset.versions else ()
    return any((one.column, one.repair) == (wanted.column, wanted.repair) for one in accepted)


def _mended(dataset: Dataset, repair: AcceptedRepair) -> Upload:
    """The newest file that could be read or is being read, with one more repair."""
    version = next(one for one in reversed(dataset.versions) if one.state != "rejected")
    given = {name: getattr(version, name) for name in Upload.model_fields}
    return Upload(**given | {"accepted_repairs": (repair,)})


def _proposed(dataset: Dataset, wanted: NewRepair) -> AcceptedRepair:
    published = dataset.published
    if published is None or published.profile is None:
        raise WrongStage("aucune version de ce jeu n'a encore été lue")
    columns = {column.name: column for column in published.profile.columns}
    if wanted.column not in columns:
        raise Invalid("la version publiée n'a pas cette colonne", "column")
    meaning = columns[wanted.column].meaning
    if meaning is None or meaning.repair != wanted.repair:
        raise Invalid("n'est pas proposée pour cette colonne", "repair")
    return AcceptedRepair(column=wanted.column, repair=wanted.repair, type=meaning.type)
