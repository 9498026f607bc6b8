"""What the catalog makes of other services' events, also late, twice and broken."""

from pathlib import Path
from typing import Any

from openapi_spec_validator import validate

from shared.aggregate import new_id
from shared.events import FileRef, JobCancelled, JobSucceeded, ProjectWithdrawn, TreatmentProposed
from shared.tables.privacy import Privacy
from tests.integration.catalog.lab import Lab, about, delivered, failed, problem, reading, submitted
from tests.servers import eventually


def test_project_is_told_what_fits_with_reasons(lab: Lab) -> None:
    """Key, theme and restricted access are explained in French; a second delivery tells nothing."""
    own = lab.published("mbr_h", "commune", title="Ma table", access="restricted")
    epci = lab.published("mbr_o", "commune", title="EPCI", theme="Habitat", access="restricted")
    project = submitted(dataset_ids=(own,))
    lab.publish(project, times=2)
    told = lab.wait_for("datasets_matched", project_id=project.project_id)
    [match] = [match for match in told["matches"] if match["dataset_id"] == epci]
    assert match["shared_keys"] == ["commune"]
    assert match["reasons"] == [
        "Se croise avec vos données « Ma table » sur le code commune.",
        "Même thème : Habitat.",
        "Accès restreint : le propriétaire devra donner son accord.",
    ]
    lab.settled()
    assert len(lab.events("datasets_matched", project_id=project.project_id)) == 1


def test_project_is_told_what_its_treatment_cannot_read(lab: Lab) -> None:
    """Once for each treatment: what is unknown, or not published yet; what was told twice, once."""
    read, unread = lab.published("mbr_o"), lab.upload("mbr_o")
    project = submitted(treatment=reading(a=read, b="dts_none", c=unread))
    lab.publish(project, times=2)
    told = lab.wait_for("inputs_checked", project_id=project.project_id)
    assert told["proposal"] == 1
    assert {one["dataset_id"]: one["passes"] for one in told["obstacles"]} == {
        "dts_none": False,
        unread: True,
    }
    who: dict[str, Any] = {"project_id": project.project_id, "holder_id": "mbr_h"}
    lab.publish(TreatmentProposed(**who, proposal=2, treatment=reading(a=read)))
    again = lab.wait_for("inputs_checked", project_id=project.project_id, proposal=2)
    assert again["obstacles"] == []
    lab.settled()
    assert len(lab.events("inputs_checked", project_id=project.project_id)) == 2


def test_project_that_nothing_fits_is_told_so(lab: Lab) -> None:
    """An empty match is told too, also when the project names data nobody knows."""
    project = submitted(
        title="Xylophones", problem="?", theme="t-" + new_id("x"), territory=(), dataset_ids=("d",)
    )
    lab.publish(project)
    assert lab.wait_for("datasets_matched", project_id=project.project_id)["matches"] == []


def test_ingest_that_ends_publishes_once(lab: Lab) -> None:
    """The profile is shown, and neither a redelivery nor a late failure changes it."""
    dataset_id = lab.upload("mbr_1")
    lab.publish(lab.ingested(dataset_id, 1, "siren", "commune"), times=3)
    told = lab.wait_for("dataset_published", dataset_id=dataset_id)
    assert (told["rows"], told["keys"]) == (1, ["commune", "siren"])
    lab.publish(failed(dataset_id, "trop tard"))
    lab.settled()
    view = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_z", "holder"))
    assert (view["state"], view["version"], view["rows"]) == ("published", 1, 1)
    assert view["versions"][0]["profile"]["columns"][0]["name"] == "siren"
    assert len(lab.events("dataset_published", dataset_id=dataset_id)) == 1
    assert lab.events("dataset_rejected", dataset_id=dataset_id) == []


def test_ingest_that_is_cancelled_rejects_the_version(lab: Lab) -> None:
    """The owner learns that nobody will read the file, and why."""
    dataset_id = lab.upload("mbr_1")
    lab.publish(failed(dataset_id, "annulé à la demande d'un utilisateur", JobCancelled), times=2)
    told = lab.wait_for("dataset_rejected", dataset_id=dataset_id)
    assert (told["version"], told["reason"]) == (1, "annulé à la demande d'un utilisateur")
    assert lab.get(f"/datasets/{dataset_id}", lab.token("mbr_1", "owner"))["state"] == "rejected"
    lab.settled()
    assert len(lab.events("dataset_rejected", dataset_id=dataset_id)) == 1


