"""What a job says when it cannot have its data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from services.compute.execution.job_folder import JobFolder
from services.compute.execution.staging import Inputs
from services.compute.jobs.model import Job, Waiting
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

TREATMENT = summing("dts_1")


class Refusing:
    """A catalogue that always answers the same error."""

    def __init__(self, error: LabError) -> None:
        self._error = error

    def open_dataset(self, project_id: str, dataset_id: str, job_id: str) -> NoReturn:  # noqa: ARG002
        """Raise it, whatever is asked for."""
        raise self._error


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
    inputs = Inputs(Refusing(answer), Storage("memory://"), lambda: False)
    with pytest.raises(kind, match=words) as told:
        inputs.gather(trial(TREATMENT), JobFolder(tmp_path))
    assert str(answer) not in str(told.value)


class Counting:
    """A catalogue that lets everything be read, and lists what was asked for."""

    def __init__(self, file: FileRef) -> None:
        self._file, self.asked = file, list[str]()

    def open_dataset(self, project_id: str, dataset_id: str, job_id: str) -> dict[str, Any]:  # noqa: ARG002
        """The same table, whatever is asked for."""
        self.asked.append(dataset_id)
        about = {"dataset_id": dataset_id, "title": "T", "version": 1, "licence": "lov2"}
        return {**about, "sha256": self._file.sha256, "file": self._file.model_dump()}


def test_dataset_under_two_names_is_opened_once(tmp_path: Path) -> None:
    """One run is one use, and both names mean the same version."""
    files = Storage("memory://")
    catalog = Counting(files.put([b"PAR1"], "application/vnd.apache.parquet"))
    twice = TREATMENT.model_copy(update={"inputs": {"homes": "dts_1", "flats": "dts_1"}})
    folder = JobFolder(tmp_path)
    found = Inputs(catalog, files, lambda: False).gather(trial(twice), folder)
    assert [(one.name, one.dataset_id) for one in found] == [("homes", "dts_1"), ("flats", "dts_1")]
    assert catalog.asked == ["dts_1"]
    assert all(folder.input_path(number).read_bytes() == b"PAR1" for number in range(2))
