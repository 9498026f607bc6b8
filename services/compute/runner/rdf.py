"""Reads RDF in its three usual syntaxes without following anything that the text points to."""

import codecs
import json
import logging
import re
from pathlib import Path
from xml.parsers import expat
from xml.sax import SAXException

import rdflib
from rdflib import RDF, Graph
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import bind

from services.compute.runner.contexts import without_network
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


def syntax_of(source: Path, media_type: str) -> str:
    """json, xml or turtle, by how the text begins; the media type only breaks the tie of `[`.

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
    """A JSON document; Rejected, in French, says where it breaks off."""
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
    """The statements of a JSON-LD document."""
    without_network(document)
    graph = Graph()
    try:
        graph.parse(data=json.dumps(document), format="json-ld", publicID=base or NOWHERE)
    except RecursionError as error:
        raise Rejected("ce JSON-LD est imbriqué trop profondément") from error
    except (ValueError, TypeError, KeyError, AttributeError, SyntaxError) as error:
        raise Rejected(f"JSON-LD invalide ({error!s:.200})") from error
    return graph


def graph_of(source: Path, syntax: str, base: str) -> Graph:
    """The statements of a page in RDF/XML or Turtle."""
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
        raise Rejected(f"{_NAMES[syntax]} invalide : la page s'interrompt") from error
    except (SAXException, ValueError, SyntaxError) as error:
        raise Rejected(f"{_NAMES[syntax]} invalide ({error!s:.200})") from error
    return graph


_NAMES = {"xml": "RDF/XML", "turtle": "Turtle"}


def _check_xml(source: Path) -> None:
    """Refuse what grows while it is read, or is read from elsewhere, before anything else does."""
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
