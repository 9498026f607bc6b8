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
from shared.thesaurus.likeness import Concepts, Likeness, concepts_of, weighed
from shared.words import day_in_paris, french_date, quoted

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
        """What the holder is told of it."""
        return (
            f"A servi au projet {quoted(self.precedent.title)}, livré le"
            f" {french_date(self.delivered_on)} et proche du vôtre : {', '.join(self.words)}."
        )


class _Delivered(NamedTuple):
    """The result of a delivered project, how it was made, and what it is about."""

    result: Dataset
    made: VersionProvenance
    day: str
    about: Concepts

    @classmethod
    def of(cls, result: Dataset, holder: Caller) -> Self | None:
        """What the holder may see of a result; None where that is not how it was made."""
        shown = [one for one in versions_of(result, holder) if one.provenance]
        if not shown or not (made := shown[-1].provenance):
            return None
        said = result.metadata
        about = weighed(concepts_of(said.description), _OF_DESCRIPTION)
        about |= concepts_of(said.title, *said.keywords)
        return cls(result, made, day_in_paris(shown[-1].registered_at), about)


def served_by(project: ProjectSubmitted, results: Iterable[Dataset]) -> dict[str, Served]:
    """The datasets that delivered projects alike read, each with the one that is most alike.

    `results` are published ones; what one was made of counts only where the holder may see it.
    """
    holder, found = Caller(project.holder_id, frozenset()), dict[str, Served]()
    delivered = [one for result in results if (one := _Delivered.of(result, holder))]
    about = concepts_of(project.title, project.problem, *project.keywords)
    for one in delivered:
        # By itself: what most projects of a lab are about is no less alike for that.
        common = Likeness([one.about]).between(about, one.about)
        if (alike := sum(common.values())) < _ENOUGH:
            continue
        words = sorted(common, key=lambda word: -common[word])[:_WORDS_TOLD]
        precedent = Precedent(dataset_id=one.result.id, title=one.result.metadata.title)
        served = Served(precedent, one.day, alike, tuple(words))
        for given in one.made.inputs:
            before = found.get(given.dataset_id)
            if before is None or before.likeness < alike:
                found[given.dataset_id] = served
    return found


def of_place(
    served: Mapping[str, Served], datasets: Iterable[Dataset], territory: Sequence[str]
) -> dict[str, Served]:
    """What served a project alike and tells of the new one's places, too."""
    known = {one.id for one in datasets if _is_about(one, territory)}
    return {name: one for name, one in served.items() if name in known}


def _is_about(dataset: Dataset, territory: Sequence[str]) -> bool:
    told = dataset.metadata.territory
    # What names no place is of all of them.
    return not (told and territory) or any(
        here == there or here in bodies_of(there) or there in bodies_of(here)
        for here in told
        for there in territory
    )
