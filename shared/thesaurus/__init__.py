"""Which terms mean the same: words of administrations, of everyday life, abbreviations, English."""

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from shared.words import fold, lexical

Relation = Literal["same", "near"]
"""Whether terms mean the same, or go together only."""


class Group(NamedTuple):
    """Terms of a line of terms.csv, as people write them."""

    relation: Relation
    terms: tuple[str, ...]


@cache
def groups() -> tuple[Group, ...]:
    """All groups, in the order of the file."""
    with Path(__file__).with_name("terms.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        return tuple(Group(_relation(kind), tuple(terms.split("|"))) for kind, terms in rows)


def _relation(kind: str) -> Relation:
    return "same" if kind == "same" else "near"


def same_as(term: str) -> frozenset[str]:
    """The keys of a term and of all that mean the same: two terms are alike when they share one."""
    known = _keys_by_term()
    return keys_of(term).union(*(known.get(key, ()) for key in keys_of(term)))


def keys_of(term: str) -> frozenset[str]:
    """A term without case and accents, and its words without number and stop words too."""
    return frozenset({fold(term), " ".join(lexical(term))})


@cache
def _keys_by_term() -> dict[str, frozenset[str]]:
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for group in groups():
        if group.relation == "same":
            keys = frozenset().union(*map(keys_of, group.terms))
            for key in keys:
                found[key] |= keys
    return dict(found)
