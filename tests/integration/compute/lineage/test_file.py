"""What a file gets of jobs: from a compute service, and of results that nobody has any more."""

import json
from pathlib import Path
from urllib.parse import quote

from services.compute.jobs.model import Job
from services.compute.lineage.sending import LineageServer
from services.compute.lineage.telling import tell_end
from shared.aggregate import now
from shared.engine.tables.manifest import Manifest
from shared.engine.tables.release import ReleaseRecord
from shared.events import Envelope, FileRef, JobSucceeded
from shared.outbound import SsrfGuard
from shared.storage import Storage
from shared.store import Store
from tests.integration.compute.lab import HOMES, Lab
from tests.openlineage import faults
from tests.servers import eventually


def test_file_gets_a_line_for_each_event(lab: Lab, tmp_path: Path) -> None:
    """In the place of a server."""
    path = tmp_path / "lineage d'hier.jsonl"
    url = f"file://{quote(str(path))}"
    with lab.bare_compute(openlineage_url=url):
        dataset = lab.register(HOMES).dataset_id
        eventually(lambda: path.exists() and dataset in path.read_text(), "its events")
    events = [json.loads(line) for line in path.read_text().splitlines()]
    of_dataset = [event for event in events if event["job"]["name"] == f"{dataset}.ingest"]
    assert [event["eventType"] for event in of_dataset] == ["START", "COMPLETE"]
    assert [fault for event in events for fault in faults(event)] == []


def released(store: Store, result: FileRef) -> Envelope[JobSucceeded]:
    """What is told of a job on others' restricted data that failed, once that may be known."""
    about = {"id": "job_1", "kind": "full", "project_id": "prj_1", "owner_id": "mbr_1"}
    times = dict.fromkeys(("queued_at", "started_at", "ended_at"), now())
    record = ReleaseRecord(failure="le traitement a échoué")
    store.of(Job).add(
        Job(**about, **times, lane="prj_1", state="succeeded", is_protected=True, release=record)
    )
    event = JobSucceeded(job_id="job_1", kind="full", result=result, seconds=0)
    subject = {"subject": "job_1", "sequence": 1, "correlationid": "prj_1", "time": now()}
    return Envelope(id="e1", source="compute", type="job_succeeded", data=event, **subject)


def test_failure_that_may_be_known_is_told_until_it_is_taken_away(
    store: Store, tmp_path: Path
) -> None:
    """Its manifest alone has a time that tells nothing."""
    path, files = tmp_path / "lineage.jsonl", Storage(f"file://{tmp_path / 'files'}")
    server = LineageServer(f"file://{path}", SsrfGuard(allow_private=True))
    manifest = Manifest(job_id="job_1", kind="full", started=now(), ended=now())
    result = files.put([manifest.model_dump_json().encode()], "application/json")
    gone = result.model_copy(update={"sha256": "0" * 64})
    tell_end(store, files, server, released(store, gone))
    assert not path.exists()
    tell_end(store, files, server, released(store, result))
    types = [json.loads(line)["eventType"] for line in path.read_text().splitlines()]
    assert types == ["START", "FAIL"]
