"""A picture with what its licences ask to be printed on it, as PNG and SVG.

Titles, labels and notes come from data and from people: no sign in them is a formula or markup.
"""

import re
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

from matplotlib import rc_context
from matplotlib.figure import Figure

from shared.engine.drawing.french_labels import drawable

Format = Literal["png", "svg"]
Axes = Any
"""Matplotlib's; it has no types of its own."""

_DPI = 110
_LETTERS_PER_INCH = 14
_SMALL = 8
_TITLE_LINE, _HEAD_LINE, _NOTE_LINE = 0.25, 0.18, 0.16
"""Inches that a line of each is high."""

_HEAD = "#8f2600"
_MARGIN = 0.2
"""Inches around: browsers set the words of an SVG in a font that may be a little wider."""

_STYLE: Mapping[str, Any] = {
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "datalab",
    "axes.unicode_minus": True,
}

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_FINE = re.compile(r"(\d\.\d)\d+")
"""A coordinate of an SVG: a tenth of a point is less than what is seen or printed."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D00")
"""Okabe and Ito (2008), which the colour-blind tell apart, darker yellow last."""


@dataclass(frozen=True)
class Caption:
    """What stands on a picture beside the drawing: its title, and the notes under it.

    `text` says what is seen, for those who do not see it; `head` what has to be read first.
    """

    title: str
    notes: tuple[str, ...]
    text: str
    head: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A drawing of that size, in inches; `texts` are what its parts are, by their id in the SVG."""

    draw: Callable[[Axes], None]
    width: float
    height: float
    texts: Mapping[str, Sequence[str]]
    is_empty: bool = False


def write(drawing: Drawing, caption: Caption, path: Path, formats: Sequence[Format]) -> list[Path]:
    """Write the picture beside `path`, once in each format; needs no display."""
    # A sign that the font lacks is drawn as a box; a warning would bring it into the log.
    with rc_context(dict(_STYLE)), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return [
            _write(drawing, caption, path.with_suffix(f".{picture_format}"), picture_format)
            for picture_format in formats
        ]


def _write(drawing: Drawing, caption: Caption, path: Path, kind: Format) -> Path:
    letters = int(drawing.width * _LETTERS_PER_INCH)
    title = textwrap.fill(drawable(caption.title), int(letters * 0.62))
    head, notes = _lines(caption.head, int(letters * 0.85)), _lines(caption.notes, letters)
    top = _TITLE_LINE * (title.count("\n") + 1) + _HEAD_LINE * len(head.splitlines()) + 0.1
    bottom = _NOTE_LINE * (notes.count("\n") + 2)
    heights = (top, drawing.height, bottom)
    figure: Any = Figure(figsize=(drawing.width, sum(heights)), layout="constrained")
    above, middle, below = figure.subfigures(3, 1, height_ratios=heights)
    axes = middle.subplots()
    if drawing.is_empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "aucune valeur à dessiner", ha="center")
    else:
        drawing.draw(axes)
    above.text(0.01, 1, title, va="top", fontsize=13, fontweight="bold")
    above.text(0.01, 0.02, head, va="bottom", fontsize=9, color=_HEAD)
    below.text(0.01, 0.95, notes, va="top", fontsize=_SMALL, color="#333333")
    metadata = {"Date": None} if kind == "svg" else {"Title": drawable(caption.title)}
    # What stands beside the axes may be wider than the layout made room for: nothing is cut off.
    figure.savefig(
        path, format=kind, dpi=_DPI, metadata=metadata, bbox_inches="tight", pad_inches=_MARGIN
    )
    if kind == "svg":
        path.write_bytes(_finished(path.read_bytes(), drawing, caption))
    return path


def _lines(texts: Sequence[str], letters: int) -> str:
    filled = (textwrap.fill(drawable(text), letters, break_on_hyphens=False) for text in texts)
    return "\n".join(filled)


def _finished(content: bytes, drawing: Drawing, caption: Caption) -> bytes:
    """Return an SVG with its texts, without metadata and addresses of other sites."""
    for prefix, space in (("", _SVG), ("xlink", _XLINK)):
        ET.register_namespace(prefix, space)
    root = ET.fromstring(content)  # noqa: S314 - written by matplotlib a moment ago
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    for path in root.iter(f"{{{_SVG}}}path"):
        path.set("d", _FINE.sub(r"\1", " ".join(path.get("d", "").split())))
    _name_clips(root)
    for group in root.iter(f"{{{_SVG}}}g"):
        if texts := drawing.texts.get(group.get("id", "")):
            _tell(group, texts)
    root.set("role", "img")
    root.set("aria-labelledby", "title desc")
    root.set("lang", "fr")
    for name, text in (("desc", caption.text), ("title", caption.title)):
        element = ET.Element(f"{{{_SVG}}}{name}", {"id": name})
        element.text = drawable(text)
        root.insert(0, element)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _name_clips(root: ET.Element) -> None:
    """Name what parts are cut off by in its order: by default that is an address in memory."""
    clips = root.iter(f"{{{_SVG}}}clipPath")
    names = {clip.get("id", ""): f"clip-{number}" for number, clip in enumerate(clips)}
    for element in root.iter():
        if name := names.get(element.get("id", "")):
            element.set("id", name)
        cut_by = element.get("clip-path", "").removeprefix("url(#").removesuffix(")")
        if cut_by in names:
            element.set("clip-path", f"url(#{names[cut_by]})")


def _tell(group: ET.Element, texts: Sequence[str]) -> None:
    """Give each part of a group a title: browsers show it beside the pointer."""
    paths = list(group.iter(f"{{{_SVG}}}path"))
    for name in ("style", "clip-path"):
        # Thousands of parts look alike, and are cut off alike.
        looks = {path.get(name) for path in paths}
        if len(looks) == 1 and (look := looks.pop()):
            group.set(name, look)
            for path in paths:
                del path.attrib[name]
    for path, text in zip(paths, texts, strict=True):
        title = ET.SubElement(path, f"{{{_SVG}}}title")
        title.text = drawable(text)
