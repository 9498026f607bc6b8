"""Files of the services, passed on piece by piece to be saved and never shown as a page of ours."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from starlette.responses import Response, StreamingResponse

from services.portal.lab import Service
from services.portal.visit import Visit
from shared.tables.exports import MEDIA_TYPES

_AS_BYTES = "application/octet-stream"
_PASSED_ON = ("content-disposition", "content-length")
_PLAIN = {"accept-encoding": "identity"}


async def download(visit: Visit, service: Service, path: str, **query: str) -> Response:
    """What a service sends at that path; raises Refused or Away before anything is sent."""
    kept = AsyncExitStack()
    sent = await kept.enter_async_context(visit.lab.stream(service, path, _PLAIN, **query))

    async def pieces() -> AsyncIterator[bytes]:
        async with kept:
            async for piece in sent.aiter_raw():
                yield piece

    told = {name: sent.headers[name] for name in _PASSED_ON if name in sent.headers}
    kind = sent.headers.get("content-type", "")
    return StreamingResponse(
        pieces(),
        media_type=kind if kind.partition(";")[0] in MEDIA_TYPES.values() else _AS_BYTES,
        headers={"content-disposition": "attachment", **told},
    )
