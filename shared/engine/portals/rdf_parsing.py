"""Reads the statements of a page in JSON-LD, RDF/XML or Turtle, without the network.

The address of a JSON-LD context stands for what is known here. Its names are those of the
vocabularies DCAT 3 and Hydra Core, and of the DCAT-AP profile's context.
"""

import codecs
import json
import logging
import re
from pathlib import Path
from typing import Any
from xml.parsers import expat
from xml.sax import SAXException

import rdflib
from rdflib import Graph
from rdflib.namespace import CSVW, DCAT, DCTERMS, FOAF, RDF, SKOS, XSD
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import bind

from shared.catalogues.rdf import DCATAP, HYDRA, SPDX, VCARD
from shared.errors import Rejected

# Values stay as they were written: they are compared with those of the next harvest.
rdflib.NORMALIZE_LITERALS = False
logging.getLogger("rdflib").setLevel(logging.CRITICAL)
# Markup is kept as it is written, too: rdflib parses all of it anew for each of its elements.
for _markup in (RDF.XMLLiteral, RDF.HTML):
    bind(_markup, str, constructor=str, datatype_specific=True)

_LOOK = 4096
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_XML = re.compile(rb"<(\?xml|!DOCTYPE|!--|([\w.-]+:)?RDF[\s>])")
_HTML = re.compile(rb"<(!doctype\s+html|html)[\s>]", re.IGNORECASE)

NOWHERE = "http://catalogue.invalid/"
"""What relative addresses of a file are relative to; .invalid is nobody's (RFC 2606)."""

_SYNTAXES = {"xml": "RDF/XML", "turtle": "Turtle"}

_DCTERMS, _DCAT, _FOAF, _SKOS = map(str, (DCTERMS, DCAT, FOAF, SKOS))

_NAMES = {
    _DCTERMS: "title description identifier issued modified license rights format type Location"
    " PeriodOfTime",
    _DCAT: "keyword byteSize startDate endDate mediaType theme Catalog CatalogRecord Dataset"
    " Distribution DataService",
    VCARD: "fn hasEmail hasURL Kind Individual",
    _FOAF: "name mbox homepage Agent Organization",
    SPDX: "algorithm checksumValue Checksum",
    HYDRA: "PagedCollection PartialCollectionView",
    _SKOS: "prefLabel notation",
    DCATAP: "hvdCategory applicableLegislation",
}
"""Of classes, and of properties whose values are texts."""

_THINGS = {
    _DCTERMS: "publisher creator spatial temporal language accrualPeriodicity accessRights",
    _DCAT: "dataset distribution contactPoint landingPage downloadURL accessURL",
    SPDX: "checksum",
    HYDRA: "view next nextPage",
}
"""Names of properties whose values are things."""

CONTEXT: dict[str, Any] = {
    "csvw": str(CSVW),
    "dcat": _DCAT,
    "dct": _DCTERMS,
    "dcterms": _DCTERMS,
    "foaf": _FOAF,
    "vcard": VCARD,
    "spdx": SPDX,
    "hydra": HYDRA,
    "skos": _SKOS,
    "schema": "http://schema.org/",
    "xsd": str(XSD),
    "id": "@id",
    **{name: f"{base}{name}" for base, names in _NAMES.items() for name in names.split()},
    **{
        name: {"@id": f"{base}{name}", "@type": "@id"}
        for base, names in _THINGS.items()
        for name in names.split()
    },
}

_KNOWN = ("dcat", "project-open-data", "/ns/hydra/")
"""What the address of a context holds whose names are those above."""


def syntax_of(source: Path, media_type: str) -> str:
    """Return json, xml or turtle by the text's beginning; for `[` the media type decides.

    Raises Rejected, in French, for a web page and for an empty file.
    """
    with source.open("rb") as file:
        start = file.read(_LOOK)
    for mark in _MARKS:
        start = start.removeprefix(mark)
    start = start.replace(b"\x00", b"").lstrip()
    if not start:
        raise Rejected("cette page est vide")
    if _HTML.match(start):
        raise Rejected("c'est une page web (HTML), pas un catalogue")
    if start.startswith(b"{") or (start.startswith(b"[") and "turtle" not in media_type):
        return "json"
    return "xml" if _XML.match(start) else "turtle"


