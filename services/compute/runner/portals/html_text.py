"""Descriptions of other catalogues as plain text: many are written in HTML.

By expressions that take one pass: on tags that never end html.parser takes quadratic time.
"""

import re
from html import unescape
from typing import Any

from services.compute.runner.portals.sanitising import TEXT, plain

_READ = 10 * TEXT
"""So much of a text is looked at, in characters: tags may be longer than what they say."""

_IS_HTML = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|small|su[bp]|ul|ol|li|h[1-6]|table|t[drh]|tbody|thead"
    r"|img|font|blockquote|pre|code|hr|section|article|script|style|iframe)"
    r"(?:\s+[\w:-]+\s*=[^<>]*)?\s*/?>",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|iframe)\b[^<>]*>.*?(?:</\1\s*>|\Z)"
    r"|<(?P<end>/?)(?P<tag>[a-z][\w:-]*)(?:\s[^<>]*)?/?>",
    re.IGNORECASE | re.DOTALL,
)
_CHARACTER = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,30});", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"p|div|[uo]l|table|blockquote|pre|section|article|h[1-6]", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n{3,}")


def text_of_html(value: Any) -> str:  # noqa: ANN401 - whatever a page holds
    """A text without tags, its paragraphs apart; one that only looks like HTML stays as it is."""
    if not isinstance(value, str):
        return plain(value, TEXT)
    text = value[:_READ]
    is_html = _IS_HTML.search(text) is not None
    if is_html:
        text = _MARKUP.sub(_break_for, text)
    text = _CHARACTER.sub(lambda found: unescape(found[0]), text)
    if is_html:
        lines = "\n".join(line.strip() for line in text.split("\n"))
        text = _EMPTY_LINES.sub("\n\n", lines)
    return plain(text, TEXT)


def _break_for(markup: re.Match[str]) -> str:
    """What stands in place of a tag: the end of a paragraph or line, or nothing."""
    tag = (markup["tag"] or "").lower()
    if _PARAGRAPHS.fullmatch(tag):
        return "\n\n"
    if markup["end"]:
        return " " if tag in {"td", "th"} else ""
    return {"li": "\n- ", "br": "\n", "hr": "\n", "tr": "\n"}.get(tag, "")
