"""Describes data that another catalogue has: where its source tells of it, and its files there."""

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.source_record import Harvested
from services.catalog.dcat.distribution import add_format, add_terms
from services.catalog.dcat.nodes import Node, address, day_or_moment, text, typed
from services.catalog.dcat.vocabulary import ADMS, DCAT, DCT, FOAF, SKOS, SPDX, checksum_algorithm
from shared.tables.harvested_page import Distribution


def add_identifiers(dataset: Node, found: Harvested) -> None:
    """Add what it is called where it comes from, and was where that has it from.

    So nobody counts the data twice, and a catalogue knows again what comes back to it.
    """
    for number, name in enumerate(dict.fromkeys((found.identifier, *found.others)), 1):
        fragment = "#identifier" if number == 1 else f"#identifier-{number}"
        identifier = dataset.refer(ADMS.identifier, dataset.name + fragment, ADMS.Identifier)
        identifier.add(SKOS.notation, text(name))


def add_harvested(dataset: Node, about: Metadata, found: Harvested) -> None:
    """Add what the source says of data that is with it: when it changed, its page and files."""
    dataset.add(DCT.modified, day_or_moment(found.modified or found.updated))
    if found.page:
        dataset.refer(DCAT.landingPage, address(found.page), FOAF.Document)
    for number, one in enumerate(found.distributions, 1):
        _add_distribution(dataset, f"#source-{number}", one, about)


def _add_distribution(dataset: Node, fragment: str, one: Distribution, about: Metadata) -> None:
    node = dataset.refer(DCAT.distribution, dataset.name + fragment, DCAT.Distribution)
    node.titled(one.title or one.url, f"Fichier chez son producteur : {one.title or one.url}")
    for prop in (DCAT.accessURL, DCAT.downloadURL):
        node.add(prop, address(one.url))
    add_format(node, one.media_type, one.format)
    add_terms(node, about, dataset)
    node.add(DCT.modified, day_or_moment(one.modified))
    if one.size is not None:
        node.add(DCAT.byteSize, typed(one.size, "nonNegativeInteger"))
    algorithm, _, value = one.checksum.partition(":")
    known = checksum_algorithm(algorithm, value)
    if known:
        checksum = node.refer(SPDX.checksum, node.name + "-checksum", SPDX.Checksum)
        checksum.refer(SPDX.algorithm, known, SPDX.ChecksumAlgorithm)
        checksum.add(SPDX.checksumValue, typed(value, "hexBinary"))
