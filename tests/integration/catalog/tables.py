"""Tables in the running catalogue, as the real runner reads them."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.engine.tables.key_file import KEYS
from shared.engine.tables.manifest import Output
from shared.events import JobSucceeded
from tests.integration.catalog.lab import Lab
from tests.integration.compute.jobs import ingested_once


def ingested(lab: Lab, dataset_id: str, content: Path | bytes, version: int = 1) -> JobSucceeded:
    """The end of an ingest job that read this table; what it made is in the store."""
    run = ingested_once(content)
    names = [output["name"] for output in run.result["outputs"]]
    outputs = [
        Output(name=name, file=lab.files.put([run.output_path(name).read_bytes()], "x/y"))
        for name in names
    ]
    assert set(names) <= {"table.parquet", KEYS}
    return lab.ended(dataset_id, version, outputs, run.reports)


def publish_table(lab: Lab, owner_id: str, content: Path | bytes, **metadata: Any) -> str:
    """The id of a new dataset of that owner, published with this table."""
    dataset_id = lab.upload(owner_id, uuid4().bytes, **metadata)
    lab.publish(ingested(lab, dataset_id, content))
    lab.wait_for("dataset_published", dataset_id=dataset_id)
    return dataset_id


def publish_version(lab: Lab, owner_id: str, dataset_id: str, content: Path | bytes) -> None:
    """Publish this table as the second version of a dataset."""
    token = lab.token(owner_id, "owner")
    path = f"/datasets/{dataset_id}/versions"
    answer = lab.post_file(path, token, {}, uuid4().bytes)
    assert answer.status == 202, answer.data
    lab.publish(ingested(lab, dataset_id, content, version=2))
    lab.wait_for("dataset_published", dataset_id=dataset_id, version=2)


def csv(column: str, values: list[str]) -> bytes:
    """A table of one column."""
    return "\n".join([column, *values]).encode()
