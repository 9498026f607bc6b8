"""The four services as the portal calls them: over HTTP, in the name of who is signed in."""

from services.portal.lab.asking import Lab, Part, Services, if_seen, pieces_of
from services.portal.lab.calls import Away, Json, Refused, Service, SignIn, Tokens, path_of
from services.portal.lab.connections import KeptConnections

__all__ = [
    "Away",
    "Json",
    "KeptConnections",
    "Lab",
    "Part",
    "Refused",
    "Service",
    "Services",
    "SignIn",
    "Tokens",
    "if_seen",
    "path_of",
    "pieces_of",
]
