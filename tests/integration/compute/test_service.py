"""Compute between its events and its API, as real processes."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import urllib3

from services.compute.execution.step_cache.model import KeptStep
from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id, now
from shared.engine.contract.harvested_page import ENTRIES, PageReport
from shared.engine.tables.exports import XLSX
from shared.engine.tables.manifest import Profile
from shared.errors import Rejected
from shared.events import (
    AccessRevoked,
    HarvestPageFetched,
    ProjectSubmitted,
    Treatment,
    TreatmentProposed,
)
from shared.language.french import file_name
from tests.catalogues import COMMUNES, turtle
from tests.integration.compute.lab import HOLDER, HOMES, OWNER, Lab, summing, unfit
from tests.servers import RunningService, eventually

DATA = Path(__file__).parents[3] / "deploy" / "demo" / "data"


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, which keeps every step."""
    with lab.compute(step_cache_seconds="0") as service:
        yield service


def equipped(lab: Lab) -> str:
    """The id of a project that may read a table of 700 communes, and was equipped to sum it."""
    dataset, project = lab.homes(), new_id("prj")
    lab.grant(project, dataset)
    lab.secure(project)
    lab.wait_for("workspace_opened", project_id=project)
    lab.equip(project, summing(dataset))
    return project


def tried(lab: Lab) -> tuple[str, str]:
    """The id of such a project whose trial ended well, and the trial's."""
    project = equipped(lab)
    return project, lab.wait_for("job_succeeded", project_id=project, kind="trial")["job_id"]


def body(answer: Any) -> Any:
    """The decoded JSON of an answer."""
    return json.loads(answer.data)


@pytest.mark.usefixtures("compute")
def test_page_of_another_catalogue_is_read_in_the_sandbox(lab: Lab) -> None:
    """Once, for both deliveries; the end says which page of which harvest it was."""
    harvest = new_id("hrv")
    event = HarvestPageFetched(
        harvest_id=harvest,
        source_id="src_1",
        owner_id=OWNER,
        page=2,
        catalogue="dcat",
        url="https://portail.example/catalogue?page=2",
        file=lab.files.put([turtle(COMMUNES)], "text/turtle"),
    )
    lab.publish(event, harvest, 1, times=2)
    done = lab.wait_for("job_succeeded", harvest_id=harvest)
    manifest = lab.manifest(done)
    assert (done["kind"], done["page"]) == ("harvest", 2)
    assert PageReport.model_validate(manifest.reports[0]).read == 1
    assert manifest.output(ENTRIES)
    assert "rdflib" in manifest.software
    assert len(lab.events("job_queued", job_id=done["job_id"])) == 1


def test_registered_file_is_read_as_a_table(lab: Lab, compute: RunningService) -> None:
    """INSEE's communes come out as a table with a profile that knows the commune key.

    The event comes twice, and the job is one.
    """
    content = (DATA / "communes_2026.csv").read_bytes()
    event = lab.register(content, "communes_2026.csv", times=2)
    done = lab.wait_for("job_succeeded", dataset_id=event.dataset_id)
    manifest = lab.manifest(done)
    profile = Profile.model_validate(manifest.reports[0])
    assert manifest.output("table.parquet") is not None
    assert manifest.inputs[0].sha256 == event.file.sha256
    assert profile.rows > 2000
    assert "commune" in profile.keys
    eventually(lambda: not lab.queues()["compute.on.dataset_registered"])
    assert [
        len(lab.events(topic, dataset_id=event.dataset_id))
        for topic in ("job_queued", "job_started", "job_succeeded")
    ] == [1, 1, 1]
    assert done["dataset_version"] == 1
    job = body(lab.call(compute, "GET", f"/jobs/{done['job_id']}", OWNER, "owner"))
    assert (job["state"], job["progress"], job["attempt"]) == ("succeeded", 1.0, 1)
    assert "Z fichier lu (csv, utf-8" in job["log_tail"]
    assert "Z terminé en " in job["log_tail"].splitlines()[-1]


def test_applications_tell_what_they_take(lab: Lab, compute: RunningService) -> None:
    """Roles and a JSON Schema of the parameters, for any valid token and no other caller."""
    answer = body(lab.call(compute, "GET", "/applications"))
    applications = {application["name"]: application for application in answer}
    assert [role["name"] for role in applications["cross"]["roles"]][:2] == ["left", "right"]
    assert "by" in applications["aggregate"]["parameters"]["properties"]
    assert urllib3.request("GET", f"{compute.url}/applications").status == 401
    paths = body(urllib3.request("GET", f"{compute.url}/openapi.json"))["paths"]
    assert {"/jobs", "/jobs/{job_id}/result", "/workspaces/{project_id}"} <= paths.keys()


