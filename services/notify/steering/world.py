"""All that is known, as tables, for the figures of one year in metropolitan France.

Whom a project waited for, from when to when, is told by its facts.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, wraps
from operator import attrgetter
from typing import Literal, NamedTuple

import pandas as pd

from services.notify.steering.model import Fact, Subject
from shared.background import in_turns
from shared.language.french import PARIS
from shared.stages import FINAL_STAGES, STAGES, Stage

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)

_Party = Literal["owner", "reviewer", "holder", "member", "operator"]

_STAGE_OF: Mapping[str, Stage] = {f"project_{stage}": stage for stage in STAGES}
"""The stages of a project, in order, by the facts that it came to them."""

_OPENS: Mapping[str, _Party] = {
    "access_requested": "owner",
    "completion_asked": "holder",
    "member_invited": "member",
    "result_held": "reviewer",
    "job_given_up": "operator",
}
"""Who is waited for since then."""

_CLOSES: Mapping[str, tuple[_Party, ...]] = {
    "access_granted": ("owner",),
    "access_refused": ("owner",),
    "access_expired": ("owner",),
    "access_revoked": ("owner",),
    "completion_given": ("holder",),
    "invitation_accepted": ("member",),
    "invitation_declined": ("member",),
    "invitation_expired": ("member",),
    "result_released": ("reviewer",),
    "result_refused": ("reviewer",),
    "job_retried": ("operator",),
    "job_succeeded": ("operator",),
    "job_failed": ("operator",),
    "job_cancelled": ("operator", "reviewer"),
}
"""Who is waited for no more; of an access, all who were asked: one word is that of all."""

_PROPOSED = "treatment_proposed"

_ALIVE = timedelta(days=365)
"""A delivered service is alive when there was a sign of it within that time."""

_TIME = "datetime64[us, UTC]"
_FACT = ("about", "thing", "time", "what", "kind", "who", "ids", "places", "number", "text")
_WAIT = ("project", "party", "who", "stage", "since", "until")
_GONE = ("dataset_retired", "dataset_deleted")
_RUNS = ("trial", "full")


class YearPeriod(NamedTuple):
    """From the beginning of a year to its end, or until now while it goes on; in UTC, as facts are.

    It is asked of columns of times. Something that goes on has no end.
    """

    year: int
    since: datetime
    until: datetime

    @classmethod
    def of(cls, year: int, now: datetime) -> "YearPeriod":
        """Return that calendar year in Paris; an empty period if it has not begun."""
        since, following = (
            datetime(start_year, 1, 1, tzinfo=PARIS).astimezone(UTC)
            for start_year in (year, year + 1)
        )
        until = min(following, now.astimezone(UTC))
        return cls(year, since, max(since, until))

    def has(self, times: pd.Series) -> pd.Series:
        """Whether something happened within it."""
        return (times >= self.since) & (times < self.until)

    def meets(self, since: pd.Series, until: pd.Series) -> pd.Series:
        """Whether what began and ended then was under way at some time of it."""
        return (since < self.until) & ~(until < self.since)

    def days(self, since: pd.Series, until: pd.Series) -> pd.Series:
        """Days of 24 hours, whole and parts; of what went on at the period's end, those until it.

        What began before the period counts from its own beginning.
        """
        return (until.fillna(self.until).clip(upper=self.until) - since) / _DAY


def _table(make: Callable[["World"], pd.DataFrame]) -> "cached_property[pd.DataFrame]":
    """A table that is made when it is first asked for; all others have a turn before."""

    def make_in_turn(world: "World") -> pd.DataFrame:
        time.sleep(0)
        return make(world)

    return cached_property(wraps(make)(make_in_turn))


class World:
    """The lab as events told it until the end of a period.

    `sees_members` is that who asks may know how long each member takes: an operator.
    """

    def __init__(
        self, period: YearPeriod, subjects: Sequence[Subject], *, sees_members: bool
    ) -> None:
        self.period, self.subjects, self.sees_members = period, subjects, sees_members

    @property
    def years(self) -> tuple[int, ...]:
        """The years of which something is known, first to last."""
        if self.facts.empty:
            return ()
        first, last = self.facts.time.dt.tz_convert(PARIS).dt.year.agg(["min", "max"])
        return tuple(range(first, last + 1))

    @_table
    def facts(self) -> pd.DataFrame:
        """Every fact and the `thing` that it is about; those of one thing are in their order."""
        fields = attrgetter("at", "what", "kind", "who", "ids", "places", "number", "text")
        rows = [
            (subject.about, subject.thing_id, *fields(fact))
            for subject in in_turns(self.subjects)
            for fact in subject.facts
        ]
        return pd.DataFrame(rows, columns=_FACT).astype({"time": _TIME})

    def of_kind(self, *whats: str) -> pd.DataFrame:
        """Return the facts of these kinds, whenever they happened."""
        return self.facts[self.facts.what.isin(whats)]

    def during(self, *whats: str) -> pd.DataFrame:
        """Return the facts of these kinds in the period."""
        facts = self.of_kind(*whats)
        return facts[self.period.has(facts.time)]

    @_table
    def all_projects(self) -> pd.DataFrame:
        """Every project that began before the period's end, by its id.

        `stage` is that at the period's end, `last_stage` the one before its end, or that it is at;
        `end`, `ended` and `end_text` are of its first rejection, withdrawal or delivery.
        """
        stays, is_final = self._all_stays, self._all_stays.stage.isin(FINAL_STAGES)
        begun = stays[stays.since < self.period.until].groupby("project", sort=False)
        ends = stays[is_final].drop_duplicates("project").set_index("project")
        last_stages = stays[~is_final].groupby("project").stage.last()
        submission = self.of_kind("project_submitted").set_index("thing")
        return (
            begun.agg(since=("since", "first"), stage=("stage", "last"))
            .assign(holder=submission.who, theme=submission.text, places=submission.places)
            .assign(end=ends.stage, ended=ends.since, end_text=ends.text)
            .assign(last_stage=last_stages.combine_first(stays.groupby("project").stage.last()))
            .fillna({"holder": "", "theme": ""})
        )

    @_table
    def projects(self) -> pd.DataFrame:
        """The projects of the period: open at some time of it, or ended in it."""
        projects = self.all_projects
        return projects[self.period.meets(projects.since, projects.ended)]

    @_table
    def stays(self) -> pd.DataFrame:
        """How many `days` those were at a `stage`, that they left in the period or were at then."""
        stays = self._all_stays[self._all_stays.project.isin(self.projects.index)]
        return self._of_period(stays[~stays.stage.isin(FINAL_STAGES)])

    @_table
    def waits(self) -> pd.DataFrame:
        """How many `days` projects waited for whom, in waits that ended in the period or later."""
        rows = [
            (subject.thing_id, *wait)
            for subject in in_turns(self.subjects)
            if subject.about == "project"
            for wait in waits_of(subject.facts)
        ]
        waits = pd.DataFrame(rows, columns=_WAIT).astype({"since": _TIME, "until": _TIME})
        return self._of_period(waits[waits.project.isin(self.all_projects.index)])

    @_table
    def decisions(self) -> pd.DataFrame:
        """What reviewers decided on results in the period, by `kind`, and after how many `minutes`.

        What nobody decided on, as its project ended, is none.
        """
        asked = self.of_kind("result_held").explode("ids").drop_duplicates("ids", keep="last")
        decided = self.during("result_released", "result_refused").explode("ids")
        decided = decided[decided.who != ""].merge(asked[["ids", "time"]], on="ids")
        return decided.assign(minutes=(decided.time_x - decided.time_y) / _MINUTE)

    @_table
    def reads(self) -> pd.DataFrame:
        """Which `dataset` each `project` read at what `time`, until the period's end.

        It did when a trial or full job ended well.
        """
        runs = self.of_kind("job_succeeded")
        runs = runs[runs.kind.isin(_RUNS) & (runs.time < self.period.until)]
        secured = self.of_kind("project_secured").explode("ids").drop_duplicates(["thing", "ids"])
        secured = secured[secured.thing.isin(self.all_projects.index)]
        reads = secured[["thing", "ids"]].dropna().merge(runs[["thing", "time"]], on="thing")
        return reads.rename(columns={"thing": "project", "ids": "dataset"})

    @_table
    def requests(self) -> pd.DataFrame:
        """Which `dataset` each `project` asked for, until the period's end."""
        requests = accesses_of(self.of_kind("access_requested"))
        is_begun = requests.project.isin(self.all_projects.index)
        return requests[is_begun & (requests.time < self.period.until)]

    @_table
    def datasets(self) -> pd.DataFrame:
        """Every dataset by its id, with its last title as a `label` that no other has.

        It `is_there` at the period's end when it was published, and neither retired nor deleted.
        """
        facts, until = self.facts[self.facts.about == "dataset"], self.period.until
        datasets = pd.DataFrame(index=facts.thing.unique()).assign(
            title=facts[facts.text != ""].groupby("thing").text.last(),
            published=self.of_kind("dataset_published").groupby("thing").time.first(),
            gone=self.of_kind(*_GONE).groupby("thing").time.first(),
        )
        return datasets.assign(
            label=datasets.title.fillna(datasets.index.to_series()) + " (" + datasets.index + ")",
            is_there=(datasets.published < until) & ~(datasets.gone < until),
        )

    @_table
    def lone_datasets(self) -> pd.DataFrame:
        """The datasets that are there, and that no project read together with another one."""
        counts = self.reads.groupby("project").dataset.transform("nunique")
        crossed = self.reads[counts > 1].dataset
        return self.datasets[self.datasets.is_there & ~self.datasets.index.isin(crossed)]

    @_table
    def services(self) -> pd.DataFrame:
        """Each delivered service: its `label`, its `state` and its last `sign` of life.

        It is `dormant` without such a sign for long, `dead` once it or its dataset ended.
        """
        projects, until = self.all_projects, self.period.until
        delivered = projects[(projects.end == "delivered") & (projects.ended < until)]
        results = self.of_kind("dataset_published").explode("ids")
        results = results.drop_duplicates("ids", keep="last").set_index("ids").thing
        services = delivered.join(results.rename("dataset"))
        services = services.join(self.datasets, on="dataset").join(self._signs, on="dataset")
        services["sign"] = services[["ended", "sign"]].max(axis=1)
        services["label"] = services.label.fillna(services.end_text + " (" + services.index + ")")
        services["state"] = "dormant"
        services.loc[services.sign >= until - _ALIVE, "state"] = "alive"
        retired = self.of_kind("service_retired")
        is_retired = services.index.isin(retired[retired.time < until].thing)
        services.loc[services.is_there.eq(False) | is_retired, "state"] = "dead"
        return services

    @_table
    def stale_services(self) -> pd.DataFrame:
        """The delivered services whose last result is made of what changed since.

        Not the dead ones: nobody finds these any more.
        """
        until, runs = self.period.until, self.of_kind("job_succeeded").explode("ids")
        results = runs[(runs.kind == "full") & (runs.time < until)].groupby("thing").ids.last()
        stale = self.of_kind("result_stale").explode("ids")
        services = self.services[self.services.state != "dead"]
        stale_ids = stale[stale.time < until].ids
        return services[results.reindex(services.index).isin(stale_ids)]

    @_table
    def stopped_services(self) -> pd.DataFrame:
        """The delivered services, not the dead ones, that had to stop reading their data.

        An edition or a grant since then says that they read again.
        """
        moves = self.of_kind("service_stopped", "service_renewed", "access_granted")
        last_moves = moves[moves.time < self.period.until].groupby("thing").what.last()
        stopped = last_moves[last_moves == "service_stopped"].index
        services = self.services[self.services.state != "dead"]
        return services[services.index.isin(stopped)]

    @_table
    def _all_stays(self) -> pd.DataFrame:
        """The stages of each project in order, until the next one; `text` is a reason or title."""
        stays = self.of_kind(*_STAGE_OF).rename(columns={"thing": "project", "time": "since"})
        until = stays.groupby("project").since.shift(-1)
        return stays.assign(stage=stays.what.map(_STAGE_OF), until=until)

    @property
    def _signs(self) -> pd.Series:
        """When each dataset was last updated, requested or read, until the period's end."""
        updates = self.of_kind("dataset_published", "dataset_described")
        signs = pd.concat([updates.rename(columns={"thing": "dataset"}), self.requests, self.reads])
        times = signs[signs.time < self.period.until].groupby("dataset").time
        return times.max().rename("sign")

    def _of_period(self, spans: pd.DataFrame) -> pd.DataFrame:
        """Those spans that ended in the period or outlasted it, with their days until its end."""
        spans = spans[self.period.meets(spans.since, spans.until)]
        return spans.assign(days=self.period.days(spans.since, spans.until))


