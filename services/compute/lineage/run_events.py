"""An ended job as OpenLineage events: https://openlineage.io/spec, version 2-0-2.

They name jobs, projects and datasets by their ids, and tell no content: no title, reason, name of a
member, nor what anybody wrote to be run. Hashes and counts are told of data alone that others show
to everybody, and of what is made of nothing else: they prove what somebody has.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from services.compute.jobs.model import Job
from shared.engine.tables.manifest import RESULT, TABLE, Input, Manifest, Profile

EndType = Literal["COMPLETE", "FAIL", "ABORT"]
LineageEvent = dict[str, Any]
"""What is sent, as plain JSON."""

_NAMESPACE = "datalab"
_PRODUCER = "urn:datalab:compute"
_SPEC = "https://openlineage.io/spec"
_VERSIONS = {
    "DatasetVersionDatasetFacet": "1-0-1",
    "ExecutionParametersRunFacet": "1-0-0",
    "JobTypeJobFacet": "2-0-4",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
    "SourceCodeJobFacet": "1-0-1",
    "SourceCodeLocationJobFacet": "1-1-0",
    "TagsDatasetFacet": "1-0-0",
    "TagsRunFacet": "1-0-0",
}
"""Of the facets that are written here."""


def run_events(
    job: Job, end_type: EndType, manifest: Manifest | None
) -> tuple[LineageEvent, LineageEvent]:
    """Return the start and the end of an ended job; `manifest` is that of its result, if any.

    A job that never began starts when it ends.
    """
    started, ended = min(job.started_at, job.ended_at), job.ended_at
    if manifest:
        # Of others' restricted data it knows the day alone: how long a job took may tell.
        started, ended = manifest.started, manifest.ended
    inputs = list(_inputs(job, manifest))
    about = {"run": _run(job, manifest), "job": _job(job, manifest), "inputs": inputs}
    outputs = [_output(job, manifest)] if manifest and manifest.outputs else []
    return _event("START", started, **about), _event(end_type, ended, **about, outputs=outputs)


def _event(event_type: str, at: datetime, **content: Any) -> LineageEvent:  # noqa: ANN401 - JSON
    return {
        "eventType": event_type,
        "eventTime": at.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        **content,
    }


def _facet(name: str, /, **content: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    schema = f"{_SPEC}/facets/{_VERSIONS[name]}/{name}.json#/$defs/{name}"
    return {"_producer": _PRODUCER, "_schemaURL": schema, **content}


def _tags(name: str, /, **tags: str) -> dict[str, Any]:
    """Return a facet of those tags that have a value."""
    pairs = [{"key": key, "value": value} for key, value in tags.items() if value]
    return {"tags": _facet(name, tags=pairs)} if pairs else {}


def _uuid(kind: str, identifier: str) -> str:
    """Return the id of a run, which is always the same."""
    return str(uuid5(NAMESPACE_URL, f"urn:datalab:{kind}:{identifier}"))


def _run(job: Job, manifest: Manifest | None) -> dict[str, Any]:
    facets = _tags("TagsRunFacet", job=job.id, traceparent=job.traceparent)
    if job.project_id:
        facets["parent"] = _facet(
            "ParentRunFacet",
            run={"runId": _uuid("project", job.project_id)},
            job={"namespace": _NAMESPACE, "name": job.project_id},
        )
    if manifest and (version := manifest.software.get("duckdb")):
        facets["processing_engine"] = _facet(
            "ProcessingEngineRunFacet", name="DuckDB", version=version
        )
    if manifest and (parameters := list(_parameters(manifest))):
        facets["executionParameters"] = _facet("ExecutionParametersRunFacet", parameters=parameters)
    return {"runId": _uuid("job", job.id), "facets": facets}


def _parameters(manifest: Manifest) -> Iterator[dict[str, str]]:
    provenance = manifest.provenance
    if provenance.executor:
        yield {"key": "executor", "value": provenance.executor}
    if provenance.shards > 1:
        yield {"key": "shards", "value": str(provenance.shards)}
    if limits := provenance.limits:
        yield {"key": "seconds", "value": f"{limits.seconds:g}"}
        yield {"key": "memory_bytes", "value": str(limits.memory_bytes)}


def _job(job: Job, manifest: Manifest | None) -> dict[str, Any]:
    kind = {"processingType": "BATCH", "integration": "DATALAB", "jobType": job.kind.upper()}
    facets = {"jobType": _facet("JobTypeJobFacet", **kind)}
    if manifest and (engine := manifest.provenance.engine):
        location = {"type": "sha256", "url": f"urn:sha256:{engine}", "version": engine}
        facets["sourceCodeLocation"] = _facet("SourceCodeLocationJobFacet", **location)
    if steps := "\n".join(_steps(job)):
        facets["sourceCode"] = _facet("SourceCodeJobFacet", language="datalab", sourceCode=steps)
    return {"namespace": _NAMESPACE, "name": _job_name(job), "facets": facets}


def _job_name(job: Job) -> str:
    """Return the same name for all jobs of a kind of one project or dataset."""
    of = job.dataset_id if job.kind == "ingest" else job.project_id
    return f"{of or job.id}.{job.kind}"


def _steps(job: Job) -> Iterator[str]:
    """Return the application of each step, and a hash of what somebody wrote for it."""
    hashes = {code.step: f" sha256:{code.sha256}" for code in job.provenance.code}
    for step in job.treatment.steps if job.treatment else ():
        yield f"{step.application}{hashes.get(step.output, '')}"


def _inputs(job: Job, manifest: Manifest | None) -> Iterator[dict[str, Any]]:
    if job.kind == "ingest":
        # A result that is delivered is read as what its project made.
        name = f"{job.project_id}.full" if job.project_id else f"{job.dataset_id}.source"
        yield _dataset(name)
    elif manifest:
        for read in {read.dataset_id: read for read in manifest.inputs}.values():
            yield _read(read)
    else:
        versions = {read.dataset_id: str(read.version) for read in job.read}
        for dataset_id in dict.fromkeys(job.reads.values()):
            yield _dataset(dataset_id, versions.get(dataset_id, ""))


def _read(read: Input) -> dict[str, Any]:
    tags = {
        "sha256": read.sha256 if read.is_published else "",
        "grant": read.grant_id,
        "release_policy": read.policy.sha256 if read.policy else "",
        "invented": "true" if read.is_invented else "",
    }
    return _dataset(read.dataset_id, str(read.version), **tags)


def _dataset(name: str, version: str = "", /, **tags: str) -> dict[str, Any]:
    facets = _tags("TagsDatasetFacet", **tags)
    if version:
        facets["version"] = _facet("DatasetVersionDatasetFacet", datasetVersion=version)
    return {"namespace": _NAMESPACE, "name": name, "facets": facets}


def _output(job: Job, manifest: Manifest) -> dict[str, Any]:
    """Return the table that it made."""
    if job.kind == "ingest":
        dataset = _dataset(job.dataset_id or job.id, str(job.dataset_version))
        if fields := _fields(manifest):
            dataset["facets"]["schema"] = _facet("SchemaDatasetFacet", fields=fields)
        return dataset
    table = manifest.output(RESULT)
    if table is None or not all(read.is_published and read.sha256 for read in manifest.inputs):
        return _dataset(_job_name(job), job.id)
    dataset = _dataset(_job_name(job), job.id, sha256=table.sha256)
    statistics = {"size": table.size, **_rows(manifest)}
    facet = _facet("OutputStatisticsOutputDatasetFacet", **statistics)
    return dataset | {"outputFacets": {"outputStatistics": facet}}


def _fields(manifest: Manifest) -> list[dict[str, str]]:
    """Return the columns of a table that was read, as everybody may know them.

    Of one that tells about persons its owner decides first whether it is published.
    """
    try:
        profile = Profile.model_validate(manifest.reports[0] if manifest.reports else {})
    except ValidationError:
        return []
    if manifest.output(TABLE) is None or (profile.privacy and not profile.privacy.is_safe):
        return []
    return [{"name": column.name, "type": column.as_known.sql_type} for column in profile.columns]


def _rows(manifest: Manifest) -> dict[str, int]:
    """Return how many rows the last step made, if it counted them."""
    rows = manifest.reports[-1].get("rows") if manifest.reports else None
    count = rows.get("out") if isinstance(rows, dict) else None
    return {"rowCount": count} if isinstance(count, int) else {}
