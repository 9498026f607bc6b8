"""What a description is made of: literals and addresses that every syntax of RDF can carry."""

import re
from datetime import UTC, datetime
from urllib.parse import quote

from rdflib import Graph, Literal, URIRef

from services.catalog.dcat.vocabulary import DCT, PREFIXES, RDF, SKOS, XSD

_NOT_XML = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (2.2) has no place for, or advises against."""

_IN_URI = ":/?#[]@!$&'()*+,;=%~"
"""What stands in a URI as it is, beside letters and digits (RFC 3986); all else is encoded."""


def empty_graph() -> Graph:
    """A graph with our prefixes alone: rdflib's own thirty cost time in every serialisation."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def text(value: str, language: str | None = None) -> Literal:
    """A text; XML reads each kind of line end as one, so there is one kind."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return Literal(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", lines), lang=language)


def moment(value: datetime) -> Literal:
    """A time, as XML Schema writes it."""
    return Literal(value.isoformat(timespec="seconds"), datatype=XSD.dateTime, normalize=False)


def day_or_moment(value: str) -> Literal | None:
    """A date or time as another catalogue wrote it; None for what is neither."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    if len(value) == len("2026-01-31"):
        return typed(read.date().isoformat(), "date")
    return moment(read if read.tzinfo else read.replace(tzinfo=UTC))


def typed(value: object, name: str) -> Literal:
    """A value of that type of XML Schema, written as `str` does."""
    return Literal(str(value), datatype=XSD[name], normalize=False)


def address(value: str) -> URIRef:
    """A URI, with what may not stand in one percent-encoded."""
    return URIRef(quote(value, safe=_IN_URI))


class Node:
    """One subject of a graph, to which properties are added."""

    def __init__(self, graph: Graph, name: URIRef, *kinds: URIRef) -> None:
        self._graph, self.name = graph, name
        for kind in kinds:
            graph.add((name, RDF.type, kind))

    def add(self, prop: URIRef, value: URIRef | Literal | None) -> None:
        """Say one thing more, unless it is nothing."""
        if value is not None:
            self._graph.add((self.name, prop, value))

    def refer(self, prop: URIRef, name: URIRef, *kinds: URIRef) -> "Node":
        """Refer to another subject, saying what it is: who reads this need not look it up."""
        self.add(prop, name)
        return Node(self._graph, name, *kinds)

    def concept(self, prop: URIRef, name: URIRef, title: str) -> None:
        """Refer to a concept of a controlled vocabulary, with its French title."""
        self.refer(prop, name, SKOS.Concept).add(SKOS.prefLabel, text(title, "fr"))

    def titled(self, title: str, description: str, language: str = "fr") -> None:
        """Add title and description, which nothing in a catalogue may be without."""
        self.add(DCT.title, text(title, language))
        self.add(DCT.description, text(description or title, language))
