"""Words as people mean them: without case and accents."""

import re
import unicodedata

_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """`text` without case and accents, one space between words: `Données  Été` -> `donnees ete`."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(plain.split())


def words(*texts: str) -> dict[str, str]:
    """The words of `texts`, folded, each with its first spelling in lower case."""
    found: dict[str, str] = {}
    for text in texts:
        for word in _WORD.findall(text.lower()):
            found.setdefault(fold(word), word)
    return found
