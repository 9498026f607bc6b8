"""Pages of the catalogue: dcat:Catalog, its datasets, and Hydra's way to the next one."""

import json
from datetime import UTC, datetime

import pytest
from rdflib import RDF, Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, SKOS

from services.catalog.dcat.describe import CatalogueFigures, CataloguePage, describe_page, next_page
from services.catalog.dcat.syntax import Syntax
from services.catalog.dcat.vocabulary import THEME_TABLE
from shared.catalogues.rdf import HYDRA
from tests.shapes import Fault, faults, violations
from tests.unit.catalog.dcat.described import (
    LAB,
    PARSERS,
    RICH,
    bare,
    harvested,
    result,
    rich,
    written,
)

CATALOG = URIRef(f"{LAB.url}/catalog")
WHEN = datetime(2026, 11, 26, 8, tzinfo=UTC)


def page(**fields: object) -> CataloguePage:
    """The first page of a longer catalogue, with every kind of dataset on it."""
    datasets = [rich(), result(), harvested(), bare(), rich(RICH, "dts_twin")]
    defaults = {
        "datasets": [(dataset, dataset.versions) for dataset in datasets],
        "asked": {"limit": "5"},
        "next": "dts_twin",
        "whole": CatalogueFigures(total=9, issued=WHEN, changed=WHEN),
    }
    return CataloguePage(**defaults | fields)  # type: ignore[arg-type]


def read(page: CataloguePage, syntax: Syntax = "turtle") -> Graph:
    """The page as a portal reads it."""
    return Graph().parse(data=written(describe_page(page, LAB), syntax), format=PARSERS[syntax])


def test_a_page_breaks_no_rule_of_the_catalogue() -> None:
    """All that is mandatory and recommended of dcat:Catalog; what is lacking is a dataset's."""
    graph_faults = faults(read(page()))
    assert {fault.subject.partition("#")[0] for fault in graph_faults} == {
        f"{LAB.url}/datasets/dts_bare"
    }
    assert {fault.severity for fault in graph_faults} == {"Warning"}


MANDATORY = [
    *(
        (CATALOG, prop)
        for prop in (DCTERMS.title, DCTERMS.description, DCTERMS.publisher, HYDRA.view)
    ),
    (LAB.agent, FOAF.name),
    (THEME_TABLE, DCTERMS.title),
    (URIRef(f"{LAB.url}/datasets/dts_far#identifier"), SKOS.notation),
]
RECOMMENDED = [
    *((CATALOG, prop) for prop in (DCAT.dataset, DCTERMS.issued, DCTERMS.modified, FOAF.homepage)),
    *((CATALOG, prop) for prop in (DCTERMS.language, DCTERMS.license, DCTERMS.spatial)),
    (CATALOG, DCAT.themeTaxonomy),
    (LAB.agent, DCTERMS.type),
]


@pytest.mark.parametrize(
    ("severity", "subject", "prop"),
    [
        *(("Violation", *missed) for missed in MANDATORY),
        *(("Warning", *missed) for missed in RECOMMENDED),
    ],
)
def test_what_a_catalogue_should_say_is_missed_when_it_is_taken_away(
    severity: str, subject: URIRef, prop: URIRef
) -> None:
    """So the rules of the catalogue can fail; what is only recommended is warned of."""
    graph = read(page())
    graph.remove((subject, prop, None))
    name = prop.replace("#", "/").rsplit("/", 1)[-1]
    assert Fault(severity, str(subject), name) in faults(graph)


def test_a_page_is_the_same_in_every_syntax() -> None:
    """Though each dataset is written by itself, and what was told once is not told again."""
    catalogue_page = page()
    turtle, *others = (set(read(catalogue_page, syntax)) for syntax in PARSERS)
    assert others == [turtle, turtle]
    together = Graph()
    for graph in describe_page(catalogue_page, LAB):
        together += graph
    assert turtle == set(together)


def test_a_page_names_each_thing_once() -> None:
    """The licence of five datasets is described once in the document."""
    text = written(describe_page(page(), LAB), "turtle").decode()
    assert text.count("a dct:LinguisticSystem") == 1
    assert text.count("@prefix dcat:") == 1


def test_json_of_a_page_has_short_names() -> None:
    """Programs that know no RDF read it too."""
    document = json.loads(written(describe_page(page(), LAB), "jsonld"))
    kinds = {node["@id"]: node["@type"] for node in document["@graph"]}
    assert kinds[str(CATALOG)] == ["dcat:Catalog", "hydra:Collection"]
    assert kinds[f"{LAB.url}/datasets/dts_rich"] == "dcat:Dataset"


def test_hydra_leads_from_page_to_page() -> None:
    """As this one was asked for, from where it ends; the last page leads nowhere."""
    graph = read(page(asked={"limit": "5", "format": "turtle"}))
    view = graph.value(CATALOG, HYDRA.view)
    assert view == URIRef(f"{CATALOG}?limit=5&format=turtle")
    assert graph.value(view, RDF.type) == HYDRA.PartialCollectionView
    assert graph.value(view, HYDRA.first) == view
    following = f"{CATALOG}?limit=5&format=turtle&after=dts_twin"
    assert graph.value(view, HYDRA.next) == URIRef(following)
    last = read(page(asked={"limit": "5", "after": "dts_a"}, next=None))
    assert last.value(last.value(CATALOG, HYDRA.view), HYDRA.next) is None
    assert next_page(page(next=None), LAB) is None


def test_pages_put_together_break_no_rule() -> None:
    """A portal merges them: what may be said once is said on the first."""
    later = page(asked={"limit": "5", "after": "dts_a"}, whole=None)
    merged = read(page()) + read(later)
    assert violations(merged) == set()


def test_an_empty_catalogue_is_one() -> None:
    """Nothing but the recommendations for what is not there is missing."""
    graph = read(page(datasets=[], next=None, whole=CatalogueFigures(total=0)))
    assert violations(graph) == set()
    assert graph.value(CATALOG, HYDRA.totalItems) == Literal(0)


def test_the_lab_publishes_what_has_no_producer() -> None:
    """By its name, under one address."""
    graph = read(page())
    publisher = graph.value(URIRef(f"{LAB.url}/datasets/dts_bare"), DCTERMS.publisher)
    assert publisher == graph.value(CATALOG, DCTERMS.publisher) == LAB.agent
    assert graph.value(publisher, FOAF.name) == Literal("Le Lab")
    assert set(graph.objects(CATALOG, DCAT.dataset)) == set(graph.subjects(RDF.type, DCAT.Dataset))
