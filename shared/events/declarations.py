"""What catalog tells of an owner's word on personal data."""

from pydantic import Field

from shared.events.event import DeclarationAnswer, Event


class _DeclarationEvent(Event):
    dataset_id: str
    owner_id: str
    title: str
    version: int
    columns: tuple[str, ...]
    kinds: tuple[str, ...] = Field(description="what each was taken for: email, surname, ...")


class NotPersonalDeclared(_DeclarationEvent, source="catalog"):
    """An owner says that what screening found is no personal data, and why."""

    reason: str
    declared_by: str
    needs_answer: bool = Field(
        description="whether nothing depends on it before the lab's staff confirms it"
    )


class NotPersonalAnswered(_DeclarationEvent, source="catalog"):
    """The staff confirms or refuses what an owner declared, or the owner takes it back."""

    answer: DeclarationAnswer
    answered_by: str
    reason: str = ""
