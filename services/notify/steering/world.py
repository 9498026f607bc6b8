"""All that is known, read once, for the figures of one period."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, count
from operator import itemgetter
from typing import NamedTuple, Self

from services.notify.steering.lives import Life, Party, ProjectWait
from services.notify.steering.model import Fact, Subject
from services.notify.steering.period import YearPeriod
from shared.background import in_turns
from shared.events.event import Stage
from shared.words import PARIS

_ENDS = frozenset({"dataset_retired", "dataset_deleted"})


class DatasetFacts:
    """A dataset as its facts tell it; `title` is the last one it had."""

    def __init__(self, subject: Subject) -> None:
        self.dataset_id, self.facts = subject.thing_id, subject.facts
        titled = [one for one in subject.facts if one.text]
        self.title = titled[-1].text if titled else subject.thing_id
        self.published = [one for one in subject.facts if one.what == "dataset_published"]
        self.made_by = frozenset(one for fact in self.published for one in fact.ids)
        self.joins = frozenset(
            one for fact in subject.facts if fact.what == "joins_discovered" for one in fact.ids
        )

        self._gone = [one.at for one in subject.facts if one.what in _ENDS]

    def is_there(self, at: datetime) -> bool:
        """Whether it is published then, and neither retired nor deleted."""
        gone = any(end < at for end in self._gone)
        return not gone and any(one.at < at for one in self.published)

    @property
    def label(self) -> str:
        """What it is called beside others, of which some may have its title."""
        return f"{self.title} ({self.dataset_id})"


class Known(NamedTuple):
    """All subjects at one moment, and what projects and, by their ids, datasets of them come to."""

    subjects: tuple[Subject, ...]
    lives: tuple[Life, ...]
    datasets: Mapping[str, DatasetFacts]

    @classmethod
    def of(cls, subjects: Iterable[Subject]) -> Self:
        """What these come to."""
        found = tuple(subjects)
        return cls(
            found,
            tuple(Life(one) for one in found if one.about == "project"),
            {one.thing_id: DatasetFacts(one) for one in found if one.about == "dataset"},
        )


@dataclass(frozen=True)
class World:
    """The lab as events told it until the end of a period.

    `sees_members` is that who asks may know how long each member takes: an operator.
    """

    period: YearPeriod
    known: Known
    sees_members: bool

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """All that something is known of."""
        return self.known.subjects

    @cached_property
    def all_projects(self) -> list[Life]:
        """Every project that began before the period's end."""
        lives = in_turns(self.known.lives)
        return [life for life in lives if life.stage_at(self.period.until)]

    @cached_property
    def projects(self) -> list[Life]:
        """The projects of the period: open at some time of it, or ended in it."""
        return [life for life in self.all_projects if self._is_of_period(life)]

    @property
    def datasets(self) -> Mapping[str, DatasetFacts]:
        """Every dataset by its id."""
        return self.known.datasets

    @cached_property
    def members(self) -> Mapping[str, Subject]:
        """Every member by its id."""
        return {one.thing_id: one for one in self.subjects if one.about == "member"}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What members are called."""
        named = ((one.thing_id, fact.text) for one in self.members.values() for fact in one.facts)
        return {member_id: text for member_id, text in named if text}

    @cached_property
    def waits(self) -> Mapping[tuple[Party, Stage], list[ProjectWait]]:
        """The waits that ended in the period, or went on at its end, by whom for and the stage."""
        found = defaultdict[tuple[Party, Stage], list[ProjectWait]](list)
        for life in in_turns(self.all_projects):
            for wait in life.waits:
                if self.period.meets(wait.since, wait.until):
                    found[wait.party, wait.stage].append(wait)
        return found

    @cached_property
    def reads(self) -> Mapping[str, list[datetime]]:
        """When projects read each dataset in a trial or full job that ended well."""
        found = defaultdict[str, list[datetime]](list)
        for life in self.all_projects:
            runs = [run.at for run in self.runs(life)]
            for dataset_id in life.reads if runs else ():
                found[dataset_id] += runs
        return found

    @cached_property
    def requests(self) -> Mapping[tuple[str, str], list[datetime]]:
        """When projects asked for restricted datasets, by both ids."""
        found = defaultdict[tuple[str, str], list[datetime]](list)
        for life in self.all_projects:
            for fact in life.requests:
                if fact.at < self.period.until:
                    found[life.project_id, fact.ids[0]].append(fact.at)
        return found

    @cached_property
    def crossed(self) -> frozenset[str]:
        """The datasets that a project read with another."""
        together = (life.reads for life in self.all_projects if any(self.runs(life)))
        return frozenset(one for reads in together if len(set(reads)) > 1 for one in reads)

    @cached_property
    def jobs(self) -> list[Fact]:
        """The jobs that ended in the period."""
        ended = self.facts("job_succeeded", "job_failed", "job_cancelled")
        return [fact for _, fact in ended]

    @property
    def years(self) -> tuple[int, ...]:
        """From the first to the last that anything is known of."""
        known = [one.facts for one in self.subjects if one.facts]
        if not known:
            return ()
        first, last = min(facts[0].at for facts in known), max(facts[-1].at for facts in known)
        return tuple(range(first.astimezone(PARIS).year, last.astimezone(PARIS).year + 1))

    def facts(self, *whats: str) -> list[tuple[Subject, Fact]]:
        """The facts of these kinds in the period, with what they are about: of each in order."""
        found = chain.from_iterable(self._facts.get(what, ()) for what in whats)
        return [(one, fact) for _, one, fact in sorted(found, key=itemgetter(0))]

    def waited_for(self, party: Party, stage: Stage | None = None) -> Iterator[tuple[str, float]]:
        """The waits for a party, that began at a stage if one is named: for whom, how many days."""
        for (whom, at), days in self._days_waited.items():
            if whom == party and stage in {None, at}:
                yield from days

    def label(self, dataset_id: str) -> str:
        """What a dataset is called; its id where it was never published."""
        known = self.datasets.get(dataset_id)
        return known.label if known else dataset_id

    def runs(self, life: Life) -> Iterable[Fact]:
        """The trials and full jobs of a project that ended well, until the period's end."""
        return (run for run in life.runs if run.at < self.period.until)

    @cached_property
    def _days_waited(self) -> Mapping[tuple[Party, Stage], list[tuple[str, float]]]:
        return {
            key: [(one.who, self.period.days(one.since, one.until)) for one in waits]
            for key, waits in self.waits.items()
        }

    @cached_property
    def _facts(self) -> Mapping[str, list[tuple[int, Subject, Fact]]]:
        """By their kind, each with its place among all."""
        found = defaultdict[str, list[tuple[int, Subject, Fact]]](list)
        place, (_, since, until) = count(), self.period
        for one in in_turns(self.subjects):
            for fact in one.facts:
                if since <= fact.at < until:
                    found[fact.what].append((next(place), one, fact))
        return found

    def _is_of_period(self, life: Life) -> bool:
        since = life.stays[0].since
        return self.period.meets(since, life.end.at if life.end else None)
