"""A version of a dataset: what was uploaded, how it came about, and what reading it showed."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from services.catalog.datasets.legal_basis import LegalBasis
from services.catalog.licences.compatibility import Source
from shared.events import AcceptedRepair, FileRef, Frozen, Step
from shared.tables.manifest import Input, Output, Profile
from shared.tables.privacy import Privacy

VersionState = Literal["pending", "held", "published", "rejected"]
"""Held is what names persons, until its owner confirms the legal basis."""


class Provenance(Frozen):
    """How a project made this version: enough to understand it and to make it again."""

    project_id: str
    job_id: str
    manifest: FileRef
    inputs: tuple[Input, ...]
    restricted_ids: tuple[str, ...] = Field(
        default=(), description="those of its inputs that were restricted then"
    )
    sources: tuple[Source, ...] = Field(default=(), description="what to name with the result")
    attribution: str = Field(default="", description="the text to publish with it, in French")
    privacy: Privacy | None = Field(
        default=None, description="what the treatment knew it to tell about persons"
    )
    steps: tuple[Step, ...]
    software: dict[str, str]

    def without_hashes(self) -> "Provenance":
        """The same for those who may not read what was restricted: hashes prove what one has."""
        inputs = (
            one.model_copy(update={"sha256": ""}) if one.dataset_id in self.restricted_ids else one
            for one in self.inputs
        )
        return self.model_copy(update={"inputs": tuple(inputs)})


class VersionContent(BaseModel):
    """A file on its way into a dataset, and for a project's result what belongs to it."""

    file: FileRef
    filename: str
    note: str = Field(default="", description="what the owner says about this version")
    files: tuple[Output, ...] = Field(default=(), description="every file of a result")
    provenance: Provenance | None = None
    accepted_repairs: tuple[AcceptedRepair, ...] = Field(
        default=(), description="what the owner lets be mended when the file is read"
    )


class Version(VersionContent):
    """One upload of a dataset; `table` and `profile` are there once it was read."""

    number: int = Field(ge=1)
    registered_at: datetime
    state: VersionState = "pending"
    reason: str = ""
    again: bool = Field(default=False, description="read before, it waits to be read anew")
    job_id: str | None = None
    table: FileRef | None = None
    profile: Profile | None = None
    keys_file: FileRef | None = Field(default=None, description="values of its key columns")
    legal_basis: LegalBasis | None = None
