"""Looks at the XML of a KML or GPX file before GDAL does, and names what no table keeps of it.

Sources: OGC 12-007r2 (KML 2.3); GPX 1.1 schema. XML that declares a document type, as no such file
needs to, is refused: what it declares may grow without end, or stand in other files.
"""

from collections import Counter
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from shared.engine.reading.formats.vector.source import GeographicFile
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

_DEEPEST = 200
_DRAWN = frozenset(("altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"))
"""What LIBKML tells of each placemark beside its data."""

_STYLES = ("Style", "StyleMap")
_PICTURES = ("GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Model")
_LINK = "NetworkLink"


def look_at_markup(path: Path, kind: str, repairs: Repairs) -> GeographicFile:
    """Describe a KML or GPX file, by `kind`.

    Raises Rejected, in French and naming the line, for XML that is broken, nested too deep or
    declares a document type.
    """
    markup = _Markup()
    markup.read(path)
    for code, names in (("styles", _STYLES), ("pictures", _PICTURES), ("links", (_LINK,))):
        parts = sum(markup.counts[name] for name in names) if kind == "kml" else 0
        repairs.note(code, count=parts)
    is_link = kind == "kml" and markup.counts[_LINK]
    return GeographicFile(
        kind,
        path,
        markup.encoding,
        drawn=_DRAWN if kind == "kml" else frozenset(),
        has_schema=False,
        emptiness="ce fichier KML ne fait que renvoyer à d'autres (NetworkLink), qui ne sont pas"
        " suivis : déposez-les eux-mêmes"
        if is_link
        else GeographicFile.emptiness,
    )


class _Markup:
    """Counts the elements of an XML document, by name without its prefix."""

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self.encoding = "utf-8"
        self._depth = 0
        self._parser = parser = expat.ParserCreate()
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed

    def read(self, path: Path) -> None:
        """Count the elements of a file; raises Rejected for malformed XML."""
        try:
            with path.open("rb") as file:
                self._parser.ParseFile(file)
        except expat.ExpatError as error:
            raise Rejected(f"ligne {error.lineno} : ce XML est mal formé") from error

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = (encoding or self.encoding).lower()

    def _refuse(self, *_told: object) -> NoReturn:
        line = self._parser.CurrentLineNumber
        raise Rejected(
            f"ligne {line} : ce XML déclare un type de document (DOCTYPE), qui n'est pas lu ici :"
            " enlevez cette déclaration"
        )

    def _opened(self, name: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            line = self._parser.CurrentLineNumber
            raise Rejected(f"ligne {line} : plus de {_DEEPEST} éléments les uns dans les autres")
        self.counts[name.rpartition(":")[2]] += 1

    def _closed(self, _name: str) -> None:
        self._depth -= 1
