"""Files of the services, passed on piece by piece; none is ever a page of this address."""

from aiohttp import ClientResponse
from starlette.responses import Response, StreamingResponse

from services.portal.lab import Service
from services.portal.lab.lab_calls import pieces_of
from services.portal.visit import Visit

PICTURES = frozenset(("image/png", "image/svg+xml"))
_SEALED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""What a picture may do that somebody opens by its own address: nothing but be looked at."""


def saved(body: str | bytes, kind: str, name: str) -> Response:
    """What the portal wrote itself, to be saved under a name."""
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-security-policy": _SEALED,
        "cache-control": "no-store",
    }
    return Response(body, media_type=kind, headers=headers)


async def download(visit: Visit, service: Service, path: str, **query: str) -> Response:
    """What a service sends at that path: a picture to look at, anything else to be saved.

    Raises Refused or Away before anything is sent.
    """
    return passed_on(await visit.lab.open(service, path, **query))


def passed_on(response: ClientResponse) -> Response:
    """What a service answered, piece by piece."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    headers = {"content-security-policy": _SEALED}
    if "content-encoding" not in response.headers and "content-length" in response.headers:
        # Browsers show how far it is, and notice when it breaks off.
        headers["content-length"] = response.headers["content-length"]
    is_picture = kind in PICTURES
    _, semicolon, name = response.headers.get("content-disposition", "").partition(";")
    use = "inline" if is_picture else "attachment"
    headers["content-disposition"] = f"{use}{semicolon}{name}"
    if not is_picture:
        kind = "application/octet-stream"
    return StreamingResponse(pieces_of(response), media_type=kind, headers=headers)
