"""What a job says when it cannot have its data."""

import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.compute.execution.job_folder import JobFolder, job_folder
from services.compute.execution.spares.spares import Spares
from services.compute.execution.staging import Inputs
from services.compute.jobs.model import Job
from shared.engine.contract.policy import PolicyDimension, ReleasePolicy
from shared.engine.sandbox.disk_space import Waiting
from shared.engine.sandbox.limits import Limits
from shared.engine.tables.manifest import PARQUET
from shared.errors import (
    DeadlineExceeded,
    Forbidden,
    LabError,
    NotFound,
    Rejected,
    Unavailable,
    WrongStage,
)
from shared.events import FileRef, Treatment
from shared.storage import Storage
from tests.integration.compute.lab import summing
from tests.servers import PATIENCE_SECONDS

TREATMENT = summing("dts_1")
LIMITS = Limits(seconds=PATIENCE_SECONDS, memory_bytes=10**9)
SPARES = Spares(0, LIMITS.memory_bytes)
POLICY = ReleasePolicy(dimensions=(PolicyDimension(column="stop", levels=("value",)),))


class Refusing:
    """A catalogue that always answers the same error."""

    def __init__(self, error: LabError) -> None:
        self._error = error

    def open_dataset(self, *_question: Any, **_version: Any) -> NoReturn:
        """Raise it, whatever is asked for."""
        raise self._error

    open_for_protection = open_dataset


def trial(treatment: Treatment) -> Job:
    """The trial job of that treatment."""
    about: dict[str, Any] = {"owner_id": "mbr_1", "lane": "prj_1", "queued_at": datetime.now(UTC)}
    return Job(id="job_1", kind="trial", project_id="prj_1", treatment=treatment, **about)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Forbidden("no grant"), Rejected, "n'a pas accès aux données « homes »"),
        (NotFound("unknown"), Rejected, "les données « homes » n'existent pas"),
        (WrongStage("no version could be read"), Rejected, "aucune version des données « homes »"),
        (Unavailable("is still being read"), Waiting, "lit encore les données « homes »"),
        (DeadlineExceeded("no answer"), Waiting, "ou ne répond pas"),
    ],
)
def test_what_the_catalogue_answers_is_told_in_french(
    tmp_path: Path, answer: LabError, kind: type[LabError], words: str
) -> None:
    """Holders read it: it names the table as they do, and none of the catalogue's own words."""
    inputs = Inputs(Refusing(answer), Storage("memory://"), SPARES, LIMITS, lambda: False)
    with pytest.raises(kind, match=words) as refusal:
        inputs.gather(inputs.find(trial(TREATMENT)), JobFolder(tmp_path))
    assert str(answer) not in str(refusal.value)


class Counting:
    """A catalogue that lets everything be read, and lists what was asked for."""

    def __init__(self, file: FileRef) -> None:
        self._file, self.asked = file, list[str]()

    def open_dataset(self, *question: Any, **_version: Any) -> dict[str, Any]:
        """The same table, whatever is asked for."""
        dataset_id = question[1]
        self.asked.append(dataset_id)
        return self._dataset(dataset_id)

    def open_for_protection(self, dataset_id: str) -> dict[str, Any]:
        """The same table, and what its owner lets be shown of it."""
        return {"dataset": self._dataset(dataset_id), "policy": POLICY.model_dump(mode="json")}

    def _dataset(self, dataset_id: str) -> dict[str, Any]:
        about = {"dataset_id": dataset_id, "title": "T", "version": 1, "licence": "lov2"}
        return {**about, "sha256": self._file.sha256, "file": self._file.model_dump()}


def test_dataset_under_two_names_is_opened_once(tmp_path: Path) -> None:
    """One run is one use, and both names mean the same version."""
    files = Storage("memory://")
    catalog = Counting(files.put([b"PAR1"], "application/vnd.apache.parquet"))
    twice = TREATMENT.model_copy(update={"inputs": {"homes": "dts_1", "flats": "dts_1"}})
    folder = JobFolder(tmp_path)
    inputs = Inputs(catalog, files, SPARES, LIMITS, lambda: False)
    granted_inputs = inputs.gather(inputs.find(trial(twice)), folder)
    assert [(job_input.name, job_input.dataset_id) for job_input in granted_inputs] == [
        ("homes", "dts_1"),
        ("flats", "dts_1"),
    ]
    assert catalog.asked == ["dts_1"]
    assert all(folder.input_path(number).read_bytes() == b"PAR1" for number in range(2))


def protecting() -> Job:
    """The job that makes the protected tables of a dataset."""
    return trial(TREATMENT).model_copy(
        update={"kind": "protect", "dataset_id": "dts_9", "project_id": None, "treatment": None}
    )


def test_protected_tables_are_made_by_the_policy_of_now(tmp_path: Path) -> None:
    """The table is read whole, and the catalogue says by which policy."""
    files = Storage("memory://")
    file = files.put([b"PAR1"], "application/vnd.apache.parquet")
    inputs = Inputs(Counting(file), files, SPARES, LIMITS, lambda: False)
    [named] = inputs.gather(inputs.find(protecting()), JobFolder(tmp_path))
    assert (named.dataset_id, named.columns, inputs.policy) == ("dts_9", None, POLICY)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(WrongStage("il n'en est plus demandé"), Rejected), (Unavailable("n'en est plus"), Waiting)],
)
def test_why_no_protected_tables_can_be_made_is_told(answer: LabError, kind: type) -> None:
    """In the catalogue's French words; what only takes time is waited for."""
    inputs = Inputs(Refusing(answer), Storage("memory://"), SPARES, LIMITS, lambda: False)
    with pytest.raises(kind, match=r"n'en est plus|lit encore ces données"):
        inputs.find(protecting())


class Granting(Counting):
    """A catalogue that grants two columns only."""

    def open_dataset(self, *question: Any, **_version: Any) -> dict[str, Any]:
        """The table, of which this may be read."""
        return super().open_dataset(*question) | {"columns": ["stop", "boardings"]}


def test_job_never_sees_columns_that_were_not_granted(tmp_path: Path) -> None:
    """Neither their names nor their values stand anywhere in its folder."""
    table = pa.table({"stop": ["a", "b"], "revenue": ["SECRET", "SECRET"], "boardings": ["1", "2"]})
    pq.write_table(table, tmp_path / "table.parquet", compression="none")
    files = Storage("memory://")
    ref = files.put([(tmp_path / "table.parquet").read_bytes()], PARQUET)
    with job_folder() as folder:
        inputs = Inputs(Granting(ref), files, SPARES, LIMITS, lambda: False)
        [named] = inputs.gather(inputs.find(trial(TREATMENT)), folder)
        assert named.columns == ("stop", "boardings")
        assert pq.read_table(folder.input_path(0)).to_pydict() == {
            "stop": ["a", "b"],
            "boardings": ["1", "2"],
        }
        everything = b"".join(
            path.read_bytes() for path in folder.path.rglob("*") if path.is_file()
        )
    assert b"SECRET" not in everything
    assert b"revenue" not in everything
    assert not list(Path(gettempdir()).glob(f"datalab-job-{os.getpid()}-*"))
