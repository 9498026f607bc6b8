"""Reads the statements of a page in JSON-LD, RDF/XML or Turtle, without the network.

The address of a JSON-LD context stands for what is known here. Its names are those of the
vocabularies DCAT 3 and Hydra Core, and of the DCAT-AP profile's context.
"""

import codecs
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat
from xml.sax import SAXException

import rdflib
from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import Node as Term
from rdflib.term import bind

from shared.errors import Rejected

# Values stay as they were written: they are compared with those of the next harvest.
rdflib.NORMALIZE_LITERALS = False
logging.getLogger("rdflib").setLevel(logging.CRITICAL)
# Markup is kept as it is written, too: rdflib parses all of it anew for each of its elements.
for _markup in (RDF.XMLLiteral, RDF.HTML):
    bind(_markup, str, constructor=str, datatype_specific=True)

DC = Namespace("http://purl.org/dc/elements/1.1/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")

_LABELS = (
    SKOS.prefLabel,
    FOAF.name,
    VCARD.fn,
    DCTERMS.title,
    RDFS.label,
    RDF.value,
    DCTERMS.identifier,
)
_LANGUAGES = {"fr": 0, "": 1, "en": 2}

_LOOK = 4096
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_XML = re.compile(rb"<(\?xml|!DOCTYPE|!--|([\w.-]+:)?RDF[\s>])")
_HTML = re.compile(rb"<(!doctype\s+html|html)[\s>]", re.IGNORECASE)
NOWHERE = "http://catalogue.invalid/"
"""What relative addresses of a file are relative to; .invalid is nobody's (RFC 2606)."""

_SYNTAXES = {"xml": "RDF/XML", "turtle": "Turtle"}

_DCT, _DCAT, _FOAF, _SKOS, _VCARD = map(str, (DCTERMS, DCAT, FOAF, SKOS, VCARD))
_SPDX, _HYDRA = "http://spdx.org/rdf/terms#", "http://www.w3.org/ns/hydra/core#"

_NAMES = {
    _DCT: "title description identifier issued modified license rights format type Location"
    " PeriodOfTime",
    _DCAT: "keyword byteSize startDate endDate mediaType theme Catalog CatalogRecord Dataset"
    " Distribution DataService",
    _VCARD: "fn hasEmail hasURL Kind Individual",
    _FOAF: "name mbox homepage Agent Organization",
    _SPDX: "algorithm checksumValue Checksum",
    _HYDRA: "PagedCollection PartialCollectionView",
    _SKOS: "prefLabel notation",
    "http://data.europa.eu/r5r/": "hvdCategory applicableLegislation",
}
"""Of classes, and of properties whose values are texts."""

_THINGS = {
    _DCT: "publisher creator spatial temporal language accrualPeriodicity accessRights",
    _DCAT: "dataset distribution contactPoint landingPage downloadURL accessURL",
    _SPDX: "checksum",
    _HYDRA: "view next nextPage",
}
"""Names of properties whose values are things."""

CONTEXT: dict[str, Any] = {
    "dcat": _DCAT,
    "dct": _DCT,
    "dcterms": _DCT,
    "foaf": _FOAF,
    "vcard": _VCARD,
    "spdx": _SPDX,
    "hydra": _HYDRA,
    "skos": _SKOS,
    "schema": "http://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
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


class Node:
    """A subject of statements, and what they say of it, in French where they do.

    Of several values the order is that of their texts, never that of the file.
    """

    def __init__(self, graph: Graph, subject: Term) -> None:
        self._graph, self.subject = graph, subject

    @property
    def address(self) -> str:
        """Its own address; empty for a blank node, whose name means nothing outside its file."""
        return str(self.subject) if isinstance(self.subject, URIRef) else ""

    @property
    def is_said(self) -> bool:
        """Whether more than its class is said of it."""
        return any(predicate != RDF.type for predicate in self._graph.predicates(self.subject))

    def nodes(self, *predicates: URIRef) -> Iterator["Node"]:
        """The values of the first of these properties that has any, as things."""
        for value in self._values(predicates):
            yield Node(self._graph, value)

    def node(self, *predicates: URIRef) -> "Node":
        """The first of them; a thing of which nothing is said when there is none."""
        return next(self.nodes(*predicates), Node(self._graph, BNode()))

    def text(self, *predicates: URIRef) -> str:
        """One text, in French if there is one; of a thing its label, or else its address."""
        return next(iter(self.texts(*predicates)), "")

    def texts(self, *predicates: URIRef) -> list[str]:
        """All texts, those in French first; of things their labels or addresses."""
        found = (self._text(value) for value in self._values(predicates))
        return [text for text in found if text]

    def names(self, *predicates: URIRef) -> list[str]:
        """Addresses and texts of the values, whichever way they name something."""
        values = self._values(predicates)
        addresses = [str(value) for value in values if isinstance(value, URIRef)]
        return list(dict.fromkeys([*addresses, *filter(None, map(self._text, values))]))

    @property
    def label(self) -> str:
        """What it is called; of a text itself, of what nothing is said its address."""
        for predicate in _LABELS:
            for value in self._values((predicate,)):
                if isinstance(value, Literal):
                    return str(value)
        return str(self.subject) if isinstance(self.subject, Literal) else self.address

    def _text(self, value: Term) -> str:
        return Node(self._graph, value).label

    def _values(self, predicates: tuple[URIRef, ...]) -> list[Term]:
        for predicate in predicates:
            values = list(self._graph.objects(self.subject, predicate))
            if values:
                return sorted(values, key=self._rank)
        return []

    def _rank(self, value: Term) -> tuple[int, str]:
        if isinstance(value, Literal):
            language = (value.language or "").partition("-")[0].lower()
            return _LANGUAGES.get(language, len(_LANGUAGES)), str(value)
        return 0, str(value) if isinstance(value, URIRef) else self._said_of(value)

    def _said_of(self, blank: Term) -> str:
        """What orders blank nodes: their names differ each time the same file is read."""
        said = (value for _, value in self._graph.predicate_objects(blank))
        return "\n".join(sorted(str(value) for value in said if not isinstance(value, BNode)))


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
    _replace_contexts(document)
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
        raise Rejected(f"{_SYNTAXES[syntax]} invalide : la page s'interrompt") from error
    except (SAXException, ValueError, SyntaxError) as error:
        raise Rejected(f"{_SYNTAXES[syntax]} invalide ({error!s:.200})") from error
    return graph


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


def _replace_contexts(document: Any) -> None:  # noqa: ANN401 - JSON
    """Put the contexts into a JSON-LD document that it has by their addresses.

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
        return [_local(one) for one in context]
    if not isinstance(context, str):
        return context
    if any(mark in context.lower() for mark in _KNOWN):
        return CONTEXT
    raise _unknown(context)


def _unknown(context: object) -> Rejected:
    return Rejected(f"contexte JSON-LD inconnu ici, et jamais cherché en ligne : {context!s:.200}")
