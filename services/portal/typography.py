"""The spaces that French typography has before : ; ! ? and within « », where no line breaks."""

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from shared.language.french import steps_in_words

_WIDE, _NARROW = "\u00a0", "\u202f"
_BEFORE_WIDE = re.compile(" (?=[:»])")
_BEFORE_NARROW = re.compile(" (?=[;!?])")


def spaced(text: str) -> str:
    """A French sentence with such spaces in place of the plain ones that were typed."""
    text = _BEFORE_WIDE.sub(_WIDE, text).replace("« ", f"«{_WIDE}")
    return _BEFORE_NARROW.sub(_NARROW, text)


def sentence(text: str) -> str:
    """Return a text as a sentence of its own: capitalised, with French spaces."""
    wording = steps_in_words(text)
    return spaced(wording[:1].upper() + wording[1:])


class FrenchSpaces(Extension):
    """Spaces what templates say themselves; what they show of people's words stays as it is."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens of a template, its texts spaced."""
        for token in stream:
            is_text = token.type in {"data", "string"}
            yield Token(token.lineno, token.type, spaced(token.value)) if is_text else token
