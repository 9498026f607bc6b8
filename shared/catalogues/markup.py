"""Texts out of HTML: in one pass, since on tags that never end html.parser takes quadratic time."""

import re
from html import unescape

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
_LINKS = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Whether a text has tags of HTML; `< 60 %` and `<nom>` are none."""
    return _IS_HTML.search(text) is not None


def links_of(text: str) -> list[str]:
    """The addresses that the links of an HTML text lead to."""
    return _LINKS.findall(text)


def text_of_html(text: str) -> str:
    """A text without tags, its paragraphs apart; one that only looks like HTML keeps its signs."""
    tagged = is_html(text)
    if tagged:
        text = _MARKUP.sub(_break_for, text)
    text = _CHARACTER.sub(lambda found: unescape(found[0]), text)
    if tagged:
        lines = "\n".join(line.strip() for line in text.split("\n"))
        text = _EMPTY_LINES.sub("\n\n", lines)
    return text


def legible_name(text: str) -> str:
    """`text` as it is, if it has no tags; ValueError says that it has."""
    if is_html(text):
        raise ValueError("ne doit pas contenir de balises HTML")
    return text


def _break_for(markup: re.Match[str]) -> str:
    """What stands in place of a tag: the end of a paragraph or line, or nothing."""
    tag = (markup["tag"] or "").lower()
    if _PARAGRAPHS.fullmatch(tag):
        return "\n\n"
    if markup["end"]:
        return " " if tag in {"td", "th"} else ""
    return {"li": "\n- ", "br": "\n", "hr": "\n", "tr": "\n"}.get(tag, "")