def test_jobs_of_projects_are_not_the_catalogs(lab: Lab) -> None:
    """A trial's end and failure pass without effect."""
    dataset_id, parked = lab.upload("mbr_1"), lab.parked()
    ingested = lab.ingested(dataset_id, 1)
    lab.publish(ingested.model_copy(update={"kind": "trial", "project_id": "prj_x"}))
    lab.publish(failed(dataset_id, "non").model_copy(update={"kind": "full"}))
    lab.settled()
    assert lab.get(f"/datasets/{dataset_id}", lab.token("mbr_1", "owner"))["state"] == "pending"
    assert lab.parked() == parked


def test_manifest_that_is_none_is_parked(lab: Lab) -> None:
    """A manifest that breaks the contract waits for an operator; the dataset stays pending."""
    dataset_id, parked = lab.upload("mbr_1"), lab.parked()
    broken = lab.files.put([b'{"job_id": 1}'], "application/json")
    lab.publish(lab.ingested(dataset_id, 1).model_copy(update={"result": broken}))
    lab.publish(lab.ingested(dataset_id, 9))
    eventually(lambda: lab.parked() == parked + 2, what="two parked events")
    assert lab.get(f"/datasets/{dataset_id}", lab.token("mbr_1", "owner"))["state"] == "pending"


def test_manifest_that_cannot_be_read_now_is_read_later(lab: Lab) -> None:
    """While the file store fails the event is retried; then the dataset is published."""
    dataset_id = lab.upload("mbr_1")
    event = lab.ingested(dataset_id, 1)
    manifest = Path(lab.files.address(event.result))
    aside = manifest.rename(manifest.with_name("aside"))
    manifest.mkdir()
    retried = lab.service.log().count("an event was retried")
    lab.publish(event)
    eventually(lambda: lab.service.log().count("an event was retried") > retried)
    manifest.rmdir()
    aside.rename(manifest)
    assert lab.wait_for("dataset_published", dataset_id=dataset_id)["version"] == 1


def test_delivered_result_returns_to_the_catalogue(lab: Lab) -> None:
    """One open dataset with licence and provenance, read like any other, with all its files."""
    source = lab.published("mbr_o", "commune")
    event = delivered(lab, source)
    dataset_id = lab.registered(event, times=2)
    [told] = lab.events("dataset_registered", dataset_id=dataset_id)
    assert lab.files.read(FileRef.model_validate(told["file"])) == b"PAR1 result"
    assert lab.ingest(dataset_id, 1, "epci")["project_id"] == event.project_id
    stranger = lab.token("mbr_z", "holder")
    view = lab.get(f"/datasets/{dataset_id}", stranger)
    assert (view["access"], view["licence"], view["owner_id"], view["territory"]) == (
        "open",
        "lov2",
        "mbr_h",
        ["14", "27"],
    )
    origin = view["versions"][0]["provenance"]
    assert origin["job_id"] == "job_full"
    assert [(i["dataset_id"], i["version"], i["sha256"]) for i in origin["inputs"]] == [
        (source, 1, "a" * 64)
    ]
    assert origin["steps"][0]["parameters"] == {"a.b": 1}
    assert origin["software"] == {"duckdb": "2.0.1"}
    chart = lab.call("GET", f"/datasets/{dataset_id}/files/chart.png", stranger)
    assert (chart.data, chart.headers["Content-Type"]) == (b"PNG", "image/png")
    problem(lab.call("GET", f"/datasets/{dataset_id}/files/absent.png", stranger), 404)
    lab.settled()
    assert len(lab.events("dataset_registered", project_id=event.project_id)) == 1


def test_result_of_restricted_data_is_restricted(lab: Lab) -> None:
    """Its owner sees what became of it, but not the rows; strangers not even how it was made."""
    open_id = lab.published("mbr_o")
    restricted = lab.published("mbr_r", access="restricted")
    result = lab.registered(delivered(lab, open_id, restricted))
    assert_seen(lab, result, {"mbr_h": "pending", "mbr_r": "pending", "mbr_o": None})
    lab.ingest(result, 1)
    view = lab.get(f"/datasets/{result}", lab.token("mbr_r", "owner"))
    assert (view["access"], view["owner_id"]) == ("restricted", "mbr_h")
    assert view["versions"][0]["provenance"]["inputs"][1]["dataset_id"] == restricted
    [seen] = lab.get(f"/datasets/{result}", lab.token("mbr_z", "holder"))["versions"]
    assert (seen["profile"]["rows"], seen["provenance"]) == (1, None)
    table = f"/datasets/{result}/table"
    assert lab.call("GET", table, lab.token("mbr_h", "holder")).status == 200
    problem(lab.call("GET", table, lab.token("mbr_r", "owner")), 403)


def test_result_of_such_a_result_is_restricted_as_well(lab: Lab) -> None:
    """A second project of the same holder opens nothing that the first one could not."""
    restricted = lab.published("mbr_r", access="restricted")
    first = lab.registered(delivered(lab, restricted))
    second = lab.registered(delivered(lab, first))
    view = lab.get(f"/datasets/{second}", lab.token("mbr_r", "owner"))
    assert view["access"] == "restricted"


