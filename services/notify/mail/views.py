"""What persons say and are shown of the mails that they want."""

from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, Field

from services.notify.mail.kinds import Kind
from services.notify.mail.model import Cadence, MailPreference, Scope
from services.notify.timeline import TimelineEntry
from shared.aggregate import View, ViewPage
from shared.inbound import Body, Identifier


class _ByKind(BaseModel):
    tasks: Cadence = Field(description="what waits for the person")
    projects: Cadence = Field(description="news of its member's projects")
    data: Cadence = Field(description="news of its member's data, and who may read it")
    workshops: Cadence = Field(description="news of workshops")


class ChoosePreferences(Body, _ByKind):
    """When somebody wants to be written, by kind."""


class PreferenceView(_ByKind):
    """When somebody is written, by kind."""

    is_sent: bool = Field(description="whether the lab has a mail server; it writes none else")
    refused_at: AwareDatetime | None = Field(
        description="when the address refused the newest mail for good; null if it did not"
    )

    @classmethod
    def of(
        cls, preference: MailPreference, *, is_sent: bool, refused_at: datetime | None
    ) -> "PreferenceView":
        """The view of what somebody wants."""
        kinds = {name: getattr(preference, name) for name in _ByKind.model_fields}
        return cls(**kinds, is_sent=is_sent, refused_at=refused_at)


class AskRefusals(Body):
    """The accounts whose addresses are asked about."""

    account_id: tuple[Identifier, ...] = Field(min_length=1, max_length=100)


class RefusalView(BaseModel):
    """An account whose address refused its newest mail for good."""

    account_id: str
    refused_at: AwareDatetime


class RefusalList(BaseModel):
    """Those of the accounts that were asked about."""

    items: list[RefusalView]


class NewsView(View):
    """One event that is news for the caller's member: what a mail about it says."""

    at: AwareDatetime
    kind: Kind
    summary: str
    page: str = Field(description="the path of the portal's page about it")

    @classmethod
    def of_entry(cls, entry: TimelineEntry, member_id: str) -> Self:
        """Return the view of an entry that is news for that member."""
        (news,) = (member_news for member_news in entry.news if member_news.member_id == member_id)
        return cls.model_validate({**dict(news), "at": entry.at, "summary": entry.summary})


class NewsPage(ViewPage[NewsView]):
    """A page of news, newest first."""


class StoppedView(BaseModel):
    """What a link ended: mails of a kind, or those of once a day."""

    scope: Scope
