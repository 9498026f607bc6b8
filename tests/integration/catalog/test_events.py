"""What the catalog makes of other services' events, also late, twice and broken."""

from pathlib import Path
from typing import Any

from openapi_spec_validator import validate

from shared.aggregate import new_id
from shared.events import (
    JobCancelled,
    JobSucceeded,
    ProjectWithdrawn,
    Step,
    Treatment,
    TreatmentProposed,
)
from tests.integration.catalog.lab import Lab, about, delivered, failed, reading, submitted
from tests.servers import eventually


def test_project_is_told_what_fits_with_reasons(lab: Lab) -> None:
    """Key, theme and restricted access are explained in French; a second delivery tells nothing."""
    own = lab.published("mbr_h", "commune", title="Ma table", access="restricted")
    epci = lab.published("mbr_o", "commune", title="EPCI", theme="Habitat", access="restricted")
    project = submitted(dataset_ids=(own,))
    lab.publish(project, times=2)
    event = lab.wait_for("datasets_matched", project_id=project.project_id)
    [match] = [match for match in event["matches"] if match["dataset_id"] == epci]
    assert match["shared_keys"] == ["commune"]
    assert match["reasons"] == [
        "Se croise avec vos données « Ma table » sur le code commune.",
        "Même thème : Habitat.",
        "Accès restreint : le propriétaire devra donner son accord.",
    ]
    lab.settled()
    assert len(lab.events("datasets_matched", project_id=project.project_id)) == 1


def test_project_is_told_what_its_treatment_cannot_read(lab: Lab) -> None:
    """Once for each treatment: what is unknown, or its own and not read; what was told twice, once.

    What others have not published is unknown.
    """
    read, others, unread = (
        lab.published("mbr_p", access="open"),
        lab.upload("mbr_o"),
        lab.upload("mbr_h"),
    )
    project = submitted(treatment=reading(a=read, b="dts_none", c=unread, d=others))
    lab.publish(project, times=2)
    event = lab.wait_for("inputs_checked", project_id=project.project_id)
    assert event["proposal"] == 1
    assert {obstacle["dataset_id"]: obstacle["passes"] for obstacle in event["obstacles"]} == {
        "dts_none": False,
        others: False,
        unread: True,
    }
    assert event["owners"] == ["mbr_h", "mbr_p"]
    who: dict[str, Any] = {"project_id": project.project_id, "holder_id": "mbr_h"}
    lab.publish(TreatmentProposed(**who, proposal=2, treatment=reading(a=read)))
    again = lab.wait_for("inputs_checked", project_id=project.project_id, proposal=2)
    assert (again["obstacles"], again["owners"]) == ([], ["mbr_p"])
    lab.settled()
    assert len(lab.events("inputs_checked", project_id=project.project_id)) == 2


def test_project_is_told_which_columns_its_data_does_not_have(lab: Lab) -> None:
    """While its holder may still mend it: later a reviewer would have to."""
    read = lab.published("mbr_p", "commune", access="restricted")
    step = Step(
        application="aggregate",
        inputs={"table": "a"},
        parameters={"by": ["communes"], "counts": ["commune"]},
        output="r",
    )
    project = submitted(treatment=Treatment(inputs={"a": read}, steps=(step,)))
    lab.publish(project)
    (obstacle,) = lab.wait_for("inputs_checked", project_id=project.project_id)["obstacles"]
    assert (obstacle["dataset_id"], obstacle["passes"]) == (read, False)
    assert obstacle["reason"].startswith("steps.0.parameters.by.0 : la table « a » n'a pas de")
    assert "vouliez-vous dire « commune »" in obstacle["reason"]


def test_whose_data_a_treatment_reads_is_told_with_all_that_a_result_was_made_of(lab: Lab) -> None:
    """Its holder's name alone would not tell who should not review the project."""
    source, owner = new_id("mbr"), new_id("mbr")
    event = delivered(lab, lab.published(source, access="restricted"), holder_id=owner)
    project = submitted(treatment=reading(a=lab.result_of(event)))
    lab.publish(project)
    inputs_event = lab.wait_for("inputs_checked", project_id=project.project_id)
    assert inputs_event["owners"] == sorted([source, owner])


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
    event = lab.wait_for("dataset_published", dataset_id=dataset_id)
    assert (event["rows"], event["keys"]) == (1, ["commune", "siren"])
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
    event = lab.wait_for("dataset_rejected", dataset_id=dataset_id)
    assert (event["version"], event["reason"]) == (1, "annulé à la demande d'un utilisateur")
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
