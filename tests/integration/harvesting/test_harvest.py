"""Other catalogues harvested by the running lab: page by page, again and again."""

import gzip
from typing import Any

import urllib3

from services.catalog.datasets.model import Dataset
from services.catalog.harvesting.model import Harvest, RemoteSource
from shared.aggregate import now
from shared.events import JobSucceeded
from tests.catalogues import (
    COMMUNES,
    MEDIA_TYPES,
    POSTCODES,
    PREFIXES,
    api,
    dataset,
    in_syntax,
    item,
    turtle,
)
from tests.events import publish
from tests.integration.harvesting.lab import Lab
from tests.servers import eventually
from tests.web_server import answer, breaking_off, drip_body, page


def serve(lab: Lab, name: str, *pages: bytes, media_type: str = "text/turtle") -> str:
    """Serve the pages of a catalogue under that name, and add it as a source; its id."""
    for number, body in enumerate(pages, 1):
        lab.serve(f"/{name}?page={number}", body, media_type)
    return lab.add(f"/{name}?page=1")


def next_of(lab: Lab, name: str, number: int) -> str:
    """The address of a page."""
    return lab.portal.url(f"/{name}?page={number}")


def test_paged_catalogue_is_harvested_again_and_again(lab: Lab) -> None:
    """Each dataset is found at once, with where its data is; harvested again, nothing changes.

    What it says is the same, however it is written.
    """
    written = [
        turtle(COMMUNES, next_page=next_of(lab, "syntax", 2)),
        turtle(dataset("eau", "Qualité de l'eau")),
    ]
    source = serve(lab, "syntax", *written)
    done = lab.harvest(source)
    assert (done["state"], done["report"]) == ("completed", "2 jeux de données lus : 2 nouveaux.")
    datasets = lab.datasets(source)
    communes = datasets["Code officiel géographique"]
    communes_facts = [communes[name] for name in ("state", "producer", "licence", "frequency")]
    assert communes_facts == ["published", "INSEE", "lov2", "ANNUAL"]
    assert communes["contact"]["email"] == "geo@portail.example"
    [distribution] = communes["harvested"]["distributions"]
    assert distribution["url"] == "https://portail.example/communes.csv"
    assert communes["columns"][0] == {"name": "com", "description": "Code de la commune"}
    assert datasets["Qualité de l'eau"]["theme"] == "territoire"
    lab.harvest(source)
    assert lab.portal.statuses("/syntax?page=2") == [200, 304]
    for number, body in enumerate(written, 1):
        lab.serve(f"/syntax?page={number}", in_syntax(body, "xml"), MEDIA_TYPES["xml"])
    assert lab.harvest(source)["report"] == "2 jeux de données lus : 2 inchangés."
    assert lab.datasets(source) == datasets
    assert len(lab.events("dataset_harvested", source_id=source)) == 2


def test_referenced_data_is_taken_in_as_a_version(lab: Lab) -> None:
    """Fetched like a page, then read like an upload; the same bytes once more are no version."""
    lab.serve("/taken.csv", b"com;n\n14118;1\n76540;2\n", "text/csv")
    csv = {"url": lab.portal.url("/taken.csv"), "format": "csv"}
    pdf = {"url": lab.portal.url("/notice.pdf"), "format": "pdf"}
    lab.serve(
        "/api-taken", api([item("t", title="Prise", resources=[pdf, csv])]), "application/json"
    )
    source = lab.add("/api-taken", "data.gouv")
    lab.harvest(source)
    path = f"/datasets/{lab.datasets(source)['Prise']['id']}"
    assert lab.call("POST", f"{path}/take-in", body={"url": "http://127.0.0.1/x"}).status == 422
    assert lab.call("POST", f"{path}/take-in", "holder", body={}).status == 403
    for _ in range(2):
        taken = lab.ask("POST", f"{path}/take-in", {})
        assert [version["filename"] for version in taken["versions"]] == ["taken.csv"]

    def rows() -> int | None:
        rows: int | None = lab.ask("GET", path)["rows"]
        return rows

    eventually(rows, "it is read")
    dataset = lab.ask("GET", path)
    assert (rows(), dataset["keys"], dataset["state"]) == (2, ["commune"], "published")
    assert lab.harvest(source)["counts"]["unchanged"] == 1
    lab.portal.answers["/taken.csv"] = answer(503)
    assert lab.call("POST", f"{path}/take-in", body={}).status == 503
    lab.portal.answers["/taken.csv"] = answer(302, Location="http://[bad")
    refused = lab.call("POST", f"{path}/take-in", body={})
    assert (refused.status, "adresse refusée" in refused.json()["detail"]) == (400, True)


