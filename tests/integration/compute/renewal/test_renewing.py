"""A delivered service is made anew when its data change, and says when it cannot be."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.aggregate import new_id
from shared.events import (
    AccessGranted,
    AccessRevoked,
    DatasetPublished,
    DatasetRegistered,
    DatasetRetired,
    FileRef,
    ServiceAccessEnded,
)
from tests.integration.compute.lab import HOLDER, OWNER, Lab
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService, eventually

VACANCIES = {"name": "vacants", "kind": "integer", "filled": 700, "distinct": 700}


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, and the sample catalogue."""
    with lab.catalog(), lab.bare_compute(renewal_wait_seconds="0") as service:
        yield service


def deliver(lab: Lab) -> tuple[str, str, str]:
    """A delivered project that reads a dataset, that dataset, and the job of its result."""
    dataset, project = lab.homes(), new_id("prj")
    described = [{**VACANCIES, "name": name} for name in ("com", "logements", "vacants")]
    put(lab, dataset, described=described, table_columns=["com", "logements", "vacants"])
    lab.start(project, dataset)
    lab.staff(project)
    done = lab.wait_for("job_succeeded", project_id=project, kind="full")
    lab.deliver(project, done)
    result = DatasetRegistered(
        dataset_id=result_of(project),
        owner_id=HOLDER,
        title="Vacance",
        version=1,
        file=FileRef(sha256="0" * 64, size=1),
        filename="result.parquet",
        project_id=project,
    )
    lab.publish(result, result.dataset_id)
    return project, dataset, done["job_id"]


def result_of(project: str) -> str:
    """The dataset that the catalogue makes of its result."""
    return project.replace("prj", "dts")


def put(lab: Lab, dataset: str, **about: Any) -> None:
    """Change what the sample catalogue answers of a dataset."""
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update(about))


def publish(lab: Lab, dataset: str, version: int, **about: Any) -> None:
    """Put a version of a dataset on the shelf, and say so."""
    put(lab, dataset, version=version, **about)
    named = {"dataset_id": dataset, "owner_id": OWNER, "title": "Logements"}
    event = DatasetPublished(**named, version=version, rows=700, keys=())
    lab.publish(event, dataset, sequence=version, times=2)


def service_of(lab: Lab, compute: RunningService, project: str) -> dict[str, Any]:
    """What its holder reads of a delivered service."""
    answer: dict[str, Any] = lab.call(compute, "GET", f"/services/{project}").json()
    return answer


def waiting(lab: Lab, compute: RunningService, member: str = HOLDER) -> list[str]:
    """The projects of a member's delivered services that wait for it."""
    page = lab.call(compute, "GET", "/services?waiting=true", member).json()
    return [service["project_id"] for service in page["items"]]


def ask(
    lab: Lab, compute: RunningService, project: str, what: str, member: str = HOLDER, **body: Any
) -> tuple[int, dict[str, Any]]:
    """The status and the answer of something that is asked of a delivered service."""
    method = "PUT" if what == "mode" else "POST"
    path = f"/services/{project}/{what}"
    answer = (
        lab.call(compute, method, path, member, json=body)
        if body
        else lab.call(compute, method, path, member)
    )
    return answer.status, answer.json()


def test_service_is_renewed_when_its_data_change(lab: Lab, compute: RunningService) -> None:
    """Under a contract: where the data break it, the edition before stays and somebody is told."""
    project, dataset, first = deliver(lab)
    eventually(lambda: service_of(lab, compute, project).get("state") == "live")
    assert ask(lab, compute, project, "mode", "mbr_z", mode="on_change")[0] == 404
    assert ask(lab, compute, project, "mode", "mbr_expert", mode="on_change")[0] == 404
    assert ask(lab, compute, project, "mode", mode="on_schedule")[0] == 422
    assert ask(lab, compute, project, "mode", mode="on_change")[0] == 200
    publish(lab, dataset, 2)
    second = lab.wait_for("service_renewed", project_id=project, edition=2)
    assert (second["renews"], second["dataset_id"]) == (first, result_of(project))
    view = service_of(lab, compute, project)
    assert (view["edition"], view["job_id"], view["next_job"]) == (2, second["job_id"], "")

    texts = [{**VACANCIES, "name": "com"}, {**VACANCIES, "name": "logements"}]
    publish(lab, dataset, 3, described=texts)
    failure = lab.wait_for("renewal_failed", project_id=project)
    assert "il n'y a plus la colonne « vacants »" in failure["reason"]
    view = service_of(lab, compute, project)
    assert (view["edition"], view["job_id"]) == (2, second["job_id"])
    assert view["failure"] == failure["reason"]

    publish(lab, dataset, 4, described=[*texts, VACANCIES])
    third = lab.wait_for("service_renewed", project_id=project, edition=3)
    assert third["renews"] == second["job_id"]
    assert len(lab.events("service_renewed", project_id=project)) == 2


def test_service_stops_when_its_data_may_not_be_read(lab: Lab, compute: RunningService) -> None:
    """It says why, goes on once that is over, and ends with its result in the catalogue."""
    project, dataset, first = deliver(lab)
    eventually(lambda: service_of(lab, compute, project).get("dataset_id") == result_of(project))
    eventually(lambda: service_of(lab, compute, project).get("state") == "live")
    access = {"dataset_id": dataset, "owner_id": OWNER, "project_id": project}
    lab.publish(AccessRevoked(**access, reason="étude finie"), project, sequence=20)
    stop = lab.wait_for("service_stopped", project_id=project)
    assert "l'accès aux données « homes » est retiré" in stop["reason"]
    assert waiting(lab, compute) == [project]
    assert waiting(lab, compute, "mbr_z") == []
    status, refusal = ask(lab, compute, project, "renew")
    assert (status, "est arrêté" in refusal["detail"]) == (409, True)
    assert lab.call(compute, "GET", f"/jobs/{first}/result").status in {200, 403}

    granted = AccessGranted(**access, decided_by=OWNER, title="Logements", reason="")
    lab.publish(granted, project, sequence=21)
    eventually(lambda: service_of(lab, compute, project)["state"] == "live")
    assert waiting(lab, compute) == []
    status, job = ask(lab, compute, project, "renew")
    assert (status, job["renews"], job["edition"]) == (202, first, 2)
    renewed = lab.wait_for("service_renewed", project_id=project)
    assert renewed["job_id"] == job["id"]
    again = lab.call(compute, "POST", f"/jobs/{job['id']}/rerun")
    assert (again.status, again.json()["edition"]) == (202, 3)

    lab.publish(ServiceAccessEnded(project_id=project, dataset_ids=(dataset,)), project)
    eventually(lambda: service_of(lab, compute, project)["state"] == "stopped")
    assert ask(lab, compute, project, "retire", reason="plus utile")[1]["state"] == "retired"
    assert ask(lab, compute, project, "confirm")[0] == 409
    assert service_of(lab, compute, project)["may"] == []


def test_service_ends_with_its_result(lab: Lab, compute: RunningService) -> None:
    """Who retires the dataset that it delivers retires it."""
    project, _, _ = deliver(lab)
    eventually(lambda: service_of(lab, compute, project).get("dataset_id") == result_of(project))
    about = {"dataset_id": result_of(project), "owner_id": HOLDER, "title": "Vacance"}
    lab.publish(DatasetRetired(**about, reason="erronées"), result_of(project))
    assert "plus au catalogue" in lab.wait_for("service_retired", project_id=project)["reason"]
