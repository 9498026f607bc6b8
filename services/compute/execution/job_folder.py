"""The folder of one run: what goes into the sandbox, and what is taken out of it.

Whatever the sandbox wrote is untrusted: results are read only from plain files under `out`.
"""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

from pydantic import Field, ValidationError

from services.compute.execution.disk_space import remove
from services.compute.jobs.crossing_size import MOST_ROWS, CrossingSize
from shared.engine.tables.manifest import Column, Input, Opaque
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.provenance import Provenance, ReusedStep
from shared.engine.tables.release import ProtectedInput, ReleaseRecord
from shared.engine.tables.total_rows import RowRange
from shared.errors import Rejected
from shared.events.event import AcceptedRepair, CatalogueKind, Content, Frozen, JobKind, Step

log = logging.getLogger(__name__)

Report = dict[str, Any]
"""What a step tells of its work: a summary in French, counts, and what else it found."""

IS_EMPTY = "is_empty"
"""What the last report has where the table that was made has no row."""

LOST, NEAR = "empty_result", "near_value"
"""What it has where that is no success, in French: why, and a value that may have been meant."""

PSEUDONYM_KEY = "pseudonym.key"
"""The file of a job's folder that has its project's key: nothing that leaves the job names it."""

SECRET_VALUES = "secret_values"  # noqa: S105 - no password
"""What the report of a treatment's last step has where secret values go into no figure."""

_MOST_TOLD = 2000
_PREFIX = "datalab-job-"
_RESULT_BYTES = 5_000_000
_PIECE = 1 << 20
_ILLEGIBLE = "le traitement n'a pas rendu de résultat lisible"


class CachedStep(Frozen):
    """A step that an earlier job of the project did: nothing that goes into it has changed."""

    job_id: str
    day: str = Field(description="when that job did it, an ISO date")
    facts: str = Field(description="path in the folder of what is known of the step's table")
    table: str = Field(default="", description="path of the table; empty where nobody reads it")


class Keeping(Frozen):
    """What of its steps a job leaves for later ones."""

    keys: dict[str, str] = Field(
        default={},
        description="of steps that may be kept, by their output: the hash of all that"
        " goes into them",
    )
    from_seconds: float = Field(default=1, description="of work, from which a table is kept")
    within_seconds: float = Field(default=300, description="a job that took longer keeps nothing")
    most_bytes: int = Field(default=0, description="of all tables together")


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
    cached: dict[str, CachedStep] = Field(
        default={}, description="steps that need not be done, by their output"
    )
    keeping: Keeping = Keeping()
    filename: str = ""
    media_type: str = ""
    content: Content = Field(default="table", description="what an upload shall be read as")
    catalogue: CatalogueKind | None = Field(default=None, description="what a page is one of")
    url: str = Field(default="", description="where a page of a catalogue comes from")
    repairs: tuple[AcceptedRepair, ...] = ()
    sheet: str = Field(default="", description="of a workbook, the one to read; empty for any")


class Made(Frozen):
    """A file the runner made."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")
    path: str
    media_type: str = Field(default="application/octet-stream", max_length=100)
    is_internal: bool = Field(default=False, description="for the ledger of releases alone")
    opaque: Opaque = Field(default="", description="what of own code no rule can look into")


class LeftStep(Frozen):
    """What a job leaves of a step for later ones: plain files under `out`."""

    output: str
    facts: str
    table: str = ""
    needs_source: bool = Field(
        default=False, description="whoever has its table needs the one that it was made of, too"
    )


class RunnerResult(Frozen):
    """What the runner says: `result.json`."""

    outputs: tuple[Made, ...] = Field(default=(), max_length=50)
    reports: tuple[dict[str, Any], ...] = ()
    software: dict[str, str] = {}
    release: ReleaseRecord | None = Field(
        default=None, description="what was checked of the outputs; of treatments only"
    )
    steps: tuple[LeftStep, ...] = Field(default=(), max_length=100)

    @property
    def reused(self) -> tuple[ReusedStep, ...]:
        """The steps that were not done; raises Rejected when a report tells of them otherwise."""
        told = (report.get("reused") for report in self.reports)
        try:
            return tuple(ReusedStep.model_validate(one) for one in told if one)
        except ValidationError as error:
            raise Rejected(_ILLEGIBLE) from error

    @property
    def privacy(self) -> Privacy | None:
        """The verdict on the table that was made; raises Rejected when it is none."""
        try:
            return Privacy.of(self.reports)
        except ValidationError as error:
            raise Rejected(_ILLEGIBLE) from error

    @property
    def withheld(self) -> str:
        """Which secret values its figures do without, in French; empty where there are none."""
        told = (str(report.get(SECRET_VALUES, "")) for report in self.reports)
        return "".join(told)[:_MOST_TOLD]

    @property
    def is_empty(self) -> bool:
        """Whether the table that was made has no row."""
        return any(report.get(IS_EMPTY) is True for report in self.reports)

    @property
    def lost(self) -> tuple[str, str]:
        """Why the table is no success, and what may have been meant, in French; or empty."""
        last = self.reports[-1] if self.reports else {}
        lost, near = (str(last.get(name, ""))[:_MOST_TOLD] for name in (LOST, NEAR))
        return lost, near

    @property
    def crossing_sizes(self) -> tuple[CrossingSize, ...]:
        """The crossings of whole tables; raises Rejected when a report tells of no such size."""
        told = (report.get("size") for report in self.reports)
        try:
            return tuple(CrossingSize.model_validate(size) for size in told if size)
        except ValidationError as error:
            raise Rejected(_ILLEGIBLE) from error


def files_beside(table: Path) -> Path:
    """The folder with the files that a table lists."""
    return table.with_suffix("")


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
        return self.left_path(made.path)

    def left_path(self, name: str) -> Path:
        """A file that the job left; raises Rejected unless it is a plain file under `out`."""
        path = self.path / name
        if path.parent.resolve() != self._out or not _is_plain(path):
            raise Rejected(f"le résultat {path.name} n'est pas un fichier du traitement")
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


def sweep(home: Path | None = None) -> int:
    """Remove the folders of processes that are gone, by default where they are made.

    Returns how many were found.
    """
    home = home or Path(gettempdir())
    left = [path for path in home.glob(f"{_PREFIX}*") if not _is_owned(path)]
    for path in left:
        remove(path)
    return len(left)


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


def pieces(path: Path) -> Iterator[bytes]:
    """A file that a job left, in pieces that are sent or stored one by one."""
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield chunk
