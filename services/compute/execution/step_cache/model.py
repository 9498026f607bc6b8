"""A step that was done and kept, and which kept steps stand in for work in a treatment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from pydantic import computed_field

from shared.aggregate import Aggregate
from shared.engine.applications import traits_of
from shared.events.event import FileRef, Step


class KeptStep(Aggregate):
    """What a job made of a step. Its id is the hash of all that went into it, its project too.

    `dataset_ids` are what the job read. Where `table` is None, only what is known of it was kept.
    """

    collection: ClassVar[str] = "kept_steps"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = (
        *("project_id", "owner_id", "job_id", "dataset_ids", "kept_at", "hashes"),
    )

    project_id: str
    owner_id: str
    job_id: str
    dataset_ids: tuple[str, ...]
    kept_at: datetime
    facts: FileRef
    table: FileRef | None = None
    needs_source: bool = False

    @property
    def files(self) -> list[FileRef]:
        """Return all its stored files."""
        return [self.facts, *([self.table] if self.table else [])]

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(file.size for file in self.files)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def hashes(self) -> list[str]:
        """Return the hashes of its files."""
        return [file.sha256 for file in self.files]


class Chosen(NamedTuple):
    """Kept steps by their output: all that stand in for work, and those whose table is read."""

    steps: frozenset[str]
    tables: frozenset[str]


def choose(steps: Sequence[Step], kept: Mapping[str, KeptStep]) -> Chosen:
    """Return which of the kept steps, by their output, replace work.

    Without its table a step does only where nobody reads it: neither a step that is done, nor a
    picture, nor who looks at the result.
    """
    needed, chosen, tables = {steps[-1].output}, set[str](), set[str]()
    for step in reversed(steps):
        kept_step, inputs = kept.get(step.output), set(step.inputs.values())
        is_wanted = step.output in needed or bool(step.parameters.get("chart"))
        if kept_step is None or traits_of(step).draws or (is_wanted and not kept_step.table):
            needed |= inputs
            continue
        chosen.add(step.output)
        if is_wanted:
            tables.add(step.output)
        if kept_step.needs_source:
            needed |= inputs
    return Chosen(frozenset(chosen), frozenset(tables))


def beyond(kept: Sequence[KeptStep], most_bytes: int) -> list[KeptStep]:
    """Return the oldest of a project's kept steps, until the others fit."""
    gone, size = [], 0
    for kept_step in sorted(kept, key=lambda step: step.kept_at, reverse=True):
        size += kept_step.size
        if size > most_bytes:
            gone.append(kept_step)
    return gone