def test_jobs_come_page_by_page(lab: Lab, compute: RunningService) -> None:
    """The cursor of a page leads to the next one; what is wrong with a query is named."""
    for _ in range(3):
        lab.wait_for("job_queued", dataset_id=lab.register(HOMES).dataset_id)
    first = body(lab.call(compute, "GET", "/jobs?limit=2", OWNER, "owner"))
    path = f"/jobs?limit=2&after={first['next']}"
    jobs = first["items"] + body(lab.call(compute, "GET", path, OWNER, "owner"))["items"]
    assert len({job["id"] for job in jobs}) == len(jobs) > 2
    for query in ("limit=0", "after="):
        refused = lab.call(compute, "GET", f"/jobs?{query}")
        assert (refused.status, f"{body(refused)['field']}=" in query) == (422, True)


def test_unreadable_file_fails_with_a_reason(lab: Lab, compute: RunningService) -> None:
    """Bytes that are no table end as a failed job that says so in French."""
    event = lab.register(bytes(range(256)) * 40, "bruit.csv")
    failed = lab.wait_for("job_failed", dataset_id=event.dataset_id)
    assert failed["reason"]
    assert lab.events("job_succeeded", dataset_id=event.dataset_id) == []
    job = body(lab.call(compute, "GET", f"/jobs/{failed['job_id']}", OWNER, "owner"))
    assert job["reason"] == failed["reason"]


@pytest.mark.usefixtures("catalog")
def test_project_is_tried_on_a_sample_then_runs_in_full(lab: Lab, compute: RunningService) -> None:
    """From the workspace to the result file, with a manifest that names what was read."""
    project = equipped(lab)
    lab.publish(submitted(project, None), project, 1)
    trial = lab.manifest(lab.wait_for("job_succeeded", project_id=project, kind="trial"))
    assert trial.inputs[0].licence == "Licence Ouverte"
    assert (trial.provenance.holder_id, trial.provenance.submitted_by) == (HOLDER, "")
    with lab.store("compute") as store:
        eventually(lambda: store.of(Workspace).get(project).title)
    lab.staff(project)
    done = lab.wait_for("job_succeeded", project_id=project, kind="full")
    path = f"/jobs/{done['job_id']}/result"
    table = lab.call(compute, "GET", path)
    called = file_name("T", now(), "")
    text = f"attachment; filename={called}-result.csv"
    assert table.headers["Content-Disposition"] == text
    assert len(table.data.splitlines()) == 701
    assert table.headers["Content-Type"].startswith("text/csv")
    parquet = lab.call(compute, "GET", f"{path}?name=result.parquet")
    assert parquet.headers["Content-Type"] == "application/vnd.apache.parquet"
    manifest = body(lab.call(compute, "GET", f"{path}?name=manifest.json"))
    assert manifest["steps"][0]["application"] == "aggregate"
    _check_formats(lab, compute, path, called)
    workspace = body(lab.call(compute, "GET", f"/workspaces/{project}"))
    assert 0 < workspace["used_seconds"] < workspace["quota_seconds"]
    assert lab.call(compute, "GET", f"{path}?name=autre.csv").status == 404


def _check_formats(lab: Lab, compute: RunningService, path: str, called: str) -> None:
    """The table in each format, by query or header; as it is stored for who asks for none."""
    stored = lab.call(compute, "GET", path)
    assert lab.call(compute, "GET", path, headers={"Accept": "application/pdf"}).data == stored.data
    book = lab.call(compute, "GET", f"{path}?format=xlsx")
    assert book.headers["Content-Type"] == XLSX
    assert book.headers["Content-Disposition"] == f"attachment; filename={called}.xlsx"
    sheets = openpyxl.load_workbook(BytesIO(book.data)).worksheets
    assert sheets[0].max_row == 701
    cells = [[cell.value for cell in row] for row in sheets[1].iter_rows()]
    assert [label for label, _ in cells] == ["Résultat", "Projet", "Source", "Compte rendu"]
    assert "Logements (version 1" in cells[2][1]
    assert lab.call(compute, "GET", path, headers={"Accept": XLSX}).data == book.data
    text = lab.call(compute, "GET", f"{path}?format=csv")
    assert text.data.startswith(b"\xef\xbb\xbf")
    assert len(text.data.splitlines()) == 701
    parquet = lab.call(compute, "GET", f"{path}?name=result.parquet")
    assert lab.call(compute, "GET", f"{path}?format=parquet").data == parquet.data
    refused = lab.call(compute, "GET", f"{path}?format=pdf")
    assert (refused.status, json.loads(refused.data)["field"]) == (422, "format")
    hidden = lab.call(compute, "GET", f"{path}?format=xlsx", "mbr_stranger", "holder")
    assert hidden.status == 404


