"""Settings of the portal's process."""

from pydantic import Field

from shared.settings import ServerSettings

_URL = r"^https?://[^\s?#\"<>]*[^\s?#\"<>/]$"
_ADDRESS = ["http://127.0.0.1:8001"]


class PortalSettings(ServerSettings):
    """What the portal's process needs to know: where the services are, and its cookie's key."""

    intake_url: str = Field(pattern=_URL, description="where intake answers", examples=_ADDRESS)
    catalog_url: str = Field(pattern=_URL, description="where catalog answers", examples=_ADDRESS)
    compute_url: str = Field(pattern=_URL, description="where compute answers", examples=_ADDRESS)
    notify_url: str = Field(pattern=_URL, description="where notify answers", examples=_ADDRESS)
    cookie_key: str = Field(
        min_length=32, repr=False, description="the secret that the portal signs its cookie with"
    )
