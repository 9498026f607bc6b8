"""Jobs that are repeated: the same again, or what differs, and who may ask."""

from typing import Any

import pytest
import urllib3

from services.compute.endings.member_erasing import redact_jobs
from services.compute.jobs.commands import Commands, replay_job
from services.compute.jobs.comparison import Comparison, Difference
from services.compute.jobs.model import Job
from shared.aggregate import now
from shared.events import AccessRevoked, Step, Treatment
from shared.events.event import FileRef
from shared.store import Store
from tests import forks
from tests.integration.compute.lab import HOLDER, OWNER, Lab, treating
from tests.integration.compute.samples import PARTIAL, Shelf
from tests.servers import RunningService, eventually

pytestmark = pytest.mark.usefixtures("catalog")

IDENTICAL: dict[str, Any] = {"verdict": "identical", "differences": []}


def full_job(lab: Lab, dataset: str, treatment: Treatment | None = None) -> dict[str, Any]:
    """What is told of the end of a project's full job on that dataset."""
    project = f"prj_of_{dataset}"
    lab.start(project, dataset, treatment)
    lab.wait_for("job_succeeded", project_id=project, kind="trial")
    lab.staff(project)
    return lab.wait_for("job_succeeded", project_id=project, kind="full")


def replay(
    lab: Lab, compute: RunningService, job_id: str, member: str = HOLDER, role: str = "holder"
) -> dict[str, Any]:
    """The view of a replay that ended."""
    answer = lab.call(compute, "POST", f"/jobs/{job_id}/replay", member, role)
    assert answer.status == 202, answer.data
    path = f"/jobs/{answer.json()['id']}"
    views: list[dict[str, Any]] = [answer.json()]

    def has_ended() -> bool:
        views.append(lab.call(compute, "GET", path, member, role).json())
        return views[-1]["state"] not in {"queued", "running", "held"}

    eventually(has_ended, "the replay ends")
    return views[-1]


def metrics_text(compute: RunningService) -> str:
    """The service's metrics."""
    return str(urllib3.request("GET", f"{compute.url}/metrics").data.decode())


def drawing(dataset: str) -> Treatment:
    """A treatment that draws the homes of communes, and writes a page about them."""
    drawn = {"label": "com", "value": "logements", "title": "A"}
    chart = treating(dataset, "chart", "table", output="bars", **drawn)
    page = Step(
        application="report",
        inputs={"table": "homes"},
        output="result",
        parameters={"title": "Logements"},
    )
    return chart.model_copy(update={"steps": (*chart.steps, page)})


def change_job(lab: Lab, job_id: str, **fields: object) -> None:
    """Change what is kept of a job."""
    with lab.store() as store:

        def change(job: Job) -> None:
            for name, value in fields.items():
                setattr(job, name, value)

        store.of(Job).change(job_id, change)


def change_answer(lab: Lab, dataset: str, **fields: object) -> None:
    """Change what the sample catalogue answers."""
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update(fields))


def test_result_is_made_again_at_no_charge_and_told_to_nobody(
    lab: Lab, compute: RunningService
) -> None:
    """Its bytes are the same; quota, files, events and the project's list know nothing of it."""
    done = full_job(lab, lab.homes())
    workspace = f"/workspaces/{done['project_id']}"
    used = lab.call(compute, "GET", workspace).json()["used_seconds"]
    view = replay(lab, compute, done["job_id"])
    assert view["comparison"] == IDENTICAL
    assert (view["kind"], view["replays"]) == ("replay", done["job_id"])
    assert (view["outputs"], view["result"], view["log_tail"]) == ([], None, "")
    assert lab.call(compute, "GET", workspace).json()["used_seconds"] == used
    listed = f"/jobs?project_id={done['project_id']}"
    for_team = lab.call(compute, "GET", listed, "mbr_expert").json()["items"]
    assert {job["kind"] for job in for_team} == {"trial", "full"}
    assert lab.call(compute, "GET", f"/jobs/{view['id']}", "mbr_expert").status == 404
    assert 'datalab_replays_total{outcome="identical"' in metrics_text(compute)
    marker = full_job(lab, lab.homes())
    assert marker["job_id"] not in {view["id"], done["job_id"]}
    assert not [event for event in lab.envelopes() if event["data"].get("job_id") == view["id"]]


