"""What the facts of a project come to: its stages, and whom it waited for from when to when."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from services.notify.steering.model import Fact, Subject
from shared.events.event import Stage

Party = Literal["owner", "reviewer", "holder", "member", "operator"]

STAGES: tuple[Stage, ...] = get_args(Stage)
_STAGE_OF: Mapping[str, Stage] = {f"project_{stage}": stage for stage in STAGES}
FINAL = frozenset({"delivered", "rejected", "withdrawn"})
"""The stages at which a project waits for nobody."""

_OPENS: Mapping[str, Party] = {
    "access_requested": "owner",
    "completion_asked": "holder",
    "member_invited": "member",
    "result_held": "reviewer",
    "job_given_up": "operator",
}
"""Who is waited for since then."""

_CLOSES: Mapping[str, Party] = {
    "access_granted": "owner",
    "access_refused": "owner",
    "access_expired": "owner",
    "access_revoked": "owner",
    "completion_given": "holder",
    "invitation_accepted": "member",
    "invitation_declined": "member",
    "invitation_expired": "member",
    "result_released": "reviewer",
    "result_refused": "reviewer",
    "job_retried": "operator",
    "job_succeeded": "operator",
    "job_failed": "operator",
    "job_cancelled": "operator",
}
"""Who is waited for no more; of an access, all who were asked: one word is that of all."""

_PROPOSED = "treatment_proposed"
_RUNS = frozenset({"trial", "full"})


class Stay(NamedTuple):
    """How long a project was at a stage; it is there still while `until` is None."""

    stage: Stage
    since: datetime
    until: datetime | None


class ProjectWait(NamedTuple):
    """For whom a project waited; `who` is a member's id, nobody's for the lab's own staff.

    `stage` is the one at which the wait began.
    """

    party: Party
    who: str
    stage: Stage
    since: datetime
    until: datetime | None


class Life:
    """A project as its facts tell it; one whose submission was not heard of begins later."""

    def __init__(self, subject: Subject) -> None:
        self.project_id, self.facts = subject.thing_id, subject.facts
        first = {fact.what: fact for fact in reversed(subject.facts)}
        submitted = first.get("project_submitted")
        self.holder_id = submitted.who if submitted else ""
        self.theme = submitted.text if submitted else ""
        self.places = submitted.places if submitted else ()
        self.reads = first["project_secured"].ids if "project_secured" in first else ()

    @cached_property
    def stays(self) -> list[Stay]:
        """The project's stages in order; the final one has no end."""
        entered = [(_STAGE_OF[fact.what], fact.at) for fact in self.facts if fact.what in _STAGE_OF]
        ends = [*(at for _, at in entered), None][1:]
        return [Stay(stage, at, until) for (stage, at), until in zip(entered, ends, strict=True)]

    @cached_property
    def waits(self) -> list[ProjectWait]:
        """All waits, by their beginning."""
        waiting = _Waiting()
        for fact in self.facts:
            waiting.hear(fact)
        return waiting.all

    @cached_property
    def runs(self) -> tuple[Fact, ...]:
        """The project's trials and full jobs that succeeded."""
        ended = (fact for fact in self.facts if fact.what == "job_succeeded")
        return tuple(fact for fact in ended if fact.kind in _RUNS)

    @cached_property
    def requests(self) -> tuple[Fact, ...]:
        """The project's requests for restricted data."""
        return tuple(fact for fact in self.facts if fact.what == "access_requested")

    @cached_property
    def end(self) -> Fact | None:
        """The fact that ended the project: its rejection, withdrawal or delivery."""
        ends = (fact for fact in self.facts if _STAGE_OF.get(fact.what) in FINAL)
        return next(ends, None)

    @property
    def last_stage(self) -> Stage:
        """The stage before its end, or that it is at."""
        been = [stay.stage for stay in self.stays if stay.stage not in FINAL]
        return been[-1] if been else self.stays[-1].stage

    def stage_at(self, at: datetime) -> Stage | None:
        """Its stage then; None before it began."""
        been = [stay.stage for stay in self.stays if stay.since < at]
        return been[-1] if been else None


class _Waiting:
    """Whom a project waits for, fact by fact."""

    def __init__(self) -> None:
        self._open: dict[tuple[Party, str, str], tuple[Stage, datetime]] = {}
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
        if fact.what in _STAGE_OF:
            self._stage = _STAGE_OF[fact.what]
        self._is_proposed = self._is_proposed or fact.what == _PROPOSED
        if fact.what in _OPENS and self._stage not in FINAL:
            self._begin(_OPENS[fact.what], fact.who, _matter(fact), fact.at)
        if fact.what in _CLOSES:
            self._finish(_CLOSES[fact.what], _matter(fact), fact.at)
        if self._stage in FINAL:
            self._end_all(fact.at)
        self._review(fact)

    def _review(self, fact: Fact) -> None:
        """An advised project waits for its treatment, then for its review, unless it is asked."""
        is_advised = self._stage == "advised"
        asked = any(party == "holder" and matter == "" for party, _, matter in self._open)
        if is_advised and not self._is_proposed:
            self._begin("holder", fact.who, "treatment", fact.at)
        else:
            self._finish("holder", "treatment", fact.at)
        if is_advised and self._is_proposed and not asked:
            self._begin("reviewer", "", "review", fact.at)
        else:
            self._finish("reviewer", "review", fact.at)

    def _begin(self, party: Party, who: str, matter: str, at: datetime) -> None:
        self._open.setdefault((party, who, matter), (self._stage, at))

    def _finish(self, party: Party, matter: str, at: datetime) -> None:
        self._end((key for key in self._open if (key[0], key[2]) == (party, matter)), at)

    def _end_all(self, at: datetime) -> None:
        self._end(self._open, at)

    def _end(self, keys: Iterable[tuple[Party, str, str]], at: datetime) -> None:
        for key in list(keys):
            stage, since = self._open.pop(key)
            self._ended.append(ProjectWait(key[0], key[1], stage, since, at))


def _matter(fact: Fact) -> str:
    """What a wait is about: a dataset, a job, or who is invited for which part."""
    return fact.ids[0] if fact.ids else f"{fact.kind} {fact.who}" if fact.kind else ""