def test_data_that_was_taken_in_is_taken_anew_when_its_source_changes_it(lab: Lab) -> None:
    """Once it is told of otherwise, and only as another version where the bytes are others."""
    source = lab.add("/renewed", "data.gouv")

    def tell(day: int, data: bytes) -> None:
        lab.serve("/renewed.csv", data, "text/csv")
        csv = {
            "url": lab.portal.url("/renewed.csv"),
            "format": "csv",
            "last_modified": f"2026-0{day}",
        }
        lab.serve("/renewed", api([item("r", title="R", resources=[csv])]), "application/json")

    def harvest() -> tuple[int, int, list[int]]:
        counts = lab.harvest(source)["counts"]
        asked = lab.portal.statuses("/renewed.csv")
        return counts["renewed"], len(lab.ask("GET", path)["versions"]), asked

    tell(1, b"com;n\n14118;1\n")
    lab.harvest(source)
    path = f"/datasets/{lab.datasets(source)['R']['id']}"
    lab.ask("POST", f"{path}/take-in", {})
    assert harvest() == (0, 1, [200])
    tell(2, b"com;n\n14118;1\n")
    assert harvest() == (0, 1, [200, 304])
    tell(3, b"com;n\n14118;1\n76540;2\n")
    assert harvest() == (1, 2, [200, 304, 200])
    eventually(lambda: lab.ask("GET", path)["version"] == 2, "it is read")
    tell(4, b"com;n\n14118;1\n76540;3\n")
    lab.portal.answers["/renewed.csv"] = answer(503)
    failed = lab.harvest(source)
    assert failed["report"] == (
        "1 jeu de données lu : 1 modifié. Données à reprendre à la prochaine moisson : 1."
    )
    assert "503" in failed["refused"][0]["reason"]
    tell(4, b"com;n\n14118;1\n76540;3\n")
    assert lab.harvest(source)["report"] == (
        "1 jeu de données lu : 1 inchangé. Données reprises à la source : 1."
    )


def test_api_of_data_gouv_is_harvested(lab: Lab) -> None:
    """Its pages, of which the server says nothing by which to know them again.

    One tells the next by its whole address, one as a plain text that nothing but the page's own
    address completes. A portal that restarts meanwhile costs no harvest.
    """
    first = api([POSTCODES, item("b")], lab.portal.url("/api/1/datasets/?page=2"))
    lab.portal.answers |= {
        "/api/1/datasets/?page_size=2": page(first, "application/json", tagged=False),
        "/api/1/datasets/?page=3": page(api([item("d")]), "application/json", tagged=False),
    }
    second = page(api([item("c")], "/api/1/datasets/?page=3"), "application/json", tagged=False)
    troubles = [answer(503), answer(502)]

    def recover(handler: Any) -> None:
        (troubles.pop() if troubles else second)(handler)

    lab.portal.answers["/api/1/datasets/?page=2"] = recover
    source = lab.add("/api/1/datasets/?page_size=2", "data.gouv")
    assert lab.harvest(source)["counts"]["new"] == 4
    dataset = lab.datasets(source)["Base officielle des codes postaux"]
    assert (dataset["territory"], dataset["theme"]) == (["14118", "27"], "territoire")
    assert lab.harvest(source)["counts"]["unchanged"] == 4
    assert lab.portal.statuses("/api/1/datasets/?page=2") == [502, 503, 200, 200]
    assert len(lab.events("harvest_page_fetched", source_id=source)) == 3


def test_only_what_changed_is_written(lab: Lab) -> None:
    """A new dataset, a changed one, and one that is the same under another order."""
    source = serve(lab, "changes", turtle(dataset("a"), dataset("b"), dataset("c")))
    lab.harvest(source)
    before = lab.datasets(source)
    changed = (dataset("d"), dataset("c", "C"), dataset("b"), dataset("a"))
    lab.serve("/changes?page=1", turtle(*changed))
    done = lab.harvest(source)
    assert done["report"] == "4 jeux de données lus : 2 inchangés, 1 nouveau, 1 modifié."
    after = lab.datasets(source)
    assert [after[name] for name in ("a", "b")] == [before[name] for name in ("a", "b")]
    assert after["C"]["id"] == before["c"]["id"]
    text = urllib3.request("GET", f"{lab.catalog.url}/metrics").data.decode()
    assert 'datalab_harvested_records_total{outcome="new",service="catalog"}' in text
    changes = [event["change"] for event in lab.events("dataset_harvested", source_id=source)]
    assert changes == ["new", "new", "new", "changed", "new"]


