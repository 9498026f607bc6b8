"""The four services as the portal calls them: over HTTP, in the name of who is signed in."""

from services.portal.lab.asking import Lab, Part, Services, if_seen, part_of, pieces_of
from services.portal.lab.calls import (
    Away,
    Json,
    Refused,
    Service,
    SignIn,
    Tokens,
    client,
    path_of,
)

__all__ = [
    "Away",
    "Json",
    "Lab",
    "Part",
    "Refused",
    "Service",
    "Services",
    "SignIn",
    "Tokens",
    "client",
    "if_seen",
    "part_of",
    "path_of",
    "pieces_of",
]
