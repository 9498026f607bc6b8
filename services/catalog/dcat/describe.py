"""Describes the catalogue in DCAT-AP 3.0.1: a dataset with its files, and a page of datasets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from rdflib import Graph, URIRef
from rdflib.namespace import CSVW, DCAT, DCTERMS, FOAF, PROV, RDFS, SKOS

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.source_record import Harvested
from services.catalog.datasets.versions import Version, VersionProvenance
from services.catalog.dcat.vocabulary import (
    AUTHORITY,
    AVAILABLE,
    DCAT_VERSION,
    DCATAP_3,
    ELI,
    FRANCE,
    HIGH_VALUE_LAW,
    THEME_TABLE,
    Node,
    add_concept,
    add_title,
    address,
    checksum_algorithm,
    day_or_moment,
    empty_graph,
    file_type,
    high_value,
    language,
    licence_type,
    media_type,
    moment,
    place,
    publisher_type,
    text,
    theme,
    typed,
)
from services.catalog.licences.licences import find_licence
from shared.catalogues.eu_codes import PublisherKind
from shared.catalogues.rdf import ADMS, DCATAP, HYDRA, SPDX, VCARD
from shared.engine.contract.harvested_page import Distribution
from shared.engine.tables.manifest import Profile
from shared.engine.tables.territory import department_of, kind_of
from shared.events.event import FileRef

_ARCHIVE = "application/zip"
_RESTRICTED = "Données restreintes : un projet en demande l'accès, et leur propriétaire décide."

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


_Seen = tuple[Dataset, Sequence[Version]]
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

    datasets: Sequence[_Seen]
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
        node.add(DCAT.dataset, _dataset_uri(lab, dataset.id))
    _add_paging(node, page, lab)
    yield graph
    described = set(graph)
    for dataset, versions in page.datasets:
        graph, uri = describe(dataset, versions, lab), _dataset_uri(lab, dataset.id)
        for triple in described.intersection(graph):
            graph.remove(triple)
        described.update(triple for triple in graph if not str(triple[0]).startswith(uri))
        yield graph


def _dataset_uri(lab: PublishingLab, dataset_id: str) -> URIRef:
    """The address of a dataset, which answers in every syntax."""
    return address(f"{lab.url}/datasets/{dataset_id}")


def describe(dataset: Dataset, versions: Sequence[Version], lab: PublishingLab) -> Graph:
    """The dataset as those may see it who see these of its versions."""
    graph, about = empty_graph(), dataset.metadata
    node = Node(graph, _dataset_uri(lab, dataset.id), DCAT.Dataset)
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
        _add_files(node, about, published[-1])
    elif dataset.harvested:
        _add_source_files(node, about, dataset.harvested)
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
    _add_licence(node, lab.licence, node.part("#licence"))
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
    _add_law(node, about)
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
        source = _dataset_uri(lab, input_version.dataset_id)
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


def _add_files(dataset: Node, about: Metadata, version: Version) -> None:
    """Add the table of `version`, and each other file of a project's result."""
    if version.table:
        node = _file(dataset, "table", version.table, about, version)
        add_title(node, "Table au format Parquet", _table_in_words(about, version))
        _add_columns(dataset, node, about, version)
    if version.listing and version.profile:
        _add_upload(dataset, about, version, version.profile)
    for output in version.files:
        # What was delivered as the table is there already, as the lab read it.
        if output.file.sha256 != version.file.sha256:
            path = f"files/{quote(output.name, safe='')}"
            node = _file(dataset, path, output.file, about, version)
            add_title(node, output.name, f"Fichier {output.name} du traitement")


def _add_upload(dataset: Node, about: Metadata, version: Version, profile: Profile) -> None:
    """Add the upload of a dataset of files: the package, and what is in it where that is one kind.

    A media type stands without its parameters, as IANA lists it.
    """
    if profile.files is None:
        return
    kinds = {full_type.partition(";")[0] for full_type in profile.files.media_types}
    kind = kinds.pop() if len(kinds) == 1 else _ARCHIVE
    file = version.file.model_copy(update={"media_type": kind})
    path = f"files/{quote(version.filename, safe='')}"
    node = _file(dataset, path, file, about, version)
    add_title(
        node, version.filename, f"Fichiers, tels qu'ils ont été déposés : {_kinds(about, profile)}"
    )
    if profile.format == "zip" and (package := media_type(_ARCHIVE)):
        node.refer(DCAT.packageFormat, package, DCTERMS.MediaType)


def _kinds(about: Metadata, profile: Profile) -> str:
    kinds = profile.files.media_types if profile.files else {}
    if about.access != "open":
        return ", ".join(kinds)
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items())


def _add_columns(dataset: Node, table: Node, about: Metadata, version: Version) -> None:
    """Add what columns of the table hold.

    DCAT-AP has no term for it: these are those of CSV on the Web (W3C, 2015), which profiles of it
    for statistics and health data use for a distribution as well. Its `csvw:name` is made of the
    title where it is not said.
    """
    column_names = {column.name for column in version.profile.columns} if version.profile else set()
    descriptions = [
        description for description in about.columns if description.name in column_names
    ]
    if not descriptions:
        return
    schema = table.refer(CSVW.tableSchema, dataset.part("#columns"), CSVW.Schema)
    for number, description in enumerate(descriptions, 1):
        column = schema.refer(CSVW.column, dataset.part(f"#column-{number}"), CSVW.Column)
        column.add(CSVW.title, text(description.name))
        column.add(DCTERMS.description, text(description.description, about.language))


