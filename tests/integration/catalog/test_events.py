"""What the catalog makes of other services' events, also late, twice and broken."""

import operator
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from services.catalog.matching.advice import advise
from services.catalog.search.finder import Finder
from shared.aggregate import new_id
from shared.engine.analysis.known_tables import KnownInputs
from shared.events import JobCancelled, RecipePublished, RecipeRetired, TreatmentProposed
from shared.events.compute import RecipeInput
from shared.storage import Storage
from tests.document_queries import counted
from tests.events import enveloped
from tests.integration.catalog.lab import Lab, delivered, failed, reading, submitted
from tests.servers import eventually
from tests.unit.catalog.samples import metadata, profile, ref, registered


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
    read, others, unread = lab.published("mbr_p"), lab.upload("mbr_o"), lab.upload("mbr_h")
    project = submitted(treatment=reading(a=read, b="dts_none", c=unread, d=others))
    lab.publish(project, times=2)
    event = lab.wait_for("inputs_checked", project_id=project.project_id)
    assert event["proposal"] == 1
    passes = {obstacle["dataset_id"]: obstacle["passes"] for obstacle in event["obstacles"]}
    assert passes == {"dts_none": False, others: False, unread: True}
    assert event["owners"] == ["mbr_h", "mbr_p"]
    who: dict[str, Any] = {"project_id": project.project_id, "holder_id": "mbr_h"}
    lab.publish(TreatmentProposed(**who, proposal=2, treatment=reading(a=read)))
    again = lab.wait_for("inputs_checked", project_id=project.project_id, proposal=2)
    assert (again["obstacles"], again["owners"]) == ([], ["mbr_p"])
    lab.settled()
    assert len(lab.events("inputs_checked", project_id=project.project_id)) == 2


def test_whose_data_a_treatment_reads_is_told_with_all_that_a_result_was_made_of(lab: Lab) -> None:
    """Its holder's name alone would not tell who should not review the project.

    That nothing else fits it is told, too.
    """
    source, owner = new_id("mbr"), new_id("mbr")
    event = delivered(lab, lab.published(source, access="restricted"), holder_id=owner)
    treatment, about = reading(a=lab.result_of(event)), {"title": "Xylophones", "problem": "?"}
    project = submitted(treatment=treatment, theme="t-" + new_id("x"), territory=(), **about)
    lab.publish(project)
    checked = lab.wait_for("inputs_checked", project_id=project.project_id)
    assert checked["owners"] == sorted([source, owner])
    assert lab.wait_for("datasets_matched", project_id=project.project_id)["matches"] == []


def test_ingest_that_ends_publishes_once(lab: Lab) -> None:
    """The profile is shown, and neither a redelivery nor a late failure changes it.

    A trial's end and failure pass without effect. An ingest that is cancelled rejects the version:
    its owner learns that nobody will read the file, and why.
    """
    (dataset_id, cancelled), parked = (lab.upload("mbr_1") for _ in range(2)), lab.parked()
    ingested, reason = lab.ingested(dataset_id, 1, "siren", "commune"), "annulé sur demande"
    lab.publish(ingested.model_copy(update={"kind": "trial", "project_id": "prj_x"}))
    lab.publish(failed(dataset_id, "non").model_copy(update={"kind": "full"}))
    lab.publish(failed(cancelled, reason, JobCancelled), times=2)
    event = lab.wait_for("dataset_rejected", dataset_id=cancelled)
    assert (event["version"], event["reason"]) == (1, reason)
    lab.settled()
    owner, path = lab.token("mbr_1", "owner"), f"/datasets/{dataset_id}"
    assert lab.get(f"/datasets/{cancelled}", owner)["state"] == "rejected"
    assert len(lab.events("dataset_rejected", dataset_id=cancelled)) == 1
    assert (lab.get(path, owner)["state"], lab.parked()) == ("pending", parked)
    lab.publish(ingested, times=3)
    event = lab.wait_for("dataset_published", dataset_id=dataset_id)
    assert (event["rows"], event["keys"]) == (1, ["commune", "siren"])
    lab.publish(failed(dataset_id, "trop tard"))
    lab.settled()
    view = lab.get(path, lab.token("mbr_z", "holder"))
    assert (view["state"], view["version"], view["rows"]) == ("published", 1, 1)
    assert view["versions"][0]["profile"]["columns"][0]["name"] == "siren"
    assert len(lab.events("dataset_published", dataset_id=dataset_id)) == 1
    assert lab.events("dataset_rejected", dataset_id=dataset_id) == []


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


def test_recipes_that_run_on_a_dataset_are_found(lab: Lab) -> None:
    """By kind of key whatever its name, by name where no kind is asked; retired ones are gone."""
    dataset, token = lab.published("mbr_o", "commune", "siren"), lab.token("mbr_h", "holder")
    name, needs = f"r-{uuid4().hex}", {"code_insee": "commune", "SIREN": ""}
    inputs = {
        "table": RecipeInput(title="Une table", columns=needs),
        "communes": RecipeInput(title="Les communes", columns={"epci": "epci"}),
    }
    event = RecipePublished(name=name, number=3, title="T", member_id="mbr_a", inputs=inputs)
    lab.publish(event, name, sequence=2)

    def found() -> dict[str, dict[str, object]]:
        items = lab.get(f"/datasets/{dataset}/recipes", token)["items"]
        return {recipe["name"]: recipe for recipe in items if recipe["name"] == name}

    eventually(found, "the recipe is known")
    fit = found()[name]
    assert (fit["input"], fit["version"]) == ("table", 3)
    assert fit["columns"] == {"code_insee": "commune", "SIREN": "siren"}
    assert fit["others"] == {"communes": "Les communes"}
    lab.publish(RecipeRetired(name=name, member_id="mbr_a"), name, sequence=3)
    eventually(lambda: not found(), "the recipe is retired")
    lab.publish(event, name, sequence=1)
    lab.settled()
    assert not found()


_FEW = 20


def test_candidates_of_a_project_are_read_together(mongodb_uri: str, storage_url: str) -> None:
    """However many there are: 400 took as many queries."""
    with counted(mongodb_uri) as (store, queries):
        for number in range(60):
            dataset = registered(f"dts_{number:03}", metadata(f"Logements vacants {number}"))
            dataset.publish(1, ref("0"), profile(), "job_1")
            store.of(Dataset).save(dataset)
        finder = Finder("catalog", store, Storage(storage_url), operator.call)
        loop = Thread(target=finder.run)
        loop.start()
        try:
            eventually(lambda: finder.is_ready)
            queries.asked = 0
            envelope = enveloped(submitted(project_id="prj_1"), "prj_1")
            advise(store, finder, envelope, lambda *_: KnownInputs(tables=(), crossings=()))
            assert queries.asked < _FEW
        finally:
            finder.stop()
            loop.join()
        assert len(store.of(ProjectAccess).get("prj_1").outbox) == 1
