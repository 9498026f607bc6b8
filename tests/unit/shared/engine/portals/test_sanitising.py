"""Descriptions in HTML, and texts that only look like it, as people read them."""

from typing import Any

import pytest

from shared.engine.portals.sanitising import licence_name, text_of_html, untagged


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<p>Un.</p><p>Deux &amp; trois.</p>", "Un.\n\nDeux & trois."),
        ("<div><p>Un</p>\n\n\n<p> Deux<br/>Trois </p></div>", "Un\n\nDeux\nTrois"),
        ("Voir <a href='https://a.fr/?b=1'>la page</a>.", "Voir la page."),
        ("<ul>\n<li>Eau</li>\n<li>Air</li>\n</ul>", "- Eau\n\n- Air"),
        ("<p>Un</p><script>alert('<p>deux</p>')</script><style>p{}</style>", "Un"),
        ("<h2>Titre</h2>Texte<table><tr><td>a</td></tr></table>", "Titre\n\nTexte\n\na"),
        ("<P CLASS='x'>Un", "Un"),
        ("<p>Un <!-- deux --> trois <b>quatre", "Un  trois quatre"),
        ("L&#39;eau &eacute;tale &nbsp;!", "L'eau étale !"),
        ("Taux < 5 % & > 2 %, si a<b et c>d", "Taux < 5 % & > 2 %, si a<b et c>d"),
        ("# Titre\n\n- un\n- deux <https://a.fr>", "# Titre\n\n- un\n- deux <https://a.fr>"),
        ("https://a.fr/?b=1&copy=2&amp", "https://a.fr/?b=1&copy=2&amp"),
        ("Un<svg/onload=alert(1)> deux", "Un deux"),
        ("Un<xss a onpointerover = alert(1) ", "Un"),
        ("&lt;img src=x onerror=alert(1)&gt;Un", "Un"),
        ("&amp;lt;b&amp;gt;Un&amp;lt;/b&amp;gt;, <i>deux</i>", "&lt;b&gt;Un&lt;/b&gt;, deux"),
        ("<<b>img src=x onerror=alert(1)>Un", "Un"),
        (f"{'<' * 9}{'b>' * 9}", "b>" * 5),
        (None, ""),
        (7, "7"),
        ({"a": 1}, ""),
    ],
)
def test_description_is_plain_text_with_its_paragraphs(written: Any, read: str) -> None:
    """Tags go, what they say stays; Markdown, comparisons and addresses are not touched."""
    assert text_of_html(written) == read.replace("  ", " ")


def test_names_have_no_tags_and_licences_keep_the_address_of_a_link() -> None:
    """They are published in attributions."""
    assert untagged("<b>Bornes</b> &amp; <br>prises") == "Bornes & prises"
    assert licence_name("<a href='https://a.fr/lo'>Conditions</a>") == "Conditions https://a.fr/lo"
    assert licence_name("<p>ODbL</p>") == "ODbL"


@pytest.mark.parametrize(
    "evil",
    [
        *(
            fragment * 20_000
            for fragment in ("<p ", "<p>", "<p>&", "<!--", "<p on", "on ", " a", "&lt;p ")
        )
    ],
)
def test_markup_that_never_ends_is_read_to_its_limit(evil: str) -> None:
    """Whatever comes of it, it is short, and no tag."""
    assert len(text_of_html(f"<p>Un</p>{evil}")) <= 5000


def test_text_behind_long_tags_is_kept() -> None:
    """The limit is that of the text, not of its markup."""
    text = text_of_html("".join(f'<p class="{"x" * 100}">Paragraphe {n}</p>' for n in range(200)))
    assert "Paragraphe 199" in text
