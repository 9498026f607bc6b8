"""Reads datasets out of a graph in the DCAT vocabulary (W3C, DCAT 3; European profile DCAT-AP).

A dataset is known again by its dct:identifier, else by its own address, else by its landing page.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from rdflib import BNode, Graph, Namespace, URIRef
from rdflib.namespace import CSVW, DC, DCAT, DCTERMS, FOAF, RDF, SDO, SKOS

from shared.catalogues.eu_codes import HIGH_VALUE, PUBLISHERS, THEMES, Concept
from shared.catalogues.rdf import ADMS, DCATAP, HYDRA, SPDX, VCARD
from shared.engine.contract.harvested_page import Distribution, Record
from shared.engine.portals.rdf_node import Node
from shared.engine.portals.rdf_parsing import NOWHERE
from shared.engine.portals.sanitising import (
    COLUMNS,
    DISTRIBUTIONS,
    KEYWORDS,
    NAMES,
    PLACES,
    URL,
    address,
    checksum,
    day,
    frequency_of,
    identity,
    language_of,
    last_part,
    licence_name,
    moment,
    one_line,
    size,
    territory_of,
    text_of_html,
    untagged,
)
from shared.engine.tables.manifest import ColumnDescription
from shared.errors import Rejected

# Many catalogues write these with the other scheme.
_SCHEMA = (Namespace("http://schema.org/"), SDO)
_HYDRA = (HYDRA, Namespace("https://www.w3.org/ns/hydra/core#"))
_NEXT = tuple(hydra[name] for hydra in _HYDRA for name in ("next", "nextPage"))
_STARTS = (DCAT.startDate, *(schema.startDate for schema in _SCHEMA))
_ENDS = (DCAT.endDate, *(schema.endDate for schema in _SCHEMA))
# In documents of CSV on the Web the term is `titles`, which many write in RDF, too.
_COLUMN_NAMES = (CSVW.title, URIRef(f"{CSVW}titles"), CSVW.name)
_CLOSED = ("RESTRICTED", "NON_PUBLIC", "CONFIDENTIAL", "SENSITIVE")
_MEDIA_TYPE = re.compile(r"(?:^|media-types/)([\w.+-]+/[\w.+-]+)$")


def items_of(graph: Graph) -> Iterator[tuple[str, str, Node]]:
    """Return the identifier, name and node of each dataset, sorted.

    What is only mentioned, as what a service serves, is described elsewhere and left out.
    """
    subjects = {*graph.subjects(RDF.type, DCAT.Dataset), *graph.objects(None, DCAT.dataset)}
    nodes = [node for node in (Node(graph, subject) for subject in subjects) if node.is_described]
    named = [(identifier_of(node), _title(node) or "sans titre", node) for node in nodes]
    return iter(
        sorted(named, key=lambda named_item: (named_item[0], named_item[1], named_item[2].address))
    )


def next_of(graph: Graph) -> str | None:
    """Return the next page's address, in Hydra's present or former terms.

    An address as such before a text, which may be relative; Rejected when it is neither.
    """
    values = [value for name in _NEXT for value in graph.objects(None, name)]
    if any(isinstance(value, BNode) for value in values):
        raise Rejected("l'adresse de la page suivante (« hydra:next ») n'est pas une adresse")
    addresses = {one_line(str(value), URL + 1) for value in values} - {""}
    return min(addresses, key=lambda text: (not address(text), text), default=None)


def check(graph: Graph) -> None:
    """Raise Rejected, in French, unless the graph is about catalogues, datasets or their pages."""
    terms = {*graph.predicates(), *graph.objects(None, RDF.type)}
    if not any(str(term).startswith((str(DCAT), *map(str, _HYDRA))) for term in terms):
        raise Rejected("cette page n'est pas un catalogue DCAT : elle n'en décrit aucun")


def identifier_of(node: Node) -> str:
    """Return the text that identifies a dataset from harvest to harvest; or nothing."""
    identifiers = node.texts(DCTERMS.identifier, DC.identifier)
    own = identifiers[0] if len(identifiers) == 1 else ""
    return identity(own or node.address or node.text(DCAT.landingPage, FOAF.page))


def record_of(node: Node) -> Record:
    """Return the record of one dataset."""
    period, contact = node.node(DCTERMS.temporal), node.node(DCAT.contactPoint)
    keywords = node.texts(DCAT.keyword) or node.texts(DC.subject)
    return Record(
        identifier=identifier_of(node),
        others=_others(node),
        title=_title(node),
        description=text_of_html(node.text(DCTERMS.description, DC.description)),
        theme=_theme(node),
        keywords=tuple(sorted({untagged(word) for word in keywords} - {""}))[:KEYWORDS],
        territory=territory_of(node.names(DCTERMS.spatial))[:PLACES],
        licence=_licence(node),
        restricted=last_part(node.text(DCTERMS.accessRights)).upper() in _CLOSED,
        producer=untagged(node.text(DCTERMS.publisher, DCTERMS.creator)),
        producer_kind=_word_of(
            PUBLISHERS, node.node(DCTERMS.publisher, DCTERMS.creator), DCTERMS.type
        ),
        page=_link(node, DCAT.landingPage, FOAF.page) or _followed(node.address) or None,
        issued=moment(node.text(DCTERMS.issued)),
        modified=moment(node.text(DCTERMS.modified)),
        start=day(period.text(*_STARTS)) or _half(node, 0),
        end=day(period.text(*_ENDS), is_end=True) or _half(node, 1),
        frequency=frequency_of(node.text(DCTERMS.accrualPeriodicity)),
        language=language_of(node.text(DCTERMS.language)),
        contact=untagged(contact.text(VCARD.fn, FOAF.name)),
        contact_email=one_line(_email(contact)),
        contact_url=_link(contact, VCARD.hasURL, FOAF.homepage),
        hvd=_word_of(HIGH_VALUE, node, DCATAP.hvdCategory),
        distributions=tuple(sorted(_distributions(node), key=Distribution.model_dump_json)),
        columns=tuple(islice(_columns(node), COLUMNS)),
    )


def _others(node: Node) -> tuple[str, ...]:
    """Return its adms:identifier, each an adms:Identifier with a notation, or a text."""
    texts = node.texts(ADMS.identifier)
    noted = [
        text
        for identifier in node.nodes(ADMS.identifier)
        for text in identifier.texts(SKOS.notation)
    ]
    return tuple(sorted({one_line(name) for name in noted or texts} - {""}))[:NAMES]


def _title(node: Node) -> str:
    return untagged(node.text(DCTERMS.title, DC.title))


def _link(node: Node, *predicates: URIRef) -> str:
    """Return the address that a property gives."""
    return next(filter(None, map(_followed, node.names(*predicates))), "")


def _followed(name: str) -> str:
    """Return an absolute address; nobody knows what a file's addresses are relative to."""
    return "" if name.startswith(NOWHERE) else address(name)


