"""Small catalogues of other portals, written for the tests; the titles are of real open data.

INSEE's official geographic code and La Poste's postcodes are under the Licence Ouverte 2.0; what is
said of them here (sizes, dates, addresses) is made up.
"""

import json
from collections.abc import Iterable
from typing import Any

from rdflib import Graph

PREFIXES = """
@prefix csvw: <http://www.w3.org/ns/csvw#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcatap: <http://data.europa.eu/r5r/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""

COMMUNES = """
<https://portail.example/d/communes> a dcat:Dataset ;
  dct:identifier "communes" ;
  dct:title "Official geographic code"@en, "Code officiel géographique"@fr ;
  dct:description "Communes de France au 1er janvier."@fr ;
  dcat:keyword "communes"@fr, "COG" ;
  dcat:theme <http://publications.europa.eu/resource/authority/data-theme/REGI> ;
  dct:spatial <http://id.insee.fr/geo/departement/14>, [ dct:identifier "fr:region:94" ] ;
  dct:publisher [ a foaf:Organization ; foaf:name "INSEE" ;
    dct:type <http://purl.org/adms/publishertype/NationalAuthority> ] ;
  dct:issued "2025-01-15"^^xsd:date ;
  dct:modified "2026-01-20"^^xsd:date ;
  dct:temporal [ dcat:startDate "2026"^^xsd:gYear ; dcat:endDate "2026-06"^^xsd:gYearMonth ] ;
  dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/ANNUAL> ;
  dct:language <http://publications.europa.eu/resource/authority/language/FRA> ;
  dcat:contactPoint [
    vcard:fn "Service géographie" ; vcard:hasEmail <mailto:geo@portail.example> ] ;
  dcatap:hvdCategory <http://data.europa.eu/bna/c_e1da4e07> ;
  dcat:landingPage <https://portail.example/communes> ;
  dcat:distribution [ a dcat:Distribution ;
      dct:title "CSV" ;
      dcat:downloadURL <https://portail.example/communes.csv> ;
      dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ;
      dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ;
      dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ;
      dcat:byteSize "1500000"^^xsd:decimal ;
      csvw:tableSchema [ csvw:column (
        [ csvw:name "com" ; dct:description "Town"@en, "Code de la <b>commune</b>"@fr ]
        [ csvw:titles "nom" ; csvw:name "name" ; dct:description "Nom, en clair"@fr ]
        [ csvw:name "reg" ] ) ] ;
      spdx:checksum [ spdx:algorithm spdx:checksumAlgorithm_sha1 ;
        spdx:checksumValue "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"^^xsd:hexBinary ] ] .
"""


def dataset(name: str, title: str = "", *, modified: str = "2026-01-01", more: str = "") -> str:
    """A dataset in Turtle, with a distribution."""
    return f"""
<https://portail.example/d/{name}> a dcat:Dataset ;
  dct:title "{title or name}" ; dct:modified "{modified}"^^xsd:date ; {more}
  dcat:distribution [ dcat:accessURL <https://portail.example/{name}.csv> ] .
"""


def turtle(*datasets: str, next_page: str = "") -> bytes:
    """A page in Turtle; `next_page` is the address of the one after it."""
    view = (
        f"<#page> a hydra:PartialCollectionView ; hydra:next <{next_page}> ." if next_page else ""
    )
    return "\n".join((PREFIXES, *datasets, view)).encode()


def in_syntax(page: bytes, syntax: str) -> bytes:
    """A page of Turtle in another syntax of rdflib's (xml, json-ld)."""
    return Graph().parse(data=page, format="turtle").serialize(format=syntax).encode()


MEDIA_TYPES = {
    "turtle": "text/turtle",
    "xml": "application/rdf+xml",
    "json-ld": "application/ld+json",
}


def item(name: str, **fields: Any) -> dict[str, Any]:
    """A dataset as the API of data.gouv.fr writes it."""
    return {"id": name, "title": name, "last_update": "2026-01-01T00:00:00+00:00", **fields}


POSTCODES = item(
    "postcodes",
    title="Base officielle des codes postaux",
    description="Codes postaux et codes INSEE des communes.",
    tags=["codes-postaux", "communes"],
    license="lov2",
    page="https://portail.example/datasets/postcodes/",
    created_at="2014-12-15T10:00:00+00:00",
    last_update="2026-02-03T04:05:06+00:00",
    frequency="semiannual",
    temporal_coverage={"start": "2025-01-01T00:00:00", "end": None},
    spatial={"zones": ["fr:commune:14118", "country:fr", "fr:departement:27"]},
    organization={
        "id": "o",
        "name": "La Poste",
        "badges": [{"kind": "certified"}, {"kind": "company"}],
    },
    contact_points=[{"name": "Open data", "email": "opendata@portail.example"}],
    resources=[
        {
            "url": "https://portail.example/postcodes.csv",
            "title": "laposte.csv",
            "format": "csv",
            "mime": "text/csv",
            "filesize": 2000000,
            "checksum": {"type": "sha1", "value": "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
            "last_modified": "2026-02-03T04:05:06+00:00",
        },
        {"url": "javascript:alert(1)", "title": "no address"},
    ],
)


def api(items: Iterable[Any], next_page: str | None = None) -> bytes:
    """A page of the API of data.gouv.fr."""
    data = list(items)
    page = {"data": data, "page": 1, "page_size": 20, "total": len(data), "next_page": next_page}
    return json.dumps(page).encode()
