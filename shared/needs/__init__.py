"""What a problem asks for, told from its words: which skills help, and which applications fit."""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shared.language.folding import fold

_WORD = re.compile(r"[^\W_]+")
_GAP = r" (?:\w+ ){0,4}?"
_NOT = re.compile(
    r"(?:(?:pas besoin d\w*|aucun\w*|pas de|sans|ni|pas d un\w*|jamais de)(?: \w+)?|a la) $"
)
"""What takes a need back that follows it: `pas besoin de carte`, `aucune prévision`, `à la`."""

_OTHERWISE = re.compile(r" (?:scolaires?|bancaires?|grises?|vitales?|postales?|d identite) ")
"""What makes another thing of the word before it: `carte scolaire`, `carte bancaire`."""


@dataclass(frozen=True, eq=False)
class Need:
    """A line of needs.csv: `phrase` follows « il s'agit de », weights of applications are 1 to 3.

    `problem` finds the words that tell of it; `skills` are those that help, however they are said.
    """

    name: str
    points: float
    phrase: str
    problem: re.Pattern[str]
    skills: tuple[str, ...]
    applications: Mapping[str, int]


@cache
def all_needs() -> tuple[Need, ...]:
    """All needs, in the order of the file."""
    with Path(__file__).with_name("needs.csv").open(encoding="utf-8", newline="") as file:
        return tuple(map(_need, csv.DictReader(file, delimiter=";")))


def needs_of(*texts: str) -> dict[Need, str]:
    """The needs that texts tell of, each with the words that say so, in the order of the file."""
    words_by_need = {need: next(_words_for(need, texts), "") for need in all_needs()}
    return {need: words for need, words in words_by_need.items() if words}


def plain(text: str) -> str:
    """A text folded, with one space between its words and around it."""
    return f" {' '.join(_WORD.findall(fold(text)))} "


def _words_for(need: Need, texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        folded = plain(text)
        for match in need.problem.finditer(folded):
            before, after = folded[: match.start(1)], folded[match.end(1) :]
            if not _NOT.search(before) and not _OTHERWISE.match(after):
                phrase = _as_written(text, before.count(" ") - 1, match[1].count(" ") + 1)
                yield phrase or match[1]


def _as_written(text: str, first: int, count: int) -> str:
    """So many words of a text from the first on, with the signs between them."""
    composed = unicodedata.normalize("NFC", text)
    words = list(_WORD.finditer(composed))[first : first + count]
    return composed[words[0].start() : words[-1].end()] if words else ""


def _need(row: Mapping[str, str]) -> Need:
    weights = (application.partition(":") for application in row["applications"].split("|"))
    phrases = "|".join(map(_pattern, row["problem"].split("|")))
    return Need(
        name=row["need"],
        points=float(row["points"]),
        phrase=row["said"],
        problem=re.compile(rf"(?<= )({phrases})(?= )"),
        skills=tuple(row["skills"].split("|")),
        applications={name: int(weight) for name, _, weight in weights},
    )


def _pattern(phrase: str) -> str:
    """`prevoi*` is any word that begins so, and ` * ` stands for up to four words."""
    return _GAP.join(map(_words, phrase.split(" * ")))


def _words(phrase: str) -> str:
    plain_phrase = re.sub(r"[^\w* ]", " ", phrase)
    return re.escape(plain_phrase).replace(r"\*", r"\w*").replace(r"\ ", " ")
