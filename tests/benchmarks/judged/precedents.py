"""How well data is advised that served projects alike, by judged histories.

A history is delivered projects with what they read, and new ones beside them; those of
tests/corpora/advice say which dataset should come because it served which project. Precision is
the share of such advice that is right, recall the share of what should come that does. `theme`
counts a delivered project of the same theme as alike, which is what one would do without words.

Whether other advice gets worse is measured by the projects of the same half that have no history:
the precision of their first five datasets, without the delivered projects and beside them.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent, VersionProvenance
from shared.engine.tables.manifest import Input, Profile
from shared.events import FileRef
from shared.language.folding import fold
from tests.benchmarks.judged.advice import Entry, advised, read
from tests.benchmarks.judged.advice import Ours as Advice
from tests.benchmarks.judged.advice import measured as measured_advice
from tests.benchmarks.judged.halves import HALVES, parser
from tests.benchmarks.judged.relevance import datasets, registered

_FILE = FileRef(sha256="1" * 64, size=1)
Told = dict[str, str]
"""Datasets that are advised as they served a project, with that."""


class Figures(NamedTuple):
    """Of advice by what served projects alike."""

    precision: float
    recall: float


def results_of(half: str) -> list[Dataset]:
    """The results of the delivered projects of a half."""
    return [_result(project) for project in read(f"histories_{half}")["delivered"]]


def _result(entry: Entry) -> Dataset:
    metadata_fields = {
        key: entry[key] for key in ("title", "description", "theme", "territory", "keywords")
    }
    metadata = Metadata.model_validate({**metadata_fields, "licence": "lov2", "access": "open"})
    inputs = tuple(
        Input(name=f"t{at}", dataset_id=f"dts_{name}", version=1, sha256="0" * 64)
        for at, name in enumerate(entry["reads"])
    )
    provenance = VersionProvenance(
        project_id=entry["id"], job_id="job_1", manifest=_FILE, inputs=inputs, steps=(), software={}
    )
    result = Dataset(
        id=f"dts_{entry['id']}", owner_id="mbr_other", metadata=metadata, project_id=entry["id"]
    )
    result.register(VersionContent(file=_FILE, filename="result.parquet", provenance=provenance))
    result.publish(1, _FILE, Profile(rows=9, encoding="utf-8", columns=()), "job_1")
    return result


class Ours:
    """The advice of the catalogue, beside the delivered projects of a half."""

    def __init__(self, half: str) -> None:
        self._results = results_of(half)
        self._datasets = [registered(dataset) for dataset in datasets()]

    def __call__(self, entry: Entry) -> Told:
        """What a new project is told."""
        return {
            match.dataset_id.removeprefix("dts_"): match.precedent.dataset_id.removeprefix("dts_")
            for match in advised(entry, self._datasets, self._results)
            if match.precedent
        }


class Theme:
    """What projects of the same theme read."""

    def __init__(self, half: str) -> None:
        self._delivered = read(f"histories_{half}")["delivered"]

    def __call__(self, entry: Entry) -> Told:
        """All of that."""
        alike = [
            project for project in self._delivered if fold(project["theme"]) == fold(entry["theme"])
        ]
        return {name: project["id"] for project in alike for name in project["reads"]}


CONTENDERS: dict[str, Callable[[str], Callable[[Entry], Told]]] = {"ours": Ours, "theme": Theme}


def measured(half: str, name: str) -> Figures:
    """The figures of one contender on the new projects of a half."""
    ask = CONTENDERS[name](half)
    served_answers = [
        (ask(project), project["served"]) for project in read(f"histories_{half}")["projects"]
    ]
    right = sum(len(answer.items() & expected.items()) for answer, expected in served_answers)
    total, asked = (sum(map(len, column)) for column in zip(*served_answers, strict=True))
    return Figures(right / total if total else 0.0, right / asked)


def beside(half: str) -> tuple[float, float]:
    """The precision of the first datasets of projects without a history, and beside the half's."""
    without, dataset = (
        measured_advice(ask, read(f"projects_{half}"))["datasets"][0]
        for ask in (Advice(), Advice(results_of(half)))
    )
    return without, dataset


def main(arguments: Sequence[str] = ()) -> None:
    """Print the figures of each half, or of one: `--half tuning`."""
    halves = parser().parse_args(arguments).halves or HALVES
    print(f"\nprecedents: {__doc__.splitlines()[0] if __doc__ else ''}")
    for half in halves:
        for name in CONTENDERS:
            right, number = measured(half, name)
            print(f"  {half:<9} {name:<6} precision {right:.2f}   recall {number:.2f}")
        without, with_history = beside(half)
        print(
            f"  {half:<9} datasets precision@5 {without:.3f}   beside a history {with_history:.3f}"
        )


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
