"""The groups of the thesaurus as words of the index: what a text has a term of, it means."""

import re
from collections.abc import Sequence

from shared.language.folding import sequence
from shared.thesaurus import Mention, Relation, groups, mentions

_MARKS: dict[Relation, str] = {"same": "=", "near": "~"}
"""What the word of the index for a group begins with: no word of a text does."""

_WORD = re.compile(r"[^\W_]+")
"""A term with more of them than words that are compared has a preposition between two nouns."""


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
    """The groups of all terms in a text, each with its longest term as the thesaurus has it."""
    longest_first = sorted(mentions(words), key=lambda mention: -len(mention.term.words))
    terms_by_group: dict[str, str] = {}
    for mention in longest_first:
        for group in mention.term.groups:
            terms_by_group.setdefault(token_of(group), mention.term.written)
    return terms_by_group


def telling_mentions(words: Sequence[str]) -> list[Mention]:
    """The terms of a question, the longest first, without what complements the noun of another.

    A `logement vide` is a `logement`, and `vide`; a `taxe d'habitation` is no `habitation`.
    """
    mentioned = sorted(mentions(words), key=lambda mention: mention.start - mention.end)
    of_nouns = [
        mention
        for mention in mentioned
        if len(_WORD.findall(mention.term.written)) > len(mention.term.words)
    ]
    return [
        mention
        for mention in mentioned
        if not any(noun.start < mention.start and mention.end <= noun.end for noun in of_nouns)
    ]


def vocabulary() -> dict[str, str]:
    """The words of all terms by their singular, each as it was first written."""
    written = (term for group in groups() for term in group.terms)
    return {word: as_written for text in written for word, as_written in sequence(text)}
