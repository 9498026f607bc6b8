"""What the sandbox reads out of the pages of other catalogues, well written and badly."""

import gzip
import json
import re
import time
from pathlib import Path

import pytest

from shared.engine.contract.harvested_page import Distribution, PageEntry, PageReport, Record
from tests.catalogues import COMMUNES, POSTCODES, api, dataset, in_syntax, item, turtle
from tests.integration.compute.jobs import RunOutcome, run

URL = "https://portail.example/catalogue"
COMMUNES_READ = {
    "identifier": "communes",
    "others": (),
    "title": "Code officiel géographique",
    "description": "Communes de France au 1er janvier.",
    "theme": "Régions et villes",
    "keywords": ("COG", "communes"),
    "territory": ("14", "2A", "2B"),
    "licence": "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
    "restricted": False,
    "producer": "INSEE",
    "producer_kind": "national_authority",
    "page": "https://portail.example/communes",
    "issued": "2025-01-15",
    "modified": "2026-01-20",
    "start": "2026-01-01",
    "end": "2026-06-30",
    "frequency": "ANNUAL",
    "language": "fr",
    "contact": "Service géographie",
    "contact_email": "geo@portail.example",
    "contact_url": "",
    "hvd": "statistics",
    "columns": (
        {"name": "com", "description": "Code de la commune"},
        {"name": "nom", "description": "Nom, en clair"},
    ),
}
COMMUNES_FILES = (
    Distribution(
        url="https://portail.example/communes.csv",
        title="CSV",
        format="CSV",
        media_type="text/csv",
        size=1_500_000,
        checksum="sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ),
)


def read(folder: Path, page: bytes, catalogue: str = "dcat", media_type: str = "") -> RunOutcome:
    """Read a page as a harvest job does."""
    job = {"kind": "harvest", "catalogue": catalogue, "url": URL, "media_type": media_type}
    return run(folder, job, {"page": page})


def report_of(done: RunOutcome) -> PageReport:
    """What the job reports."""
    return PageReport.model_validate(done.reports[0])


def entries_of(done: RunOutcome) -> list[PageEntry]:
    """What the job made of the page."""
    assert not done.error, done.error
    lines = done.output_path("entries.jsonl").read_text().splitlines()
    return [PageEntry.model_validate_json(line) for line in lines if line]


def records_of(done: RunOutcome) -> list[Record]:
    """The records, where every dataset could be read."""
    entries = entries_of(done)
    assert [entry.reason for entry in entries if entry.reason] == []
    return [entry.record for entry in entries if entry.record]


@pytest.mark.parametrize("syntax", ["turtle", "xml", "json-ld"])
def test_page_reads_the_same_in_every_syntax(tmp_path: Path, syntax: str) -> None:
    """Codes, languages and blank nodes included: nothing depends on how it is written."""
    page = turtle(COMMUNES, dataset("eau"), next_page=f"{URL}?page=2")
    page = page if syntax == "turtle" else in_syntax(page, syntax)
    done = read(tmp_path, page)
    communes, water = records_of(done)
    assert communes.model_dump(exclude={"distributions"}) == COMMUNES_READ
    assert communes.distributions == COMMUNES_FILES
    assert water.identifier == "https://portail.example/d/eau"
    assert report_of(done).next == f"{URL}?page=2"


def test_api_of_data_gouv_is_read(tmp_path: Path) -> None:
    """Fields, zones, resources; an address that nobody can follow is no distribution."""
    done = read(tmp_path, api([POSTCODES], f"{URL}?page=2"), "data.gouv")
    (record,) = records_of(done)
    assert (record.identifier, record.producer, record.licence) == ("postcodes", "La Poste", "lov2")
    assert record.producer_kind == "company"
    assert record.territory == ("14118", "27")
    assert (record.frequency, record.start, record.end) == ("ANNUAL_2", "2025-01-01", None)
    assert [distribution.url for distribution in record.distributions] == [
        "https://portail.example/postcodes.csv"
    ]
    assert report_of(done) == PageReport(
        format="data.gouv", read=1, refused=0, next=f"{URL}?page=2"
    )


@pytest.mark.parametrize("mark", ["deleted", "archived", "private"])
def test_dataset_that_its_portal_took_back_is_not_read(tmp_path: Path, mark: str) -> None:
    """It is neither a record nor a fault: the harvest will miss it, and retire it."""
    page = api([item("a"), item("b", **{mark: "2026-01-01T00:00:00"})], None)
    assert [record.identifier for record in records_of(read(tmp_path, page, "data.gouv"))] == ["a"]


def test_one_broken_dataset_stops_no_other(tmp_path: Path) -> None:
    """Each says in French what it lacks."""
    page = api([item("a"), 7, {"title": "x"}, item("c", title=None), item("a"), item("d")], None)
    entries = entries_of(read(tmp_path, page, "data.gouv"))
    assert [entry.record.identifier for entry in entries if entry.record] == ["a", "d"]
    assert {entry.where: entry.reason for entry in entries if entry.reason} == {
        "n° 2": "ce n'est pas un objet JSON",
        "x": "rien qui l'identifie : ni identifiant, ni adresse, ni page d'accueil",
        "n° 4": "il n'a pas de titre",
        "a": "cet identifiant est déjà celui d'un autre",
    }


_CLASS_NAMES = re.compile(r"[A-Z][a-z]+(Error|Exception)|Traceback|invalid |expected|line \d")

_BROKEN = {
    "graph.json": b'{"@context": {"@vocab": 7}, "@graph": 3}',
    "context.json": b'{"@context": {"a": {"@id": {"b": 1}}}, "a": "x"}',
    "type.json": b'{"@context": {"a": {"@id": "http://a/", "@type": []}}, "a": ["x"]}',
    "nested.xml": b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:ID="1 2"/><rdf:li/></rdf:RDF>""",
    "odd.ttl": b"<a> <b> 'c'^^ .",
    "letter.ttl": b"Bonjour, veuillez trouver ci-joint le catalogue.",
}


@pytest.mark.parametrize("name", sorted(_BROKEN))
def test_reason_why_a_page_is_not_read_is_a_french_sentence(tmp_path: Path, name: str) -> None:
    """Never the name of a class or a parser's English."""
    reason = read(tmp_path, _BROKEN[name]).error or ""
    assert re.search(r"\b(cette?|ce|est|pas|invalide|ligne)\b", reason), reason
    assert not _CLASS_NAMES.search(reason), reason


def test_datasets_that_are_odd_within_say_so_in_french(tmp_path: Path) -> None:
    """Whatever stands where a text should be."""
    odd = [{"a": [1]}, [], 7, None, "x" * 100_000, {"id": {}}, True, -1]
    fields = ("title", "description", "tags", "license", "organization", "spatial", "resources")
    page = api(
        [
            item(f"{field}{n}", **{field: odd_value})
            for field in fields
            for n, odd_value in enumerate(odd)
        ]
    )
    for entry in entries_of(read(tmp_path, page, "data.gouv")):
        assert entry.record or entry.reason == "il n'a pas de titre", entry


def test_dataset_without_title_or_identity_is_refused_alone(tmp_path: Path) -> None:
    """In a graph, too; its identifier is kept, so that it is not held to be gone."""
    page = turtle(
        dataset("eau"),
        '<https://portail.example/d/bruit> a dcat:Dataset ; dct:description "?" .',
        '[] a dcat:Dataset ; dct:title "Anonyme" .',
    )
    entries = {entry.where: entry for entry in entries_of(read(tmp_path, page))}
    assert entries["eau"].record
    assert entries["sans titre"].identifier == "https://portail.example/d/bruit"
    assert entries["sans titre"].reason == "il n'a pas de titre"
    assert entries["Anonyme"].reason.startswith("rien qui l'identifie")


def test_identifiers_that_are_too_long_are_refused_as_such(tmp_path: Path) -> None:
    """Cut to what is kept they would be one, and the second be refused for another's sake."""
    long = [f"https://portail.example/{'a' * 600}{number}" for number in range(2)]
    page = turtle(
        *(f"<{title}> a dcat:Dataset ; dct:title 'L' ." for title in long), dataset("eau")
    )
    for header, catalogue in ((page, "dcat"), (api([*map(item, long), item("eau")]), "data.gouv")):
        entries = entries_of(read(tmp_path / catalogue, header, catalogue))
        refused = [entry.reason for entry in entries if entry.reason]
        assert refused == ["son identifiant dépasse 500 caractères"] * 2
        assert len(entries) == 3


def test_dataset_that_is_only_mentioned_is_no_fault(tmp_path: Path) -> None:
    """What a service serves is described on another page."""
    page = turtle(
        dataset("eau"),
        "[] a dcat:DataService ; dcat:servesDataset <https://portail.example/d/air> .",
        "<https://portail.example/d/air> a dcat:Dataset .",
    )
    assert len(records_of(read(tmp_path, page))) == 1


def test_blank_dataset_is_known_by_its_identifier_or_page(tmp_path: Path) -> None:
    """The name of a blank node means nothing outside its file."""
    page = turtle(
        '[] a dcat:Dataset ; dct:title "A" ; dct:identifier "a-1" .',
        '[] a dcat:Dataset ; dct:title "B" ; dcat:landingPage <https://portail.example/b> .',
    )
    identifiers = [record.identifier for record in records_of(read(tmp_path, page))]
    assert identifiers == ["a-1", "https://portail.example/b"]


@pytest.mark.parametrize("next_page", ["/list?page=2", "http://[bad", "file:///etc/passwd"])
def test_next_page_that_is_no_complete_address_is_told_as_it_stands(
    tmp_path: Path, next_page: str
) -> None:
    """A page that names a next one is not the last, whatever it calls it."""
    document = {"@id": URL, "http://www.w3.org/ns/hydra/core#next": next_page}
    for page, catalogue in (
        (api([], next_page), "data.gouv"),
        (json.dumps(document).encode(), "dcat"),
    ):
        assert report_of(read(tmp_path / catalogue, page, catalogue)).next == next_page


def test_next_page_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """It cannot be the last page, and nobody knows which one follows."""
    page = json.dumps({"data": [], "next_page": {"href": "/2"}}).encode()
    assert "page suivante" in read(tmp_path, page, "data.gouv").error


@pytest.mark.parametrize("next_name", ["next", "nextPage"])
def test_next_page_is_found_in_both_words_of_hydra(tmp_path: Path, next_name: str) -> None:
    """The present and the former; a relative address is meant from the page's own."""
    page = turtle(dataset("eau"), f"<#p> hydra:{next_name} <catalogue?page=2> .")
    assert report_of(read(tmp_path, page)).next == f"{URL}?page=2"


@pytest.mark.parametrize(
    "context",
    [
        "https://semiceu.github.io/DCAT-AP/releases/3.0.0/context/dcat-ap.jsonld",
        "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
    ],
)
def test_known_context_is_never_fetched(tmp_path: Path, context: str) -> None:
    """The sandbox has no network: the names of DCAT are known to it."""
    page = {
        "@context": [context, {"@base": "https://portail.example/"}],
        "@id": "catalogue",
        "@type": "Catalog",
        "dataset": [
            {
                "@id": "d/eau",
                "@type": "Dataset",
                "title": {"@value": "Eau", "@language": "fr"},
                "publisher": {"@type": "Agent", "name": "Agence de l'eau"},
                "distribution": [{"downloadURL": "https://portail.example/eau.csv"}],
            }
        ],
    }
    (record,) = records_of(read(tmp_path, json.dumps(page).encode()))
    assert (record.title, record.producer) == ("Eau", "Agence de l'eau")
    assert record.distributions[0].url == "https://portail.example/eau.csv"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li>&b;</rdf:li></rdf:RDF>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li>&a;</rdf:li></rdf:RDF>"""


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (BOMB, "déclare des entités"),
        (OUTSIDE, "déclare des entités"),
        (BOMB.decode().replace("?>", ' encoding="utf-16"?>', 1).encode("utf-16"), "des entités"),
        (b'{"@context": "https://ailleurs.example/c.jsonld"}', "contexte JSON-LD inconnu"),
        (b'{"@context": {"a": {"@id": "b:c", "@context": "file:///etc/passwd"}}}', "inconnu"),
        (b'{"@context": {"@import": "http://127.0.0.1/c"}}', "contexte JSON-LD inconnu"),
        (b'{"@id": "a", ', "JSON invalide, ligne 1"),
        (b"[" * 100_000, "trop profond"),
        (b"<rdf:RDF xmlns:rdf='x'><a></rdf:RDF>", "XML invalide, ligne 1"),
        (b"<!DOCTYPE html><html><body>Connexion</body></html>", "une page web"),
        (b"@prefix a: <http://a/> .\na:b a:c .\n", "Turtle invalide, ligne 2"),
        (b"@prefix a: <http://a/> . a:b a:c '\xff\xfe' .", "pas en UTF-8"),
        (b"<http://a/a>" + b" <http://a/b> [" * 20_000, "trop profond"),
        (b"   \n", "vide"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_page_that_cannot_be_read_says_why(tmp_path: Path, page: bytes, reason: str) -> None:
    """In French, and without having followed what it points to."""
    error = read(tmp_path, page).error
    assert reason in error
    assert not _CLASS_NAMES.search(error), error


def test_page_of_another_api_is_refused(tmp_path: Path) -> None:
    """A mistake in the address shows at the first page."""
    assert "n'a pas de « data »" in read(tmp_path, b'{"message": "not found"}', "data.gouv").error


def test_compressed_page_is_unpacked(tmp_path: Path) -> None:
    """Whole catalogues are published as files, often compressed."""
    assert len(records_of(read(tmp_path, gzip.compress(turtle(dataset("eau")))))) == 1


def test_no_words_of_a_record_have_tags(tmp_path: Path) -> None:
    """Themes, keywords and contacts are shown on pages, as titles are."""
    evil = "<img src=x onerror=alert(1)>Eau"
    more = (
        f'dcat:keyword "{evil}" ;'
        f' dcat:theme [ <http://www.w3.org/2004/02/skos/core#prefLabel> "{evil}" ] ;'
        f' dcat:contactPoint [ <http://www.w3.org/2006/vcard/ns#fn> "{evil}" ] ;'
    )
    (record,) = records_of(read(tmp_path / "dcat", turtle(dataset("eau", more=more))))
    assert (record.theme, record.keywords, record.contact) == ("Eau", ("Eau",), "Eau")
    page = api([item("eau", tags=[evil])])
    (record,) = records_of(read(tmp_path / "api", page, "data.gouv"))
    assert record.keywords == ("Eau",)


def test_description_that_is_markup_of_its_own_is_read_at_once(tmp_path: Path) -> None:
    """RDF/XML may hold XML: two thousand elements of it once took five seconds of CPU."""
    markup = "<p xmlns='http://www.w3.org/1999/xhtml'>Eau</p>" * 5000
    page = (
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
        " xmlns:dct='http://purl.org/dc/terms/' xmlns:dcat='http://www.w3.org/ns/dcat#'>"
        "<dcat:Dataset rdf:about='https://portail.example/d/eau'><dct:title>Eau</dct:title>"
        f"<dct:description rdf:parseType='Literal'>{markup}</dct:description>"
        "</dcat:Dataset></rdf:RDF>"
    )
    began = time.process_time()
    (record,) = records_of(read(tmp_path, page.encode()))
    assert record.description.startswith("Eau\n\nEau")
    assert time.process_time() - began < 10


def test_texts_are_bounded_and_seen(tmp_path: Path) -> None:
    """A title of a megabyte, control characters, thousands of keywords and distributions."""
    many = [{"url": f"https://portail.example/{number}"} for number in range(500)]
    tags = [f"mot{number}" for number in range(500)]
    page = api([item("a", title="É\x00" + "x" * 1_000_000, tags=tags, resources=many)])
    (record,) = records_of(read(tmp_path, page, "data.gouv"))
    assert record.title == "É" + "x" * 499
    assert (len(record.keywords), len(record.distributions)) == (30, 200)


def test_columns_are_read_however_they_are_listed(tmp_path: Path) -> None:
    """The first text of each name, of all files; a list that never ends stops no other dataset."""
    first = 'csvw:column [ csvw:title "a" ; dct:description "un" ], [ csvw:title "b" ]'
    second = """csvw:column [ csvw:title "a" ; dct:description "deux" ],
      [ csvw:title "c" ; dct:description "trois" ]"""
    files = "".join(f"[ csvw:tableSchema [ {address} ] ], " for address in (first, second))
    more = f"dcat:distribution {files} [ csvw:tableSchema <https://portail.example/schema> ] ;"
    endless = """dcat:distribution [ csvw:tableSchema [ csvw:column _:l ] ] .
      _:l rdf:first 1 ; rdf:rest _:l . <https://portail.example/d/endless>"""
    done = read(tmp_path, turtle(dataset("a", more=more), dataset("endless", more=endless)))
    read_well, broken = entries_of(done)
    assert read_well.record
    descriptions_by_name = {
        description.name: description.description for description in read_well.record.columns
    }
    assert descriptions_by_name == {"a": "un", "c": "trois"}
    assert broken.reason


def test_columns_are_bounded(tmp_path: Path) -> None:
    """As many as a table can have, and no longer texts than an owner can write."""
    many = "".join(f'[ csvw:title "c{at}" ; dct:description "x" ], ' for at in range(2100))
    long = f'[ csvw:title "a" ; dct:description "{"x" * 2000}" ]'
    more = f"dcat:distribution [ csvw:tableSchema [ csvw:column {many} {long} ] ] ;"
    (record,) = records_of(read(tmp_path, turtle(dataset("a", more=more))))
    assert len(record.columns) == 2000
    assert max(len(description.description) for description in record.columns) == 500
