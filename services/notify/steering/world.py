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
from shared.language.french import PARIS
from shared.stages import Stage

_ENDS = frozenset({"dataset_retired", "dataset_deleted"})


class DatasetFacts:
    """A dataset as its facts tell it; `title` is the last one it had."""

    def __init__(self, subject: Subject) -> None:
        self.dataset_id, self.facts = subject.thing_id, subject.facts
        titled = [fact for fact in subject.facts if fact.text]
        self.title = titled[-1].text if titled else subject.thing_id
        self.published = [fact for fact in subject.facts if fact.what == "dataset_published"]
        self.made_by = frozenset(project_id for fact in self.published for project_id in fact.ids)
        self.joins = frozenset(
            dataset_id
            for fact in subject.facts
            if fact.what == "joins_discovered"
            for dataset_id in fact.ids
        )

        self._gone = [fact.at for fact in subject.facts if fact.what in _ENDS]

    def is_there(self, at: datetime) -> bool:
        """Return whether the dataset is published then, and neither retired nor deleted."""
        gone = any(end < at for end in self._gone)
        return not gone and any(fact.at < at for fact in self.published)

    @property
    def label(self) -> str:
        """What it is called beside others, of which some may have its title."""
        return f"{self.title} ({self.dataset_id})"


class Snapshot(NamedTuple):
    """All subjects at one moment, and what projects and, by their ids, datasets of them come to."""

    subjects: tuple[Subject, ...]
    lives: tuple[Life, ...]
    datasets: Mapping[str, DatasetFacts]

    @classmethod
    def of(cls, subjects: Iterable[Subject]) -> Self:
        """Return the snapshot of these subjects."""
        every_subject = tuple(subjects)
        return cls(
            every_subject,
            tuple(Life(subject) for subject in every_subject if subject.about == "project"),
            {
                subject.thing_id: DatasetFacts(subject)
                for subject in every_subject
                if subject.about == "dataset"
            },
        )


@dataclass(frozen=True)
class World:
    """The lab as events told it until the end of a period.

    `sees_members` is that who asks may know how long each member takes: an operator.
    """

    period: YearPeriod
    snapshot: Snapshot
    sees_members: bool

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """All subjects of which something is known."""
        return self.snapshot.subjects

    @cached_property
    def all_projects(self) -> list[Life]:
        """Every project that began before the period's end."""
        lives = in_turns(self.snapshot.lives)
        return [life for life in lives if life.stage_at(self.period.until)]

    @cached_property
    def projects(self) -> list[Life]:
        """The projects of the period: open at some time of it, or ended in it."""
        return [life for life in self.all_projects if self._is_of_period(life)]

    @property
    def datasets(self) -> Mapping[str, DatasetFacts]:
        """Every dataset by its id."""
        return self.snapshot.datasets

    @cached_property
    def members(self) -> Mapping[str, Subject]:
        """Every member by its id."""
        return {subject.thing_id: subject for subject in self.subjects if subject.about == "member"}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The members' names by id."""
        named = (
            (member.thing_id, fact.text)
            for member in self.members.values()
            for fact in member.facts
        )
        return {member_id: text for member_id, text in named if text}

    @cached_property
    def waits(self) -> Mapping[tuple[Party, Stage], list[ProjectWait]]:
        """The waits that ended in the period or outlasted it, by awaited party and stage."""
        waits = defaultdict[tuple[Party, Stage], list[ProjectWait]](list)
        for life in in_turns(self.all_projects):
            for wait in life.waits:
                if self.period.meets(wait.since, wait.until):
                    waits[wait.party, wait.stage].append(wait)
        return waits

    @cached_property
    def reads(self) -> Mapping[str, list[datetime]]:
        """The times at which projects read each dataset in a successful trial or full job."""
        read_times = defaultdict[str, list[datetime]](list)
        for life in self.all_projects:
            runs = [run.at for run in self.runs(life)]
            for dataset_id in life.reads if runs else ():
                read_times[dataset_id] += runs
        return read_times

    @cached_property
    def requests(self) -> Mapping[tuple[str, str], list[datetime]]:
        """The times at which projects asked for restricted datasets, by project and dataset."""
        request_times = defaultdict[tuple[str, str], list[datetime]](list)
        for life in self.all_projects:
            for fact in life.requests:
                if fact.at < self.period.until:
                    request_times[life.project_id, fact.ids[0]].append(fact.at)
        return request_times

    @cached_property
    def crossed(self) -> frozenset[str]:
        """The datasets that a project read together with another."""
        together = (life.reads for life in self.all_projects if any(self.runs(life)))
        return frozenset(
            dataset_id for reads in together if len(set(reads)) > 1 for dataset_id in reads
        )

    @cached_property
    def jobs(self) -> list[Fact]:
        """The jobs that ended in the period."""
        ended = self.facts("job_succeeded", "job_failed", "job_cancelled")
        return [fact for _, fact in ended]

    @property
    def years(self) -> tuple[int, ...]:
        """The years of which something is known, first to last."""
        histories = [subject.facts for subject in self.subjects if subject.facts]
        if not histories:
            return ()
        first, last = (
            min(facts[0].at for facts in histories),
            max(facts[-1].at for facts in histories),
        )
        return tuple(range(first.astimezone(PARIS).year, last.astimezone(PARIS).year + 1))

    def facts(self, *whats: str) -> list[tuple[Subject, Fact]]:
        """Return the facts of these kinds in the period, each with its subject, in order."""
        placed_facts = chain.from_iterable(self._facts.get(what, ()) for what in whats)
        return [(subject, fact) for _, subject, fact in sorted(placed_facts, key=itemgetter(0))]

    def waited_for(self, party: Party, stage: Stage | None = None) -> Iterator[tuple[str, float]]:
        """The waits for a party, that began at a stage if one is named: for whom, how many days."""
        for (whom, at), days in self._days_waited.items():
            if whom == party and stage in {None, at}:
                yield from days

    def label(self, dataset_id: str) -> str:
        """Return a dataset's label; its id if it was never published."""
        dataset = self.datasets.get(dataset_id)
        return dataset.label if dataset else dataset_id

    def runs(self, life: Life) -> Iterable[Fact]:
        """The trials and full jobs of a project that ended well, until the period's end."""
        return (run for run in life.runs if run.at < self.period.until)

    @cached_property
    def _days_waited(self) -> Mapping[tuple[Party, Stage], list[tuple[str, float]]]:
        return {
            key: [(wait.who, self.period.days(wait.since, wait.until)) for wait in waits]
            for key, waits in self.waits.items()
        }

    @cached_property
    def _facts(self) -> Mapping[str, list[tuple[int, Subject, Fact]]]:
        """All facts of the period by kind, each with its rank among all of them."""
        facts_by_kind = defaultdict[str, list[tuple[int, Subject, Fact]]](list)
        place, (_, since, until) = count(), self.period
        for subject in in_turns(self.subjects):
            for fact in subject.facts:
                if since <= fact.at < until:
                    facts_by_kind[fact.what].append((next(place), subject, fact))
        return facts_by_kind

    def _is_of_period(self, life: Life) -> bool:
        since = life.stays[0].since
        return self.period.meets(since, life.end.at if life.end else None)