def test_removed_dataset_is_retired_and_comes_back(lab: Lab) -> None:
    """Found no more, but to be seen by its id, it says where it went."""
    whole = turtle(dataset("c", "Piézomètres"), dataset("b"), dataset("a"))
    source = serve(lab, "removed", whole)
    lab.harvest(source)
    identifier = lab.datasets(source)["Piézomètres"]["id"]

    def shown() -> tuple[list[str], bool]:
        found = lab.ask("GET", "/datasets?q=piezometre")["items"]
        turtle_text = {"Accept": "text/turtle"}
        exported = lab.call("GET", "/catalog?limit=100", headers=turtle_text).data.decode()
        return [dataset["id"] for dataset in found], f"datasets/{identifier}>" in exported

    eventually(lambda: shown() == ([identifier], True), what="it is found")
    lab.serve("/removed?page=1", turtle(dataset("b"), dataset("a")))
    assert lab.harvest(source)["report"] == "2 jeux de données lus : 2 inchangés ; 1 retiré."
    eventually(lambda: shown() == ([], False), what="it is no longer found")
    gone = lab.datasets(source)["Piézomètres"]
    assert gone["state"] == "retired"
    assert gone["retired"] == "il n'est plus dans sa source, « Portail »"
    assert lab.events("dataset_retired", dataset_id=identifier)
    taken = lab.call("POST", f"/datasets/{identifier}/take-in", body={})
    assert (taken.status, "retiré" in taken.json()["detail"]) == (409, True)
    lab.serve("/removed?page=1", whole)
    back = lab.harvest(source)["report"]
    assert back == "3 jeux de données lus : 2 inchangés, 1 de retour."
    assert lab.datasets(source)["Piézomètres"]["state"] == "published"


def test_broken_datasets_are_reported_and_stop_no_other(lab: Lab) -> None:
    """One that was known before and is broken now is kept."""
    source = serve(lab, "broken", turtle(dataset("a"), dataset("b")))
    lab.harvest(source)
    untitled = "<https://portail.example/d/b> a dcat:Dataset ; dct:description '?' ."
    unnamed = "[] a dcat:Dataset; dct:title 'X' ."
    lab.serve("/broken?page=1", turtle(dataset("a"), untitled, unnamed))
    done = lab.harvest(source)
    assert done["report"] == "3 jeux de données lus : 1 inchangé, 2 refusés."
    assert {refused["where"]: refused["reason"] for refused in done["refused"]} == {
        "sans titre": "il n'a pas de titre",
        "X": "rien qui l'identifie : ni identifiant, ni adresse, ni page d'accueil",
    }
    assert lab.datasets(source)["b"]["state"] == "published"


def test_identifier_of_an_earlier_page_is_refused(lab: Lab) -> None:
    """The two would take turns at each harvest; the same dataset once more is no fault.

    A portal that counts its pages anew whenever it grows tells of one twice.
    """
    first = turtle(dataset("a", "Premier"), dataset("b"), next_page=next_of(lab, "twice", 2))
    source = serve(lab, "twice", first, turtle(dataset("a", "Second"), dataset("b"), dataset("c")))
    for outcome in ("new", "unchanged"):
        counts = lab.harvest(source)["counts"]
        assert (counts["refused"], counts["changed"], counts[outcome]) == (1, 0, 3)
    assert sorted(lab.datasets(source)) == ["Premier", "b", "c"]


