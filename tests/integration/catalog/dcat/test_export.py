"""The catalogue for portals, over HTTP and RPC: negotiated, paged, and open where the lab says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from rdflib import RDF, Graph, URIRef
from rdflib.namespace import DCAT, PROV

from shared.catalogues.rdf import HYDRA
from tests.integration.catalog.lab import CATALOG, Lab, delivered, problem_of
from tests.servers import running
from tests.shapes import violations

PARSERS = {"text/turtle": "turtle", "application/ld+json": "json-ld", "application/rdf+xml": "xml"}
HIGH_VALUE = {
    "territory": ["14", "200065597"],
    "theme": "mobilité",
    "temporal": {"start": "2020-01-01"},
    "frequency": "annual",
    "contact": {"name": "Service données", "email": "donnees@region.fr"},
    "hvd": "mobility",
    "producer": "Région",
}


def graph_of(answer: urllib3.BaseHTTPResponse) -> Graph:
    """The RDF of a 200 answer, by its media type."""
    assert answer.status == 200, answer.data
    media_type, _, charset = answer.headers["Content-Type"].partition("; charset=")
    assert charset == "utf-8"
    return Graph().parse(data=answer.data, format=PARSERS[media_type])


def get(lab: Lab, path: str, accept: str | None = None, token: str = "") -> Any:
    """The answer to GET with this `Accept`, as a holder by default."""
    headers = {"Accept": accept} if accept else {}
    return lab.call("GET", path, token or lab.token("mbr_p", "holder"), headers=headers)


@pytest.mark.parametrize("media_type", PARSERS)
def test_a_dataset_is_given_in_the_syntax_asked_for(lab: Lab, media_type: str) -> None:
    """Valid DCAT-AP from a real upload, at the address that it names itself by."""
    dataset_id = lab.published("mbr_p1", "commune", **HIGH_VALUE)
    answer = get(lab, f"/datasets/{dataset_id}", f"{media_type};q=0.9, text/html")
    assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["Vary"] == "Accept"
    graph = graph_of(answer)
    uri = URIRef(f"{lab.service.url}/datasets/{dataset_id}")
    assert set(graph.subjects(RDF.type, DCAT.Dataset)) == {uri}
    assert violations(graph) == set()
    download = graph.value(graph.value(uri, DCAT.distribution), DCAT.downloadURL)
    assert get(lab, str(download).removeprefix(lab.service.url)).status == 200


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "application/json"),
        ("application/json;q=0, */*", "application/ld+json; charset=utf-8"),
        ("text/turtle;q=0.4, application/json;q=0.5", "application/json"),
        ("text/turtle; charset=utf-8", "text/turtle; charset=utf-8"),
    ],
)
def test_who_wishes_nothing_special_gets_json(
    lab: Lab, accept: str | None, content_type: str
) -> None:
    """Qualities and wildcards count as RFC 9110 has them."""
    dataset_id = lab.published("mbr_p2")
    assert get(lab, f"/datasets/{dataset_id}", accept).headers["Content-Type"] == content_type


def test_a_syntax_that_nobody_writes_is_refused(lab: Lab) -> None:
    """406 names those that there are; an unknown name in the address is 422."""
    dataset_id = lab.published("mbr_p3")
    refused = get(lab, f"/datasets/{dataset_id}", "text/csv")
    assert "text/turtle" in problem_of(refused, 406)
    wrong = json.loads(problem_of(get(lab, f"/datasets/{dataset_id}?format=xml"), 422))
    assert wrong["field"] == "format"
    assert "'json', 'jsonld', 'turtle' ou 'rdfxml'" in wrong["detail"]


def test_the_address_may_name_the_syntax(lab: Lab) -> None:
    """For browsers and links, whatever `Accept` says."""
    dataset_id = lab.published("mbr_p4")
    answer = get(lab, f"/datasets/{dataset_id}?format=rdfxml", "text/html")
    assert answer.headers["Content-Type"] == "application/rdf+xml; charset=utf-8"
    assert get(lab, f"/datasets/{dataset_id}?format=json", "text/turtle").json()["id"] == dataset_id


@pytest.mark.parametrize("syntax", ["turtle", "jsonld", "rdfxml"])
def test_pages_lead_through_the_whole_catalogue(lab: Lab, syntax: str) -> None:
    """From one to the next by `hydra:next` and by `Link`; restricted data with its metadata."""
    open_ids = {lab.published("mbr_p5"), lab.published("mbr_p5", access="restricted")}
    pending = lab.upload("mbr_p5")
    merged, path = Graph(), f"/catalog?limit=2&format={syntax}"
    while path:
        answer = get(lab, path)
        page = graph_of(answer)
        following = next(page.objects(None, HYDRA.next), None)
        links = answer.headers.get("Link")
        assert links == (f'<{following}>; rel="next"' if following else None)
        merged += page
        path = str(following).removeprefix(lab.service.url) if following else ""
    assert violations(merged) == set()
    words = {str(node).rsplit("/", 1)[1] for node in merged.subjects(RDF.type, DCAT.Dataset)}
    assert open_ids <= words
    assert pending not in words
    assert set(map(str, merged.objects(None, HYDRA.totalItems))) == {str(len(words))}


def test_a_result_s_sources_are_told_as_far_as_they_may_be(lab: Lab) -> None:
    """A result of others' restricted data hides them from strangers, not from its holder."""
    source = lab.published("mbr_p6", access="restricted")
    result = lab.result_of(delivered(lab, source, holder_id="mbr_p7"))
    uri = URIRef(f"{lab.service.url}/datasets/{result}")
    path = f"/datasets/{result}?format=turtle"
    graph = graph_of(get(lab, path, token=lab.token("mbr_p7", "holder")))
    assert graph.value(uri, PROV.wasDerivedFrom) == URIRef(f"{lab.service.url}/datasets/{source}")
    hidden = graph_of(get(lab, path, token=lab.token("mbr_other", "holder")))
    assert (None, PROV.wasDerivedFrom, None) not in hidden
    assert source not in str(set(hidden))


