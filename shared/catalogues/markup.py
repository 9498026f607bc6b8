"""Texts out of HTML: in one pass, since on tags that never end html.parser takes quadratic time."""

import re
from html import unescape

from shared.language.french import legible

_IS_HTML = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|small|su[bp]|ul|ol|li|h[1-6]|table|t[drh]|tbody|thead"
    r"|img|font|blockquote|pre|code|hr|section|article|script|style|iframe|svg|math|video|audio"
    r"|input|button|form|textarea|select|embed|object|applet|meta|link|base|html|body|head|details"
    r"|marquee|template|noscript|frameset|frame|canvas|d[ltd]|del|ins|mark|cite|kbd)"
    r"(?:(?:[\s/]+[\w:-]+){1,20}\s*=[^<>]*)?\s*/?>"
    # What a browser would run, whatever the tag, and though it never ends.
    r"|<[a-z][\w:-]*[\s/][^<>]*?\bon[a-z]+\s*=",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|iframe)\b[^<>]*>.*?(?:</\1\s*>|\Z)"
    r"|<(?P<end>/?)(?P<tag>[a-z][\w:-]*)(?:[\s/][^<>]*)?>"
    r"|<[a-z][\w:-]*[\s/][^<>]*?\bon[a-z]+\s*=[^<>]*",
    re.IGNORECASE | re.DOTALL,
)
_CHARACTER = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,30});", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"p|div|[uo]l|table|blockquote|pre|section|article|h[1-6]", re.IGNORECASE)
_LAYERS = 4
_EMPTY_LINES = re.compile(r"\n{3,}")
_LINKS = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Whether a text has tags of HTML; `< 60 %` and `<nom>` are none."""
    return _IS_HTML.search(text) is not None


def links_of(text: str) -> list[str]:
    """The addresses that the links of an HTML text lead to."""
    return _LINKS.findall(text)


def text_of_html(text: str) -> str:
    """A text without tags, its paragraphs apart; one that only looks like HTML keeps its signs.

    Tags that are written as characters, or made of what tags leave, go as well.
    """
    was_tagged = False
    for _ in range(_LAYERS):
        tagged = is_html(text)
        was_tagged |= tagged
        if tagged:
            text = _MARKUP.sub(_break_for, text)
        text = _CHARACTER.sub(lambda match: unescape(match[0]), text)
        if not is_html(text):
            break
    else:
        text = text.replace("<", "")
    if was_tagged:
        lines = "\n".join(line.strip() for line in text.split("\n"))
        text = _EMPTY_LINES.sub("\n\n", lines)
    return text


def untagged(text: str) -> str:
    """`text` as it is, if it has no tags; ValueError says that it has."""
    if is_html(text):
        raise ValueError("ne doit pas contenir de balises HTML")
    return text


def plain_text(text: str) -> str:
    """`text` as it is, if pages can show it: legible and without tags; ValueError says why not."""
    return untagged(legible(text))


def _break_for(markup: re.Match[str]) -> str:
    """What stands in place of a tag: the end of a paragraph or line, or nothing."""
    tag = (markup["tag"] or "").lower()
    if _PARAGRAPHS.fullmatch(tag):
        return "\n\n"
    if markup["end"]:
        return " " if tag in {"td", "th"} else ""
    return {"li": "\n- ", "br": "\n", "hr": "\n", "tr": "\n"}.get(tag, "")
