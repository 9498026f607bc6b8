"""What is said of a table that somebody takes away."""

import pytest

from services.compute.execution.export_runs import lines_of
from services.compute.jobs.model import Job
from services.compute.jobs.release_review import Decision, ReleaseDecision
from shared.aggregate import now
from shared.engine.tables.manifest import Manifest
from shared.engine.tables.release import ReleaseRecord


@pytest.mark.parametrize(("decision", "says"), [("mask", True), ("release", False)])
def test_a_table_with_hidden_figures_says_so(decision: Decision, *, says: bool) -> None:
    """On its second sheet, which goes along where the result's page does not."""
    release = ReleaseRecord(masking="1 ligne sur 2 a des chiffres masqués.")
    job = Job(id="job_1", kind="full", owner_id="m", lane="m", queued_at=now(), release=release)
    job.decision = ReleaseDecision(decision=decision, decided_by="mbr_r", reason="relu")
    manifest = Manifest(job_id="job_1", kind="full", started=now(), ended=now())
    texts_by_label = {line.label: line.text for line in lines_of(job, manifest)}
    assert (texts_by_label.get("Secret statistique") == release.masking) is says
