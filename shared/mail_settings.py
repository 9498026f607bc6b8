"""Settings of the mails that notify sends; without a mail server it sends none."""

from typing import Annotated
from urllib.parse import unquote

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from shared.server_settings import ServerSettings


def parts(value: object) -> object:
    """A setting that lists values with commas between."""
    return value.split(",") if isinstance(value, str) else value


HOST = r"(\[[0-9a-fA-F:.]+\]|[^\s:/@,\[\]]+)(:[0-9]+)?"
USER = r"([^\s:/@]+(:[^\s:/@]*)?@)?"
"""User and password, percent-encoded: a library that reads them in two ways quotes the password."""

Seconds = Annotated[tuple[Annotated[float, Field(gt=0)], ...], BeforeValidator(parts)]


class MailSettings(ServerSettings):
    """Where mails are given, in whose name, and when."""

    smtp_url: str = Field(
        default="",
        pattern=rf"^((smtps|smtp\+starttls)://{USER}{HOST}|smtp://{HOST})?$",
        repr=False,
        description="for notify: the mail server, `smtps://` encrypted from the start,"
        " `smtp+starttls://` by STARTTLS, `smtp://` neither encrypted nor signed in to; without one"
        " no mail is made",
        examples=["smtp+starttls://user:password@host:587", "smtp://localhost"],
    )
    mail_from: str = Field(
        default="",
        pattern=r"^([^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\[\]\\]+)?$",
        validate_default=True,
        description="the address that mails come from; needed with DATALAB_SMTP_URL",
        examples=["ne-pas-repondre@datalab.example"],
    )
    portal_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#\"<>]*[^\s?#\"<>/])?$",
        validate_default=True,
        description="where people reach the portal, for links; needed with DATALAB_SMTP_URL",
        examples=["https://portail.datalab.example"],
    )
    mail_digest_hour: int = Field(
        default=7, ge=0, le=23, description="hour of daily mails, in metropolitan France"
    )
    mail_seconds: Seconds = Field(
        default=(60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        min_length=1,
        description="waits between attempts to send a mail",
    )
    mail_timeout_seconds: float = Field(
        default=30, gt=0, description="how long the mail server may take for one mail"
    )

    @field_validator("smtp_url")
    @classmethod
    def _ascii(cls, value: str) -> str:
        if not unquote(value).isascii():
            raise ValueError("user and password have to be of ASCII characters, as SMTP has them")
        return value

    @field_validator("mail_from", "portal_url")
    @classmethod
    def _needed(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_url") and not value:
            raise ValueError("is not set, and mails need it")
        return value