def _table_in_words(about: Metadata, version: Version) -> str:
    if version.profile is None:
        return version.filename
    rows = f"Lignes : {version.profile.rows}. " if about.access == "open" else ""
    columns = len(version.profile.columns)
    return f"{rows}Colonnes : {columns}. Fichier d'origine : {version.filename}"


def _file(dataset: Node, path: str, file: FileRef, about: Metadata, version: Version) -> Node:
    node = dataset.refer(DCAT.distribution, dataset.part(f"#{path}"), DCAT.Distribution)
    node.refer(DCAT.accessURL, dataset.subject)
    if about.access == "open":
        node.refer(DCAT.downloadURL, dataset.part(f"/{path}"))
    _add_format(node, file.media_type)
    if about.access == "open":
        # Of other data they would prove what somebody has, or guesses.
        node.add(DCAT.byteSize, typed(file.size, "nonNegativeInteger"))
        _add_checksum(node, "sha256", file.sha256)
    _add_common(node, about, dataset)
    _add_file_rights(node, about, version, dataset)
    node.add(DCTERMS.issued, moment(version.registered_at))
    return node


def _add_checksum(node: Node, algorithm: str, digest: str) -> None:
    """Add a checksum, unless SPDX lacks its algorithm or the digest cannot be one of it."""
    spdx_algorithm = checksum_algorithm(algorithm, digest)
    if spdx_algorithm:
        checksum = node.refer(SPDX.checksum, node.part("-checksum"), SPDX.Checksum)
        checksum.refer(SPDX.algorithm, spdx_algorithm, SPDX.ChecksumAlgorithm)
        checksum.add(SPDX.checksumValue, typed(digest, "hexBinary"))


def _add_format(node: Node, name: str, ending: str = "") -> None:
    """Add the format: the media type as IANA has it, and the file type as the EU does."""
    iana_type = media_type(name)
    if iana_type:
        node.refer(DCAT.mediaType, iana_type, DCTERMS.MediaType)
    kind = file_type(name, ending)
    if kind:
        node.refer(DCTERMS["format"], kind, DCTERMS.MediaTypeOrExtent)


def _add_common(node: Node, about: Metadata, dataset: Node) -> None:
    """Add what holds for every file of a dataset: licence, language, availability and law."""
    _add_licence(node, about.licence, dataset.part("#licence"))
    node.refer(DCTERMS.language, language(about.language), DCTERMS.LinguisticSystem)
    add_concept(node, DCATAP.availability, AVAILABLE, "disponible")
    _add_law(node, about)


def _add_law(node: Node, about: Metadata) -> None:
    """Add the law that makes an owner publish high-value data."""
    if about.hvd:
        node.refer(DCATAP.applicableLegislation, HIGH_VALUE_LAW, ELI.LegalResource)


def _add_licence(node: Node, named: str, nowhere: URIRef) -> None:
    """Add a licence by its address, or as `nowhere` when it has none; with its type if known."""
    licence = find_licence(named)
    title = licence.title if licence else named
    url = licence.url if licence else named if named.startswith(("http://", "https://")) else ""
    document = node.refer(
        DCTERMS.license, address(url) if url else nowhere, DCTERMS.LicenseDocument
    )
    document.add(RDFS.label, text(title, "fr"))
    if licence:
        add_concept(document, DCTERMS.type, *licence_type(licence))


def _add_file_rights(node: Node, about: Metadata, version: Version, dataset: Node) -> None:
    rights_text = version.provenance.attribution if version.provenance else ""
    if about.access == "restricted":
        rights_text = _RESTRICTED
    if rights_text:
        rights = node.refer(DCTERMS.rights, dataset.part("#rights"), DCTERMS.RightsStatement)
        rights.add(RDFS.label, text(rights_text, "fr"))


def _add_source_files(dataset: Node, about: Metadata, record: Harvested) -> None:
    """Add what the source says of the dataset: when it changed, its page and its files."""
    modified = day_or_moment(record.modified)
    if modified is None and record.changed_on:
        modified = typed(record.changed_on, "date")
    dataset.add(DCTERMS.modified, modified)
    if record.page:
        dataset.refer(DCAT.landingPage, address(record.page), FOAF.Document)
    for number, distribution in enumerate(record.distributions, 1):
        _add_source_file(dataset, f"#source-{number}", distribution, about)


def _add_source_file(
    dataset: Node, fragment: str, distribution: Distribution, about: Metadata
) -> None:
    node = dataset.refer(DCAT.distribution, dataset.part(fragment), DCAT.Distribution)
    add_title(
        node,
        distribution.title or distribution.url,
        f"Fichier chez son producteur : {distribution.title or distribution.url}",
    )
    for prop in (DCAT.accessURL, DCAT.downloadURL):
        node.add(prop, address(distribution.url))
    _add_format(node, distribution.media_type, distribution.format)
    _add_common(node, about, dataset)
    node.add(DCTERMS.modified, day_or_moment(distribution.modified))
    if distribution.size is not None:
        node.add(DCAT.byteSize, typed(distribution.size, "nonNegativeInteger"))
    algorithm, _, digest = distribution.checksum.partition(":")
    _add_checksum(node, algorithm, digest)
