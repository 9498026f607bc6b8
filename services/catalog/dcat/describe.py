"""Describes one dataset in DCAT-AP 3.0.1: what it is, where its files are, how it was made."""

from collections.abc import Sequence
from dataclasses import dataclass

from rdflib import Graph, URIRef

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Provenance, Version
from services.catalog.dcat.distribution import add_files
from services.catalog.dcat.nodes import Node, address, empty_graph, moment, text, typed
from services.catalog.dcat.source_links import add_harvested, add_identifiers
from services.catalog.dcat.vocabulary import (
    ADMS,
    DCAT,
    DCATAP,
    DCT,
    ELI,
    FOAF,
    HIGH_VALUE_LAW,
    PROV,
    RDFS,
    SKOS,
    VCARD,
    access_right,
    frequency,
    high_value,
    language,
    place,
    publisher_type,
    theme,
)
from shared.tables.eu_codes import PublisherKind
from shared.tables.territory import department_of, kind_of

_PLACES = 50
"""So many places are named one by one; more are told by the departments they lie in."""


@dataclass(frozen=True)
class Lab:
    """Who publishes: `url` is where the catalogue is reached, `licence` that of its metadata."""

    url: str
    name: str
    licence: str
    kind: PublisherKind | None = None

    @property
    def agent(self) -> URIRef:
        """The lab as a publisher."""
        return address(f"{self.url}/catalog#publisher")


def dataset_uri(lab: Lab, dataset_id: str) -> URIRef:
    """The address of a dataset, which answers in every syntax."""
    return address(f"{lab.url}/datasets/{dataset_id}")


def describe_alone(dataset: Dataset, versions: Sequence[Version], lab: Lab) -> Graph:
    """A graph of one dataset."""
    graph = empty_graph()
    describe(graph, dataset, versions, lab)
    return graph


def describe(graph: Graph, dataset: Dataset, versions: Sequence[Version], lab: Lab) -> URIRef:
    """Add the dataset to `graph` as those may see it who see these of its versions; its URI."""
    about, uri = dataset.metadata, dataset_uri(lab, dataset.id)
    node = Node(graph, uri, DCAT.Dataset)
    node.titled(about.title, about.description, about.language)
    node.add(DCT.identifier, text(dataset.id))
    _add_subject(node, about)
    _add_coverage(node, about)
    _add_people(node, about, lab)
    _add_law(node, about)
    published = [version for version in versions if version.state == "published"]
    if dataset.harvested:
        add_identifiers(node, dataset.harvested)
    if published:
        _add_version(node, published)
        add_files(node, about, published[-1])
    elif dataset.harvested:
        add_harvested(node, about, dataset.harvested)
    if published and published[-1].provenance:
        _add_provenance(node, published[-1].provenance, lab)
    return uri


def add_publisher(node: Node, uri: URIRef, name: str, kind: PublisherKind | None) -> None:
    """Add who publishes something, and what kind of body that is where it was said."""
    publisher = node.refer(DCT.publisher, uri, FOAF.Agent)
    publisher.add(FOAF.name, text(name))
    if kind:
        publisher.concept(DCT.type, *publisher_type(kind))


def _add_subject(node: Node, about: Metadata) -> None:
    known = theme(about.theme)
    if known:
        node.concept(DCAT.theme, *known)
    # The lab's own word says more than the EU's thirteen, and search by it shall find the data.
    for word in (about.theme, *about.keywords):
        node.add(DCAT.keyword, text(word, about.language))
    if about.source_url:
        node.refer(DCAT.landingPage, address(about.source_url), FOAF.Document)


def _add_coverage(node: Node, about: Metadata) -> None:
    many = len(about.territory) > _PLACES
    for code in sorted({department_of(one) if many else one for one in about.territory}):
        where = node.refer(DCT.spatial, place(code), DCT.Location)
        where.add(DCT.identifier, text(code))
        where.add(SKOS.prefLabel, text(f"{kind_of(code)} {code}", "fr"))
    if about.temporal:
        period = node.refer(DCT.temporal, node.name + "#period", DCT.PeriodOfTime)
        for prop, day in (
            (DCAT.startDate, about.temporal.start),
            (DCAT.endDate, about.temporal.end),
        ):
            period.add(prop, typed(day.isoformat(), "date") if day else None)
    if about.frequency:
        node.refer(DCT.accrualPeriodicity, frequency(about.frequency), DCT.Frequency)
    node.refer(DCT.language, language(about.language), DCT.LinguisticSystem)


def _add_people(node: Node, about: Metadata, lab: Lab) -> None:
    if about.producer:
        add_publisher(node, node.name + "#publisher", about.producer, about.producer_kind)
    else:
        add_publisher(node, lab.agent, lab.name, lab.kind)
    if about.contact:
        contact = node.refer(DCAT.contactPoint, node.name + "#contact", VCARD.Kind)
        contact.add(VCARD.fn, text(about.contact.name))
        if about.contact.email:
            contact.add(VCARD.hasEmail, address(f"mailto:{about.contact.email}"))
        if about.contact.url:
            contact.add(VCARD.hasURL, address(about.contact.url))


def _add_law(node: Node, about: Metadata) -> None:
    node.refer(DCT.accessRights, access_right(about.access), DCT.RightsStatement)
    if about.hvd:
        node.refer(DCATAP.applicableLegislation, HIGH_VALUE_LAW, ELI.LegalResource)
        node.concept(DCATAP.hvdCategory, *high_value(about.hvd))


def _add_version(node: Node, published: Sequence[Version]) -> None:
    newest = published[-1]
    node.add(DCT.issued, moment(published[0].registered_at))
    node.add(DCT.modified, moment(newest.registered_at))
    node.add(DCAT.version, text(str(newest.number)))
    if newest.note:
        node.add(ADMS.versionNotes, text(newest.note, "fr"))


def _add_provenance(node: Node, made: Provenance, lab: Lab) -> None:
    activity = node.refer(PROV.wasGeneratedBy, node.name + "#activity", PROV.Activity)
    steps = ", ".join(step.application for step in made.steps)
    label = f"Traitement {made.job_id} du projet {made.project_id}"
    activity.add(RDFS.label, text(f"{label} : {steps}" if steps else label, "fr"))
    activity.add(DCT.identifier, text(made.job_id))
    activity.add(DCT.isPartOf, URIRef(f"urn:datalab:project:{made.project_id}"))
    for given in made.inputs:
        source = dataset_uri(lab, given.dataset_id)
        activity.add(PROV.used, source)
        origin = node.refer(PROV.wasDerivedFrom, source, PROV.Entity)
        if given.title:
            origin.add(RDFS.label, text(given.title, "fr"))
