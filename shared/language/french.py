"""What people read in French: numbers, lists, days and names of files."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
"""The time of metropolitan France, in which people are told days and hours."""

_WORD = re.compile(r"[^\W_]+")
_SEEN = "LNPS"
"""First letters of the Unicode categories of what leaves a mark: letters, numbers, signs."""

_TITLE_OF_FILE = 60
"""Characters of a title that the name of a file has."""

_LINES = "\t\n\r"
_PLURAL = 2
_DIRECTIONS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_STEP = re.compile(r"\bsteps\.(\d+)(?:\.\w+)* ?: ")


def counted(number: int, singular: str, many: str) -> str:
    """A number and what it counts, in French, where 0 and 1 are singular: `1 ligne`, `2 lignes`."""
    return f"{number} {singular if number < _PLURAL else many}"


def grouped(number: int) -> str:
    """A number as people read it in French, its digits by threes: `22 500 000`."""
    return f"{number:,}".replace(",", "\u202f")


def duration(seconds: float) -> str:
    """A length of time in French, to the second: `45 s`, `12 min`, `1 h 30 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number}\u00a0{unit}" for number, unit in parts if number) or "0\u00a0s"


def french_list(items: Sequence[str]) -> str:
    """Items as a French sentence names them: `a`, `a et b`, `a, b et c`."""
    return " et ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def quoted(text: str) -> str:
    """Somebody's words within a sentence of ours: on one line, in guillemets that they cannot end.

    Whoever decides by the sentence sees where they begin and end.
    """
    inner = " ".join(text.split()).replace("«", "\u2039").replace("»", "\u203a")
    return f"« {inner} »"


def day_in_paris(at: datetime) -> str:
    """The day of a time in metropolitan France, as an ISO date."""
    return at.astimezone(PARIS).date().isoformat()


def french_date(day: str) -> str:
    """An ISO date as people write it in French: 31/12/2026."""
    return f"{date.fromisoformat(day):%d/%m/%Y}"


def french_hour(at: datetime) -> str:
    """The hour of a time in metropolitan France as people write it: 14 h 05."""
    local = at.astimezone(PARIS)
    return f"{local.hour}\u00a0h\u00a0{local.minute:02}"


def steps_in_words(text: str) -> str:
    """A sentence of ours for people: `steps.0.sums: ...` becomes `étape 1 : ...`."""
    return _STEP.sub(lambda match: f"étape {int(match[1]) + 1} : ", text)


def file_name(title: str, at: datetime, ending: str) -> str:
    """The name of a file for something with that title and time; `ending` is `.csv` or so.

    `Où ? L'eau` on 20 November 2026 makes `où-l-eau-2026-11-20.csv`.
    """
    title_words = _WORD.findall(unicodedata.normalize("NFC", title).lower())
    lengths = accumulate(len(word) + 1 for word in title_words)
    fitting = sum(length <= _TITLE_OF_FILE + 1 for length in lengths)
    short = title_words[:fitting] or [word[:_TITLE_OF_FILE] for word in title_words[:1]]
    return "-".join((*short, day_in_paris(at))) + ending


def legible(text: str) -> str:
    """`text` as it is, if people can read it as it was written; ValueError says why not."""
    kinds = [unicodedata.category(letter) for letter in text if letter not in _LINES]
    if "Cc" in kinds:
        raise ValueError("ne doit pas contenir de caractères de contrôle")
    if text and not any(kind[0] in _SEEN for kind in kinds):
        raise ValueError("doit contenir quelque chose de visible")
    if _DIRECTIONS.search(text):
        raise ValueError("ne doit pas changer le sens de lecture")
    return text