def test_result_of_the_holders_own_restricted_data_is_open(lab: Lab) -> None:
    """By delivering it the holder decides."""
    own = lab.published("mbr_h", access="restricted")
    result = lab.registered(delivered(lab, own))
    assert lab.get(f"/datasets/{result}", lab.token("mbr_h", "holder"))["access"] == "open"


def test_result_that_shows_few_persons_is_restricted(lab: Lab) -> None:
    """The treatment knew how many stand behind each sum; who reads the sums does not."""
    event = delivered(lab, lab.published("mbr_o", access="open"))
    privacy = Privacy(verdict="quasi", subject="groups", k=2, rows_below=1, share_below=0.5)
    result = lab.registered(lab.reporting(event, privacy=privacy.model_dump()))
    view = lab.get(f"/datasets/{result}", lab.token("mbr_h", "holder"))
    assert (view["access"], view["versions"][0]["provenance"]["privacy"]["k"]) == ("restricted", 2)


def assert_seen(lab: Lab, dataset_id: str, states: dict[str, str | None]) -> None:
    """See each member read the dataset in that state, or not at all."""
    for member_id, state in states.items():
        answer = lab.call("GET", f"/datasets/{dataset_id}", lab.token(member_id, "owner"))
        assert (answer.json().get("state") if answer.status == 200 else None) == state


def test_withdrawal_before_everything_leaves_nothing_open(lab: Lab) -> None:
    """The end of a project may be the first that is heard of it."""
    project_id = new_id("prj")
    open_id = lab.published("mbr_o")
    lab.publish(
        ProjectWithdrawn(project_id=project_id, holder_id="mbr_h", decided_by="mbr_h", reason="-")
    )
    lab.settled()
    lab.secure(open_id, project_id=project_id)
    lab.publish(submitted(project_id=project_id))
    lab.wait_for("datasets_matched", project_id=project_id)
    lab.settled()
    assert lab.events("access_granted", project_id=project_id) == []
    assert lab.events("data_access_opened", project_id=project_id) == []


def test_restart_forgets_nothing(lab: Lab) -> None:
    """What comes while the process is down is handled once it is up."""
    dataset_id = lab.upload("mbr_1", **about(title="Après la panne"))
    lab.service.kill()
    event: JobSucceeded = lab.ingested(dataset_id, 1)
    lab.publish(event)
    lab.service.start()
    assert lab.wait_for("dataset_published", dataset_id=dataset_id)["version"] == 1


def test_api_describes_itself(lab: Lab) -> None:
    """The OpenAPI document is valid and names every route of the catalogue."""
    document = lab.get("/openapi.json", lab.token("mbr_z", "holder"))
    validate(document)
    assert {
        "/datasets",
        "/datasets/{dataset_id}",
        "/datasets/{dataset_id}/versions",
        "/datasets/{dataset_id}/table",
        "/datasets/{dataset_id}/files/{name}",
        "/access-requests",
        "/access-requests/{request_id}/decision",
    } <= set(document["paths"])


def test_result_takes_the_licence_of_share_alike_data(lab: Lab) -> None:
    """The holder's wish gives way, and the version says so; the sources are there to be named."""
    roads = lab.published("mbr_o", title="Voies", licence="ODbL", producer="La région")
    result = lab.registered(delivered(lab, roads))
    view = lab.get(f"/datasets/{result}", lab.token("mbr_h", "holder"))
    assert (view["licence"], view["access"]) == ("odc-odbl", "open")
    [version] = view["versions"]
    assert "Licence demandée : Licence Ouverte 2.0" in version["note"]
    assert "« Voies », La région" in version["provenance"]["attribution"]


def test_result_of_data_without_a_licence_is_not_published(lab: Lab) -> None:
    """It is there for its holder, and restricted until the producer has decided."""
    plans = lab.published("mbr_o", title="Plans", licence="sur demande")
    result = lab.registered(delivered(lab, plans))
    view = lab.get(f"/datasets/{result}", lab.token("mbr_h", "holder"))
    assert (view["licence"], view["access"]) == ("notspecified", "restricted")
    assert "bac à sable" in view["versions"][0]["note"]


def test_what_a_restricted_result_is_made_of_is_not_judged_for_strangers(lab: Lab) -> None:
    """The titles of its sources are its insiders' to know."""
    secret = lab.published("mbr_r", title="Table secrète", access="restricted")
    result = lab.result_of(delivered(lab, secret))
    path = f"/crossing?dataset_id={result}"
    assert "Table secrète" in str(lab.get(path, lab.token("mbr_r", "owner")))
    assert "Table secrète" not in str(lab.get(path, lab.token("mbr_z", "holder")))
