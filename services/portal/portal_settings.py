"""Settings of the portal's process."""

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import BeforeValidator, Field, IPvAnyNetwork

from shared.server_settings import ServerSettings, parts

_URL = r"^https?://[^\s?#\"<>]*[^\s?#\"<>/]$"
_ADDRESS = ["http://127.0.0.1:8001"]

Networks = Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(parts)]


class PortalSettings(ServerSettings):
    """What the portal's process needs to know: where the services are, and its cookie's key."""

    intake_url: str = Field(pattern=_URL, description="where intake answers", examples=_ADDRESS)
    catalog_url: str = Field(pattern=_URL, description="where catalog answers", examples=_ADDRESS)
    compute_url: str = Field(pattern=_URL, description="where compute answers", examples=_ADDRESS)
    notify_url: str = Field(pattern=_URL, description="where notify answers", examples=_ADDRESS)
    cookie_key: str = Field(
        min_length=32, repr=False, description="the secret that the portal signs its cookie with"
    )
    trusted_proxies: Networks = Field(
        default=(IPv4Network("127.0.0.1/32"),),
        description="addresses and networks of the proxies before the portal, whose"
        " X-Forwarded-For says where a visitor comes from",
        examples=["172.18.0.0/16,192.0.2.7"],
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#\"<>]+)?$",
        description="the OpenID provider at which people sign in, found by discovery; without one"
        " they need a link",
        examples=["https://connexion.exemple.fr/realms/datalab"],
    )
    oidc_client_id: str = Field(default="datalab", description="what that provider calls the lab")
    oidc_client_secret: str = Field(
        default="", repr=False, description="the secret that it gave the lab, if any"
    )
    oidc_name: str = Field(
        default="Se connecter", min_length=1, description="what the button says that leads there"
    )
