"""What is sent to end a dataset, and the receipt of what was erased of a deleted one."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from services.catalog.datasets.bodies import Text
from services.catalog.datasets.model import Dataset
from services.catalog.decisions.dataset_end import Deletion
from shared.events.event import FileRef
from shared.inbound import Body


class NewDeletion(Body):
    """Why a dataset is deleted, as all who used it read."""

    reason: Text = Field(min_length=1, description="in French")
    keep_title: bool = Field(default=True, description="whether its title stays known")


class NewRetirement(Body):
    """Why a dataset is taken out of the catalogue, as all who used it read."""

    reason: Text = Field(min_length=1, description="in French")


class DeletionReceipt(BaseModel):
    """What was erased of a deleted dataset, by whom it was deleted, and when it was over."""

    dataset_id: str
    owner_id: str
    title: str
    deleted_by: str
    deleted_at: datetime
    reason: str
    files: tuple[FileRef, ...] = Field(description="all files that it had, by their hashes")
    pending: tuple[str, ...] = Field(description="hashes of those that are still to be erased")
    kept: tuple[str, ...] = Field(description="hashes of those that stay: other data has the same")
    erased_at: datetime | None = Field(description="when nothing was left")

    @classmethod
    def of(cls, dataset: Dataset, deletion: Deletion) -> Self:
        """The receipt of a dataset's deletion."""
        return cls(
            dataset_id=dataset.id,
            owner_id=dataset.owner_id,
            title=dataset.metadata.title,
            **deletion.model_dump(),
        )
