"""Texts, dates and addresses of other catalogues, made plain and bounded."""

import calendar
import re
import unicodedata
from typing import Any

LABEL, TEXT, URL = 500, 5000, 2000
"""Longest labels, texts and addresses that are kept, in characters."""

KEYWORDS, DISTRIBUTIONS, PLACES, NAMES = 30, 200, 5000, 20

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?$")
_SPACES = re.compile(r"[^\S\n]+")
_UNSEEN = ("Cc", "Cs", "Co", "Cn")


def plain(value: Any, limit: int = LABEL) -> str:  # noqa: ANN401 - whatever a page holds
    """A text without control characters, of at most `limit` characters; empty for no text."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    seen = "".join(
        letter
        for letter in str(value)[: 2 * limit]
        if letter in "\n\t" or unicodedata.category(letter) not in _UNSEEN
    )
    return _SPACES.sub(" ", seen).strip()[:limit].rstrip()


def one_line(value: Any, limit: int = LABEL) -> str:  # noqa: ANN401 - whatever a page holds
    """The same on one line."""
    return " ".join(plain(value, limit).split())


def identity(value: Any) -> str:  # noqa: ANN401 - whatever a page holds
    """What a dataset is known again by, on one line; a longer one than is kept stays longer."""
    return one_line(value, LABEL + 1)


def address(value: Any) -> str:  # noqa: ANN401 - whatever a page holds
    """An address that people can follow; empty for anything else, such as a script."""
    url = plain(value, URL + 1)
    is_followed = re.match(r"(?:https?|ftp)://[^\s/]", url, re.IGNORECASE)
    return url if is_followed and len(url) <= URL and not re.search(r"\s", url) else ""


def moment(value: Any) -> str:  # noqa: ANN401 - whatever a page holds
    """An ISO date or time as it is; empty for anything else."""
    text = plain(value)
    return text if _day_of(text, is_end=False) else ""


def day(value: Any, *, is_end: bool = False) -> str | None:  # noqa: ANN401 - whatever a page holds
    """The day of an ISO date or time; of a year or month its first, or last when `is_end`."""
    return _day_of(plain(value), is_end=is_end)


def _day_of(text: str, *, is_end: bool) -> str | None:
    found = _DATE.match(text)
    if found is None:
        return None
    year = int(found[1])
    month = int(found[2] or (12 if is_end else 1))
    if not (year >= 1 and 1 <= month <= 12):  # noqa: PLR2004 - months of a year
        return None
    last = calendar.monthrange(year, month)[1]
    number = int(found[3] or (last if is_end else 1))
    return f"{year:04}-{month:02}-{number:02}" if 1 <= number <= last else None


def size(value: Any) -> int | None:  # noqa: ANN401 - whatever a page holds
    """A number of bytes, written as any number; None for anything else."""
    try:
        number = int(float(plain(value)))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 1 << 63 else None


def checksum(algorithm: Any, value: Any) -> str:  # noqa: ANN401 - whatever a page holds
    """`sha1:...`, in lower case; empty unless both are there."""
    digest = plain(value).lower()
    name = re.sub(r".*checksumalgorithm_|[^a-z0-9]", "", plain(algorithm).lower())
    return f"{name}:{digest}" if name and re.fullmatch(r"[0-9a-f]{8,128}", digest) else ""
