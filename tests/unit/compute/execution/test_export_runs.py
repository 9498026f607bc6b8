"""Exports take turns: a few at a time, and no member holds all the places."""

from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import pytest

from services.compute.execution.export_runs import ExportGate, TableExports, lines_of
from services.compute.execution.spares.spares import Spares
from services.compute.jobs.model import Job
from services.compute.jobs.release_review import Decision, ReleaseDecision
from shared.aggregate import now
from shared.engine.tables.exports import Export
from shared.engine.tables.manifest import Manifest
from shared.engine.tables.release import ReleaseRecord
from shared.errors import Rejected, TooMany, Unavailable
from shared.storage import Storage


def test_a_member_has_two_exports_at_a_time() -> None:
    """Others go on meanwhile, and places are free again when exports end."""
    gate = ExportGate(at_once=3)
    with ExitStack() as places:
        for lane in ("mbr_a", "mbr_a", "mbr_b"):
            places.enter_context(gate.place(lane))
        with pytest.raises(TooMany), gate.place("mbr_a"):
            pass
    with gate.place("mbr_a"), gate.place("mbr_a"), gate.place("mbr_b"):
        pass


def test_few_exports_wait() -> None:
    """Each holds a worker of the service: more are told to come back."""
    gate = ExportGate(at_once=1, waiting=1)
    entered = Event()

    def wait() -> None:
        with gate.place("mbr_b"):
            entered.set()

    waiting = Thread(target=wait)
    with gate.place("mbr_a"):
        waiting.start()
        while gate.held < 2:
            pass
        with pytest.raises(Unavailable), gate.place("mbr_c"):
            pass
        assert not entered.is_set()
    waiting.join()
    assert entered.is_set()


def test_only_tables_are_exported(tmp_path: Path) -> None:
    """Whatever an uploader says of a file."""
    files = Storage(f"file://{tmp_path}")
    text = files.put([b"a;b\n"], "text/csv")
    with pytest.raises(Rejected, match="seule une table"):
        TableExports(files, 10**9, Spares(0, 10**9)).table(text, Export(format="xlsx"), "mbr_a")


@pytest.mark.parametrize(("decision", "says"), [("mask", True), ("release", False)])
def test_a_table_with_hidden_figures_says_so(decision: Decision, *, says: bool) -> None:
    """On its second sheet, which goes along where the result's page does not."""
    release = ReleaseRecord(masking="1 ligne sur 2 a des chiffres masqués.")
    job = Job(id="job_1", kind="full", owner_id="m", lane="m", queued_at=now(), release=release)
    job.decision = ReleaseDecision(decision=decision, decided_by="mbr_r", reason="relu")
    manifest = Manifest(job_id="job_1", kind="full", started=now(), ended=now())
    texts_by_label = {line.label: line.text for line in lines_of(job, manifest)}
    assert (texts_by_label.get("Secret statistique") == release.masking) is says
