"""What worked in projects alike: the data that delivered ones read, as their results tell."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionProvenance
from services.catalog.datasets.views import versions_of
from services.catalog.search.places.areas import bodies_of
from shared.auth import Caller
from shared.events import ProjectSubmitted
from shared.events.event import Precedent
from shared.language.french import day_in_paris, french_date, quoted
from shared.thesaurus.likeness import Concepts, Likeness, concepts_of, weighed

_ENOUGH = 2.4
"""What the words have to come to that a delivered project has in common with a new one."""

_OF_DESCRIPTION = 0.6
"""What a description weighs beside titles and keywords."""

_WORDS_TOLD = 3


class Served(NamedTuple):
    """That a delivered project is alike and read a dataset: its result, and what is alike."""

    precedent: Precedent
    delivered_on: str
    likeness: float
    words: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The reason in French, as the holder reads it."""
        return (
            f"A servi au projet {quoted(self.precedent.title)}, livré le"
            f" {french_date(self.delivered_on)} et proche du vôtre : {', '.join(self.words)}."
        )


class _Delivered(NamedTuple):
    """The result of a delivered project, how it was made, and what it is about."""

    result: Dataset
    provenance: VersionProvenance
    day: str
    about: Concepts

    @classmethod
    def of(cls, result: Dataset, holder: Caller) -> Self | None:
        """What the holder may see of a result; None where that is not how it was made."""
        versions = [version for version in versions_of(result, holder) if version.provenance]
        if not versions or not (provenance := versions[-1].provenance):
            return None
        metadata = result.metadata
        about = weighed(concepts_of(metadata.description), _OF_DESCRIPTION)
        about |= concepts_of(metadata.title, *metadata.keywords)
        return cls(result, provenance, day_in_paris(versions[-1].registered_at), about)


def served_by(project: ProjectSubmitted, results: Iterable[Dataset]) -> dict[str, Served]:
    """The datasets that similar delivered projects read, each with the most similar project.

    `results` are published ones; what one was made of counts only where the holder may see it.
    """
    holder, served_by_id = Caller(project.holder_id, frozenset()), dict[str, Served]()
    delivered = [delivery for result in results if (delivery := _Delivered.of(result, holder))]
    about = concepts_of(project.title, project.problem, *project.keywords)
    for delivery in delivered:
        # By itself: what most projects of a lab are about is no less alike for that.
        common = Likeness([delivery.about]).between(about, delivery.about)
        if (alike := sum(common.values())) < _ENOUGH:
            continue
        words = sorted(common, key=lambda word: -common[word])[:_WORDS_TOLD]
        precedent = Precedent(dataset_id=delivery.result.id, title=delivery.result.metadata.title)
        served = Served(precedent, delivery.day, alike, tuple(words))
        for input_version in delivery.provenance.inputs:
            before = served_by_id.get(input_version.dataset_id)
            if before is None or before.likeness < alike:
                served_by_id[input_version.dataset_id] = served
    return served_by_id


def of_place(
    served: Mapping[str, Served], datasets: Iterable[Dataset], territory: Sequence[str]
) -> dict[str, Served]:
    """Those of `served` that concern the places of the new project, too."""
    local_ids = {dataset.id for dataset in datasets if _is_about(dataset, territory)}
    return {name: precedent for name, precedent in served.items() if name in local_ids}


def _is_about(dataset: Dataset, territory: Sequence[str]) -> bool:
    places = dataset.metadata.territory
    # What names no place is of all of them.
    return not (places and territory) or any(
        here == there or here in bodies_of(there) or there in bodies_of(here)
        for here in places
        for there in territory
    )
