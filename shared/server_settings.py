"""Settings that the services and the portal share."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def parts(value: object) -> object:
    """A setting that lists values with commas between."""
    return value.split(",") if isinstance(value, str) else value


HOST = r"(\[[0-9a-fA-F:.]+\]|[^\s:/@,\[\]]+)(:[0-9]+)?"
USER = r"([^\s:/@]+(:[^\s:/@]*)?@)?"
"""User and password, percent-encoded: a library that reads them in two ways quotes the password."""

Seconds = Annotated[tuple[Annotated[float, Field(gt=0)], ...], BeforeValidator(parts)]


class ServerSettings(BaseModel):
    """What every process of the lab that people or programs call needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    http_host: str = Field(default="127.0.0.1", description="address the service listens on")
    http_port: int = Field(ge=1, le=65535, description="port the service listens on")
    http_connections: int = Field(
        default=500,
        ge=10,
        description="connections open at a time; when they run short, those go on which no member"
        " is served, and at a service one member's requests hold a fifth of them at most",
    )
    http_head_seconds: float = Field(
        default=10, gt=0, description="time in which a request's line and headers must come"
    )
    http_idle_seconds: float = Field(
        default=75,
        gt=0,
        description="how long a connection may wait for its next request; longer than a proxy's 60,"
        " so that it is the proxy that ends one",
    )
    http_body_seconds: float = Field(
        default=30,
        gt=0,
        description="time in which a JSON body, and each 64 kB of an upload or of a form of the"
        " portal, must come",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#\"<>]*[^\s?#\"<>/])?$",
        description="URL that others reach the service at; empty is where it listens",
        examples=["https://donnees.exemple.fr/catalogue"],
    )
    lab_name: str = Field(
        default="Data lab", min_length=1, description="who publishes the catalogue"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    max_upload_bytes: int = Field(
        default=200_000_000, ge=1, description="largest file that is taken in"
    )

    public_catalog: bool = Field(
        default=False,
        description="without a token, anybody may call `GET /catalog`, `GET /datasets`,"
        " `GET /datasets/{dataset_id}` and, of open data, `GET /datasets/{dataset_id}/table`,"
        " `GET /datasets/{dataset_id}/files/{name}` and `GET /datasets/{dataset_id}/difference`;"
        " joins and crossings still need one."
        " So may anybody call `GET /workshops`, `GET /workshops.ics` and"
        " `GET /workshops/{workshop_id}`, and register by"
        " `POST /workshops/{workshop_id}/registrations`",
    )
    sign_in_key: str = Field(
        default="",
        pattern=r"^(.{32,})?$",
        repr=False,
        description="for intake and the portal: a secret of at least 32 characters by which the"
        " portal tells whom an identity provider vouched for; without it nobody signs in so",
        examples=["a secret of 32 characters or more"],
    )

    @property
    def reached_at(self) -> str:
        """The URL of this process in what it publishes, without a slash at its end."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - told, not listened on
        host = everywhere.get(self.http_host, self.http_host)
        host = f"[{host}]" if ":" in host else host
        return self.public_url or f"http://{host}:{self.http_port}"
