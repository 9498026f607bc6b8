"""How what a replay made compares with what the job had made that it replays."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from pydantic import Field

from shared.engine.applications import traits_of
from shared.engine.tables.manifest import Input, Manifest
from shared.events.event import Frozen

Cause = Literal["source", "grant", "code", "library", "chance", "undeclared"]
"""Of a difference: data is another or gone, it may not be read any more, the lab's code or a
library is another, a step says that it may differ each time; or nobody said that it may."""


_OF_ACCESS = {"policy", "is_protected", "is_published"}


class Difference(Frozen):
    """Something that is not as it was."""

    cause: Cause
    name: str = Field(description="of the input, the library, the step, or the file that differs")


class Comparison(Frozen):
    """What came of a replay. Of others' restricted data it has no differences, which may tell."""

    verdict: Literal["identical", "different", "not_run"]
    differences: tuple[Difference, ...] = ()

    @property
    def outcome(self) -> str:
        """Return the verdict, of what differs the first cause."""
        if self.verdict == "different" and self.differences:
            return self.differences[0].cause
        return self.verdict

    @property
    def without_differences(self) -> "Comparison":
        """Return what may be said of others' restricted data: identical, or not."""
        verdict = "identical" if self.verdict == "identical" else "different"
        return Comparison.model_validate({"verdict": verdict})


class Replayed(Frozen):
    """What a replay read, by what it was done, and the hashes of what it made by file name."""

    inputs: tuple[Input, ...]
    software: dict[str, str]
    engine: str
    hashes: dict[str, str]


def compared(recorded: Manifest, hashes: Mapping[str, str], replayed: Replayed) -> Comparison:
    """Compare a job's outputs, whose hashes are by file name, with those of its replay.

    What else has changed matters only where they differ; where nothing did, a step may say so.
    """
    differing = sorted(
        name
        for name in hashes.keys() | replayed.hashes.keys()
        if hashes.get(name) != replayed.hashes.get(name)
    )
    if not differing:
        return Comparison(verdict="identical")
    reasons = tuple(_reasons(recorded, replayed))
    files = tuple(Difference(cause="undeclared", name=name) for name in differing)
    return Comparison(verdict="different", differences=reasons or files)


def _reasons(recorded: Manifest, replayed: Replayed) -> Iterator[Difference]:
    before = {read_input.name: _content(read_input) for read_input in recorded.inputs}
    after = {read_input.name: _content(read_input) for read_input in replayed.inputs}
    yield from (Difference(cause="source", name=name) for name in _changed(before, after))
    if recorded.provenance.engine != replayed.engine:
        yield Difference(cause="code", name="datalab")
    changed_libraries = _changed(recorded.software, replayed.software)
    yield from (Difference(cause="library", name=name) for name in changed_libraries)
    for step in recorded.steps:
        if not traits_of(step).is_repeatable(step.parameters):
            yield Difference(cause="chance", name=step.output)


def _content(read_input: Input) -> dict[str, object]:
    # As results name it, and as a manifest writes it.
    # These are told by its version, and earlier manifests have them not.
    return read_input.in_results.model_dump(mode="json", exclude=_OF_ACCESS)


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> Iterable[str]:
    names = before.keys() | after.keys()
    return sorted(name for name in names if before.get(name) != after.get(name))
