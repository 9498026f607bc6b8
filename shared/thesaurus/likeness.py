"""How much two texts are about the same: words in common, and terms that mean the same."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from shared.language.folding import sequence
from shared.thesaurus import groups, mentions

_NEAR = 0.5
_STEM = 0.7
_STEM_LETTERS = 6
_GENERIC = frozenset(
    """acces accompagnement achat action aide analyse annee application base besoin carte cas
    chiffre colonne commune compte cours demande departement departemental donnee dossier ecole
    etude fichier fois fonction formation gestion groupe habitant information jour laboratoire
    lieu ligne liste local maniere mesure mise mois moyen nombre normand normandie nouveau
    numerique numero objet outil part personne place plan point possible prise problem probleme
    production projet public publique question rapport region reseau resultat rue savoir science
    service site social suivi surveillance systeme tableau territoire territorial traitement
    travail type usage vie ville vue""".split()  # noqa: SIM905 - as a list it would fill a page
)
"""Words that say of nothing in particular what it is about."""

Concepts = Mapping[str, tuple[str, float]]
"""What a text is about: words, their beginnings and groups of the thesaurus; how each is written
there, and what it weighs."""


def concepts_of(*texts: str) -> dict[str, tuple[str, float]]:
    """The concepts of texts, each as it was first written, and its weight."""
    concepts: dict[str, tuple[str, float]] = {}
    for text in texts:
        written_words = sequence(text)
        for word, written in written_words:
            if word not in _GENERIC and not word.isdigit():
                concepts.setdefault(f"w{word}", (written, 1.0))
                if len(word) > _STEM_LETTERS:
                    concepts.setdefault(f"s{word[:_STEM_LETTERS]}", (written, _STEM))
        words = [word for word, _ in written_words]
        for mention in mentions(words):
            if set(words[mention.start : mention.end]) <= _GENERIC:
                continue
            written = " ".join(form for _, form in written_words[mention.start : mention.end])
            for group in mention.term.groups:
                weight = 1.0 if groups()[group].relation == "same" else _NEAR
                concepts.setdefault(f"g{group}", (written, weight))
    return concepts


def weighed(concepts: Concepts, factor: float) -> dict[str, tuple[str, float]]:
    """The same concepts, with their weights multiplied by `factor`."""
    return {concept: (written, weight * factor) for concept, (written, weight) in concepts.items()}


class Rarity:
    """How rare a term is among several texts: near 1 for what one says, near 0 for what all say."""

    def __init__(self, terms: Iterable[Iterable[str]]) -> None:
        every = [frozenset(text_terms) for text_terms in terms]
        self._count = len(every)
        self._texts_with = Counter(term for text_terms in every for term in text_terms)

    def of(self, term: str) -> float:
        """The rarity of a term that at least one of the texts has."""
        return math.log(1 + self._count / self._texts_with[term]) / math.log(1 + self._count)


class Likeness:
    """Compares texts with others among which what many say weighs little."""

    def __init__(self, others: Iterable[Concepts]) -> None:
        self._rarity = Rarity(others)

    def between(self, mine: Concepts, other: Concepts) -> dict[str, float]:
        """The words of `mine` that have something in common with `other`, and what each counts.

        In the order of `mine`.
        """
        shared_words: dict[str, float] = {}
        for concept, (written, weight) in mine.items():
            if concept not in other:
                continue
            counts = weight * other[concept][1] * self._rarity.of(concept)
            shared_words[written] = max(shared_words.get(written, 0.0), counts)
        return shared_words