def test_command_waits_for_the_verdict(lab: Lab, compute: RunningService) -> None:
    """It prints what differs."""
    dataset = lab.homes()
    done = full_job(lab, dataset)
    settings = {"DATALAB_URL_COMPUTE": compute.url, "DATALAB_TOKEN": lab.token(HOLDER, "holder")}
    program = ("-c", "from deploy.cli import main; main()")

    def printed() -> str:
        words = ("job", "replay", done["job_id"])
        command = forks.commands().run((*program, *words), lab.environ | settings)
        assert command.returncode == 0, command.stderr
        return command.stdout

    assert "identical" in printed()
    change_answer(lab, dataset, version=2)
    assert ["source", "homes"] in [line.split() for line in printed().splitlines()]


def test_pictures_of_another_day_are_the_same(lab: Lab, compute: RunningService) -> None:
    """They bear the day of the job that is repeated."""
    treatment = drawing(lab.homes())
    done = full_job(lab, treatment.inputs["homes"], treatment)
    assert replay(lab, compute, done["job_id"])["comparison"] == IDENTICAL
    manifest = lab.manifest(done)
    of_2020 = manifest.model_copy(update={"ended": manifest.ended.replace(year=2020)})
    file = lab.files.put([of_2020.model_dump_json().encode()], "application/json")
    change_job(lab, done["job_id"], result=file)
    differences = replay(lab, compute, done["job_id"])["comparison"]["differences"]
    pictures = {output.name for output in manifest.outputs if "image" in output.file.media_type}
    assert pictures < {difference["name"] for difference in differences}
    assert "result.parquet" not in {difference["name"] for difference in differences}


def test_other_data_is_named_and_nothing_runs(lab: Lab, compute: RunningService) -> None:
    """A version that is gone, and the same version that was read anew."""
    dataset = lab.homes()
    done = full_job(lab, dataset)
    change_answer(lab, dataset, version=2)
    not_run = {"verdict": "not_run", "differences": [{"cause": "source", "name": "homes"}]}
    assert replay(lab, compute, done["job_id"])["comparison"] == not_run
    other = lab.files.put([b"autre"], "text/csv")
    change_answer(lab, dataset, version=1, file=other.model_dump())
    assert replay(lab, compute, done["job_id"])["comparison"] == not_run


def test_grant_that_ended_is_named(lab: Lab, compute: RunningService) -> None:
    """Nothing is read."""
    dataset = lab.homes()
    done = full_job(lab, dataset)
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.readers.clear())
    comparison = replay(lab, compute, done["job_id"])["comparison"]
    grant = {"cause": "grant", "name": "homes"}
    assert comparison == {"verdict": "not_run", "differences": [grant]}


def test_pseudonyms_are_the_same_until_their_key_goes(lab: Lab, compute: RunningService) -> None:
    """It goes with the project; then nothing runs."""
    treatment = treating(lab.homes(), "pseudonymise", "table", columns=["com"])
    done = full_job(lab, treatment.inputs["homes"], treatment)
    assert replay(lab, compute, done["job_id"])["comparison"] == IDENTICAL
    lab.deliver(done["project_id"], done)
    path = f"/workspaces/{done['project_id']}"
    eventually(lambda: lab.call(compute, "GET", path).json()["state"] == "closed")
    missing = {"cause": "grant", "name": "pseudonymes"}
    comparison = replay(lab, compute, done["job_id"])["comparison"]
    assert comparison == {"verdict": "not_run", "differences": [missing]}


def test_output_that_differs_though_nothing_did_is_undeclared(
    lab: Lab, compute: RunningService
) -> None:
    """The files are named, and the count of them rises."""
    done = full_job(lab, lab.homes())
    with lab.store() as store:
        job = store.of(Job).get(done["job_id"])
    file = FileRef(sha256="0" * 64, size=1, media_type="text/csv")
    outputs = [job.outputs[0].model_copy(update={"file": file}), *job.outputs[1:]]
    change_job(lab, job.id, outputs=tuple(outputs))
    comparison = replay(lab, compute, job.id)["comparison"]
    undeclared = {"cause": "undeclared", "name": outputs[0].name}
    assert comparison == {"verdict": "different", "differences": [undeclared]}
    assert 'datalab_replays_total{outcome="undeclared"' in metrics_text(compute)


