"""The treatment that a project proposes, and what the other services find in its way."""

from typing import Any

from pydantic import AliasChoices, Field

from services.intake.records import Access, Check, Checker, Entry
from shared.aggregate import Aggregate, now
from shared.errors import WrongStage
from shared.events import Obstacle, Stage, Treatment

_CHECKERS: dict[Checker, str] = {"catalog": "le catalogue", "compute": "le calcul"}

_IN_TIME: frozenset[Stage] = frozenset({"submitted", "advised", "secured"})
"""Later the trial tells."""


class Proposal(Aggregate):
    """A project as far as its treatment; `proposal` counts the treatments that it had.

    Compute says whether the treatment can run, the catalogue whether its data can be read; each
    answers by itself and neither is waited for.
    """

    holder_id: str
    stage: Stage = "submitted"
    history: list[Entry] = []
    treatment: Treatment | None = None
    proposal: int = 0
    checks: tuple[Check, ...] = ()

    def propose(self, treatment: Treatment) -> None:
        """This is what the project would do now; nobody has checked it yet."""
        self.treatment, self.checks = treatment, ()
        self.proposal += 1

    def note_fault(self, proposal: int, fault: str) -> None:
        """Compute's answer: why the treatment cannot run, or nothing."""
        self._note_check("compute", proposal, faults=(fault,) * bool(fault))

    def note_obstacles(self, proposal: int, obstacles: tuple[Obstacle, ...]) -> None:
        """The catalogue's answer: which of its datasets cannot be read."""
        told = [(one.passes, f"{one.dataset_id} : {one.reason}") for one in obstacles]
        faults = tuple(text for passes, text in told if not passes)
        self._note_check(
            "catalog", proposal, faults, waits=tuple(text for passes, text in told if passes)
        )

    @property
    def unchecked(self) -> str:
        """Who has not said yet what is in the treatment's way, in French; empty if all have."""
        answered = {check.by for check in self.checks}
        names = [name for by, name in _CHECKERS.items() if by not in answered]
        return f"Non encore vérifié par {' ni par '.join(names)}." if names else ""

    def check_feasible(self) -> None:
        """Raise WrongStage, in French, while a check says that the treatment leads nowhere."""
        faults = [fault for check in self.checks for fault in check.faults]
        if faults:
            raise WrongStage(
                "le traitement ne peut pas aboutir ; proposé de nouveau, il est revérifié :"
                f" {faults[0]}"
            )

    def _note_check(
        self,
        by: Checker,
        proposal: int,
        faults: tuple[str, ...],
        waits: tuple[str, ...] = (),
    ) -> None:
        answered = any(check.by == by for check in self.checks)
        if self.stage not in _IN_TIME or proposal != self.proposal or answered:
            return
        check = Check(by=by, at=now(), faults=faults, waits=waits)
        self.checks = (*self.checks, check)
        for text in check.told:
            self._note(by, text)

    def _note(self, by: str, why: str) -> None:
        self.history.append(Entry(stage=self.stage, at=now(), by=by, why=why))

    def _who(self) -> dict[str, Any]:
        return {"project_id": self.id, "holder_id": self.holder_id}


ENDS: frozenset[Stage] = frozenset({"delivered", "rejected", "withdrawn"})
"""The stages at which a project reads nothing any more."""


class Reader(Proposal):
    """A project as far as its data.

    `data_opened` is that the catalogue once said that all of it may be read; what it says of one
    dataset may come before that or after, and is newer by its `sequence`.
    """

    # Documents from before access could end have it by the name of what callers are shown.
    data_opened: bool = Field(
        default=False, validation_alias=AliasChoices("data_opened", "access_open")
    )
    accesses: tuple[Access, ...] = ()

    @property
    def access_open(self) -> bool:
        """Whether the project may read all its data now."""
        is_kept_back = any(one.state != "granted" for one in self.accesses)
        return self.data_opened and not is_kept_back and self.stage not in ENDS

    def note_access(self, news: Access) -> None:
        """Note how it stands with a dataset, unless something newer is known."""
        known = {one.dataset_id: one for one in self.accesses}
        before = known.get(news.dataset_id)
        if before and before.sequence > news.sequence:
            return
        self.accesses = tuple((known | {news.dataset_id: news}).values())
        told = news.told_after(before, again=self.data_opened)
        if told and self.stage not in ENDS:
            self._note("catalog", told)

    def check_readable(self) -> None:
        """Raise WrongStage, with the reason in French, while data was taken away."""
        revoked = (one.reason for one in self.accesses if one.state == "revoked")
        if reason := next(revoked, ""):
            raise WrongStage(f"l'accès à des données du projet a été retiré : {reason}")
