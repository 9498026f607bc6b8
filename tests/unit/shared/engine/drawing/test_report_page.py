"""Reports as one page that asks nobody for anything."""

from base64 import b64decode, b64encode
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from shared.engine.drawing.report_page import Contents, DoneStep, Picture, TableRows, page_of
from shared.engine.tables.manifest import Input

EVIL = '<script>alert("$x$")</script>'
CROSSING: dict[str, Any] = {
    "summary": "2 clés trouvées",
    "weight": "logements",
    "keys": {
        "found": {"keys": 2, "rows": 1234, "weight": 99000, "share": 0.9},
        "succeeded": {"keys": 0, "rows": 0, "weight": 0, "share": 0.0},
        "unmatched": {"keys": 1, "rows": 3, "weight": 11000, "share": 0.1},
    },
    "orphans": [
        {"key": EVIL, "rows": 2, "weight": 6000, "successor": None, "crossed": False},
        {"key": None, "rows": 1, "weight": 5000, "successor": None, "crossed": False},
    ],
    "warnings": [{"kind": "repeated_rows", "told": f"attention à {EVIL}"}],
}


class Page(HTMLParser):
    """What is in a page: its tags with their attributes, and its text; each tag is closed."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(content)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """What ends is what began last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All text, one space between words."""
        return " ".join("".join(self.texts).split())


def _page(tmp_path: Path) -> str:
    picture = tmp_path / "map.png"
    picture.write_bytes(b"\x89PNG")
    source = Input(
        name="logements",
        dataset_id="dts_1",
        version=3,
        sha256="a" * 64,
        title=EVIL,
        licence="lov2",
        attribution="Sources : INSEE (https://insee.fr).",
    )
    step = DoneStep("Croiser deux tables", "croisee", {"left_key": EVIL}, CROSSING)
    return page_of(
        Contents(
            title=EVIL,
            question="Où sont les logements vacants ?\nEt combien ?",
            sources=(source,),
            steps=(step,),
            pictures=(
                Picture("Carte", 'Carte "des" communes', picture, ("Sans contour : 14581.",)),
            ),
            table=TableRows(
                ("annee", "code", "n"), [(2021, "01001", 12345.25), (2022, EVIL, 3.0)], 1500
            ),
            made_at=datetime(2026, 11, 27, 22, 30, tzinfo=UTC),
            software={"duckdb": "2.0.1"},
            head=("Essai sur un échantillon",),
            provenance=("Recette : vacance@2.", f"But : « {EVIL} »."),
        )
    )


def test_a_report_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    """Nothing in it is fetched, whatever titles and values hold, and its policy forbids it too."""
    content = _page(tmp_path)
    page = Page(content)
    tags = Counter(tag for tag, _ in page.tags)
    assert not {"script", "link", "iframe", "object", "embed", "a", "form"} & tags.keys()
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert not {"href", "srcset", "style", "action"} & attributes.keys()
    sources = [attributes["src"] or "" for _, attributes in page.tags if "src" in attributes]
    assert [source.partition(",")[0] for source in sources] == ["data:image/png;base64"]
    assert b64decode(sources[0].partition(",")[2]) == b"\x89PNG"
    policy = next(tag["content"] or "" for _, tag in page.tags if tag.get("http-equiv"))
    style = content.partition("<style>")[2].partition("</style>")[0]
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "url(" not in style
    assert "@import" not in style


def test_a_report_can_be_read_by_everybody(tmp_path: Path) -> None:
    """It is French, its tables have captions and heads, its pictures a text instead."""
    page = Page(_page(tmp_path))
    tags = Counter(tag for tag, _ in page.tags)
    assert ("html", {"lang": "fr"}) in page.tags
    assert tags["table"] == tags["caption"] == 5
    assert "Accordé pour" not in page.text, "a column in which nothing stands"
    assert tags["h1"] == tags["main"] == 1
    assert all(attributes.get("scope") == "col" for tag, attributes in page.tags if tag == "th")
    assert [entry["alt"] for tag, entry in page.tags if tag == "img"] == ['Carte "des" communes']


def test_a_report_tells_what_it_was_made_of(tmp_path: Path) -> None:
    """Question, data, what met and what did not, warnings, result and provenance stand in it."""
    text = Page(_page(tmp_path)).text
    assert "Où sont les logements vacants ?" in text
    assert "Sources : INSEE (https://insee.fr)." in text
    assert "Essai sur un échantillon" in text
    assert "Recette : vacance@2." in text
    assert "1\u202f234" in _page(tmp_path)
    assert "(masquée)" in text
    assert f"attention à {EVIL}" in text
    assert "2 premières lignes sur 1\u202f500" in _page(tmp_path)
    for cell in ("<td>01001</td>", '"number">2021<', ">12\u202f345,25<", ">3,00<"):
        assert cell in _page(tmp_path)
    assert "a" * 64 in text
    assert "duckdb 2.0.1" in text
    assert "27/11/2026 à 23 h 30, heure de Paris" in text
    assert "Licence Ouverte 2.0" in text
    assert not [code for code in ("dts_1", "lov2", "UTC", "(cross)") if code in text]
    assert "Sans contour : 14581." in text
