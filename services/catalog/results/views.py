"""What is asked and shown of the opening of restricted results."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from services.catalog.datasets.bodies import Text
from services.catalog.datasets.model import Dataset
from services.catalog.decisions.opening_request import (
    Contribution,
    OpeningRequest,
    OpeningState,
    OwnersWord,
)
from shared.aggregate import ViewPage
from shared.events.event import OpeningDecision
from shared.inbound import Body


class NewOpening(Body):
    """Why a result should be open to everybody."""

    reason: Text = Field(default="", description="for those who decide, in French")


class NewWord(Body):
    """An answer of one whose data went in; a refusal, and a yes taken back, say why."""

    decision: OpeningDecision
    version: int = Field(ge=1, description="the result's, as the opening shows it")
    reason: Text = ""
    fingerprint: str = Field(
        default="", max_length=64, description="of the opening that was read: a yes needs it"
    )


OpeningAction = Literal["ask", "decide"]


class OpeningView(BaseModel):
    """The opening of a restricted result, and whose data went into it."""

    dataset_id: str
    title: str
    owner_id: str
    state: OpeningState | Literal["unasked"]
    version: int | None = Field(description="that the words are for")
    licence: str
    asked_by: str
    asked_at: datetime | None
    reason: str
    asked: tuple[str, ...] = Field(description="what is asked, in French")
    fingerprint: str = Field(description="of that: a yes names it")
    contributions: tuple[Contribution, ...]
    members: tuple[str, ...] = Field(description="whose word is needed")
    words: tuple[OwnersWord, ...]
    missing: tuple[str, ...] = Field(description="who did not agree, or not yet")
    ended: str = Field(description="why it is asked no longer, in French")
    obstacle: str = Field(description="what keeps it closed whoever agrees, in French")
    may: tuple[OpeningAction, ...] = Field(default=(), description="what the caller may do now")

    @classmethod
    def asked_of(cls, dataset: Dataset, request: OpeningRequest, obstacle: str) -> Self:
        """What was asked, and what came of it."""
        return cls(
            dataset_id=dataset.id,
            title=dataset.metadata.title,
            owner_id=dataset.owner_id,
            state=request.state,
            missing=request.missing,
            fingerprint=request.fingerprint,
            obstacle=obstacle,
            **request.model_dump(exclude={"title", "description", "is_open"}),
        )

    @classmethod
    def unasked(
        cls, dataset: Dataset, contributions: tuple[Contribution, ...], obstacle: str
    ) -> Self:
        """The opening before anybody asked for it, with those who would be asked."""
        members = tuple(sorted({contribution.member_id for contribution in contributions}))
        return cls(
            dataset_id=dataset.id,
            title=dataset.metadata.title,
            owner_id=dataset.owner_id,
            state="unasked",
            version=None,
            licence=dataset.metadata.licence,
            asked_by="",
            asked_at=None,
            reason="",
            asked=(),
            fingerprint="",
            contributions=contributions,
            members=members,
            words=(),
            missing=members,
            ended="",
            obstacle=obstacle,
        )


class OpeningPage(ViewPage[OpeningView]):
    """One page of openings, by the id of their dataset."""
