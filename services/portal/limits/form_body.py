"""What a form or an address may bring: how much, in what time, and no text that nobody can keep."""

import asyncio
import re
from collections.abc import Iterable

from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

from services.portal.lab import Refused

SLOW, _TOO_LARGE, _UNREADABLE = 408, 413, 422

_FORM_BYTES = 1_000_000
"""The most that a form brings beside a file, and a field of one with a file."""

_PIECE_BYTES = 64_000
_WHOLE = re.compile(r"\d{1,15}")


def bounded(receive: Receive, largest_file: int, too_large: str, seconds: float) -> Receive:
    """The same for a body that holds a file of so many bytes at most; Refused `too_large` else.

    Each 64 kB of it has so many `seconds` to come, as at the services. Starlette keeps a file
    of any size on disk, and a form of any size in memory.
    """
    left, receive = largest_file + _FORM_BYTES, _in_time(receive, seconds)

    async def receiving() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            await _read_on(receive, message, largest_file)
            raise Refused(_TOO_LARGE, too_large)
        return message

    return receiving


def _in_time(receive: Receive, seconds: float) -> Receive:
    """The same; Refused when a piece of the body does not come within so many seconds."""
    come, ends = 0, asyncio.get_running_loop().time() + seconds

    async def receiving() -> Message:
        nonlocal come, ends
        try:
            async with asyncio.timeout_at(ends):
                message = await receive()
        except TimeoutError as error:
            raise Refused(
                SLOW,
                "Ce que vous avez envoyé arrivait trop lentement, et rien n'en est enregistré :"
                " revenez en arrière et recommencez, au besoin d'une autre connexion.",
            ) from error
        come += len(message.get("body", b""))
        if come >= _PIECE_BYTES:
            come, ends = 0, asyncio.get_running_loop().time() + seconds
        return message

    return receiving


def check_texts(fields: Iterable[tuple[str, object]]) -> None:
    """Raise Refused, naming the field, where a text or the name of a file holds U+0000."""
    for name, value in fields:
        text = value.filename if isinstance(value, UploadFile) else value
        if "\0" in f"{name}{text}":
            raise Refused(
                _UNREADABLE,
                "Ce que vous avez envoyé contient un caractère nul (U+0000), qu'aucun texte ne peut"
                " avoir : rien n'en est enregistré.",
                name.replace("\0", ""),
            )


def whole_number(text: str) -> int | None:
    """The number that a text says, if it is one that counts anything here.

    Python reads no more than 4,300 digits as a number.
    """
    return int(text) if _WHOLE.fullmatch(text) else None


async def _read_on(receive: Receive, message: Message, most: int) -> None:
    """Forget the rest of a body: browsers show an answer only to what they sent whole."""
    while message.get("more_body") and most > 0:
        message = await receive()
        most -= len(message.get("body", b""))