def read_json(source: Path) -> object:
    """Parse a JSON document; Rejected says in French where it breaks off."""
    try:
        return json.loads(source.read_bytes())
    except RecursionError as error:
        raise Rejected("ce JSON est imbriqué trop profondément") from error
    except json.JSONDecodeError as error:
        raise Rejected(f"JSON invalide, ligne {error.lineno}, colonne {error.colno}") from error
    except UnicodeDecodeError as error:
        raise Rejected("ce JSON n'est pas en Unicode") from error
    except ValueError as error:
        raise Rejected("JSON invalide : un nombre y est démesuré") from error


def graph_of_json(document: object, base: str) -> Graph:
    """Return the statements of a JSON-LD document."""
    _replace_contexts(document)
    graph = Graph()
    try:
        graph.parse(data=json.dumps(document), format="json-ld", publicID=base or NOWHERE)
    except RecursionError as error:
        raise Rejected("ce JSON-LD est imbriqué trop profondément") from error
    except (ValueError, TypeError, KeyError, AttributeError, SyntaxError) as error:
        raise Rejected(
            "JSON-LD invalide : ce JSON ne se lit pas comme des données liées"
        ) from error
    return graph


def graph_of(source: Path, syntax: str, base: str) -> Graph:
    """Return the statements of a page in RDF/XML or Turtle."""
    if syntax == "xml":
        _check_xml(source)
    graph = Graph()
    try:
        with source.open("rb") as file:
            graph.parse(file, format=syntax, publicID=base or NOWHERE)
    except BadSyntax as error:
        raise Rejected(f"Turtle invalide, ligne {error.lines + 1}") from error
    except RecursionError as error:
        raise Rejected("cette page est imbriquée trop profondément") from error
    except UnicodeDecodeError as error:
        raise Rejected("cette page n'est pas en UTF-8") from error
    except IndexError as error:
        raise Rejected(f"{_SYNTAXES[syntax]} invalide : la page s'interrompt") from error
    except (SAXException, ValueError, SyntaxError) as error:
        raise Rejected(f"{_SYNTAXES[syntax]} invalide{_place_of(error)}") from error
    return graph


def _place_of(error: Exception) -> str:
    """Return where a parser stopped, from its English message: `file:12:5: repeat ...`."""
    match = re.search(r":(\d+):\d+: ", str(error))
    return f", ligne {match[1]}" if match else ""


def _check_xml(source: Path) -> None:
    """Refuse XML that expands while it is read, or that loads other documents."""
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _refuse_entity
    parser.ExternalEntityRefHandler = _refuse_entity
    try:
        with source.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        raise Rejected(f"XML invalide, ligne {error.lineno}, colonne {error.offset + 1}") from error


def _refuse_entity(*_details: object) -> int:
    raise Rejected("ce XML déclare des entités : elles ne sont pas lues")


def _replace_contexts(document: Any) -> None:  # noqa: ANN401 - JSON
    """Replace the addresses of contexts in a JSON-LD document by the contexts.

    Raises Rejected, in French, for the address of any other context: nothing is fetched.
    """
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "@import" in node:
                raise _unknown(node["@import"])
            if "@context" in node:
                node["@context"] = _local(node["@context"])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _local(context: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(context, list):
        return [_local(part) for part in context]
    if not isinstance(context, str):
        return context
    if any(mark in context.lower() for mark in _KNOWN):
        return CONTEXT
    raise _unknown(context)


def _unknown(context: object) -> Rejected:
    return Rejected(f"contexte JSON-LD inconnu ici, et jamais cherché en ligne : {context!s:.200}")