def accesses_of(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the facts of access as what a `project` was told, or asked, of a `dataset`."""
    return facts.assign(dataset=facts.ids.str[0]).rename(columns={"thing": "project"})


class ProjectWait(NamedTuple):
    """For whom a project waited; `who` is a member's id, nobody's for the lab's own staff.

    `stage` is the one at which the wait began; it goes on while `until` is None.
    """

    party: _Party
    who: str
    stage: Stage
    since: datetime
    until: datetime | None


def waits_of(facts: Iterable[Fact]) -> list[ProjectWait]:
    """Return all waits of the project that these are the facts of, by their beginning."""
    waiting = _Waiting()
    for fact in facts:
        waiting.hear(fact)
    return waiting.all


class _Waiting:
    """Whom a project waits for, fact by fact."""

    def __init__(self) -> None:
        self._open: dict[tuple[_Party, str, str], tuple[Stage, datetime]] = {}
        self._ended: list[ProjectWait] = []
        self._stage: Stage = "submitted"
        self._is_proposed = False

    @property
    def all(self) -> list[ProjectWait]:
        """Those that ended, and those that go on."""
        going_on = [
            ProjectWait(party, who, stage, since, None)
            for (party, who, _), (stage, since) in self._open.items()
        ]
        return sorted((*self._ended, *going_on), key=lambda wait: wait.since)

    def hear(self, fact: Fact) -> None:
        """Note whom it opens or closes a wait for."""
        self._stage = _STAGE_OF.get(fact.what, self._stage)
        self._is_proposed = self._is_proposed or fact.what == _PROPOSED
        if fact.what in _OPENS and self._stage not in FINAL_STAGES:
            self._begin(_OPENS[fact.what], fact.who, _matter(fact), fact.at)
        for party in _CLOSES.get(fact.what, ()):
            self._end(party, _matter(fact), fact.at)
        if self._stage in FINAL_STAGES:
            for party, _, matter in list(self._open):
                self._end(party, matter, fact.at)
        self._review(fact)

    def _review(self, fact: Fact) -> None:
        """An advised project waits for its treatment, then for its review, unless it is asked."""
        is_advised = self._stage == "advised"
        if is_advised and not self._is_proposed:
            self._begin("holder", fact.who, "treatment", fact.at)
        else:
            self._end("holder", "treatment", fact.at)
        is_asked = any(party == "holder" and matter == "" for party, _, matter in self._open)
        if is_advised and self._is_proposed and not is_asked:
            self._begin("reviewer", "", "review", fact.at)
        else:
            self._end("reviewer", "review", fact.at)

    def _begin(self, party: _Party, who: str, matter: str, at: datetime) -> None:
        self._open.setdefault((party, who, matter), (self._stage, at))

    def _end(self, party: _Party, matter: str, at: datetime) -> None:
        for key in [key for key in self._open if key[0] == party and key[2] == matter]:
            stage, since = self._open.pop(key)
            self._ended.append(ProjectWait(party, key[1], stage, since, at))


def _matter(fact: Fact) -> str:
    """What a wait is about: a dataset, a job, or who is invited for which part."""
    return fact.ids[0] if fact.ids else f"{fact.kind} {fact.who}" if fact.kind else ""
