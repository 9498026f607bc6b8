"""French words as search and matching compare them, and the names of keys in French."""

import tantivy

from shared.words import words

_SHORTEST_WITH_PLURAL = 4
_STOP = frozenset(
    """a ai as au aux avec avoir c ce ceci cela ces cet cette ceux chaque comme comment d dans de
    des donc dont du elle elles en entre est et etaient etait etre eux fait faire fois font il ils
    j je l la le les leur leurs lors lui m ma mais me meme memes mes moi mon n ne ni nos notre nous
    on ont ou par parmi pas peu peut peuvent plus plusieurs pour pourquoi qu quand que quel quelle
    quelles quels qui quoi s sa sans se selon sera ses si son sont sous sur t ta te tes toi ton tous
    tout toute toutes tres tu un une vers vos votre vous y afin ainsi apres aussi autre autres avant
    chez""".split()  # noqa: SIM905 - as a list it would fill a page
)
_GENERIC = frozenset({"donnee", "etude", "projet"})
"""Every dataset is data and every project a study: no reason that one fits the other."""


KEYS = {
    "commune": "le code commune",
    "epci": "le code de l'EPCI",
    "iris": "le code IRIS",
    "postcode": "le code postal",
    "siren": "le numéro SIREN",
    "siret": "le numéro SIRET",
    "departement": "le code du département",
    "region": "le code de la région",
}
# Accents are gone before: Snowball would cut `chaussée` and `chaussee` at different letters.
_STEMMER = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    .filter(tantivy.Filter.stemmer("french"))
    .build()
)


def lexical(*texts: str) -> dict[str, str]:
    """All but stop words, by their singular, each as it was first written (in lower case)."""
    found: dict[str, str] = {}
    for folded, word in words(*texts).items():
        if folded not in _STOP:
            found.setdefault(_singular(folded), word)
    return found


def meaningful(*texts: str) -> dict[str, str]:
    """The words that tell what a project or dataset is about, as `lexical` gives them."""
    return {word: written for word, written in lexical(*texts).items() if word not in _GENERIC}


def _singular(folded: str) -> str:
    """Without the plural's s or x, of one length for both numbers: `eaux` and `eau` meet."""
    long = len(folded) >= _SHORTEST_WITH_PLURAL
    return folded[:-1] if long and folded[-1] in "sx" else folded


def key_in_french(key: str) -> str:
    """The kind of key with its article; its name where French has none for it."""
    return KEYS.get(key, f"la clé {key}")


def stems_of(words: str) -> list[str]:
    """The stems of words that `lexical` gives, one space apart."""
    return [str(stem) for stem in _STEMMER.analyze(words)]


def stem(word: str) -> str:
    """The stem of one word."""
    return stems_of(word)[0]
