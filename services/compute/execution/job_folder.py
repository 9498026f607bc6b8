"""The folder of one run: what goes into the sandbox, and what is taken out of it.

Whatever the sandbox wrote is untrusted: results are read only from plain files under `out`.
"""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any
from uuid import uuid4

from pydantic import Field, ValidationError

from services.compute.execution.disk_space import entered
from services.compute.jobs.crossing_size import MOST_ROWS, CrossingSize
from shared.errors import Rejected
from shared.events.event import AcceptedRepair, CatalogueKind, Content, Frozen, JobKind, Step
from shared.tables.manifest import Column, Input, Opaque
from shared.tables.privacy import Privacy
from shared.tables.provenance import Provenance
from shared.tables.release import ProtectedInput, ReleaseRecord
from shared.tables.total_rows import RowRange

log = logging.getLogger(__name__)

Report = dict[str, Any]
"""What a step tells of its work: a summary in French, counts, and what else it found."""

PSEUDONYM_KEY = "pseudonym.key"
"""The file of a job's folder that has its project's key: nothing that leaves the job names it."""

_PREFIX = "datalab-job-"
_RESULT_BYTES = 5_000_000
_ILLEGIBLE = "le traitement n'a pas rendu de résultat lisible"


class Work(Frozen):
    """What the runner is told: `job.json`."""

    kind: JobKind
    inputs: dict[str, str] = Field(description="name in the steps -> path in the folder")
    table_columns: dict[str, tuple[str, ...]] = Field(
        default={}, description="of inputs with granted columns only: the names of all columns"
    )
    described: dict[str, tuple[Column, ...]] = Field(
        default={}, description="of inputs, what their columns were read to hold"
    )
    total_rows: dict[str, tuple[RowRange, ...]] = Field(
        default={}, description="rows of inputs that sum others, by the name in the steps"
    )
    likely_total_rows: dict[str, int] = Field(
        default={}, description="of inputs, how many rows look like totals and are counted"
    )
    sources: tuple[Input, ...] = Field(
        default=(), description="what it reads, as the manifest names it: pictures print it"
    )
    protected: dict[str, ProtectedInput] = Field(
        default={}, description="inputs with others' restricted data, by the name in the steps"
    )
    published: tuple[str, ...] = Field(
        default=(), description="inputs that others than the holder show to all"
    )
    provenance: Provenance = Field(
        default=Provenance(), description="for whom and why it is made: reports print it"
    )
    steps: tuple[Step, ...] = ()
    sample_rows: int | None = None
    crossing_rows: int = Field(default=MOST_ROWS, description="that a crossing may make")
    expected_rows: dict[str, int] = Field(
        default={}, description="that the preview told of crossings, by their output"
    )
    uploads: dict[str, str] = Field(
        default={}, description="inputs that are files and no table, and what each came as"
    )
    filename: str = ""
    media_type: str = ""
    content: Content = Field(default="table", description="what an upload shall be read as")
    catalogue: CatalogueKind | None = Field(default=None, description="what a page is one of")
    url: str = Field(default="", description="where a page of a catalogue comes from")
    repairs: tuple[AcceptedRepair, ...] = ()