def test_partners_export_by_rpc(lab: Lab) -> None:
    """The same page as text, with the cursor of the next."""
    dataset_ids = {lab.published("mbr_p8") for _ in range(2)}
    with lab.rpc() as catalog:
        page = catalog.export_catalog(format="turtle", limit=1)
        assert page["media_type"] == "text/turtle"
        seen = ""
        while page["next"]:
            seen += page["text"]
            page = catalog.export_catalog("turtle", after=page["next"], limit=50)
    graph = Graph().parse(data=seen + page["text"], format="turtle")
    words = {str(node).rsplit("/", 1)[1] for node in graph.subjects(RDF.type, DCAT.Dataset)}
    assert dataset_ids <= words
    (dataset_id, _) = dataset_ids
    with lab.rpc() as catalog:
        alone = catalog.export_dataset(dataset_id, format="turtle")
    (uri,) = Graph().parse(data=alone["text"], format="turtle").subjects(RDF.type, DCAT.Dataset)
    assert str(uri).endswith(dataset_id)


def test_exports_are_counted(lab: Lab) -> None:
    """By syntax, for operators who wonder who harvests."""
    graph_of(get(lab, "/catalog?limit=1&format=jsonld"))
    metrics = lab.call("GET", "/metrics", lab.token("mbr_p", "operator")).data.decode()
    assert 'datalab_catalog_exports_total{format="jsonld",service="catalog"}' in metrics


def test_nobody_reads_without_a_token(lab: Lab) -> None:
    """The lab decides; it is closed unless it says otherwise."""
    dataset_id = lab.published("mbr_p9")
    for path in ("/catalog", f"/datasets/{dataset_id}", f"/datasets/{dataset_id}/table"):
        assert urllib3.request("GET", lab.service.url + path).status == 401


@pytest.fixture(scope="module")
def open_lab(lab: Lab) -> Iterator[Lab]:
    """The same catalogue by another process, which lets anybody read."""
    environ = {
        **lab.environ,
        "DATALAB_PUBLIC_CATALOG": "true",
        "DATALAB_PUBLIC_URL": "https://donnees.lab.fr",
        "DATALAB_LAB_NAME": "Le Lab",
        "DATALAB_LAB_KIND": "regional_authority",
    }
    with running(CATALOG, environ) as service:
        yield Lab(lab.broker, lab.vhost, environ, lab.token, service)


def test_anybody_reads_an_open_catalogue(open_lab: Lab) -> None:
    """Metadata of all that is published, and open data; nothing else, and no wrong token."""
    opened = open_lab.published("mbr_p10")
    closed = open_lab.published("mbr_p10", access="restricted")
    pending = open_lab.upload("mbr_p10")

    def status(path: str, **headers: str) -> int:
        return urllib3.request("GET", open_lab.service.url + path, headers=headers).status

    page = urllib3.request("GET", f"{open_lab.service.url}/catalog?limit=100")
    assert b"https://donnees.lab.fr/datasets/" in page.data
    assert b"http://purl.org/adms/publishertype/RegionalAuthority" in page.data
    assert status(f"/datasets/{opened}") == status(f"/datasets/{closed}") == 200
    assert status(f"/datasets/{opened}/table") == 200
    assert status(f"/datasets/{closed}/table") == 403
    assert status(f"/datasets/{pending}") == 404
    for path in (f"/datasets/{opened}/joins", "/crossing", "/access-requests"):
        assert status(path) == 401
    assert status("/catalog", Authorization="Bearer nonsense") == 401


def test_anybody_searches_an_open_catalogue(open_lab: Lab) -> None:
    """What is published and nothing else, whatever is asked; crossings still need a token."""
    opened = open_lab.published("mbr_p11", title="Pistes cyclables ouvertes")
    pending = open_lab.upload("mbr_p11", title="Pistes cyclables secrètes")

    def answer(query: str) -> urllib3.BaseHTTPResponse:
        return urllib3.request("GET", f"{open_lab.service.url}/datasets?{query}")

    assert [dataset["id"] for dataset in answer("q=pistes%20cyclables").json()["items"]] == [opened]
    for query in ("state=pending", "state=held&owner_id=mbr_p11", "state=retired&owner_id="):
        refused = answer(query)
        assert (refused.status, pending in refused.data.decode()) == (403, False)
    assert answer(f"joinable_with={opened}").status == 401
    delivered = answer("delivered=true&limit=100").json()["items"]
    assert all(dataset["project_id"] for dataset in delivered)