def test_query_that_draws_says_so(lab: Lab, compute: RunningService) -> None:
    """The step that reads the clock is the cause."""
    treatment = treating(lab.homes(), "query", "homes", sql="SELECT now()::VARCHAR t FROM homes")
    done = full_job(lab, treatment.inputs["homes"], treatment)
    comparison = replay(lab, compute, done["job_id"])["comparison"]
    chance = {"cause": "chance", "name": "result"}
    assert comparison == {"verdict": "different", "differences": [chance]}


def test_replay_is_for_who_may_read_the_result(lab: Lab, compute: RunningService) -> None:
    """The team may; strangers know of no job; what made nothing is not repeated."""
    done = full_job(lab, lab.homes())
    path = f"/jobs/{done['job_id']}/replay"
    assert lab.call(compute, "POST", path, "mbr_stranger").status == 404
    view = replay(lab, compute, done["job_id"], "mbr_expert")
    assert view["comparison"]["verdict"] == "identical"
    again = lab.call(compute, "POST", f"/jobs/{view['id']}/replay", "mbr_expert")
    assert again.status == 409
    change_job(lab, done["job_id"], outputs=())
    assert lab.call(compute, "POST", path).status == 409


def test_protected_job_is_repeated_by_staff_who_read_the_verdict_alone(
    lab: Lab, compute: RunningService
) -> None:
    """Neither why it differs nor that it did not run is told, nor is how it goes."""
    dataset = lab.homes()
    done = full_job(lab, dataset)
    change_job(lab, done["job_id"], is_protected=True)
    path = f"/jobs/{done['job_id']}/replay"
    assert lab.call(compute, "POST", path).status == 403
    assert lab.call(compute, "POST", path, HOLDER, "reviewer").status == 403
    with lab.intake():
        assert lab.call(compute, "POST", path, PARTIAL, "reviewer").status == 403
        view = replay(lab, compute, done["job_id"], "mbr_r", "reviewer")
        assert view["comparison"] == IDENTICAL
        assert (view["seconds"], view["ended_at"], view["message"]) == (0.0, None, "")
        change_answer(lab, dataset, version=2)
        view = replay(lab, compute, done["job_id"], "mbr_r", "operator")
        assert view["comparison"] == {"verdict": "different", "differences": []}


def test_replay_ends_with_the_access_that_it_uses(lab: Lab) -> None:
    """One that waits is cancelled, too."""
    dataset = lab.homes()
    with lab.compute() as compute:
        done = full_job(lab, dataset)
        job_id, project = done["job_id"], done["project_id"]
    with lab.store() as store:
        replayed = store.of(Job).save(replay_job(store.of(Job).get(job_id), HOLDER))
        assert Commands(store).replay(store.of(Job).get(job_id), HOLDER).id == replayed.id
    with lab.compute(job_slots="1") as compute:
        about = {"project_id": project, "dataset_id": dataset, "owner_id": OWNER}
        lab.publish(AccessRevoked(**about, reason="étude finie"), project, sequence=9)
        path = f"/jobs/{replayed.id}"
        eventually(lambda: lab.call(compute, "GET", path).json()["ended_at"] is not None)


def test_what_differs_is_erased_with_the_job(store: Store) -> None:
    """Its holder leaves: whoever asked for the replay, no word of the treatment stays."""
    about = {"kind": "full", "owner_id": HOLDER, "lane": "prj", "state": "succeeded"}
    original = store.of(Job).save(Job(id="job_1", queued_at=now(), **about))
    replayed = replay_job(original, "mbr_expert")
    chance = (Difference(cause="chance", name="mon_etape"),)
    replayed.comparison = Comparison(verdict="different", differences=chance)
    replayed.state = "succeeded"
    store.of(Job).save(replayed)
    redact_jobs(store, [original])
    assert store.of(Job).get(replayed.id).comparison is None
