"""What persons say and are shown of the mails that they want."""

from pydantic import BaseModel, Field

from services.notify.mail.model import Cadence, MailPreference, Scope
from shared.inbound import Body


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

    @classmethod
    def of(cls, preference: MailPreference, *, is_sent: bool) -> "PreferenceView":
        """The view of what somebody wants."""
        kinds = {name: getattr(preference, name) for name in _ByKind.model_fields}
        return cls(**kinds, is_sent=is_sent)


class StoppedView(BaseModel):
    """What a link ended: mails of a kind, or those of once a day."""

    scope: Scope