def test_page_that_fails_in_the_middle_retires_nothing(lab: Lab) -> None:
    """What came before it stays; the next harvest goes through."""
    second = turtle(dataset("b"), next_page=next_of(lab, "middle", 3))
    pages = [
        turtle(dataset("a"), next_page=next_of(lab, "middle", 2)),
        second,
        turtle(dataset("c")),
    ]
    source = serve(lab, "middle", *pages)
    lab.harvest(source)
    changed = turtle(dataset("a", modified="2026-05-01"), next_page=next_of(lab, "middle", 2))
    lab.serve("/middle?page=1", changed)
    for behaviour, reason in (
        (page(b"@prefix"), "Turtle invalide"),
        (breaking_off, "page 2"),
        (answer(302, Location="ftp://127.0.0.1/"), "adresse refusée"),
    ):
        lab.portal.answers["/middle?page=2"] = behaviour
        failed = lab.harvest(source)
        assert (failed["state"], failed["retired"]) == ("failed", 0)
        assert reason in failed["reason"]
        assert lab.events("harvest_failed", harvest_id=failed["id"])
    assert lab.datasets(source)["a"]["harvested"]["modified"] == "2026-05-01"
    lab.serve("/middle?page=2", second)
    done = lab.harvest(source)
    assert (done["state"], done["counts"]["unchanged"]) == ("completed", 3)
    # What the harvest before the failures knew of the pages is still known.
    assert [lab.portal.statuses(f"/middle?page={number}")[-1] for number in (2, 3)] == [304, 304]


def test_next_page_that_cannot_be_followed_retires_nothing(lab: Lab) -> None:
    """What stood on it is not gone; the report names the page that is missing."""
    first = turtle(dataset("a"), dataset("b"), next_page=next_of(lab, "dead", 2))
    source = serve(lab, "dead", first, turtle(dataset("c")))
    lab.harvest(source)
    for link in ("file:///etc/passwd", "http://[bad"):
        view = f"<#page> hydra:next '{link}' ."
        lab.serve("/dead?page=1", turtle(dataset("a"), dataset("b"), view))
        failed = lab.harvest(source)
        assert (failed["state"], failed["retired"]) == ("failed", 0)
        assert failed["counts"]["unchanged"] == 2
        assert failed["reason"].startswith("page 2 : ")
    assert lab.datasets(source)["c"]["state"] == "published"


def test_catalogue_that_leads_in_circles_ends(lab: Lab) -> None:
    """Nothing is retired: its end was not seen."""
    circle = turtle(dataset("b"), next_page=next_of(lab, "circle", 1))
    first = turtle(dataset("a"), next_page=next_of(lab, "circle", 2))
    done = lab.harvest(serve(lab, "circle", first, circle))
    assert "renvoie à une page déjà lue" in done["reason"]
    assert done["report"].startswith("2 jeux de données lus : 2 nouveaux. La moisson s'est arrêtée")


def test_uploaded_file_is_harvested(lab: Lab) -> None:
    """A file that announces a second page is not the whole: it retires nothing."""
    source = lab.add("")
    whole = turtle(dataset("a"), dataset("b"), dataset("c"))
    assert lab.send(source, whole)["counts"]["new"] == 3
    partial = lab.send(
        source, turtle(dataset("a"), dataset("b"), next_page="https://portail.example/2")
    )
    assert partial["report"] == (
        "2 jeux de données lus : 2 inchangés. Le fichier annonce une page suivante, qui n'y est"
        " pas : rien n'est retiré."
    )
    assert lab.send(source, turtle(dataset("a"), dataset("b")))["retired"] == 1
    assert lab.call("POST", f"/sources/{source}/harvest", body={}).status == 409


def test_end_of_a_job_that_is_told_again_changes_nothing(lab: Lab) -> None:
    """Neither the harvest, which ended, nor a dataset, nor what was published.

    Who asks for a harvest that is under way gets that one. What the lab exports adds nothing to it:
    harvested again by way of another catalogue, it is there already.
    """
    records = (dataset(f"d{number}") for number in range(50))
    source = serve(lab, "redelivered", turtle(dataset("own"), *records))
    begun = {lab.ask("POST", f"/sources/{source}/harvest", {})["id"] for _ in range(3)}
    (harvest_id,) = begun
    done, before = lab.ended(harvest_id), lab.datasets(source)
    assert done["counts"]["new"] == 51
    with lab.store() as store:
        manifest = store.of(Harvest).get(done["id"]).page.manifest
    assert manifest
    event = JobSucceeded(
        job_id="job_x", kind="harvest", harvest_id=done["id"], page=1, result=manifest, seconds=1
    )
    publish(lab.broker, lab.vhost, event, subject="job_x", sequence=1, times=2)
    eventually(lambda: lab.queues()["catalog.on.job_succeeded"] == 0)
    assert lab.ended(done["id"]) == done
    assert lab.datasets(source) == before
    assert len(lab.events("harvest_completed", harvest_id=done["id"])) == 1
    path = f"/datasets/{before['own']['id']}"
    lab.serve("/mirror", lab.call("GET", path, headers={"Accept": "text/turtle"}).data)
    mirror = lab.add("/mirror")
    assert lab.harvest(mirror)["report"] == "1 jeu de données lu : 1 déjà dans ce catalogue."
    assert lab.datasets(mirror) == {}


