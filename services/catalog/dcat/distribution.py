"""Describes the files of a dataset's newest version: format, size, checksum, licence."""

from urllib.parse import quote

from rdflib import URIRef

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.versions import Version
from services.catalog.dcat.nodes import Node, address, moment, text, typed
from services.catalog.dcat.vocabulary import (
    AVAILABLE,
    DCAT,
    DCATAP,
    DCT,
    ELI,
    HIGH_VALUE_LAW,
    RDFS,
    SHA256,
    SPDX,
    file_type,
    language,
    licence_type,
    media_type,
)
from services.catalog.licences.licences import find_licence
from shared.events import FileRef

_RESTRICTED = "Données restreintes : un projet en demande l'accès, et leur propriétaire décide."


def add_files(dataset: Node, about: Metadata, version: Version) -> None:
    """Add the table of `version`, and each other file of a project's result."""
    if version.table:
        node = _file(dataset, "table", version.table, about, version)
        node.titled("Table au format Parquet", _table_in_words(version))
    for output in version.files:
        # What was delivered as the table is there already, as the lab read it.
        if output.file.sha256 != version.file.sha256:
            path = f"files/{quote(output.name, safe='')}"
            node = _file(dataset, path, output.file, about, version)
            node.titled(output.name, f"Fichier {output.name} du traitement")


def _table_in_words(version: Version) -> str:
    if version.profile is None:
        return version.filename
    rows, columns = version.profile.rows, len(version.profile.columns)
    return f"Lignes : {rows}. Colonnes : {columns}. Fichier d'origine : {version.filename}"


def _file(dataset: Node, path: str, file: FileRef, about: Metadata, version: Version) -> Node:
    node = dataset.refer(DCAT.distribution, dataset.name + f"#{path}", DCAT.Distribution)
    node.refer(DCAT.accessURL, dataset.name)
    if about.access == "open":
        node.refer(DCAT.downloadURL, dataset.name + f"/{path}")
    add_format(node, file.media_type)
    node.add(DCAT.byteSize, typed(file.size, "nonNegativeInteger"))
    if about.access == "open":
        # Of other data it would prove what somebody has, or guesses.
        _add_checksum(node, file)
    add_terms(node, about, dataset)
    _add_rights(node, about, version, dataset)
    node.add(DCT.issued, moment(version.registered_at))
    return node


def _add_checksum(node: Node, file: FileRef) -> None:
    checksum = node.refer(SPDX.checksum, node.name + "-checksum", SPDX.Checksum)
    checksum.refer(SPDX.algorithm, SHA256, SPDX.ChecksumAlgorithm)
    checksum.add(SPDX.checksumValue, typed(file.sha256, "hexBinary"))


def add_format(node: Node, name: str, ending: str = "") -> None:
    """Add the format: the media type as IANA has it, and the file type as the EU does."""
    known = media_type(name)
    if known:
        node.refer(DCAT.mediaType, known, DCT.MediaType)
    kind = file_type(name, ending)
    if kind:
        node.refer(DCT["format"], kind, DCT.MediaTypeOrExtent)


def add_terms(node: Node, about: Metadata, dataset: Node) -> None:
    """Add what holds for every file of a dataset: licence, language, availability and law."""
    add_licence(node, about.licence, dataset.name + "#licence")
    node.refer(DCT.language, language(about.language), DCT.LinguisticSystem)
    node.concept(DCATAP.availability, AVAILABLE, "disponible")
    if about.hvd:
        node.refer(DCATAP.applicableLegislation, HIGH_VALUE_LAW, ELI.LegalResource)


def add_licence(node: Node, named: str, nowhere: URIRef) -> None:
    """Add a licence by its address, or as `nowhere` when it has none; with its type if known."""
    licence = find_licence(named)
    title = licence.title if licence else named
    url = licence.url if licence else named if named.startswith(("http://", "https://")) else ""
    document = node.refer(DCT.license, address(url) if url else nowhere, DCT.LicenseDocument)
    document.add(RDFS.label, text(title, "fr"))
    if licence:
        document.concept(DCT.type, *licence_type(licence))


def _add_rights(node: Node, about: Metadata, version: Version, dataset: Node) -> None:
    said = version.provenance.attribution if version.provenance else ""
    if about.access == "restricted":
        said = _RESTRICTED
    if said:
        rights = node.refer(DCT.rights, dataset.name + "#rights", DCT.RightsStatement)
        rights.add(RDFS.label, text(said, "fr"))