def test_stored_tables_are_compared_for_who_asks(lab: Lab, compute: RunningService) -> None:
    """By other services, which know who may: what is no table is refused."""
    assert compute
    before, after = (lab.put({"com": ["14118"], "places": [places]}) for places in (2, 5))
    text = lab.files.put([b"com;places\n"], "text/csv")
    with lab.rpc() as service:
        tables = before.model_dump(), after.model_dump()
        difference = service.compare_tables(*tables, {}, "mbr_a")
        assert (difference["changed_rows"], difference["key"]) == (1, ["com"])
        assert difference["moved_figures"][0]["change"] == "3"
        with pytest.raises(Rejected, match="seule une table"):
            service.compare_tables(before.model_dump(), text.model_dump(), {})


def test_what_was_read_for_the_catalogue_leaves_by_the_catalogue_only(
    lab: Lab, compute: RunningService
) -> None:
    """The catalogue knows who may have a table; staff see here how it was read."""
    job = lab.wait_for("job_succeeded", dataset_id=lab.register(HOMES).dataset_id)["job_id"]
    staff = ("mbr_staff", "operator")
    path = f"/jobs/{job}/result?name="
    assert lab.call(compute, "GET", f"{path}table.parquet", *staff).status == 404
    manifest = body(lab.call(compute, "GET", f"{path}manifest.json", *staff))
    assert manifest["reports"][0]["rows"] > 0


@pytest.mark.usefixtures("catalog")
def test_full_job_runs_again_for_the_holder_once_staffed(lab: Lab, compute: RunningService) -> None:
    """Before the team there is a 409; after it a new job, the same one for the same key.

    It takes over the steps of the first, as its log and manifest say, until access to the data
    ends: then documents and files are gone.
    """
    project, _ = tried(lab)

    def run_again() -> urllib3.BaseHTTPResponse:
        key = {"Idempotency-Key": "again"}
        return lab.call(compute, "POST", "/jobs", json={"project_id": project}, headers=key)

    assert run_again().status == 409
    lab.staff(project)
    first = lab.wait_for("job_succeeded", project_id=project, kind="full")
    answers = [run_again(), run_again()]
    assert [answer.status for answer in answers] == [202, 202]
    again = body(answers[0])["id"]
    assert again != first["job_id"]
    assert body(answers[1])["id"] == again
    done = lab.wait_for("job_succeeded", job_id=again)
    first_manifest, manifest = lab.manifest(first), lab.manifest(done)
    assert (first_manifest.provenance.reused, manifest.provenance.submitted_by) == ((), HOLDER)
    (reused,) = manifest.provenance.reused
    assert (reused.step, reused.job_id) == ("result", first["job_id"])
    tables = [found.output("result.parquet") for found in (first_manifest, manifest)]
    assert tables[0] == tables[1]
    assert "(calcul identique)" in body(lab.call(compute, "GET", f"/jobs/{again}"))["log_tail"]
    page = body(lab.call(compute, "GET", f"/jobs?project_id={project}"))
    assert {job["id"] for job in page["items"]} >= {first["job_id"], again}
    left = kept_steps(lab, project)
    (dataset,) = {dataset_id for kept_step in left for dataset_id in kept_step.dataset_ids}
    about = {"project_id": project, "dataset_id": dataset, "owner_id": OWNER}
    lab.publish(AccessRevoked(**about, reason="étude finie"), project, sequence=9)
    eventually(lambda: not kept_steps(lab, project))


def kept_steps(lab: Lab, project: str) -> list[KeptStep]:
    """What is kept of a project's steps."""
    with lab.store() as store:
        return list(store.of(KeptStep).every({"project_id": project}))


@pytest.mark.usefixtures("catalog")
def test_others_see_nothing_of_a_project(lab: Lab, compute: RunningService) -> None:
    """For another holder jobs and workspaces do not exist; the lab's staff sees them."""
    project, job = tried(lab)
    for method, path in [
        ("GET", f"/jobs/{job}"),
        ("GET", f"/jobs/{job}/result"),
        ("POST", f"/jobs/{job}/cancel"),
        ("GET", f"/workspaces/{project}"),
    ]:
        assert lab.call(compute, method, path, "mbr_other").status == 404
    submitted = lab.call(compute, "POST", "/jobs", "mbr_other", json={"project_id": project})
    assert submitted.status == 404
    assert body(lab.call(compute, "GET", "/jobs", "mbr_other"))["items"] == []
    seen = lab.call(compute, "GET", f"/jobs/{job}", "mbr_staff", "operator")
    assert body(seen)["project_id"] == project
    assert lab.call(compute, "GET", "/jobs/job_unknown").status == 404