def _theme(node: Node) -> str:
    for theme in node.nodes(DCAT.theme):
        code = last_part(theme.address or theme.label)
        if code in THEMES or theme.label != theme.address:
            return THEMES.get(code) or untagged(theme.label)
    return ""


def _licence(node: Node) -> str:
    """Return the licence of the dataset, else the most frequent of its distributions."""
    own = _name_of_licence(node)
    if own:
        return own
    others = Counter(
        _name_of_licence(distribution) for distribution in node.nodes(DCAT.distribution)
    )
    del others[""]
    return min(others, key=lambda name: (-others[name], name), default="")


def _name_of_licence(node: Node) -> str:
    names = node.names(DCTERMS.license) or node.names(DCTERMS.rights)
    return licence_name(next(iter(names), ""))


def _half(node: Node, number: int) -> str | None:
    """Return one side of a period that is written `2019-01-01/2020-12-31`."""
    halves = node.text(DCTERMS.temporal).split("/")
    return day(halves[number], is_end=number == 1) if len(halves) == 2 else None  # noqa: PLR2004


def _email(contact: Node) -> str:
    named = contact.names(VCARD.hasEmail, FOAF.mbox) or contact.node(VCARD.hasEmail).names(
        VCARD.value
    )
    return next(iter(named), "").removeprefix("mailto:")


def _word_of(concepts: Mapping[Any, Concept], node: Node, predicate: URIRef) -> str:
    """Return the lab's word for the first value that ends with the code of a concept."""
    words = {concept.code: word for word, concept in concepts.items()}
    return next(filter(None, (words.get(last_part(name)) for name in node.names(predicate))), "")


def _distributions(node: Node) -> Iterator[Distribution]:
    for distribution in [*node.nodes(DCAT.distribution)][:DISTRIBUTIONS]:
        url = _link(distribution, DCAT.downloadURL) or _link(distribution, DCAT.accessURL)
        if url:
            digest = distribution.node(SPDX.checksum)
            yield Distribution(
                url=url,
                title=_title(distribution),
                format=_code(distribution, DCTERMS["format"]),
                media_type=_media_type(distribution),
                size=size(distribution.text(DCAT.byteSize)),
                checksum=checksum(digest.text(SPDX.algorithm), digest.text(SPDX.checksumValue)),
                modified=moment(distribution.text(DCTERMS.modified)),
            )


def _columns(node: Node) -> Iterator[ColumnDescription]:
    """Yield descriptions of its files' columns, where they are in CSV on the Web's terms."""
    schemas = (
        distribution.node(CSVW.tableSchema) for distribution in node.nodes(DCAT.distribution)
    )
    seen = {""}
    for column in chain.from_iterable(schema.members(CSVW.column) for schema in schemas):
        name = one_line(column.text(*_COLUMN_NAMES))
        description = untagged(column.text(DCTERMS.description, DC.description))
        if name not in seen and description:
            seen.add(name)
            yield ColumnDescription(name=name, description=description)


def _code(node: Node, predicate: URIRef) -> str:
    name = node.text(predicate)
    return untagged(last_part(name) if "://" in name else name)


def _media_type(node: Node) -> str:
    for name in (*node.names(DCAT.mediaType), *node.names(DCTERMS["format"])):
        match = _MEDIA_TYPE.search(name)
        if match:
            return match[1].lower()
    return ""