def test_harvest_is_cancelled_while_it_goes_on(lab: Lab) -> None:
    """By HTTP and RPC; what it took stays, nothing is retired, and the next one goes through."""
    name = "cancelled"
    whole = turtle(*(dataset(f"d{number}") for number in range(3)))
    source = serve(lab, name, whole)
    lab.harvest(source)
    lab.serve(f"/{name}?page=1", turtle(dataset("d0", "neuf"), next_page=next_of(lab, name, 2)))
    lab.portal.answers[f"/{name}?page=2"] = drip_body
    begun = lab.ask("POST", f"/sources/{source}/harvest", {})["id"]
    eventually(lambda: lab.ask("GET", f"/harvests/{begun}")["counts"]["changed"] == 1)
    assert lab.call("POST", f"/harvests/{begun}/cancel", "owner", body={}).status == 403
    stopped = lab.ask("POST", f"/harvests/{begun}/cancel", {})
    assert (stopped["state"], stopped["retired"]) == ("cancelled", 0)
    assert stopped["report"] == (
        "1 jeu de données lu : 1 modifié. La moisson a été annulée : ce qui est lu reste, rien"
        " n'est retiré."
    )
    assert {dataset["state"] for dataset in lab.datasets(source).values()} == {"published"}
    eventually(lambda: bool(lab.events("harvest_cancelled", harvest_id=begun)))
    lab.portal.answers[f"/{name}?page=2"] = answer(404)
    lab.serve(f"/{name}?page=1", whole)
    done = lab.harvest(source)
    assert done["report"] == "3 jeux de données lus : 2 inchangés, 1 modifié."
    assert lab.call("POST", f"/harvests/{done['id']}/cancel", body={}).status == 409
    with lab.rpc() as catalog:
        assert catalog.cancel_harvest(begun)["state"] == "cancelled"
    assert len(lab.events("harvest_cancelled", harvest_id=begun)) == 1


def test_page_at_hand_is_left_when_its_harvest_is_cancelled(lab: Lab) -> None:
    """In the middle of many records; those that were taken are counted."""
    source = serve(lab, "left", turtle(*(dataset(f"d{number}") for number in range(1500))))
    begun = lab.ask("POST", f"/sources/{source}/harvest", {})["id"]
    with lab.store() as store:
        datasets, where = store.of(Dataset), {"source_id": source}
        eventually(lambda: datasets.find(where, limit=1), "records are taken")
        lab.ask("POST", f"/harvests/{begun}/cancel", {})

        def counted() -> int:
            return int(lab.ask("GET", f"/harvests/{begun}")["counts"]["new"])

        eventually(lambda: counted() > 0, "what was taken is counted")
        assert len(datasets.find(where, limit=1500)) == counted() < 1500


def test_source_is_harvested_by_itself(lab: Lab) -> None:
    """When its time has come."""
    source = serve(lab, "planned", turtle(dataset("a")))
    path = f"/sources/{source}"
    changed = lab.ask("PATCH", path, {"every_hours": 24, "title": "Portail 2"})
    assert (changed["every_hours"], changed["title"]) == (24, "Portail 2")
    assert changed["next_at"]
    with lab.store() as store:
        store.of(RemoteSource).change(source, lambda source: setattr(source, "next_at", now()))
    eventually(lambda: lab.ask("GET", path)["harvest_id"], what="a harvest begins")
    assert lab.ended(lab.ask("GET", path)["harvest_id"])["counts"]["new"] == 1
    assert lab.ask("GET", path)["next_at"] > changed["next_at"]


