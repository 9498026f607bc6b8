"""What a server of lineage is told of a job that ended."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.compute.jobs.model import Job
from services.compute.jobs.staleness import ReadVersion
from services.compute.lineage.run_events import run_events
from shared.engine.tables.manifest import RESULT, TABLE, Column, Input, Manifest, Output, Profile
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.provenance import PolicyReference, Provenance, RunLimits, StepCode
from shared.events import FileRef, Step, Treatment
from tests.openlineage import faults, tags

WORDS = "Durand"
"""Stands wherever anybody may write, and in all that may quote data."""

NOON, LATER = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
FILE = FileRef(sha256="b" * 64, size=99)
STEPS = (
    Step(
        application="query",
        inputs={"t": WORDS},
        parameters={"sql": f"SELECT '{WORDS}'"},
        output=f"{WORDS} 1",
    ),
    Step(application="aggregate", inputs={"table": f"{WORDS} 1"}, output=f"{WORDS} 2"),
)
CODE = next(StepCode.of(STEPS))
READ = Input(
    name=WORDS, dataset_id="dts_1", version=3, sha256="a" * 64, title=WORDS, is_published=True
)
JOB = Job(
    id="job_1",
    kind="full",
    project_id="prj_1",
    owner_id=WORDS,
    submitted_by=WORDS,
    lane="prj_1",
    title=WORDS,
    purpose=WORDS,
    reason=WORDS,
    message=WORDS,
    log_tail=WORDS,
    queued_at=NOON,
    started_at=NOON,
    ended_at=LATER,
    traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01",
    treatment=Treatment(inputs={WORDS: "dts_1"}, steps=STEPS, recipe=f"{WORDS.lower()}@2"),
    read=(ReadVersion(name=WORDS, dataset_id="dts_1", version=3, table="c" * 64),),
)
UPLOAD = Job(
    id="job_2",
    kind="ingest",
    dataset_id="dts_2",
    dataset_version=4,
    owner_id=WORDS,
    lane=WORDS,
    source=FILE,
    filename=f"{WORDS}.csv",
    queued_at=NOON,
    ended_at=LATER,
)


def manifest(*inputs: Input, name: str = RESULT, **changes: Any) -> Manifest:
    """The manifest of a job that read these and made a table."""
    return Manifest(
        job_id="job_1",
        kind="full",
        inputs=inputs,
        steps=STEPS,
        outputs=(Output(name=name, file=FILE), Output(name=f"{WORDS}.png", file=FILE)),
        software={"duckdb": "1.4.0"},
        provenance=Provenance(
            engine="e" * 64,
            executor="slurm",
            shards=4,
            limits=RunLimits(seconds=600, memory_bytes=2_000_000_000),
            holder_id=WORDS,
            purpose=WORDS,
        ),
        started=NOON,
        ended=LATER,
        **{"reports": ({"rows": {"out": 7}, "summary": WORDS},), **changes},
    )


def profile(*columns: str, **changes: Any) -> dict[str, Any]:
    """What reading a table with these columns of numbers reports."""
    profiles = tuple(Column(name=name, kind="integer", filled=7, distinct=7) for name in columns)
    about = {"rows": 7, "encoding": "utf-8", "columns": profiles, **changes}
    return Profile.model_validate(about).model_dump(mode="json")


def test_job_tells_what_it_read_and_made_by_what_and_how() -> None:
    """Open data has its hash, and what is made of it has one and a count of rows."""
    start, end = run_events(JOB, "COMPLETE", manifest(READ))
    assert (start["eventType"], start["eventTime"]) == ("START", NOON.isoformat())
    assert (end["eventType"], end["eventTime"]) == ("COMPLETE", LATER.isoformat())
    assert (end["job"]["name"], end["run"], end["job"]) == (
        "prj_1.full",
        start["run"],
        start["job"],
    )
    [read], [made] = end["inputs"], end["outputs"]
    assert (read["name"], read["facets"]["version"]["datasetVersion"]) == ("dts_1", "3")
    assert (made["name"], made["facets"]["version"]["datasetVersion"]) == ("prj_1.full", "job_1")
    assert [tags(dataset)["sha256"] for dataset in (read, made)] == ["a" * 64, "b" * 64]
    statistics = made["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"]) == (7, 99)
    run, job = end["run"]["facets"], end["job"]["facets"]
    assert run["parent"]["job"]["name"] == "prj_1"
    assert (run["processing_engine"]["name"], run["processing_engine"]["version"]) == (
        "DuckDB",
        "1.4.0",
    )
    parameters = [tuple(pair.values()) for pair in run["executionParameters"]["parameters"]]
    assert parameters == [
        ("executor", "slurm"),
        ("shards", "4"),
        ("seconds", "600"),
        ("memory_bytes", "2000000000"),
    ]
    assert job["sourceCodeLocation"]["version"] == "e" * 64
    assert job["sourceCode"]["sourceCode"] == f"query sha256:{CODE.sha256}\naggregate"


@pytest.mark.parametrize(
    ("job", "left"),
    [
        (JOB, manifest(READ)),
        (JOB, None),
        (UPLOAD, manifest(name=TABLE, reports=(profile("com", "n"),))),
        (UPLOAD, None),
    ],
)
def test_events_are_openlineage_and_have_nobody_s_words(job: Job, left: Manifest | None) -> None:
    """By the schemas that it publishes for the event and each facet."""
    for end_type in ("COMPLETE", "FAIL", "ABORT"):
        events = run_events(job, end_type, left)
        assert [fault for event in events for fault in faults(event)] == []
        assert WORDS.lower() not in json.dumps(events).lower()


@pytest.mark.parametrize(
    "other",
    [
        READ.model_copy(update={"dataset_id": "dts_9", "is_published": False}),
        READ.model_copy(update={"dataset_id": "dts_9", "sha256": "", "is_protected": True}),
    ],
    ids=["own", "restricted"],
)
def test_no_hash_or_count_is_told_of_what_is_not_everybody_s(other: Input) -> None:
    """Nor of what is made of it beside open data: it would prove what somebody has."""
    _, end = run_events(JOB, "COMPLETE", manifest(READ, other))
    assert [tags(dataset).get("sha256") for dataset in end["inputs"]] == ["a" * 64, None]
    [made] = end["outputs"]
    assert tags(made) == {}
    assert "outputFacets" not in made


def test_policy_and_grant_are_told_of_what_was_read_by_them() -> None:
    """By the hash of the policy, and the id of the grant."""
    policy = PolicyReference(dataset_id="dts_7", number=2, sha256="f" * 64)
    answered = READ.model_copy(update={"policy": policy, "grant_id": "prj_1.dts_7", "sha256": ""})
    start, _ = run_events(JOB, "COMPLETE", manifest(answered))
    [read] = start["inputs"]
    assert tags(read) == {"release_policy": "f" * 64, "grant": "prj_1.dts_7"}


def test_job_without_a_result_tells_what_it_was_to_read() -> None:
    """As the version that it opened, if it came so far; one that never began starts as it ends."""
    _, end = run_events(JOB, "FAIL", None)
    assert [read["facets"]["version"]["datasetVersion"] for read in end["inputs"]] == ["3"]
    assert end["outputs"] == []
    queued = Job.model_validate(
        {**dict(JOB), "read": (), "started_at": datetime.max.replace(tzinfo=UTC)}
    )
    start, end = run_events(queued, "ABORT", None)
    assert [read["facets"] for read in end["inputs"]] == [{}]
    assert start["eventTime"] == end["eventTime"] == LATER.isoformat()


def test_upload_is_read_into_a_version_with_columns_that_all_may_know() -> None:
    """Not those of a table that tells about persons; a result comes from its project's job."""
    _, end = run_events(UPLOAD, "COMPLETE", manifest(name=TABLE, reports=(profile("com", "n"),)))
    assert [read["name"] for read in end["inputs"]] == ["dts_2.source"]
    [table] = end["outputs"]
    assert (table["name"], table["facets"]["version"]["datasetVersion"]) == ("dts_2", "4")
    assert [field["name"] for field in table["facets"]["schema"]["fields"]] == ["com", "n"]
    personal = profile("nom", privacy=Privacy(verdict="direct", subject="persons"))
    _, end = run_events(UPLOAD, "COMPLETE", manifest(name=TABLE, reports=(personal,)))
    assert "schema" not in end["outputs"][0]["facets"]
    of_project = UPLOAD.model_copy(update={"project_id": "prj_1"})
    _, end = run_events(of_project, "COMPLETE", manifest(name=TABLE))
    assert [read["name"] for read in end["inputs"]] == ["prj_1.full"]
