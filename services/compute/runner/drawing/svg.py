"""Finishes an SVG that matplotlib wrote: short, self-contained, and told to who does not see it."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

from services.compute.runner.drawing.french import drawable

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_FINE = re.compile(r"(\d\.\d)\d+")
"""A coordinate: a tenth of a point is less than what is seen or printed."""


class SvgText(NamedTuple):
    """A picture's title and description, and those of the parts of a group, by its id, in order."""

    title: str
    description: str
    parts: Mapping[str, Sequence[str]]


def finished(content: bytes, text: SvgText) -> bytes:
    """The same picture with its texts, without metadata and what names an address elsewhere."""
    for prefix, space in (("", _SVG), ("xlink", _XLINK)):
        ET.register_namespace(prefix, space)
    root = ET.fromstring(content)  # noqa: S314 - written by matplotlib a moment ago
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    for path in root.iter(f"{{{_SVG}}}path"):
        path.set("d", _FINE.sub(r"\1", " ".join(path.get("d", "").split())))
    for group in root.iter(f"{{{_SVG}}}g"):
        if told := text.parts.get(group.get("id", "")):
            _tell(group, told)
    root.set("role", "img")
    root.set("aria-labelledby", "title desc")
    root.set("lang", "fr")
    for name, said in (("desc", text.description), ("title", text.title)):
        element = ET.Element(f"{{{_SVG}}}{name}", {"id": name})
        element.text = drawable(said)
        root.insert(0, element)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _tell(group: ET.Element, told: Sequence[str]) -> None:
    """Say of each part of a group what it is: browsers show it beside the pointer."""
    paths = list(group.iter(f"{{{_SVG}}}path"))
    for name in ("style", "clip-path"):
        # Thousands of parts look alike, and are cut off alike.
        looks = {path.get(name) for path in paths}
        if len(looks) == 1 and (look := looks.pop()):
            group.set(name, look)
            for path in paths:
                del path.attrib[name]
    for path, said in zip(paths, told, strict=True):
        title = ET.SubElement(path, f"{{{_SVG}}}title")
        title.text = drawable(said)
