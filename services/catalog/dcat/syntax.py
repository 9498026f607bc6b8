"""The syntaxes that a description can be had in, by the names that `format` takes."""

import json
from collections.abc import Iterable, Iterator
from typing import Literal
from xml.sax.saxutils import quoteattr

from rdflib import Graph
from rdflib.plugins.serializers.jsonld import from_rdf
from rdflib.plugins.shared.jsonld.context import Context

from services.catalog.dcat.vocabulary import PREFIXES

Syntax = Literal["jsonld", "turtle", "rdfxml"]

MEDIA_TYPES: dict[Syntax, str] = {
    "jsonld": "application/ld+json",
    "turtle": "text/turtle",
    "rdfxml": "application/rdf+xml",
}
"""What each is called in `Accept`; the first is for those who take anything."""

Graphs = Iterable[Graph]

_CONTEXT = Context(PREFIXES)


def write(graphs: Graphs, syntax: Syntax) -> Iterator[bytes]:
    """The graphs as one document in UTF-8, in as many pieces: time for others in between."""
    pieces = {"jsonld": _jsonld, "turtle": _turtle, "rdfxml": _rdfxml}[syntax](graphs)
    return (piece.encode() for piece in pieces)


def _turtle(graphs: Graphs) -> Iterator[str]:
    head = "".join(f"@prefix {prefix}: <{uri}> .\n" for prefix, uri in PREFIXES.items())
    for graph in graphs:
        # rdflib ends the prefixes, which are told once for all, with an empty line.
        yield head + "\n" + graph.serialize(format="turtle").partition("\n\n")[2]
        head = ""


def _jsonld(graphs: Graphs) -> Iterator[str]:
    before = f'{{"@context":{json.dumps(PREFIXES)},"@graph":['
    for graph in graphs:
        document = from_rdf(graph, _CONTEXT)  # type: ignore[no-untyped-call]
        document.pop("@context")
        nodes = document.get("@graph", [document])
        yield before + ",\n".join(json.dumps(node, ensure_ascii=False) for node in nodes)
        before = ",\n"
    yield "]}\n"


def _rdfxml(graphs: Graphs) -> Iterator[str]:
    spaces = "".join(f"\n  xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in PREFIXES.items())
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<rdf:RDF{spaces}>'
    for graph in graphs:
        # An address has no ">" in it: the first one after the root's name ends its tag.
        root = graph.serialize(format="xml").partition("<rdf:RDF")[2].partition(">")[2]
        yield head + root.rpartition("</rdf:RDF>")[0]
        head = ""
    yield "</rdf:RDF>\n"
