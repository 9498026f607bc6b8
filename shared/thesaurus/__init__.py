"""Which terms mean the same: words of administrations, of everyday life, abbreviations, English."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from shared.language.folding import fold, lexical, sequence

Relation = Literal["same", "near"]
"""Whether terms mean the same, or go together only."""

_SAME: Relation = "same"


class Group(NamedTuple):
    """Terms of a line of terms.csv, as people write them."""

    relation: Relation
    terms: tuple[str, ...]


class Term(NamedTuple):
    """A term as people write it, its words by their singular, and the numbers of its groups."""

    written: str
    words: tuple[str, ...]
    groups: tuple[int, ...]


class Mention(NamedTuple):
    """A term that stands in a text, from one of its words up to another."""

    start: int
    end: int
    term: Term


@cache
def groups() -> tuple[Group, ...]:
    """All groups, in the order of the file."""
    with Path(__file__).with_name("terms.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        return tuple(
            Group(_SAME if relation == _SAME else "near", tuple(terms.split("|")))
            for relation, terms in rows
        )


def mentions(words: Sequence[str]) -> Iterator[Mention]:
    """All terms in a text, one after another and one within another; `words` are singulars.

    Words are not compared by stems: `habitant` and `habitation` have one.
    """
    terms_by_first_word = _terms()
    for start, word in enumerate(words):
        for term in terms_by_first_word.get(word, ()):
            end = start + len(term.words)
            if tuple(words[start:end]) == term.words:
                yield Mention(start, end, term)


def keys_of(term: str) -> frozenset[str]:
    """A term without case and accents, and its words without number and stop words too."""
    return frozenset({fold(term), " ".join(lexical(term))})


@lru_cache(maxsize=1000)
def same_as(term: str) -> frozenset[str]:
    """The keys of a term and of all that mean the same: who looks for it looks for these.

    A term within it may be said otherwise too: `développeur Python` is `programmation Python`.
    """
    words = [word for word, _written in sequence(term)]
    keys = set(keys_of(term))
    for mention in mentions(words):
        before, after = words[: mention.start], words[mention.end :]
        for number in mention.term.groups:
            if groups()[number].relation == _SAME:
                for other in groups()[number].terms:
                    keys |= keys_of(" ".join((*before, other, *after)))
    return frozenset(keys)


@cache
def _terms() -> dict[str, tuple[Term, ...]]:
    """Terms by their first word; those with the same singulars are one."""
    numbers: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    written: dict[tuple[str, ...], str] = {}
    for number, group in enumerate(groups()):
        for term in group.terms:
            words = tuple(word for word, _written in sequence(term))
            written.setdefault(words, term)
            if number not in numbers[words]:
                numbers[words].append(number)
    by_first: defaultdict[str, list[Term]] = defaultdict(list)
    for words, group_numbers in numbers.items():
        by_first[words[0]].append(Term(written[words], words, tuple(group_numbers)))
    return {first: tuple(terms) for first, terms in by_first.items()}
