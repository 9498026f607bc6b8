"""The description of datasets in DCAT-AP 3.0.1, against rules written from the specification."""

from collections.abc import Callable
from datetime import date
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import RDF, BNode, Graph, Literal, URIRef
from rdflib.namespace import CSVW, DCAT, DCTERMS, PROV, SKOS

from services.catalog.datasets.bodies import NewDataset
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import versions_of
from services.catalog.dcat.describe import describe
from services.catalog.dcat.vocabulary import DCAT_VERSION, HIGH_VALUE_LAW, place, theme
from shared.auth import Caller
from shared.catalogues.eu_codes import PublisherKind
from shared.catalogues.rdf import ADMS, DCATAP, SPDX, VCARD
from tests.shapes import Fault, faults, violations
from tests.unit.catalog.dcat.described import (
    BASE,
    LAB,
    PARSERS,
    RICH,
    bare,
    graph_of,
    harvested,
    result,
    rich,
    written,
)
from tests.unit.catalog.samples import published

STRANGER = Caller("mbr_stranger", frozenset({"holder"}))
THEME = "http://publications.europa.eu/resource/authority/data-theme"


@pytest.mark.parametrize("make", [rich, result, harvested], ids=lambda make: make.__name__)
def test_a_dataset_of_which_all_is_known_breaks_no_rule(make: Callable[[], Dataset]) -> None:
    """Neither what is mandatory nor what is recommended."""
    assert faults(graph_of(make())) == set()


def test_a_dataset_of_which_little_is_known_lacks_only_what_is_recommended() -> None:
    """The rules name what its owner could still say."""
    graph_faults = faults(graph_of(bare()))
    assert {fault.severity for fault in graph_faults} == {"Warning"}
    lacking = {fault.path for fault in graph_faults if fault.subject == f"{BASE}/dts_bare"}
    assert lacking == {"contactPoint", "spatial", "temporal", "theme"}


MANDATORY = [
    (f"{BASE}/dts_rich", DCTERMS.title),
    (f"{BASE}/dts_rich#table", DCAT.accessURL),
    (f"{BASE}/dts_rich#table-checksum", SPDX.checksumValue),
    (f"{THEME}/TRAN", SKOS.prefLabel),
    ("http://id.insee.fr/geo/commune/14118", RDF.type),
]


@pytest.mark.parametrize(("subject", "prop"), MANDATORY)
def test_what_is_mandatory_is_missed_when_it_is_taken_away(subject: str, prop: URIRef) -> None:
    """So the rules can fail: each finds the one triple that it asks for gone."""
    graph = graph_of(rich())
    assert (URIRef(subject), prop, None) in graph
    graph.remove((URIRef(subject), prop, None))
    assert violations(graph)


RECOMMENDED = [
    (f"{BASE}/dts_rich", DCAT.contactPoint),
    (f"{BASE}/dts_rich#table", DCTERMS.license),
    (f"{BASE}/dts_rich#period", DCAT.startDate),
    (f"{BASE}/dts_rich#publisher", DCTERMS.type),
    ("https://www.etalab.gouv.fr/licence-ouverte-open-licence", DCTERMS.type),
]


@pytest.mark.parametrize(("subject", "prop"), RECOMMENDED)
def test_what_is_recommended_is_warned_of_when_it_is_taken_away(subject: str, prop: URIRef) -> None:
    """The warning names the thing and the property."""
    graph = graph_of(rich())
    graph.remove((URIRef(subject), prop, None))
    name = prop.replace("#", "/").rsplit("/", 1)[-1]
    assert Fault("Warning", subject, name) in faults(graph)


WRONG = [
    (DCAT.theme, URIRef(f"{THEME}/NONE")),
    (DCTERMS.publisher, URIRef(f"{BASE}/dts_rich#table")),
    (DCTERMS.modified, Literal("hier")),
    (DCAT_VERSION, Literal("2")),
]

KINDS = "http://purl.org/adms"


@pytest.mark.parametrize(("prop", "value"), WRONG)
def test_what_does_not_belong_is_found(prop: URIRef, value: URIRef | Literal) -> None:
    """A value outside of the vocabulary, of another type, or one too many."""
    graph = graph_of(rich())
    graph.add((URIRef(f"{BASE}/dts_rich"), prop, value))
    assert violations(graph)


_WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
_LABELS = _WORDS.filter(lambda text: any(letter.isalnum() for letter in text))
_SAID = st.fixed_dictionaries(
    {
        "title": _LABELS,
        "theme": st.sampled_from(["mobilité", "Habitat", "divers", "ÉNERGIE"]),
        "licence": _LABELS | st.sampled_from(["lov2", "ODbL", "https://lab.fr/l?<>", "aucune"]),
        "access": st.sampled_from(["open", "restricted"]),
    },
    optional={
        "description": _LABELS.map(lambda text: text + "\r\n\t\"'''\\" + text),
        "keywords": st.lists(_LABELS, max_size=4),
        "territory": st.lists(st.sampled_from(["14", "2A", "97411", "200065597"]), max_size=4),
        "producer": st.just("") | _LABELS,
        "producer_kind": st.sampled_from(get_args(PublisherKind)),
        "source_url": st.sampled_from(['https://a.fr/é"{|}\\^`<>', "http://[::1]/%zz#a#b"]),
        "temporal": st.fixed_dictionaries({"start": st.dates()}),
        "frequency": st.sampled_from(["daily", "IRREG"]),
        "contact": st.fixed_dictionaries({"name": _LABELS, "email": st.just("é'+a@b.fr")})
        | st.fixed_dictionaries({"name": _LABELS, "url": st.just("https://a.fr/?q=<b>")}),
        "hvd": st.sampled_from(["geospatial", "companies"]),
        "language": st.sampled_from(["fr", "en", "co"]),
    },
)


@settings(deadline=None, max_examples=60)
@given(_SAID)
def test_whatever_an_owner_may_say_becomes_a_valid_description(fields: dict[str, object]) -> None:
    """What passes as metadata breaks no rule, and is the same in every syntax."""
    about = NewDataset.model_validate(fields).plain()
    graph = graph_of(rich(about))
    assert violations(graph) == set()
    assert not any(isinstance(term, BNode) for triple in graph for term in triple)
    for syntax, parser in PARSERS.items():
        assert set(Graph().parse(data=written([graph], syntax), format=parser)) == set(graph)


def test_what_a_stranger_may_not_know_of_restricted_data_is_not_told() -> None:
    """As over JSON: how a result was made names others' columns and data."""
    dataset = result(RICH.model_copy(update={"access": "restricted", "hvd": None}))
    uri = URIRef(f"{BASE}/dts_result")
    graph = describe(dataset, versions_of(dataset, STRANGER), LAB)
    restricted_graph = describe(
        dataset, versions_of(dataset, Caller("mbr_holder", frozenset())), LAB
    )
    for prop in (PROV.wasDerivedFrom, PROV.wasGeneratedBy):
        assert graph.value(uri, prop) is None
        assert restricted_graph.value(uri, prop) is not None
    assert "dts_in" not in str(set(graph))
    assert (URIRef(f"{BASE}/dts_result#table"), DCAT.downloadURL, None) not in graph
    assert violations(graph) == set()


def test_a_result_says_what_it_was_made_of_and_by_which_job() -> None:
    """Its sources by their addresses in this catalogue, and the project whose job it was."""
    graph, uri = graph_of(result()), URIRef(f"{BASE}/dts_result")
    activity = graph.value(uri, PROV.wasGeneratedBy)
    assert graph.value(uri, PROV.wasDerivedFrom) == URIRef(f"{BASE}/dts_in")
    assert graph.value(activity, PROV.used) == URIRef(f"{BASE}/dts_in")
    assert graph.value(activity, DCTERMS.identifier) == Literal("job_full")
    assert graph.value(activity, DCTERMS.isPartOf) == URIRef("urn:datalab:project:prj_1")
    files = set(graph.objects(uri, DCAT.distribution))
    assert files == {URIRef(f"{BASE}/dts_result#{name}") for name in ("table", "files/chart.png")}


def test_a_file_is_described_so_that_it_can_be_checked() -> None:
    """Where it is, its size and hash, its format in both vocabularies, its licence."""
    graph, file = graph_of(rich()), URIRef(f"{BASE}/dts_rich#table")
    assert graph.value(file, DCAT.downloadURL) == URIRef(f"{BASE}/dts_rich/table")
    assert str(graph.value(file, DCAT.byteSize)) == "1234"
    checksum = graph.value(file, SPDX.checksum)
    assert str(graph.value(checksum, SPDX.checksumValue)) == "b" * 64
    assert graph.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
    assert str(graph.value(file, DCTERMS["format"])).endswith("/file-type/PARQUET")
    assert str(graph.value(file, DCAT.mediaType)).endswith("/application/vnd.apache.parquet")
    assert str(graph.value(file, DCTERMS.license)).endswith("/licence-ouverte-open-licence")


def test_data_of_another_catalogue_keeps_its_identifier_and_files() -> None:
    """So a portal that has both catalogues counts it once."""
    graph, uri = graph_of(harvested()), URIRef(f"{BASE}/dts_far")
    identifier = graph.value(uri, ADMS.identifier)
    assert graph.value(identifier, SKOS.notation) == Literal("5b6f7c")
    file = graph.value(uri, DCAT.distribution)
    assert graph.value(file, DCAT.downloadURL) == URIRef("https://portail.fr/bornes.csv")
    assert str(graph.value(uri, DCTERMS.modified)) == "2024-03-01T10:00:00+01:00"


