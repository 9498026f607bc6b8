"""Runs on tables take turns: a few at a time, and no member holds all the places."""

from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import pytest

from services.compute.execution.spares.spares import Spares
from services.compute.execution.table_runs import RunGate, TableRuns
from shared.engine.tables.exports import Export
from shared.errors import Rejected, TooMany, Unavailable
from shared.storage import Storage


def test_a_member_has_two_runs_at_a_time() -> None:
    """Others go on meanwhile, and places are free again when runs end."""
    gate = RunGate(at_once=3)
    with ExitStack() as places:
        for lane in ("mbr_a", "mbr_a", "mbr_b"):
            places.enter_context(gate.place(lane))
        with pytest.raises(TooMany), gate.place("mbr_a"):
            pass
    with gate.place("mbr_a"), gate.place("mbr_a"), gate.place("mbr_b"):
        pass


def test_few_runs_wait() -> None:
    """Each holds a worker of the service: more are told to come back."""
    gate = RunGate(at_once=1, waiting=1)
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


def test_only_tables_are_read(tmp_path: Path) -> None:
    """Whatever an uploader says of a file."""
    files = Storage(f"file://{tmp_path}")
    text = files.put([b"a;b\n"], "text/csv")
    runs = TableRuns(files, 10**9, Spares(0, 10**9))
    with (
        pytest.raises(Rejected, match="seule une table"),
        runs.of("shared.engine.exports.__main__", (text,), Export(format="xlsx"), "mbr_a"),
    ):
        pass