@pytest.mark.usefixtures("compute")
def test_trial_that_cannot_run_fails_at_once(lab: Lab) -> None:
    """No sandbox is started to learn what is known before; the reason names the field."""
    project = new_id("prj")
    lab.secure(project)
    lab.equip(project, unfit())
    failed = lab.wait_for("job_failed", project_id=project)
    assert failed["kind"] == "trial"
    assert "steps.0.parameters.by: ce champ manque" in failed["reason"]
    assert lab.events("job_started", project_id=project) == []


@pytest.mark.usefixtures("compute")
def test_proposed_treatment_is_checked_without_being_asked(lab: Lab) -> None:
    """The first with the project, any other one by itself; each answer says which it is about."""
    project, unread = new_id("prj"), new_id("prj")
    lab.publish(submitted(project, unfit()), project, 1, times=2)
    event = lab.wait_for("treatment_checked", project_id=project)
    with lab.store("compute") as store:
        workspace = store.of(Workspace).get(project)
    assert (workspace.title, workspace.problem, workspace.state) == ("T", "P", "new")
    assert (event["proposal"], "steps.0.parameters.by" in event["fault"]) == (1, True)
    proposed: dict[str, Any] = {"project_id": project, "holder_id": HOLDER}
    lab.publish(TreatmentProposed(**proposed, proposal=2, treatment=summing("dts_1")), project, 3)
    assert lab.wait_for("treatment_checked", project_id=project, proposal=2)["fault"] == ""
    lab.publish(submitted(unread, None), unread, 1)
    lab.secure(unread)
    lab.wait_for("workspace_opened", project_id=unread)
    assert len(lab.events("treatment_checked", project_id=project)) == 2
    assert lab.events("treatment_checked", project_id=unread) == []


def submitted(project: str, treatment: Treatment | None) -> ProjectSubmitted:
    """A project that wants that done."""
    about = {"title": "T", "problem": "P", "theme": "t", "territory": ("14",)}
    fields = {"project_id": project, "holder_id": HOLDER, "treatment": treatment, **about}
    return ProjectSubmitted.model_validate(fields)


def test_project_withdrawn_before_it_was_secured_never_computes(
    lab: Lab, compute: RunningService
) -> None:
    """Events in the wrong order open no workspace and queue no job."""
    project = new_id("prj")
    lab.withdraw(project)
    path = f"/workspaces/{project}"
    eventually(lambda: lab.call(compute, "GET", path).status == 200, what="the closed workspace")
    lab.secure(project)
    lab.equip(project, summing("dts_1"))
    lab.staff(project)
    eventually(
        lambda: not any(n for name, n in lab.queues().items() if name.startswith("compute.on")),
        what="the events are handled",
    )
    assert body(lab.call(compute, "GET", path))["state"] == "closed"
    assert lab.events("workspace_opened", project_id=project) == []
    assert lab.events("job_queued", project_id=project) == []


@pytest.mark.usefixtures("catalog")
def test_data_the_project_may_not_read_fails_the_job(lab: Lab, compute: RunningService) -> None:
    """A refusal of the catalogue is a reason, not a wait."""
    dataset, project = lab.homes(), new_id("prj")
    lab.secure(project)
    lab.equip(project, summing(dataset))
    failed = lab.wait_for("job_failed", project_id=project)
    assert "homes" in failed["reason"]
    assert "accès" in failed["reason"]
    assert lab.events("job_started", project_id=project) == []
    assert compute.alive


def test_end_of_a_job_warns_of_secret_values(lab: Lab, compute: RunningService) -> None:
    """Where it ends, and on its page: the sums lack them, whoever reads the sums."""
    lines = [f"{14000 + at};{10 + at};{'nc' if at % 9 == 0 else at}" for at in range(90)]
    dataset = lab.ingest("\n".join(["com;logements;vacants", *lines]).encode())
    project = new_id("prj")
    lab.start(project, dataset)
    done = lab.wait_for("job_succeeded", project_id=project)
    expected_text = (
        "10 valeurs secrètes ou non communiquées (« nc ») ne sont pas comptées dans « vacants »."
    )
    assert expected_text in done["warning"]
    assert expected_text in body(lab.call(compute, "GET", f"/jobs/{done['job_id']}"))["warning"]
