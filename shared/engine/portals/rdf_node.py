"""What another catalogue's graph says of a thing, in French where it does."""

from collections.abc import Iterator

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, FOAF, RDF, RDFS, SKOS
from rdflib.term import Node as Term

from shared.catalogues.rdf import VCARD

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


class Node:
    """A subject of statements, and what they say of it.

    Of several values the order is that of their texts, never that of the file.
    """

    def __init__(self, graph: Graph, subject: Term) -> None:
        self._graph, self.subject = graph, subject

    @property
    def address(self) -> str:
        """Its own address; empty for a blank node, whose name means nothing outside its file."""
        return str(self.subject) if isinstance(self.subject, URIRef) else ""

    @property
    def is_described(self) -> bool:
        """Whether more than its class is said of it."""
        return any(predicate != RDF.type for predicate in self._graph.predicates(self.subject))

    def nodes(self, *predicates: URIRef) -> Iterator["Node"]:
        """The values of the first of these properties that has any, as nodes."""
        for value in self._values(predicates):
            yield Node(self._graph, value)

    def members(self, *predicates: URIRef) -> Iterator["Node"]:
        """The same, with the members of a list (rdf:List) in place of the list, in their order."""
        for value in self._values(predicates):
            is_list = (value, RDF.first, None) in self._graph
            for member in self._graph.items(value) if is_list else (value,):
                yield Node(self._graph, member)

    def node(self, *predicates: URIRef) -> "Node":
        """The first of the nodes; a node of which nothing is said when there is none."""
        return next(self.nodes(*predicates), Node(self._graph, BNode()))

    def text(self, *predicates: URIRef) -> str:
        """One text, in French if there is one; of a thing its label, or else its address."""
        return next(iter(self.texts(*predicates)), "")

    def texts(self, *predicates: URIRef) -> list[str]:
        """All texts, those in French first; of things their labels or addresses."""
        return [label for node in self.nodes(*predicates) if (label := node.label)]

    def names(self, *predicates: URIRef) -> list[str]:
        """Addresses and texts of the values, whichever way they name something."""
        values = self._values(predicates)
        addresses = [str(value) for value in values if isinstance(value, URIRef)]
        return list(dict.fromkeys([*addresses, *self.texts(*predicates)]))

    @property
    def label(self) -> str:
        """What it is called; of a text itself, of what nothing is said its address."""
        for predicate in _LABELS:
            for value in self._values((predicate,)):
                if isinstance(value, Literal):
                    return str(value)
        return str(self.subject) if isinstance(self.subject, Literal) else self.address

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
        return 0, str(value) if isinstance(value, URIRef) else self._text_of_blank(value)

    def _text_of_blank(self, blank: Term) -> str:
        """The text that orders blank nodes: their names differ each time the same file is read."""
        values = (value for _, value in self._graph.predicate_objects(blank))
        return "\n".join(sorted(str(value) for value in values if not isinstance(value, BNode)))
