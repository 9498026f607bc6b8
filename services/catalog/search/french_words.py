"""French words as search and matching compare them."""

import tantivy

from shared.words import lexical

_GENERIC = frozenset({"donnee", "etude", "projet"})
"""Every dataset is data and every project a study: no reason that one fits the other."""


# Accents are gone before: Snowball would cut `chaussée` and `chaussee` at different letters.
_STEMMER = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    .filter(tantivy.Filter.stemmer("french"))
    .build()
)


def meaningful(*texts: str) -> dict[str, str]:
    """The words that tell what a project or dataset is about, as `lexical` gives them."""
    return {word: written for word, written in lexical(*texts).items() if word not in _GENERIC}


_SHORTEST_STEM = 4
_SHORTEST_FEMININE = 6
_STEMS = {
    word: word
    for word in """appellation arrete classement collecte commune concertation formation generaliste
    habitation important montant porte stationnement traitement trame vacances vente""".split()  # noqa: SIM905 - as a list it would fill a page
}
_STEMS |= {"ecoli": "e-coli", "plui": "plu-i", "votant": "vote", "voter": "vote"}
"""Of words to which Snowball gives that of quite another one (appel, arrêt, classe, collectif,
commun, concert, format, général, habitant, import, mont, port, station, trait, tram, vacance,
vent, école, pluie), and of those that are too short for it."""


def stems_of(words: str) -> list[str]:
    """The stems of words that `lexical` gives, one space apart.

    What Snowball leaves of a short word is often another one (of logement log, of aire air, of
    loyer loi): such words are kept as they are, but for the e of a feminine.
    """
    stemmed = zip(words.split(), _STEMMER.analyze(words), strict=True)
    return [_stem(word, str(stem)) for word, stem in stemmed]


def stem(word: str) -> str:
    """The stem of one word."""
    return stems_of(word)[0]


def _stem(word: str, stem: str) -> str:
    if word in _STEMS:
        return _STEMS[word]
    if len(stem) >= _SHORTEST_STEM:
        return stem
    return word.removesuffix("e") if len(word) >= _SHORTEST_FEMININE else word
