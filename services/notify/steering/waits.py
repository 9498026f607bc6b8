"""Whom a project waited for, from when to when, as its facts tell it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from services.notify.steering.model import Fact
from shared.stages import FINAL_STAGES, STAGES, Stage

Party = Literal["owner", "reviewer", "holder", "member", "operator"]

STAGE_OF: Mapping[str, Stage] = {f"project_{stage}": stage for stage in STAGES}
"""The stages of a project, in order, by the facts that it came to them."""

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


class ProjectWait(NamedTuple):
    """For whom a project waited; `who` is a member's id, nobody's for the lab's own staff.

    `stage` is the one at which the wait began; it goes on while `until` is None.
    """

    party: Party
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
        self._stage = STAGE_OF.get(fact.what, self._stage)
        self._is_proposed = self._is_proposed or fact.what == _PROPOSED
        if fact.what in _OPENS and self._stage not in FINAL_STAGES:
            self._begin(_OPENS[fact.what], fact.who, _matter(fact), fact.at)
        if fact.what in _CLOSES:
            self._end(_CLOSES[fact.what], _matter(fact), fact.at)
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

    def _begin(self, party: Party, who: str, matter: str, at: datetime) -> None:
        self._open.setdefault((party, who, matter), (self._stage, at))

    def _end(self, party: Party, matter: str, at: datetime) -> None:
        for key in [key for key in self._open if key[0] == party and key[2] == matter]:
            stage, since = self._open.pop(key)
            self._ended.append(ProjectWait(party, key[1], stage, since, at))


def _matter(fact: Fact) -> str:
    """What a wait is about: a dataset, a job, or who is invited for which part."""
    return fact.ids[0] if fact.ids else f"{fact.kind} {fact.who}" if fact.kind else ""
