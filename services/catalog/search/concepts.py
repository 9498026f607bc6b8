"""What words stand for: the groups of the thesaurus that a text has a term of.

Terms are compared by the singular of their words: `habitant` and `habitation` have one stem.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from shared.thesaurus import Relation, groups
from shared.words import sequence

_MARKS: dict[Relation, str] = {"same": "=", "near": "~"}
"""What the word of the index for a group begins with: no word of a text does."""


class Term(NamedTuple):
    """A term of the thesaurus, as people write it, and the words of the index for its groups."""

    written: str
    words: tuple[str, ...]
    groups: frozenset[str]


class Mention(NamedTuple):
    """A term that stands in a text, from one of its words up to another."""

    start: int
    end: int
    term: Term


def relation_of(group: str) -> Relation:
    """How the terms of a group belong together."""
    return "same" if group.startswith(_MARKS["same"]) else "near"


def mentions(words: Sequence[str]) -> Iterator[Mention]:
    """All terms in a text, one after another and one within another."""
    known = _terms()
    for start, word in enumerate(words):
        for term in known.get(word, ()):
            end = start + len(term.words)
            if tuple(words[start:end]) == term.words:
                yield Mention(start, end, term)


def groups_in(words: Sequence[str]) -> dict[str, str]:
    """The groups of all terms in a text, each with its longest one, as the thesaurus writes it."""
    longest_first = sorted(mentions(words), key=lambda mention: -len(mention.term.words))
    found: dict[str, str] = {}
    for mention in longest_first:
        for group in sorted(mention.term.groups):
            found.setdefault(group, mention.term.written)
    return found


def singulars_in(text: str) -> list[str]:
    """All words of a text but stop words, by their singular, in its order."""
    return [word for word, _written in sequence(text)]


def vocabulary() -> dict[str, str]:
    """The words of all terms by their singular, each as it was first written."""
    written = (term for group in groups() for term in group.terms)
    return {word: as_written for text in written for word, as_written in sequence(text)}


@cache
def _terms() -> dict[str, tuple[Term, ...]]:
    """By their first word; what is written otherwise but has the same singulars is one."""
    found: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    names: dict[tuple[str, ...], str] = {}
    for number, group in enumerate(groups()):
        for written in group.terms:
            words = tuple(singulars_in(written))
            names.setdefault(words, written)
            found[words].add(f"{_MARKS[group.relation]}{number}")
    by_first: defaultdict[str, list[Term]] = defaultdict(list)
    for words, marked in found.items():
        if words:
            by_first[words[0]].append(Term(names[words], words, frozenset(marked)))
    return {first: tuple(terms) for first, terms in by_first.items()}
