"""Words as people mean them: without case, accents, ligatures and the way they were typed."""

import re
import unicodedata

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """`text` in lower case without accents and ligatures: `Été  Œuvre` -> `ete oeuvre`.

    Words are one space apart; decomposed letters, as macOS sends them, are as good as composed.
    """
    letters = unicodedata.normalize("NFKD", text).casefold().translate(_LIGATURES)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(plain.split())


def words(*texts: str) -> dict[str, str]:
    """The words of `texts`, folded, each as it was first written, in lower case."""
    found: dict[str, str] = {}
    for text in texts:
        for word in _WORD.findall(unicodedata.normalize("NFC", text.casefold())):
            found.setdefault(fold(word), word)
    return found
