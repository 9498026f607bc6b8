"""What notify takes in and gives out over HTTP and RPC."""

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from services.notify.model import Attempt
from shared.aggregate import OptionalDate, View, ViewPage
from shared.catalogues.markup import plain_text
from shared.events import REGISTRY
from shared.inbound import Body, Paging

_Text = Annotated[str, AfterValidator(plain_text)]


def _that_match(patterns: list[str]) -> list[str]:
    for pattern in patterns:
        if not any(fnmatchcase(topic, pattern) for topic in REGISTRY):
            raise ValueError(f"« {pattern} » ne désigne aucun événement")
    return list(dict.fromkeys(patterns))


Patterns = Annotated[
    list[str],
    Field(min_length=1, max_length=50, description="project_secured, job_*, *"),
    AfterValidator(_that_match),
]
"""Event types or patterns; one that matches no event would never be heard of, and is refused."""


class RegisterEndpoint(Body):
    """A new webhook endpoint."""

    url: str
    event_types: Patterns
    description: _Text = Field(default="", max_length=500)


class ChangeEndpoint(Body):
    """What changes of an endpoint; what is left out stays."""

    url: str | None = None
    event_types: Patterns | None = None
    description: _Text | None = Field(default=None, max_length=500)
    state: Literal["enabled", "disabled"] | None = None


class ListDeliveries(Paging):
    """Which deliveries, newest first."""

    state: Literal["pending", "delivered", "abandoned"] | None = None


class EndpointView(View):
    """An endpoint as its member sees it; the secret is shown once, at registration."""

    id: str
    member_id: str
    url: str
    event_types: tuple[str, ...]
    description: str
    sees_all: bool = Field(description="told of everyone's events, not of its member's only")
    state: Literal["enabled", "disabled"]
    reason: str = Field(description="why it is disabled")
    failing: bool = Field(description="whether the last call did not end well")
    created_at: AwareDatetime


class RegisteredEndpoint(EndpointView):
    """A new endpoint with the secret that its webhooks are signed with."""

    secret: str


class EndpointPage(ViewPage[EndpointView]):
    """A page of endpoints."""


class DeliveryView(View):
    """One event on its way to one endpoint; the id is the `webhook-id` header."""

    id: str
    endpoint_id: str
    event_id: str
    type: str = Field(validation_alias="topic")
    state: Literal["pending", "delivered", "abandoned"]
    next_attempt_at: OptionalDate = Field(description="null when nothing is left to do")
    attempts: tuple[Attempt, ...]


class DeliveryPage(ViewPage[DeliveryView]):
    """A page of deliveries, newest first."""


class EntryView(View):
    """One event of a timeline; `summary` is French, `data` the event itself."""

    event_id: str
    type: str = Field(validation_alias="topic")
    subject: str
    at: AwareDatetime
    sequence: int
    summary: str
    data: dict[str, Any]


class ReadTimeline(Paging):
    """Which page of a timeline."""

    newest: bool = Field(default=False, description="what happened last first; else the oldest")


class Timeline(ViewPage[EntryView]):
    """A page of a project's timeline, by time."""
