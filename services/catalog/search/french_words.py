"""French words as search and matching compare them."""

import re
from functools import lru_cache

import tantivy

from shared.language.folding import lexical

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


_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"),
        ("s?ch|sh", "S"),
        ("h", ""),
        ("(?<=[aeiouy])s(?=[aeiouy])", "z"),
        ("ti(?=on)", "si"),
        ("sc(?=[eiy])|c(?=[eiy])", "s"),
        ("cqu|qu|ck|[cqk]", "k"),
        ("gu(?=[eiy])", "G"),
        ("ge(?=[aou])|g(?=[eiy])", "j"),
        ("eau|au", "o"),
        ("(?:[ea]?[iy]|u)[nm](?![aeiouynm])", "I"),
        ("[ea][nm](?![aeiouynm])", "A"),
        ("o[nm](?![aeiouynm])", "O"),
        ("[ea][iy]", "e"),
        ("oeu|eu", "E"),
        ("ou", "U"),
        ("y", "i"),
        (r"(.)\1+", r"\1"),
        ("e[rtz]$", "e"),
    )
)
"""Ways to write a sound, and a sign for it; the first come first. Written e is every e: words are
compared without accents."""


@lru_cache(maxsize=20_000)
def sound_of(word: str) -> str:
    """How a word without accents sounds, in signs that mean nothing else."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word
