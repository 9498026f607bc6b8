"""Describes the files of a dataset: those in the lab, or those that its source has."""

from urllib.parse import quote

from rdflib import URIRef
from rdflib.namespace import CSVW, DCAT, DCTERMS, FOAF, RDFS

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.source_record import Harvested
from services.catalog.datasets.versions import Version
from services.catalog.dcat.vocabulary import (
    AVAILABLE,
    ELI,
    HIGH_VALUE_LAW,
    Node,
    add_concept,
    add_title,
    address,
    checksum_algorithm,
    day_or_moment,
    file_type,
    language,
    licence_type,
    media_type,
    moment,
    text,
    typed,
)
from services.catalog.licences.licences import find_licence
from shared.catalogues.rdf import DCATAP, SPDX
from shared.engine.contract.harvested_page import Distribution
from shared.engine.tables.manifest import Profile
from shared.events.event import FileRef

_ARCHIVE = "application/zip"
_RESTRICTED = "Données restreintes : un projet en demande l'accès, et leur propriétaire décide."


def add_files(dataset: Node, about: Metadata, version: Version) -> None:
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
    add_title(node, version.filename, f"Fichiers, tels qu'ils ont été déposés : {_kinds(profile)}")
    if profile.format == "zip" and (package := media_type(_ARCHIVE)):
        node.refer(DCAT.packageFormat, package, DCTERMS.MediaType)


def _kinds(profile: Profile) -> str:
    kinds = profile.files.media_types.items() if profile.files else ()
    return ", ".join(f"{number} {kind}" for kind, number in kinds)


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
    _add_rights(node, about, version, dataset)
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
    add_licence(node, about.licence, dataset.part("#licence"))
    node.refer(DCTERMS.language, language(about.language), DCTERMS.LinguisticSystem)
    add_concept(node, DCATAP.availability, AVAILABLE, "disponible")
    add_law(node, about)


def add_law(node: Node, about: Metadata) -> None:
    """Add the law that makes an owner publish high-value data."""
    if about.hvd:
        node.refer(DCATAP.applicableLegislation, HIGH_VALUE_LAW, ELI.LegalResource)


def add_licence(node: Node, named: str, nowhere: URIRef) -> None:
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


def _add_rights(node: Node, about: Metadata, version: Version, dataset: Node) -> None:
    rights_text = version.provenance.attribution if version.provenance else ""
    if about.access == "restricted":
        rights_text = _RESTRICTED
    if rights_text:
        rights = node.refer(DCTERMS.rights, dataset.part("#rights"), DCTERMS.RightsStatement)
        rights.add(RDFS.label, text(rights_text, "fr"))


def add_source_files(dataset: Node, about: Metadata, record: Harvested) -> None:
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
