"""The groups of the thesaurus as words of the index: what a text has a term of, it means."""

from collections.abc import Sequence

from shared.thesaurus import Relation, groups, mentions
from shared.words import sequence

_MARKS: dict[Relation, str] = {"same": "=", "near": "~"}
"""What the word of the index for a group begins with: no word of a text does."""


def token_of(group: int) -> str:
    """The word of the index for a group."""
    return f"{_MARKS[groups()[group].relation]}{group}"


def is_group(token: str) -> bool:
    """Whether a word of the index stands for a group."""
    return token[0] in _MARKS.values()


def relation_of(token: str) -> Relation:
    """How the terms of a group belong together."""
    return "same" if token.startswith(_MARKS["same"]) else "near"


def groups_in(words: Sequence[str]) -> dict[str, str]:
    """The groups of all terms in a text, each with its longest one, as the thesaurus writes it."""
    longest_first = sorted(mentions(words), key=lambda mention: -len(mention.term.words))
    found: dict[str, str] = {}
    for mention in longest_first:
        for group in mention.term.groups:
            found.setdefault(token_of(group), mention.term.written)
    return found


def vocabulary() -> dict[str, str]:
    """The words of all terms by their singular, each as it was first written."""
    written = (term for group in groups() for term in group.terms)
    return {word: as_written for text in written for word, as_written in sequence(text)}