class Made(Frozen):
    """A file the runner made."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")
    path: str
    media_type: str = Field(default="application/octet-stream", max_length=100)
    is_internal: bool = Field(default=False, description="for the ledger of releases alone")
    opaque: Opaque = Field(default="", description="what of own code no rule can look into")


class RunnerResult(Frozen):
    """What the runner says: `result.json`."""

    outputs: tuple[Made, ...] = Field(default=(), max_length=50)
    reports: tuple[dict[str, Any], ...] = ()
    software: dict[str, str] = {}
    release: ReleaseRecord | None = Field(
        default=None, description="what was checked of the outputs; of treatments only"
    )

    @property
    def privacy(self) -> Privacy | None:
        """The verdict on the table that was made; raises Rejected when it is none."""
        try:
            return Privacy.of(self.reports)
        except ValidationError as error:
            raise Rejected(_ILLEGIBLE) from error

    @property
    def crossing_sizes(self) -> tuple[CrossingSize, ...]:
        """The crossings of whole tables; raises Rejected when a report tells of no such size."""
        told = (report.get("size") for report in self.reports)
        try:
            return tuple(CrossingSize.model_validate(size) for size in told if size)
        except ValidationError as error:
            raise Rejected(_ILLEGIBLE) from error


class JobFolder:
    """A private folder with `in` and `out`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._out = path.resolve() / "out"
        (path / "in").mkdir()
        self._out.mkdir()

    def input_path(self, number: int) -> Path:
        """Where the input of that number goes; names given by people stay out of paths."""
        return self.path / "in" / f"{number}"

    def ledger_path(self, number: int) -> str:
        """Where in the folder the cells of an earlier release go."""
        return f"in/ledger-{number}"

    def describe(self, work: Work) -> None:
        """Write down what is to be done."""
        (self.path / "job.json").write_text(work.model_dump_json())

    def hand_key(self, key: str) -> None:
        """Give the job its project's key, in a file that only its owner reads."""
        path = self.path / PSEUDONYM_KEY
        path.touch(mode=0o600)
        path.write_text(key)

    def result(self) -> RunnerResult:
        """What came out; raises Rejected when it is not what a runner writes."""
        try:
            return RunnerResult.model_validate_json(self._read("result.json"))
        except (OSError, ValidationError) as error:
            raise Rejected(_ILLEGIBLE) from error

    def made_path(self, made: Made) -> Path:
        """The file behind an output; raises Rejected unless it is a plain file under `out`."""
        path = self.path / made.path
        if path.parent.resolve() != self._out or not _is_plain(path):
            raise Rejected(f"le résultat {made.name} n'est pas un fichier du traitement")
        return path

    def _read(self, name: str) -> bytes:
        path = self.path / name
        if not _is_plain(path) or path.stat().st_size > _RESULT_BYTES:
            raise OSError(name)
        return path.read_bytes()


@contextmanager
def job_folder() -> Iterator[JobFolder]:
    """A folder that is removed at the end of the block; its name holds this process's id."""
    path = Path(mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        yield JobFolder(path)
    finally:
        remove(path)


def remove(path: Path) -> None:
    """Remove a folder, however deep a job nested folders in it, and whatever modes they have.

    What cannot be removed is logged and left.
    """
    try:
        top = entered(str(path))
        try:
            _empty(top)
        finally:
            os.close(top)
        path.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("a folder stays", extra={"folder": str(path), "error": str(error)})


def sweep(home: Path | None = None) -> int:
    """Remove the folders of processes that are gone, by default where they are made.

    Returns how many were found.
    """
    home = home or Path(gettempdir())
    left = [path for path in home.glob(f"{_PREFIX}*") if not _is_owned(path)]
    for path in left:
        remove(path)
    return len(left)


def _empty(top: int) -> None:
    """Remove all that is in a folder; folders in folders move up first, so no path gets long."""
    left = _without_files(top)
    while left:
        name = left.pop()
        with suppress(OSError):
            left += _moved_up(name, top)
            os.rmdir(name, dir_fd=top)


def _moved_up(name: str, top: int) -> list[str]:
    """Move the folders of a folder of `top` into `top`; returns what they are called there."""
    moved = []
    folder = entered(name, top)
    try:
        for inner in _without_files(folder):
            with suppress(OSError):
                # Only who may write to a folder can move it.
                os.close(entered(inner, folder))
                os.rename(inner, above := uuid4().hex, src_dir_fd=folder, dst_dir_fd=top)
                moved.append(above)
    finally:
        os.close(folder)
    return moved


def _without_files(folder: int) -> list[str]:
    """Remove what is no folder; returns the names of the folders."""
    with os.scandir(folder) as found:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    for name in (name for name, is_folder in entries if not is_folder):
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in entries if is_folder]


def _is_owned(path: Path) -> bool:
    try:
        os.kill(int(path.name.removeprefix(_PREFIX).partition("-")[0]), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
