"""Describes one page of the catalogue: dcat:Catalog, its datasets, and Hydra's way to the next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from rdflib import Graph, URIRef

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from services.catalog.dcat.describe import Lab, add_publisher, dataset_uri, describe
from services.catalog.dcat.distribution import add_licence
from services.catalog.dcat.nodes import Node, address, empty_graph, moment, text, typed
from services.catalog.dcat.vocabulary import (
    DCAT,
    DCATAP_3,
    DCT,
    FOAF,
    FRANCE,
    HYDRA,
    SKOS,
    THEME_TABLE,
    language,
)

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


def describe_page(page: CataloguePage, lab: Lab) -> Iterator[Graph]:
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
    told = set(graph)
    for dataset, versions in page.datasets:
        graph = empty_graph()
        uri = describe(graph, dataset, versions, lab)
        for triple in told.intersection(graph):
            graph.remove(triple)
        told.update(one for one in graph if not str(one[0]).startswith(uri))
        yield graph


def _add_catalogue(node: Node, lab: Lab) -> None:
    node.titled(
        f"Catalogue de données : {lab.name}",
        "Données d'intérêt général que le lab met à disposition de projets, ou sur demande.",
    )
    add_publisher(node, lab.agent, lab.name, lab.kind)
    node.refer(FOAF.homepage, address(f"{lab.url}/"), FOAF.Document)
    node.refer(DCT.language, language("fr"), DCT.LinguisticSystem)
    add_licence(node, lab.licence, node.name + "#licence")
    node.refer(DCT.spatial, FRANCE, DCT.Location)
    node.refer(DCT.conformsTo, DCATAP_3, DCT.Standard)
    taxonomy = node.refer(DCAT.themeTaxonomy, THEME_TABLE, SKOS.ConceptScheme)
    taxonomy.add(DCT.title, text("Thèmes des données (UE)", "fr"))


def _add_whole(node: Node, whole: CatalogueFigures) -> None:
    node.add(DCT.issued, moment(whole.issued) if whole.issued else None)
    node.add(DCT.modified, moment(whole.changed) if whole.changed else None)
    node.add(HYDRA.totalItems, typed(whole.total, "integer"))


def _add_paging(node: Node, page: CataloguePage, lab: Lab) -> None:
    view = node.refer(HYDRA.view, _url(lab, page.asked), HYDRA.PartialCollectionView)
    first = {name: value for name, value in page.asked.items() if name != "after"}
    view.add(HYDRA.first, _url(lab, first))
    view.add(HYDRA.next, next_page(page, lab))


def next_page(page: CataloguePage, lab: Lab) -> URIRef | None:
    """Where the next page is, to be asked for as this one was; None after the last."""
    return _url(lab, {**page.asked, "after": page.next}) if page.next else None


def _url(lab: Lab, asked: Mapping[str, str]) -> URIRef:
    query = urlencode(asked)
    return address(f"{lab.url}/catalog?{query}" if query else f"{lab.url}/catalog")
