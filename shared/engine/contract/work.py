"""What the engine is told to do with the files of its folder: `job.json`."""

from pathlib import Path

from pydantic import AwareDatetime, Field

from shared.engine.contract.crossing_size import MOST_ROWS
from shared.engine.contract.policy import Invention, ReleasePolicy
from shared.engine.tables.manifest import Column, Input
from shared.engine.tables.misleading import RowRange
from shared.engine.tables.provenance import Provenance
from shared.engine.tables.release import ProtectedInput
from shared.events.event import AcceptedRepair, CatalogueKind, Content, Frozen, JobKind, Step

PSEUDONYM_KEY = "pseudonym.key"
"""The file of a job's folder that has its project's key: nothing that leaves the job names it."""

JOB = "job.json"
"""The file of a job's folder that says what to do: Work."""

SUMS = "sums.parquet"
"""What an engine leaves of a shard."""

TABLE_REQUEST = "request.json"
"""The file of a folder that says what somebody asks of its tables, where no job is described."""


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
    """What the engine is told: `job.json`."""

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
    tables: tuple[str, ...] = Field(
        default=(), description="inputs that are protected tables: no sample is taken of them"
    )
    invented: dict[str, Invention] = Field(
        default={}, description="inputs whose rows are invented, by the name in the steps"
    )
    provenance: Provenance = Field(
        default=Provenance(), description="for whom and why it is made: reports print it"
    )
    policy: ReleasePolicy | None = Field(
        default=None, description="which protected tables to make of the only input"
    )
    drawn_at: AwareDatetime | None = Field(
        default=None, description="of a replay, the day that pictures were drawn; else it is today"
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
    shards: int = Field(
        default=1, ge=1, description="into which the rows of an input are cut, to be added up first"
    )
    shard: int | None = Field(
        default=None, description="the one to add up, from 0; nothing else is done then"
    )
    sums: tuple[str, ...] = Field(
        default=(), description="paths in the folder of what the shards add up to"
    )
    filename: str = ""
    media_type: str = ""
    content: Content = Field(default="table", description="what an upload shall be read as")
    catalogue: CatalogueKind | None = Field(default=None, description="what a page is one of")
    url: str = Field(default="", description="where a page of a catalogue comes from")
    repairs: tuple[AcceptedRepair, ...] = ()
    sheet: str = Field(default="", description="of a workbook, the one to read; empty for any")


def files_beside(table: Path) -> Path:
    """Return the folder with the files that a table lists."""
    return table.with_suffix("")
