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


def test_a_dataset_is_given_in_the_syntax_asked_for(lab: Lab) -> None:
    """Valid DCAT-AP from a real upload, at the address that it names itself by.

    The address may name the syntax, for browsers and links, whatever `Accept` says. Who wishes
    nothing special gets JSON; who wishes what nobody writes is told what there is.
    """
    dataset_id = lab.published("mbr_p1", "commune", **HIGH_VALUE)
    path, uri = f"/datasets/{dataset_id}", URIRef(f"{lab.service.url}/datasets/{dataset_id}")
    for media_type in PARSERS:
        answer = get(lab, path, f"{media_type};q=0.9, text/html")
        assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert answer.headers["Vary"] == "Accept"
        graph = graph_of(answer)
        assert set(graph.subjects(RDF.type, DCAT.Dataset)) == {uri}
    assert violations(graph) == set()
    download = graph.value(graph.value(uri, DCAT.distribution), DCAT.downloadURL)
    assert get(lab, str(download).removeprefix(lab.service.url)).status == 200
    for accept in (None, "text/html, application/xml;q=0.9, */*;q=0.8"):
        assert get(lab, path, accept).headers["Content-Type"] == "application/json"
    answer = get(lab, f"{path}?format=rdfxml", "text/html")
    assert answer.headers["Content-Type"] == "application/rdf+xml; charset=utf-8"
    assert get(lab, f"{path}?format=json", "text/turtle").json()["id"] == dataset_id
    assert "text/turtle" in problem_of(get(lab, path, "text/csv"), 406)
    wrong = json.loads(problem_of(get(lab, f"{path}?format=xml"), 422))
    assert wrong["field"] == "format"
    assert "'json', 'jsonld', 'turtle' ou 'rdfxml'" in wrong["detail"]
    for closed in ("/catalog", path, f"{path}/table"):
        assert urllib3.request("GET", lab.service.url + closed).status == 401


def test_pages_lead_through_the_whole_catalogue(lab: Lab) -> None:
    """From one to the next by `hydra:next` and by `Link`; restricted data with its metadata.

    Exports are counted by syntax, for operators who wonder who harvests.
    """
    open_ids = {lab.published("mbr_p5"), lab.published("mbr_p5", access="restricted")}
    pending = lab.upload("mbr_p5")
    merged, path = Graph(), "/catalog?limit=2&format=jsonld"
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
    metrics = lab.call("GET", "/metrics", lab.token("mbr_p", "operator")).data.decode()
    assert 'datalab_catalog_exports_total{format="jsonld",service="catalog"}' in metrics


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
    """Metadata of all that is published, and open data; nothing else, and no wrong token.

    What is searched is what is published, whatever is asked; crossings still need a token.
    """
    opened = open_lab.published("mbr_p10", title="Pistes cyclables ouvertes")
    closed = open_lab.published("mbr_p10", access="restricted")
    pending = open_lab.upload("mbr_p10", title="Pistes cyclables secrètes")

    def asked(path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        return urllib3.request("GET", open_lab.service.url + path, headers=headers)

    page = asked("/catalog?limit=100")
    assert b"https://donnees.lab.fr/datasets/" in page.data
    assert b"http://purl.org/adms/publishertype/RegionalAuthority" in page.data
    for path, status in (
        (f"/datasets/{opened}", 200),
        (f"/datasets/{closed}", 200),
        (f"/datasets/{opened}/table", 200),
        (f"/datasets/{closed}/table", 403),
        (f"/datasets/{pending}", 404),
        (f"/datasets/{opened}/joins", 401),
        ("/crossing", 401),
        ("/access-requests", 401),
        (f"/datasets?joinable_with={opened}", 401),
    ):
        assert asked(path).status == status, path
    assert asked("/catalog", Authorization="Bearer nonsense").status == 401
    [found] = asked("/datasets?q=pistes%20cyclables").json()["items"]
    assert found["id"] == opened
    for query in ("state=pending", "state=held&owner_id=mbr_p10", "state=retired&owner_id="):
        refused = asked(f"/datasets?{query}")
        assert (refused.status, pending in refused.data.decode()) == (403, False)
    delivered = asked("/datasets?delivered=true&limit=100").json()["items"]
    assert all(dataset["project_id"] for dataset in delivered)