def test_data_is_dated_by_its_source_alone() -> None:
    """Neither the day of an upload nor that of a harvest is when data was modified."""
    upload, uri = published("dts_a"), URIRef(f"{BASE}/dts_a")
    assert graph_of(upload).value(uri, DCTERMS.modified) is None
    upload.versions[0].modified = date(2024, 5, 2)
    assert str(graph_of(upload).value(uri, DCTERMS.modified)) == "2024-05-02"
    far = harvested()
    assert far.harvested
    far.harvested = far.harvested.model_copy(update={"modified": ""})
    node = graph_of(far).value(URIRef(f"{BASE}/dts_far"), DCTERMS.modified)
    assert str(node) == "2024-03-01"  # its file's
    far.harvested = far.harvested.model_copy(update={"distributions": ()})
    assert graph_of(far).value(URIRef(f"{BASE}/dts_far"), DCTERMS.modified) is None


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("lov2", "Attribution"),
        ("ODbL", "ViralEffect-ShareAlike"),
        ("cc-zero", "PublicDomain"),
        ("notspecified", "UnknownIPR"),
        ("Licence de la ville", None),
    ],
)
def test_a_licence_says_of_what_type_it_is(licence: str, kind: str | None) -> None:
    """By what it asks for most; of terms that nobody here knows nothing is said."""
    graph = graph_of(rich(RICH.model_copy(update={"licence": licence})))
    document = graph.value(URIRef(f"{BASE}/dts_rich#table"), DCTERMS.license)
    node = graph.value(document, DCTERMS.type)
    assert node == (URIRef(f"{KINDS}/licencetype/{kind}") if kind else None)


def test_a_publisher_says_what_kind_of_body_it_is() -> None:
    """The producer as its owner said, the lab as its settings do; neither is guessed."""
    graph = graph_of(rich())
    publisher = URIRef(f"{BASE}/dts_rich#publisher")
    kinds = f"{KINDS}/publishertype"
    assert graph.value(publisher, DCTERMS.type) == URIRef(f"{kinds}/RegionalAuthority")
    kind_of_lab = graph_of(bare()).value(LAB.agent, DCTERMS.type)
    assert kind_of_lab == URIRef(f"{kinds}/NonProfitOrganisation")
    untold = graph_of(rich(RICH.model_copy(update={"producer_kind": None})))
    assert untold.value(publisher, DCTERMS.type) is None


def test_high_value_data_names_the_law_and_its_category() -> None:
    """Implementing Regulation (EU) 2023/138, on the dataset and on its file."""
    graph, uri = graph_of(rich()), URIRef(f"{BASE}/dts_rich")
    assert graph.value(uri, DCATAP.applicableLegislation) == HIGH_VALUE_LAW
    assert graph.value(uri, DCATAP.hvdCategory) == URIRef("http://data.europa.eu/bna/c_b79e35eb")


def test_many_communes_are_told_by_their_departments() -> None:
    """A portal shows places, not five thousand of them."""
    communes = (*(f"14{number:03}" for number in range(1, 60)), "200065597", "76540")
    graph = graph_of(rich(RICH.model_copy(update={"territory": communes})))
    places = set(graph.objects(URIRef(f"{BASE}/dts_rich"), DCTERMS.spatial))
    assert places == {place("14"), place("76"), place("200065597")}


@pytest.mark.parametrize(
    ("word", "code"),
    [("mobilité", "TRAN"), ("HABITAT", "REGI"), ("tran", "TRAN"), ("Énergie", "ENER"), ("x", None)],
)
def test_french_words_find_the_eu_s_theme(word: str, code: str | None) -> None:
    """Whatever the case and accents; an unknown word is a keyword only."""
    theme_found = theme(word)
    assert (theme_found and theme_found[0]) == (URIRef(f"{THEME}/{code}") if code else None)
    keywords = graph_of(rich(RICH.model_copy(update={"theme": word}))).objects(None, DCAT.keyword)
    assert Literal(word, lang="fr") in set(keywords)


def test_contact_and_columns_are_told_in_their_vocabularies() -> None:
    """A mail address as a link; each column with its name and what is said of it."""
    graph = graph_of(rich())
    contact = graph.value(URIRef(f"{BASE}/dts_rich"), DCAT.contactPoint)
    assert graph.value(contact, VCARD.hasEmail) == URIRef("mailto:donnees@region.fr")
    assert graph.value(contact, VCARD.fn) == Literal("Service données")
    (schema,) = graph.objects(URIRef(f"{BASE}/dts_rich#table"), CSVW.tableSchema)
    (column,) = graph.objects(schema, CSVW.column)
    assert graph.value(column, CSVW.title) == Literal("commune")
    assert graph.value(column, DCTERMS.description) == Literal(RICH.columns[0].description, "fr")
    silent = rich(RICH.model_copy(update={"columns": ()}))
    assert not set(graph_of(silent).subjects(CSVW.tableSchema))
