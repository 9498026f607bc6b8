"""Describes the catalogue in DCAT-AP 3.0.1: a dataset, and a page of datasets with the way on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV, RDFS, SKOS

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.source_record import Harvested
from services.catalog.datasets.versions import Version, VersionProvenance
from services.catalog.dcat.distribution import add_files, add_law, add_licence, add_source_files
from services.catalog.dcat.vocabulary import (
    AUTHORITY,
    DCAT_VERSION,
    DCATAP_3,
    FRANCE,
    THEME_TABLE,
    Node,
    add_concept,
    add_title,
    address,
    empty_graph,
    high_value,
    language,
    moment,
    place,
    publisher_type,
    text,
    theme,
    typed,
)
from shared.catalogues.eu_codes import PublisherKind
from shared.catalogues.rdf import ADMS, DCATAP, HYDRA, VCARD
from shared.engine.tables.territory import department_of, kind_of

_MAX_PLACES = 50
"""So many places are named one by one; more are told by the departments they lie in."""


@dataclass(frozen=True)
class PublishingLab:
    """Who publishes: `url` is where the catalogue is reached, `licence` that of its metadata."""

    url: str
    name: str
    licence: str
    kind: PublisherKind | None = None

    @property
    def agent(self) -> URIRef:
        """The lab as a publisher."""
        return address(f"{self.url}/catalog#publisher")


Seen = tuple[Dataset, Sequence[Version]]
"""A dataset, and those of its versions that the caller may see, as the caller may see them."""


@dataclass(frozen=True)
class CatalogueFigures:
    """What holds for the catalogue: how many datasets, when the first came and one last changed."""

    total: int
    issued: datetime | None = None
    changed: datetime | None = None


@dataclass(frozen=True)
class CataloguePage:
    """A page of the catalogue: what is on it, and the cursor of the next.

    `asked` holds the parameters it was asked for with. The first page alone tells of the `whole`:
    figures that differ, once pages are put together, would be one too many.
    """

    datasets: Sequence[Seen]
    asked: Mapping[str, str]
    next: str | None = None
    whole: CatalogueFigures | None = None


def describe_page(page: CataloguePage, lab: PublishingLab) -> Iterator[Graph]:
    """The catalogue with links to the datasets of one page, then each dataset.

    What was said of a theme, a place or a licence is not said again.
    """
    graph = empty_graph()
    node = Node(graph, address(f"{lab.url}/catalog"), DCAT.Catalog, HYDRA.Collection)
    _add_catalogue(node, lab)
    if page.whole:
        _add_whole(node, page.whole)
    for dataset, _ in page.datasets:
        node.add(DCAT.dataset, dataset_uri(lab, dataset.id))
    _add_paging(node, page, lab)
    yield graph
    described = set(graph)
    for dataset, versions in page.datasets:
        graph, uri = describe(dataset, versions, lab), dataset_uri(lab, dataset.id)
        for triple in described.intersection(graph):
            graph.remove(triple)
        described.update(triple for triple in graph if not str(triple[0]).startswith(uri))
        yield graph


def dataset_uri(lab: PublishingLab, dataset_id: str) -> URIRef:
    """The address of a dataset, which answers in every syntax."""
    return address(f"{lab.url}/datasets/{dataset_id}")


def describe(dataset: Dataset, versions: Sequence[Version], lab: PublishingLab) -> Graph:
    """The dataset as those may see it who see these of its versions."""
    graph, about = empty_graph(), dataset.metadata
    node = Node(graph, dataset_uri(lab, dataset.id), DCAT.Dataset)
    add_title(node, about.title, about.description, about.language)
    node.add(DCTERMS.identifier, text(dataset.id))
    _add_subject(node, about)
    _add_coverage(node, about)
    _add_people(node, about, lab)
    _add_rights(node, about)
    published = [version for version in versions if version.state == "published"]
    if dataset.harvested:
        _add_identifiers(node, dataset.harvested)
    if published:
        _add_version(node, published)
        add_files(node, about, published[-1])
    elif dataset.harvested:
        add_source_files(node, about, dataset.harvested)
    if published and published[-1].provenance:
        _add_provenance(node, published[-1].provenance, lab)
    return graph


def _add_publisher(node: Node, uri: URIRef, name: str, kind: PublisherKind | None) -> None:
    """Add who publishes something, and what kind of body that is where it was said."""
    publisher = node.refer(DCTERMS.publisher, uri, FOAF.Agent)
    publisher.add(FOAF.name, text(name))
    if kind:
        add_concept(publisher, DCTERMS.type, *publisher_type(kind))


def _add_catalogue(node: Node, lab: PublishingLab) -> None:
    add_title(
        node,
        f"Catalogue de données : {lab.name}",
        "Données d'intérêt général que le lab met à disposition de projets, ou sur demande.",
    )
    _add_publisher(node, lab.agent, lab.name, lab.kind)
    node.refer(FOAF.homepage, address(f"{lab.url}/"), FOAF.Document)
    node.refer(DCTERMS.language, language("fr"), DCTERMS.LinguisticSystem)
    add_licence(node, lab.licence, node.part("#licence"))
    node.refer(DCTERMS.spatial, FRANCE, DCTERMS.Location)
    node.refer(DCTERMS.conformsTo, DCATAP_3, DCTERMS.Standard)
    taxonomy = node.refer(DCAT.themeTaxonomy, THEME_TABLE, SKOS.ConceptScheme)
    taxonomy.add(DCTERMS.title, text("Thèmes des données (UE)", "fr"))


def _add_whole(node: Node, whole: CatalogueFigures) -> None:
    node.add(DCTERMS.issued, moment(whole.issued) if whole.issued else None)
    node.add(DCTERMS.modified, moment(whole.changed) if whole.changed else None)
    node.add(HYDRA.totalItems, typed(whole.total, "integer"))


def _add_paging(node: Node, page: CataloguePage, lab: PublishingLab) -> None:
    view = node.refer(HYDRA.view, _url(lab, page.asked), HYDRA.PartialCollectionView)
    first = {name: value for name, value in page.asked.items() if name != "after"}
    view.add(HYDRA.first, _url(lab, first))
    view.add(HYDRA.next, next_page(page, lab))


def next_page(page: CataloguePage, lab: PublishingLab) -> URIRef | None:
    """Where the next page is, to be asked for as this one was; None after the last."""
    return _url(lab, {**page.asked, "after": page.next}) if page.next else None


def _url(lab: PublishingLab, asked: Mapping[str, str]) -> URIRef:
    query = urlencode(asked)
    return address(f"{lab.url}/catalog?{query}" if query else f"{lab.url}/catalog")


def _add_subject(node: Node, about: Metadata) -> None:
    concept = theme(about.theme)
    if concept:
        add_concept(node, DCAT.theme, *concept)
    # The lab's own word says more than the EU's thirteen, and search by it shall find the data.
    for word in (about.theme, *about.keywords):
        node.add(DCAT.keyword, text(word, about.language))
    if about.source_url:
        node.refer(DCAT.landingPage, address(about.source_url), FOAF.Document)


def _add_coverage(node: Node, about: Metadata) -> None:
    many = len(about.territory) > _MAX_PLACES
    for code in sorted({department_of(code) if many else code for code in about.territory}):
        where = node.refer(DCTERMS.spatial, place(code), DCTERMS.Location)
        where.add(DCTERMS.identifier, text(code))
        where.add(SKOS.prefLabel, text(f"{kind_of(code)} {code}", "fr"))
    if about.temporal:
        period = node.refer(DCTERMS.temporal, node.part("#period"), DCTERMS.PeriodOfTime)
        start, end = about.temporal.start, about.temporal.end
        period.add(DCAT.startDate, typed(start, "date") if start else None)
        period.add(DCAT.endDate, typed(end, "date") if end else None)
    if about.frequency:
        often = AUTHORITY[f"frequency/{about.frequency}"]
        node.refer(DCTERMS.accrualPeriodicity, often, DCTERMS.Frequency)
    node.refer(DCTERMS.language, language(about.language), DCTERMS.LinguisticSystem)


def _add_people(node: Node, about: Metadata, lab: PublishingLab) -> None:
    if about.producer:
        _add_publisher(node, node.part("#publisher"), about.producer, about.producer_kind)
    else:
        _add_publisher(node, lab.agent, lab.name, lab.kind)
    if about.contact:
        contact = node.refer(DCAT.contactPoint, node.part("#contact"), VCARD.Kind)
        contact.add(VCARD.fn, text(about.contact.name))
        if about.contact.email:
            contact.add(VCARD.hasEmail, address(f"mailto:{about.contact.email}"))
        if about.contact.url:
            contact.add(VCARD.hasURL, address(about.contact.url))


def _add_rights(node: Node, about: Metadata) -> None:
    right = AUTHORITY[f"access-right/{'PUBLIC' if about.access == 'open' else 'RESTRICTED'}"]
    node.refer(DCTERMS.accessRights, right, DCTERMS.RightsStatement)
    add_law(node, about)
    if about.hvd:
        add_concept(node, DCATAP.hvdCategory, *high_value(about.hvd))


def _add_version(node: Node, published: Sequence[Version]) -> None:
    newest = published[-1]
    node.add(DCTERMS.issued, moment(published[0].registered_at))
    if newest.provenance:
        node.add(DCTERMS.modified, moment(newest.registered_at))
    elif newest.modified:
        node.add(DCTERMS.modified, typed(newest.modified, "date"))
    node.add(DCAT_VERSION, text(str(newest.number)))
    if newest.note:
        node.add(ADMS.versionNotes, text(newest.note, "fr"))


def _add_provenance(node: Node, provenance: VersionProvenance, lab: PublishingLab) -> None:
    activity = node.refer(PROV.wasGeneratedBy, node.part("#activity"), PROV.Activity)
    steps = ", ".join(step.application for step in provenance.steps)
    label = f"Traitement {provenance.job_id} du projet {provenance.project_id}"
    activity.add(RDFS.label, text(f"{label} : {steps}" if steps else label, "fr"))
    activity.add(DCTERMS.identifier, text(provenance.job_id))
    activity.add(DCTERMS.isPartOf, URIRef(f"urn:datalab:project:{provenance.project_id}"))
    for input_version in provenance.inputs:
        source = dataset_uri(lab, input_version.dataset_id)
        activity.add(PROV.used, source)
        origin = node.refer(PROV.wasDerivedFrom, source, PROV.Entity)
        if input_version.title:
            origin.add(RDFS.label, text(input_version.title, "fr"))


def _add_identifiers(dataset: Node, record: Harvested) -> None:
    """Add the identifier at the dataset's source, and those of where that has it from.

    So nobody counts the data twice, and a catalogue knows again what comes back to it.
    """
    for number, name in enumerate(dict.fromkeys((record.identifier, *record.others)), 1):
        fragment = "#identifier" if number == 1 else f"#identifier-{number}"
        identifier = dataset.refer(ADMS.identifier, dataset.part(fragment), ADMS.Identifier)
        identifier.add(SKOS.notation, text(name))
