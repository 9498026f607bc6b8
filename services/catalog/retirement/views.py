"""What is shown of a deleted dataset: the receipt of what was erased."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from services.catalog.datasets.model import Dataset
from services.catalog.decisions.dataset_end import Deletion
from shared.events.event import FileRef


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
