"""Charts and maps as files: what they show, by their SVG."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, example, settings
from hypothesis import given as generated
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.image import imread
from matplotlib.textpath import TextPath

from shared.engine.drawing.charts import AxisScale, Point, bars, curves
from shared.engine.drawing.maps import Choropleth, choropleth, quantiles
from shared.engine.drawing.outlines import areas
from shared.engine.drawing.picture import Caption, Drawing, write

SVG = "{http://www.w3.org/2000/svg}"
CAPTION = Caption("Un <titre> à $x_1$", ("Sources : INSEE & IGN.", "Fait le 27/11/2026"), "Texte")


def _drawn(tmp_path: Path, drawing: Drawing) -> ET.Element:
    picture, svg = write(drawing, CAPTION, tmp_path / "chart.png", ("png", "svg"))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert svg.name == "chart.svg"
    assert svg.stat().st_size < 1_500_000
    content = svg.read_text()
    assert "<!DOCTYPE" not in content
    names = content.count("http://www.w3.org/2000/svg") + content.count(
        "http://www.w3.org/1999/xlink"
    )
    assert content.count("http") == names, "names of namespaces, which nobody fetches"
    return ET.fromstring(content)  # noqa: S314 - ours


def _texts(root: ET.Element) -> str:
    return "\n".join(text for element in root.iter(f"{SVG}text") for text in element.itertext())


def _titles(root: ET.Element, gid: str) -> list[str]:
    (group,) = (element for element in root.iter(f"{SVG}g") if element.get("id") == gid)
    return [element.text or "" for element in group.iter(f"{SVG}title")]


def _map(level: str, values: dict[str, float], blank: Sequence[str] = ()) -> Drawing:
    classes = quantiles(list(values.values()), 5)
    why = dict.fromkeys(blank, "sans valeur")
    return choropleth(Choropleth(level, values, why, classes, AxisScale("part", "%")))


def test_a_map_draws_every_commune_in_its_class(tmp_path: Path) -> None:
    """2,643 outlines are drawn, each with its name and value, and the legend counts them."""
    codes = [code for code, area in areas("commune").items() if area.outline is not None]
    values = {code: number / 10 for number, code in enumerate(codes[3:])}
    root = _drawn(tmp_path, _map("commune", values, codes[:3]))
    counted = [len(_titles(root, f"class-{number}")) for number in range(5)]
    assert sum(counted) == 2640
    assert max(counted) - min(counted) <= 20
    assert len(_titles(root, "blank")) == 3
    assert any(title.startswith("Caen (14118) : ") for title in _titles(root, "class-0"))
    legend = _texts(root)
    assert "sans valeur (3)" in legend
    assert f" et plus ({counted[-1]})" in legend
    assert "(nombre de communes)" in legend


def test_the_same_drawing_is_the_same_file(tmp_path: Path) -> None:
    """Nothing in it is named by an address in memory, which another run would not have."""
    drawn = _map("commune", {"14118": 1.0, "14327": 2.0})
    root = _drawn(tmp_path, drawn)
    clips = [clip.get("id") for clip in root.iter(f"{SVG}clipPath")]
    assert clips == [f"clip-{number}" for number in range(len(clips))]
    cut = {element.get("clip-path", "") for element in root.iter()} - {""}
    assert cut
    assert cut <= {f"url(#{clip})" for clip in clips}


def test_a_map_of_few_shows_its_neighbours_in_grey(tmp_path: Path) -> None:
    """A map of two communes shows those around them, and not all of Normandy."""
    root = _drawn(tmp_path, _map("commune", {"14118": 1.0, "14327": 2.0}))
    neighbours = _titles(root, "other")
    assert 5 < len(neighbours) < 100
    assert "Mondeville (14437) : sans donnée" in neighbours
    assert "autres communes" in _texts(root)


def test_maps_of_bodies_and_departments_are_drawn_too(tmp_path: Path) -> None:
    """A class of one territory is drawn like any other."""
    root = _drawn(tmp_path, _map("departement", {"14": 1.0, "27": 2.0, "50": 3.0, "61": 4.0}))
    assert _titles(root, "class-0") == ["Calvados (14) : 1\u00a0%"]
    assert _titles(root, "other") == ["Seine-Maritime (76) : sans donnée"]
    codes = areas("epci")
    root = _drawn(tmp_path, _map("epci", {code: float(at) for at, code in enumerate(codes)}))
    assert sum(len(_titles(root, f"class-{number}")) for number in range(5)) == 71


def test_a_chart_says_title_source_date_and_french_numbers(tmp_path: Path) -> None:
    """What looks like markup or a formula is drawn as it is written."""
    rows = [("Le <Havre> & $co$", 1234.5), ("Caen", -2.0)]
    root = _drawn(tmp_path, bars(rows, AxisScale("loyer", "€")))
    texts = _texts(root)
    for label in (
        "Un <titre> à $x_1$",
        "Le <Havre> & $co$",
        "1\u202f234,5\u00a0€",
        "\u22122,0\u00a0€",
    ):
        assert label in texts
    assert "Sources : INSEE & IGN." in texts
    assert "Fait le 27/11/2026" in texts
    assert _titles(root, "bar-0") == ["Le <Havre> & $co$ : 1\u202f234,5\u00a0€"]
    texts_by_element = {element.get("id"): element.text for element in root}
    assert (texts_by_element["title"], texts_by_element["desc"]) == (CAPTION.title, CAPTION.text)


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@example(["\x00\x1b", "\u202eא", "\uffff", "$x$ <b>"], "\x08 \U0001f3e0")
@generated(st.lists(st.text(max_size=120), min_size=1, max_size=4), st.text(max_size=150))
def test_any_text_of_the_data_can_be_drawn(tmp_path: Path, words: list[str], title: str) -> None:
    """Signs that XML has no place for, that no font has, or that turn the reading around."""
    caption = Caption(title, (title,), title)
    rows = [(word, float(at)) for at, word in enumerate(words)]
    points = [Point(word, float(at), word) for at, word in enumerate(words)]
    for drawing in (
        bars(rows, AxisScale(title, "€")),
        curves(points, title, AxisScale(title), "lines"),
    ):
        for path in write(drawing, caption, tmp_path / "c.png", ("png", "svg")):
            assert path.stat().st_size
        ET.fromstring((tmp_path / "c.svg").read_text())  # noqa: S314 - ours


def test_lines_have_a_legend_and_years_as_they_are_written(tmp_path: Path) -> None:
    """A year has no space after its thousands; one series needs no legend."""
    points = [Point(float(year), year / 7, name) for name in "ab" for year in range(2001, 2011)]
    texts = _texts(_drawn(tmp_path, curves(points, "année", AxisScale("habitants"), "lines")))
    assert "2003" in texts or "2002" in texts
    assert "2\u202f00" not in texts
    assert {"a", "b"} <= set(texts.split())


def test_a_crowd_of_points_makes_no_huge_file(tmp_path: Path) -> None:
    """Twenty thousand points are a picture within the SVG."""
    points = [Point(float(number % 997), float(number % 1009)) for number in range(20_000)]
    drawn = _drawn(tmp_path, curves(points, "x", AxisScale("y"), "points"))
    assert any(element.tag.endswith("}image") for element in drawn.iter())


def test_nothing_to_draw_is_an_empty_chart(tmp_path: Path) -> None:
    """A table without a value is no failure."""
    assert "aucune valeur à dessiner" in _texts(_drawn(tmp_path, bars([], AxisScale("n"))))


class _Line(NamedTuple):
    """A line of an SVG, and where it begins and ends across."""

    words: str
    west: float
    east: float


def _lines(root: ET.Element) -> list[_Line]:
    """Those that are not turned, as wide as their font sets them."""
    lines = []
    for element in root.iter(f"{SVG}text"):
        words, style = "".join(element.itertext()), element.get("style", "")
        moved = re.search(r"translate\(([-\d.]+)", element.get("transform", ""))
        size = re.search(r"font-size: ([\d.]+)px", style)
        at = moved[1] if moved else element.get("x")
        if not size or at is None or re.search(r"rotate\(-[1-9]", element.get("transform", "")):
            continue
        font = FontProperties(weight="bold" if "font-weight: 700" in style else "normal")
        wide = TextPath((0, 0), words, size=float(size[1]), prop=font).get_extents().x1
        before = {"middle": 0.5, "end": 1.0}.get(style.partition("text-anchor: ")[2][:6], 0.0)
        west = float(at) - before * wide
        lines.append(_Line(words, west, west + wide))
    return lines


_LONG = "Communauté d'agglomération du Pays de Saint-Malo et de la Baie du Mont-Saint-Michel"


def _wide_map() -> Drawing:
    values = {code: 1e9 + 1_234_567.0 * at for at, code in enumerate(areas("epci"))}
    classes = quantiles(list(values.values()), 5)
    scale = AxisScale(_LONG, "logements vacants depuis plus de deux ans")
    return choropleth(Choropleth("epci", values, {}, classes, scale))


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param(_wide_map, " à moins de 1\u202f0", id="map"),
        pytest.param(
            lambda: bars(
                [(_LONG, 1e9 * at) for at in range(9)], AxisScale("v", "logements vacants à louer")
            ),
            "8\u202f000\u202f000\u202f000\u00a0logements vacants à louer",
            id="bars",
        ),
        pytest.param(
            lambda: curves(
                [Point(float(at), 1e9 * at, f"{_LONG} {at % 2}") for at in range(9)],
                "x",
                AxisScale("v"),
                "lines",
            ),
            "Saint-Malo",
            id="lines",
        ),
    ],
)
def test_no_label_is_cut_off(tmp_path: Path, drawing: Callable[[], Drawing], expected: str) -> None:
    """Long names and large numbers end within the picture, with a margin, as SVG and as PNG."""
    root = _drawn(tmp_path, drawing())
    width = float(root.get("viewBox", "").split()[2])
    lines = _lines(root)
    assert expected in "\n".join(line.words for line in lines)
    cut = [line for line in lines if line.west < 4 or line.east > width - 4]
    assert not cut
    pixels = imread(tmp_path / "chart.png")[:, :, :3]
    assert pixels.shape[1] == pytest.approx(width / 72 * 110, rel=0.01), "as wide as the SVG"
    assert (pixels[:, :4].min(), pixels[:, -4:].min()) == (1.0, 1.0), "nothing reaches an edge"
