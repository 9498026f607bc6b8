"""Catalogues that are odd or wrong, harvested by the running lab: nothing is lost by them."""

import gzip
import json
from typing import Any

import pytest

from tests.catalogues import MEDIA_TYPES, PREFIXES, api, dataset, in_syntax, item, turtle
from tests.integration.harvesting.lab import Lab
from tests.web_server import Answer, answer

THREE = turtle(dataset("a"), dataset("b", "Qualité de l'eau"), dataset("c"))


def encoded(body: bytes, encoding: str) -> Answer:
    """Answer in that encoding, whatever was asked for."""
    return answer(200, body, Content_Type="text/turtle", Content_Encoding=encoding)


def harvested(lab: Lab, path: str, body: bytes = THREE) -> str:
    """The id of a source at that path, harvested once."""
    lab.serve(path, body)
    source = lab.add(path)
    assert lab.harvest(source)["state"] == "completed"
    return source


def test_answer_in_an_encoding_nobody_asked_for_is_read_or_refused_as_such(lab: Lab) -> None:
    """Many servers compress whatever the client says."""
    lab.portal.answers["/gzip"] = encoded(gzip.compress(THREE), "gzip")
    assert lab.harvest(lab.add("/gzip"))["counts"]["new"] == 3
    lab.portal.answers["/br"] = encoded(b"\x0b\x02\x80", "br")
    assert "codage qui n'est pas lu ici, « br »" in lab.harvest(lab.add("/br"))["reason"]


def test_source_may_change_its_syntax(lab: Lab) -> None:
    """What it says is the same, however it is written."""
    source = harvested(lab, "/syntaxes")
    for syntax in ("xml", "json-ld", "turtle"):
        body = THREE if syntax == "turtle" else in_syntax(THREE, syntax)
        lab.serve("/syntaxes", body, MEDIA_TYPES[syntax])
        assert lab.harvest(source)["report"] == "3 jeux de données lus : 3 inchangés."


def test_catalogue_that_is_suddenly_empty_retires_nothing_unasked(lab: Lab) -> None:
    """The page after the last one, or a portal that lost its data; asked to, it retires all."""
    source = harvested(lab, "/emptied")
    for empty in (turtle(), turtle("<https://portail.example/> a dcat:Catalog .")):
        lab.serve("/emptied", empty)
        done = lab.harvest(source)
        assert (done["state"], done["retired"], done["kept"]) == ("completed", 0, 3)
    assert lab.harvest(source, may_retire_most=True)["retired"] == 3


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "FeatureCollection", "features": []}',
        api([item("a")]),
        b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>x</title></feed>",
        b"<!-- Maintenance --><html><body>De retour demain</body></html>",
        b"<urn:a> <urn:b> <urn:c> .",
    ],
    ids=["geojson", "api", "feed", "page", "rdf"],
)
def test_document_that_is_no_catalogue_is_refused_as_such(lab: Lab, body: bytes) -> None:
    """An address that is wrong shows at once, and later retires nothing."""
    source = harvested(lab, f"/nothing-{len(body)}")
    lab.serve(f"/nothing-{len(body)}", body)
    failed = lab.harvest(source, may_retire_most=True)
    assert (failed["state"], failed["retired"]) == ("failed", 0)
    assert "pas un catalogue DCAT" in failed["reason"]


def test_remote_context_is_never_fetched(lab: Lab) -> None:
    """Neither one whose names are known here, nor one that could be had from the portal itself."""
    fields: dict[str, Any] = {
        "@id": "https://portail.example/d/x",
        "@type": "Dataset",
        "title": "X",
    }
    lab.serve("/dcat-context", json.dumps({"@context": {}}).encode(), "application/ld+json")
    lab.serve("/context", b"{}", "application/ld+json")
    for path, reason in (("/dcat-context", ""), ("/context", "jamais cherché en ligne")):
        page = json.dumps({"@context": lab.portal.url(path), **fields}).encode()
        lab.serve(f"/with{path[1:]}", page, "application/ld+json")
        done = lab.harvest(lab.add(f"/with{path[1:]}"))
        assert reason in done["reason"]
        assert lab.portal.statuses(path) == []
    assert lab.portal.statuses("/withdcat-context") == [200]


def test_addresses_in_an_uploaded_file_are_relative_to_its_source(lab: Lab) -> None:
    """Without one they lead nowhere, and nobody is sent there."""
    body = PREFIXES.encode() + (
        b"<d/1> a dcat:Dataset ; dct:title 'Relatif' ; dcat:landingPage <page> ;"
        b" dcat:distribution [ dcat:downloadURL <1.csv> ] ."
    )
    for path, page, files in (
        ("/rel/list", lab.portal.url("/rel/page"), [lab.portal.url("/rel/1.csv")]),
        ("", None, []),
    ):
        source = lab.add(path)
        assert lab.send(source, body)["counts"]["new"] == 1
        harvested_record = lab.datasets(source)["Relatif"]["harvested"]
        assert (
            harvested_record["page"],
            [distribution["url"] for distribution in harvested_record["distributions"]],
        ) == (page, files)