def test_sources_are_the_operators(lab: Lab) -> None:
    """Others are refused; bad bodies name the field."""
    assert lab.call("GET", "/sources", "owner").status == 403
    assert lab.call("GET", "/harvests/hrv_x", "reviewer").status == 403
    assert lab.call("GET", "/sources/src_x").json()["detail"] == "rien n'a ici l'identifiant src_x"
    assert lab.call("GET", "/harvests/hrv_x").status == 404
    for body, fault in (
        ({"title": "A", "catalogue": "ckan"}, "catalogue"),
        ({"title": "A", "catalogue": "dcat", "url": "ftp://a/"}, "url"),
        ({"title": "", "catalogue": "dcat"}, "title"),
        ({"title": "A", "catalogue": "dcat", "every_hours": 0}, "every_hours"),
    ):
        answer = lab.call("POST", "/sources", body=body)
        assert answer.status == 422, answer.data
        assert answer.json()["field"] == fault


def test_same_key_adds_one_source(lab: Lab) -> None:
    """As everywhere in the lab."""
    body, headers = {"title": "A", "catalogue": "dcat"}, {"Idempotency-Key": "a"}
    added = [lab.call("POST", "/sources", body=body, headers=headers) for _ in range(2)]
    assert [response.status for response in added] == [201, 201]
    assert added[0].json() == added[1].json()
    path = f"/sources/{added[0].json()['id']}"
    assert lab.call("PATCH", path, body={"title": "B"}).status == 200
    assert lab.call("POST", "/sources", body=body, headers=headers).json()["title"] == "B"
    other = lab.call("POST", "/sources", body={**body, "title": "B"}, headers=headers)
    assert (other.status, other.json()["field"]) == (422, "Idempotency-Key")
    listed = lab.ask("GET", "/sources?limit=100")["items"]
    assert [source["id"] for source in listed].count(added[0].json()["id"]) == 1


THREE = turtle(dataset("a"), dataset("b", "Qualité de l'eau"), dataset("c"))


def test_answer_in_an_encoding_nobody_asked_for_is_read_or_refused_as_such(lab: Lab) -> None:
    """Many servers compress whatever the client says."""
    headers = {"Content_Type": "text/turtle"}
    zipped = answer(200, gzip.compress(THREE), Content_Encoding="gzip", **headers)
    lab.portal.answers["/encoded"], source = zipped, lab.add("/encoded")
    assert lab.harvest(source)["counts"]["new"] == 3
    brotli = answer(200, b"\x0b\x02\x80", Content_Encoding="br", **headers)
    lab.portal.answers["/encoded"] = brotli
    assert "codage qui n'est pas lu ici, « br »" in lab.harvest(source)["reason"]


def test_catalogue_that_is_suddenly_empty_retires_nothing_unasked(lab: Lab) -> None:
    """The page after the last one, or a portal that lost its data; asked to, it retires all.

    An address that is wrong shows at once, and retires nothing even then.
    """
    source = serve(lab, "emptied", THREE)
    lab.harvest(source)
    lab.serve("/emptied?page=1", b"<!-- Maintenance --><html><body>De retour demain</body></html>")
    failed = lab.harvest(source, may_retire_most=True)
    assert (failed["state"], failed["retired"]) == ("failed", 0)
    assert "pas un catalogue DCAT" in failed["reason"]
    lab.serve("/emptied?page=1", turtle("<https://portail.example/> a dcat:Catalog ."))
    done = lab.harvest(source)
    assert (done["state"], done["retired"], done["kept"]) == ("completed", 0, 3)
    assert "3 jeux de données manquent" in done["report"]
    lab.serve("/emptied?page=1", turtle(dataset("a")))
    assert lab.harvest(source)["kept"] == 2
    assert lab.harvest(source, may_retire_most=True)["retired"] == 2


def test_addresses_in_an_uploaded_file_are_relative_to_its_source(lab: Lab) -> None:
    """Without one they lead nowhere, and nobody is sent there."""
    body = PREFIXES.encode() + (
        b"<d/1> a dcat:Dataset ; dct:title 'Relatif' ; dcat:landingPage <page> ;"
        b" dcat:distribution [ dcat:downloadURL <1.csv> ] ."
    )
    for path, landing, files in (
        ("/rel/list", lab.portal.url("/rel/page"), [lab.portal.url("/rel/1.csv")]),
        ("", None, []),
    ):
        source = lab.add(path)
        assert lab.send(source, body)["counts"]["new"] == 1
        record = lab.datasets(source)["Relatif"]["harvested"]
        urls = [distribution["url"] for distribution in record["distributions"]]
        assert (record["page"], urls) == (landing, files)
