"""Words as they are compared: without case, accents, ligatures and plurals."""

import re
import unicodedata
from functools import lru_cache

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "OE", "Æ": "AE"})
_WORD = re.compile(r"[^\W_]+")

_BEGINNINGS = range(2, 13)
"""How many letters of a word somebody types into a search box, as far as they count."""

_SHORTEST_WITH_PLURAL = 4
_SHORTEST_IN_AUX = 6
_STOP = frozenset(
    """a ai as au aux avec avoir c ce ceci cela ces cet cette ceux chaque comme comment d dans de
    des donc dont du elle elles en entre est et etaient etait etre eux fait faire fois font il ils
    j je l la le les leur leurs lors lui m ma mais me meme memes mes moi mon n ne ni nos notre nous
    on ont ou par parmi pas peu peut peuvent plus plusieurs pour pourquoi qu quand que quel quelle
    quelles quels qui quoi s sa sans se selon sera ses si son sont sous sur t ta te tes toi ton tous
    tout toute toutes tres tu un une vers vos votre vous y afin ainsi apres aussi autre autres avant
    chez""".split()  # noqa: SIM905 - as a list it would fill a page
)
_PLURALS = frozenset({"vacances"})
"""Words that mean another thing than their singular, as searches know it: a home's vacancy."""


def fold(text: str) -> str:
    """`text` in lower case without accents and ligatures: `Été  Œuvre` -> `ete oeuvre`.

    Words are one space apart; decomposed letters, as macOS sends them, are as good as composed.
    """
    letters = unicodedata.normalize("NFKD", text).casefold().translate(_LIGATURES)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(plain.split())


def ascii_of(text: str) -> str:
    """`text` in ASCII: letters without accents and ligatures, what has no such form left out."""
    letters = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return letters.encode("ascii", "ignore").decode()


def words(*texts: str) -> dict[str, str]:
    """The words of `texts`, folded, each as it was first written, in lower case."""
    written_by_word: dict[str, str] = {}
    for text in texts:
        for word in _WORD.findall(unicodedata.normalize("NFC", text.casefold())):
            written_by_word.setdefault(_fold_word(word), word)
    return written_by_word


# A language has few words that are often: most of a catalogue's are among those just seen.
_fold_word = lru_cache(maxsize=20_000)(fold)


def sequence(text: str) -> list[tuple[str, str]]:
    """All words of a text but stop words, in its order: singular, and as written in lower case."""
    written = _WORD.findall(unicodedata.normalize("NFC", text.casefold()))
    folded = ((_fold_word(word), word) for word in written)
    return [(_singular(word), as_written) for word, as_written in folded if word not in _STOP]


def beginnings(*texts: str) -> list[str]:
    """What the words of these texts begin with, folded: what is typed finds them by one of these.

    See `typed`, which says what is looked for.
    """
    return sorted({word[:length] for word in words(*texts) for length in _BEGINNINGS})


def typed(text: str) -> list[str]:
    """What somebody types into a search box, as `beginnings` has it: a plural finds a singular."""
    least, most = _BEGINNINGS[0], _BEGINNINGS[-1]
    singulars = (
        word[:-1] if len(word) > _SHORTEST_WITH_PLURAL and word[-1] in "sx" else word
        for word in words(text)
    )
    return sorted({word[:most] for word in singulars if len(word) >= least})


def lexical(*texts: str) -> dict[str, str]:
    """All but stop words, by their singular, each as it was first written (in lower case)."""
    written_by_singular: dict[str, str] = {}
    for text in texts:
        for singular, written in sequence(text):
            written_by_singular.setdefault(singular, written)
    return written_by_singular


def _singular(folded: str) -> str:
    """Without the plural's s or x, of one length for both numbers: `eaux` and `eau` meet.

    What ends in -aux ends in -al: `locaux` and `local` meet.
    """
    if folded in _PLURALS:
        return folded
    if len(folded) >= _SHORTEST_IN_AUX and folded.endswith("aux") and folded[-4] not in "ey":
        return f"{folded[:-2]}l"
    long = len(folded) >= _SHORTEST_WITH_PLURAL
    return folded[:-1] if long and folded[-1] in "sx" else folded
