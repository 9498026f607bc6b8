"""What left before is in a job's folder, and what leaves now is told to the catalogue."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.compute.execution.job_folder import JobFolder
from services.compute.execution.staged_run import StagedRun
from services.compute.execution.staging import Inputs, StoredResult, claims_of, store_result
from shared.aggregate import now
from shared.engine.contract.work import Work
from shared.engine.sandbox import run_files
from shared.engine.tables.manifest import Input, Manifest
from shared.engine.tables.release import EarlierCells, LedgerEntry, ReleaseRecord
from shared.errors import Rejected
from shared.events import FileRef
from shared.storage import Storage
from tests.integration.compute.execution.test_inputs import (
    LIMITS,
    SPARES,
    TREATMENT,
    Counting,
    trial,
)

ENTRY = LedgerEntry(
    dataset_id="dts_1",
    version=1,
    sha256="a" * 64,
    figures=("count",),
    cells=1,
    units=12,
    minimum_units=11,
    file="ledger.parquet",
)


class Protecting(Counting):
    """A catalogue of restricted data, of which two results left before with the same cells."""

    def __init__(self, file: FileRef, cells: FileRef) -> None:
        super().__init__(file)
        self._cells = cells

    def open_dataset(self, *question: Any, **_version: Any) -> dict[str, Any]:
        """The table, and what left of it."""
        earlier = {"entry": ENTRY.model_dump(), "file": self._cells.model_dump(), "job_id": "job_1"}
        fields = {"is_protected": True, "minimum_units": 20, "releases": [earlier, earlier]}
        return super().open_dataset(*question) | fields | {"ledger_length": 5}


def opened(files: Storage, folder: JobFolder) -> tuple[list[Input], dict[str, Any]]:
    """A job's inputs, and what the rules are told of them."""
    table, cells = (
        files.put([content], "application/octet-stream") for content in (b"PAR1", b"cells")
    )
    inputs = Inputs(Protecting(table, cells), files, SPARES, LIMITS, lambda: False)
    granted_inputs = inputs.find(trial(TREATMENT))
    protected = inputs.protect(granted_inputs, folder)
    return inputs.gather(granted_inputs, folder), dict(protected)


def test_cells_of_earlier_releases_are_in_the_folder(tmp_path: Path) -> None:
    """Each file once, beside the inputs, with the entries that it belongs to."""
    folder = JobFolder(tmp_path)
    inputs, protected = opened(Storage("memory://"), folder)
    homes = protected["homes"]
    assert homes.minimum_units == 20
    assert homes.earlier == (EarlierCells(entry=ENTRY, path="in/ledger-0", job_id="job_1"),) * 2
    assert (tmp_path / "in/ledger-0").read_bytes() == b"cells"
    assert "releases" not in inputs[0].model_dump()


def leave(folder: JobFolder, *outputs: dict[str, Any], entries: tuple[LedgerEntry, ...]) -> None:
    """Let the sandbox have made these, and told what leaves."""
    for output in outputs:
        (folder.path / output["path"]).write_bytes(output["name"].encode())
    record = ReleaseRecord(verdict="released", entries=entries, told="vu")
    result = {"outputs": outputs, "release": record.model_dump()}
    (folder.path / "result.json").write_text(json.dumps(result))


def output_file(name: str, *, is_internal: bool = False) -> dict[str, Any]:
    """A file of a job."""
    return {"name": name, "path": f"out/{name}", "is_internal": is_internal}


def stored(folder: JobFolder, files: Storage, inputs: list[Input]) -> StoredResult:
    """What is kept of a job that ended."""
    folder.describe(Work(kind="trial", inputs={}))
    staged = StagedRun(inputs=tuple(inputs), began=now(), hashes_by_dataset={}, step_keys={})
    return store_result(trial(TREATMENT), staged, folder, files, "local")


def test_ledger_files_are_nobody_s_to_see(tmp_path: Path) -> None:
    """Neither job nor manifest names them; the catalogue is told where they lie, and the place."""
    folder, files = JobFolder(tmp_path), Storage("memory://")
    inputs, _ = opened(files, folder)
    leave(
        folder,
        output_file("result.parquet"),
        output_file("ledger.parquet", is_internal=True),
        entries=(ENTRY,),
    )
    run_files.write_run_file(tmp_path, run_files.LIMITS, LIMITS)
    kept = stored(folder, files, inputs)
    manifest = Manifest.model_validate_json(files.read(kept.result))
    assert manifest.provenance.limits
    assert manifest.provenance.limits.memory_bytes == LIMITS.memory_bytes
    assert [read.is_protected for read in manifest.inputs] == [True]
    for outputs in (kept.outputs, manifest.outputs):
        assert [output.name for output in outputs] == ["result.parquet"]
    [claim] = claims_of(inputs, kept)
    assert claim["place"] == 5
    assert LedgerEntry.model_validate(claim["entry"]) == ENTRY
    assert files.read(FileRef.model_validate(claim["file"])) == b"ledger.parquet"
    assert kept.ending["release"].is_held


def test_result_that_nothing_was_checked_of_is_held(tmp_path: Path) -> None:
    """Of others' restricted data nothing leaves because a rule was not run."""
    folder, files = JobFolder(tmp_path), Storage("memory://")
    inputs, _ = opened(files, folder)
    (tmp_path / "result.json").write_text("{}")
    kept = stored(folder, files, inputs)
    assert kept.release is not None
    assert kept.release.is_held
    free = [job_input.model_copy(update={"is_protected": False}) for job_input in inputs]
    assert stored(folder, files, free).release is None


@pytest.mark.parametrize("changed", [{"dataset_id": "dts_2"}, {"version": 2}, {"file": "none"}])
def test_entries_are_of_what_the_job_read(tmp_path: Path, changed: dict[str, Any]) -> None:
    """What the sandbox tells is not trusted: of other data, or without its file, it is nothing."""
    folder, files = JobFolder(tmp_path), Storage("memory://")
    inputs, _ = opened(files, folder)
    entry = ENTRY.model_copy(update=changed)
    leave(folder, output_file("ledger.parquet", is_internal=True), entries=(entry,))
    with pytest.raises(Rejected, match="compte lisible"):
        claims_of(inputs, stored(folder, files, inputs))
