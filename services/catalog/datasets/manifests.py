"""Reads the manifests that jobs leave in the file store."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from shared.engine.contract.harvested_page import PageReport
from shared.engine.contract.policy import MadeTables
from shared.engine.tables.manifest import ColumnDescription, Manifest, Profile
from shared.engine.tables.privacy import Privacy
from shared.errors import Rejected, explain
from shared.events.event import FileRef
from shared.storage import Storage


def read_manifest(files: Storage, ref: FileRef) -> Manifest:
    """The manifest behind `ref`; Rejected when it is none, Unavailable when files are."""
    with _rejected(f"manifest {ref.sha256}"):
        return Manifest.model_validate_json(files.read(ref))


def output_of(manifest: Manifest, name: str) -> FileRef:
    """The file `name` that the job must have made; Rejected when it did not."""
    file = manifest.output(name)
    if file is None:
        raise Rejected(f"job {manifest.job_id} made no {name}")
    return file


def profile_of(manifest: Manifest) -> Profile:
    """What an ingest job reports about its table; Rejected when it does not."""
    with _rejected(f"profile of job {manifest.job_id}"):
        return Profile.model_validate(manifest.reports[0] if manifest.reports else {})


def privacy_of(manifest: Manifest) -> Privacy | None:
    """What a treatment's result tells about persons; Rejected when its report of it is broken."""
    with _rejected(f"privacy of job {manifest.job_id}"):
        return Privacy.of(manifest.reports)


def descriptions_of(manifest: Manifest) -> tuple[ColumnDescription, ...]:
    """What a treatment says of the columns of its result; Rejected when its report is broken."""
    with _rejected(f"columns of job {manifest.job_id}"):
        return manifest.descriptions


def page_of(manifest: Manifest) -> PageReport:
    """What a harvest job reports about its page; Rejected when it does not."""
    with _rejected(f"page of job {manifest.job_id}"):
        return PageReport.model_validate(manifest.reports[0] if manifest.reports else {})


def tables_of(manifest: Manifest) -> MadeTables:
    """What a protect job reports of its tables; Rejected when it does not."""
    with _rejected(f"tables of job {manifest.job_id}"):
        report = manifest.reports[0] if manifest.reports else {}
        return MadeTables.model_validate(report.get("made", {}))


@contextmanager
def _rejected(what: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise Rejected(f"{what}: {explain(error)}") from error


def close_percent_of(manifest: Manifest) -> int | None:
    """What a protect job tells the owner of noise: a share of large counts; None without any."""
    share = manifest.reports[0].get("close_percent") if manifest.reports else None
    return share if isinstance(share, int) else None
