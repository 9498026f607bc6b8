"""The rules of a project's life: one stage table, and what each stage needs and records."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, computed_field, model_validator

from services.intake import records
from services.intake.accesses import (
    DatasetAccess,
    Wait,
    after_deletion,
    check_readable,
    with_access,
    with_owners,
)
from services.intake.invitations import (
    ANSWERED,
    ASKED,
    PART_NAMES,
    Answer,
    Invitation,
    Invitations,
    Patience,
)
from services.intake.reviewing import (
    Decision,
    Question,
    ReviewDecision,
    Reviews,
    check_impartial,
    check_treatment,
    unchecked,
    with_reviews,
)
from shared import events
from shared.aggregate import Aggregate, now
from shared.auth import Caller
from shared.endings.redaction import ERASED, redacted
from shared.endings.retitling import retitle, titles_in
from shared.engine.analysis.narrowing import does_without, without_columns
from shared.errors import Forbidden, Invalid, NotFound, WrongStage
from shared.events.event import UNTOLD, Party, ReadingChange, Treatment
from shared.events.intake import ProjectPart
from shared.language.folding import beginnings
from shared.language.french import day_in_paris
from shared.stages import FINAL_STAGES, OPEN_STAGES, STAGE_NAMES, STAGES, Stage

STAGE_OF: Mapping[ProjectPart, Stage] = {"pilot_site": "piloted", "team": "staffed"}
"""The stage that a project comes to once its part is taken."""

_TRIED_AT = ("equipped", "trialled", "piloted")
"""The stages at which a trial counts: later the full job runs."""

_TRIED = ("trialled", "piloted", "staffed", "delivered")
_AMENDED = "Nouveau traitement : le lab vérifie s'il lit ou montre davantage."
_EMPTY = "s'est achevé sans aucune ligne"

_OVER: Mapping[str, str] = MappingProxyType(
    {"declined": "vous avez décliné", "expired": "le délai de réponse est passé"}
)
"""Why an invitation is not to be answered any more, in French."""

REVIEWERS, STAFF = "@reviewers", "@staff"
"""Who of the lab is awaited; members' ids have no such character."""

Act = Literal["", "holder", "part", "review", "staff"]
"""What a caller has to do with a project: what its holder owes, take a part, review it, go on."""

TreatmentOpenTo = Literal["holder", "holder_or_reviewer", "nobody"]
PATIENCE = Patience()


def _nobody(_member_id: str) -> bool:
    return False


NOBODY: Mapping[str, Party] = MappingProxyType({})
"""The members concerned, by id, where none is known."""


class Project(Aggregate):
    """A holder's project.

    `proposal` counts its treatments. Compute says whether the last one can run, the catalogue
    whether its data can be read, and whose it is; each answers by itself, and only whose it is is
    waited for. `opened_for` is the last of which the catalogue said that all its data may be read;
    what it says of one dataset may come before that or after, and is newer by its `sequence`.
    `reviewed` is the last that a reviewer agreed to, or that goes beyond none of these, `tried` the
    last whose trial succeeded. `retry_due` is that a changed treatment waits for its data, `told`
    that the catalogue was told what the project does with its data when it was secured, as
    `upgrade` sees to for older ones.

    Commands raise WrongStage or Invalid and change nothing then. Events of other services that
    come twice, too late or after the project's end change nothing either.
    """

    collection = "projects"
    indexes = (
        "holder_id",
        "stage",
        "team",
        "site_id",
        "named",
        "is_asking",
        "participants",
        "awaited",
        "found_by",
    )

    holder_id: str
    stage: Stage = "submitted"
    history: list[records.Entry] = []
    treatment: Treatment | None = None
    proposal: int = 0
    checks: tuple[records.Check, ...] = ()
    told: bool = False
    opened_for: int = 0
    reviewed: int = 0
    tried: int = 0
    review_asked: int = 0
    retry_due: bool = False
    accesses: tuple[DatasetAccess, ...] = ()
    title: str
    problem: str
    theme: str
    territory: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    dataset_ids: tuple[str, ...] = ()
    submitted_at: AwareDatetime = Field(default_factory=now)
    secured_ids: tuple[str, ...] = ()
    guidance: records.Guidance | None = None
    workspace_open: bool = False
    trial_due: bool = False
    trials: list[records.Trial] = []
    results: list[records.Result] = []
    given_up: tuple[records.GivenUpJob, ...] = ()
    reviews: Reviews = Reviews()
    parts: Invitations = Invitations()
    site_id: str | None = None
    team: tuple[str, ...] = ()
    delivery: records.Delivery | None = None

    @model_validator(mode="before")
    @classmethod
    def _opened(cls, saved: Any) -> Any:  # noqa: ANN401 - whatever is to be a project
        """Upgrade a project saved before treatments could widen what owners are asked for."""
        if not isinstance(saved, dict):
            return saved
        proposals = {}
        proposal = max(saved.get("proposal", 0), 1)
        if saved.get("data_opened") or saved.get("access_open"):
            proposals["opened_for"] = proposal
        if saved.get("secured_ids"):
            proposals["reviewed"] = proposal
        if saved.get("stage") in _TRIED:
            proposals["tried"] = proposal
        return with_reviews(proposals | saved)

    @model_validator(mode="after")
    def _took_part(self) -> Self:
        """Who had a part before members were asked has accepted it."""
        taken: dict[ProjectPart, tuple[str, ...]] = {
            "pilot_site": (self.site_id,) if self.site_id else (),
            "team": self.team,
        }
        for part, member_ids in taken.items():
            self.parts = self.parts.taken_before(part, member_ids, self._since(STAGE_OF[part]))
        return self

    @computed_field  # type: ignore[prop-decorator]
    @property
    def named(self) -> list[str]:
        """The members who see the project by their part in it."""
        return self.parts.named

    @computed_field  # type: ignore[prop-decorator]
    @property
    def participants(self) -> list[str]:
        """The members whose project it is, or who see it by their part in it."""
        return sorted({self.holder_id, *self.parts.named})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def found_by(self) -> list[str]:
        """What somebody types who looks for it."""
        return beginnings(self.title, self.theme, *self.keywords)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def awaited(self) -> list[str]:
        """Who has to act on it: members by their ids, REVIEWERS and STAFF as such."""
        waits = {
            self.holder_id: self.holder_due,
            REVIEWERS: self.stage == "advised" and not self.holder_due,
            STAFF: self.staff_due,
        }
        invited = (
            {invitation.member_id for invitation in self.parts.open} if self.is_asking else set()
        )
        return sorted(invited | {who for who, is_due in waits.items() if is_due})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_asking(self) -> bool:
        """Whether it waits for the answer of a member that is asked for a part."""
        return self.stage not in FINAL_STAGES and bool(self.parts.open)

    @property
    def invitations(self) -> tuple[Invitation, ...]:
        """Who was asked for which part, and what they answered."""
        return self.parts.all

    def submit(self) -> Self:
        """Enter the lab."""
        self._note(self.holder_id, "Projet déposé.")
        if self.treatment:
            self.propose(self.treatment)
        self.record(
            events.ProjectSubmitted(
                **self._who(),
                title=self.title,
                problem=self.problem,
                theme=self.theme,
                territory=self.territory,
                keywords=self.keywords,
                dataset_ids=self.dataset_ids,
                treatment=self.treatment,
            )
        )
        return self

    def propose(self, treatment: Treatment) -> None:
        """Replace the treatment by one that nobody has checked yet."""
        self.treatment, self.checks = treatment, ()
        self.proposal += 1

    def note_fault(self, proposal: int, fault: str) -> None:
        """Note why the treatment cannot run, as compute says, or that it can."""
        faults = (fault,) * bool(fault)
        self._note_check(records.Check(by="compute", at=now(), faults=faults, proposal=proposal))

    def note_inputs(self, checked: events.InputsChecked, sequence: int = 0) -> None:
        """Note which datasets cannot be read, and who owns them, as the catalogue says.

        Of two statements on the same treatment, that of the higher `sequence` is newer.
        """
        obstacles = [
            (obstacle.passes, f"{obstacle.dataset_id} : {obstacle.reason}")
            for obstacle in checked.obstacles
        ]
        faults = tuple(text for passes, text in obstacles if not passes)
        waits = tuple(text for passes, text in obstacles if passes)
        self._note_check(
            records.Check(
                proposal=checked.proposal,
                by="catalog",
                at=now(),
                faults=faults,
                waits=waits,
                persons=checked.persons,
                owners=checked.owners,
                changes=checked.changes,
                sequence=sequence,
            )
        )
        if self.stage not in FINAL_STAGES and checked.proposal == self.proposal:
            self._compare(checked.changes)

    @property
    def owners(self) -> frozenset[str]:
        """All owners of data that the project reads or would read, as known from the catalogue."""
        checked_owners = (check.owners or () for check in self.checks)
        asked = (access.owners for access in self.accesses)
        return frozenset(chain.from_iterable((*checked_owners, *asked)))

    @property
    def waits_for(self) -> tuple[Wait, ...]:
        """Whose word on which data the project waits for."""
        if self.stage in FINAL_STAGES:
            return ()
        return tuple(wait for access in self._read for wait in access.waits)

    @property
    def _read(self) -> tuple[DatasetAccess, ...]:
        """The accesses to the data that its treatment reads."""
        read = _read_by(self.treatment) if self.treatment else ()
        return tuple(access for access in self.accesses if access.dataset_id in read)

    @property
    def needs_review(self) -> bool:
        """Whether its changed treatment goes beyond what was reviewed."""
        is_open = bool(self.secured_ids) and self.stage not in FINAL_STAGES
        return is_open and self.reviewed < self.proposal and bool(self.changes)

    @property
    def changes(self) -> tuple[ReadingChange, ...]:
        """What the treatment reads or shows beyond the one that was reviewed."""
        return tuple(chain.from_iterable(check.changes for check in self.checks))

    def advise(self, guidance: records.Guidance) -> None:
        """Attach the lab's guidance, once."""
        if self.stage != "submitted":
            return
        self.guidance = guidance
        counts = {field: len(suggestions) for field, suggestions in guidance}
        self._become("advised", "intake", guidance.in_french())
        self.record(events.ProjectAdvised(**self._who(), **counts))

    @property
    def treatment_open_to(self) -> TreatmentOpenTo:
        """Who may change the treatment, until the project ends: the holder, and staff for it.

        Once it is secured, of the staff whoever may review it.
        """
        if self.stage in FINAL_STAGES:
            return "nobody"
        return "holder_or_reviewer" if self.secured_ids else "holder"

    def set_treatment(
        self,
        treatment: Treatment,
        by: str,
        *,
        is_reviewer: bool,
        parties: Mapping[str, Party] = NOBODY,
    ) -> None:
        """Say what to do with the data, or say it anew until the project ends.

        Access was granted for what was secured: what reads or shows no more goes on, of more the
        catalogue asks owners, and a reviewer decides. A reviewer's own is reviewed by that, and
        forbidden to whom a review is.
        """
        self.check_treatable(by, is_reviewer=is_reviewer, parties=parties)
        if not self.secured_ids:
            self.propose(treatment)
            self._note(by, "Traitement défini.")
            about = {"proposal": self.proposal, "treatment": treatment}
            self.record(events.TreatmentProposed(**self._who(), **about))
        else:
            self._amend(treatment, by, parties)

    def check_treatable(
        self, by: str, *, is_reviewer: bool, parties: Mapping[str, Party] = NOBODY
    ) -> None:
        """Raise WrongStage once it has ended, Forbidden for who may not change its treatment."""
        if self.stage in FINAL_STAGES:
            raise WrongStage(f"{self._told_stage} garde son traitement")
        if self.secured_ids and by != self.holder_id:
            if not is_reviewer:
                raise Forbidden("seuls le porteur et un relecteur changent ce traitement")
            self.check_impartial(by, parties)

    def leave_out(
        self, by: str, *, is_reviewer: bool, parties: Mapping[str, Party] = NOBODY
    ) -> None:
        """Take the columns that owners left out of their grants out of the treatment.

        Raises WrongStage where there are none, Invalid, naming the step, where one needs them.
        """
        treatment = without_columns(self.check_narrowable(), self._refused_columns)
        self.set_treatment(treatment, by, is_reviewer=is_reviewer, parties=parties)

    def check_narrowable(self) -> Treatment:
        """The treatment, if it reads columns that owners left out; WrongStage else."""
        refused = self._refused_columns
        if self.treatment is None or not refused or self.stage in FINAL_STAGES:
            raise WrongStage("aucune colonne n'est refusée parmi d'autres qui sont accordées")
        if does_without(self.treatment, refused):
            raise WrongStage("le traitement se passe déjà de ces colonnes")
        return self.treatment

    @property
    def _refused_columns(self) -> dict[str, tuple[str, ...]]:
        """By the ids of the datasets that it reads, where others are granted."""
        refused = {access.dataset_id: access.refused_columns for access in self._read}
        return {dataset_id: columns for dataset_id, columns in refused.items() if columns}

    def review(
        self, decision: Decision, parties: Mapping[str, Party] = NOBODY, *, needed: int = 1
    ) -> None:
        """Secure the project for its treatment's datasets, turn it down, or ask to complete it.

        Where two reviewers are `needed`, the first one's word is kept until another agrees with it.

        Forbidden to its holder, to owners of the data, to who has a part in it, and to their
        organisations; `parties` are the members concerned, by id.
        WrongStage for what `check_treatment` does not let be secured.
        """
        self.check_decision(decision.decision, decision.by, decision.account_id, parties)
        if decision.decision == "complete":
            self._ask(decision)
        elif decision.decision == "reject":
            self._become("rejected", decision.by, decision.reason)
            self.reviews = self.reviews.decided(decision)
            self.record(events.ProjectRejected(**self._decision(decision)))
        elif self.needs_review:
            self._approve(decision, needed)
        else:
            self._secure(decision, parties, needed)

    def check_decision(
        self,
        decision: ReviewDecision,
        by: str,
        account_id: str = "",
        parties: Mapping[str, Party] = NOBODY,
    ) -> None:
        """Raise Forbidden for who may not decide so, WrongStage where nobody may."""
        self.check_impartial(by, parties)
        if decision == "reject":
            self.check_next("rejected")
        elif decision == "complete":
            if not self._is_under_review:
                raise WrongStage(f"{self._told_stage} n'est plus à compléter")
            self.reviews.check_answered()
        else:
            if not self.needs_review:
                self.check_next("secured")
            check_treatment(self.treatment, self.checks)
            self.reviews.check_new(self.proposal, by, account_id)

    def _secure(self, decision: Decision, parties: Mapping[str, Party], needed: int) -> None:
        treatment = check_treatment(self.treatment, self.checks)
        if not self._is_agreed(decision, needed):
            return
        decision_fields, self.reviewed = self._decision(decision), self.proposal
        self._become("secured", decision.by, f"{decision.reason} {unchecked(self.checks)}".strip())
        for condition in self.reviews.conditions:
            self._note(decision.by, f"Condition de la revue : {condition}")
        self.secured_ids = _read_by(treatment)
        self.told = True
        self.record(events.ProjectSecured(**decision_fields, **self._secured_treatment(parties)))

    def _approve(self, decision: Decision, needed: int) -> None:
        """Accept that a changed treatment goes beyond the one that was reviewed."""
        conditions = tuple(dict.fromkeys((*self.conditions, *decision.conditions)))
        if self._is_agreed(decision.model_copy(update={"conditions": conditions}), needed):
            self.reviewed = self.proposal
            self._note(decision.by, f"Nouveau traitement accepté : {decision.reason}")
            decision_fields = {**self._decision(decision), "proposal": self.proposal}
            self.record(events.TreatmentApproved(**decision_fields))
            self._go_on_if_opened(was_open=False)

    def _is_agreed(self, decision: Decision, needed: int) -> bool:
        """Keep a reviewer's agreement; whether there are as many as are needed."""
        self.reviews = self.reviews.decided(decision)
        if len(self.reviews.approvals_of(self.proposal)) >= needed:
            return True
        self._note(decision.by, f"Premier avis favorable : {decision.reason}")
        self.record(events.ProjectApproved(**self._decision(decision)))
        return False

    @property
    def _is_under_review(self) -> bool:
        return self.stage == "advised" or self.needs_review

    def _ask(self, decision: Decision) -> None:
        """Ask the holder to complete the project, before it is decided on; once at a time."""
        self.reviews = self.reviews.asked(decision)
        self._note(decision.by, f"À compléter : {decision.reason}")
        asked = {"asked_by": decision.by, "question": decision.reason}
        self.record(events.CompletionAsked(**self._who(), **asked))

    def complete(self, answer: str, by: str) -> None:
        """Answer what the holder was asked; Forbidden to anybody else."""
        asked = self.check_completable(by)
        self.reviews = self.reviews.answered(answer)
        self._note(by, f"Complété : {answer}")
        self.record(events.CompletionGiven(**self._who(), asked_by=asked.asked_by, answer=answer))

    def check_completable(self, by: str) -> Question:
        """The question that its holder is to answer; Forbidden to others, WrongStage without."""
        if by != self.holder_id:
            raise Forbidden("seul le porteur du projet le complète")
        asked = self.reviews.open_question
        if asked is None or not self._is_under_review:
            raise WrongStage("rien n'est à compléter pour le moment")
        return asked

    @property
    def lacks_telling(self) -> bool:
        """Whether the catalogue was not told what the project does, or did not say whose data."""
        if self.secured_ids:
            return not self.told and self.stage not in FINAL_STAGES
        answer = next((check for check in self.checks if check.by == "catalog"), None)
        is_open = self.stage not in FINAL_STAGES and self.treatment is not None
        return is_open and answer is not None and answer.owners is None

    def tell_once_more(self, parties: Mapping[str, Party] = NOBODY) -> None:
        """Announce the treatment of an older project again, for the catalogue to ask its owners.

        The catalogue then asks the owners for a secured treatment, or ties their grants to it; of
        one that is not reviewed yet it says whose data it would read.
        """
        if not self.lacks_telling:
            return
        if self.secured_ids:
            self.told = True
            fields = {**self._who(), **self._secured_treatment(parties)}
            self.record(events.TreatmentChanged(**fields))
            return
        self.checks = tuple(check for check in self.checks if check.by != "catalog")
        about = {"proposal": self.proposal, "treatment": self.treatment}
        self.record(events.TreatmentProposed(**self._who(), **about))

    def open_access(self, proposal: int | None) -> None:
        """All owners granted what a treatment reads; by an older event the one secured first."""
        first = self.proposal if self.stage == "secured" else 0
        opened = first if proposal is None else proposal
        if self.secured_ids and opened > self.opened_for and self.stage not in FINAL_STAGES:
            was_open = self.access_open
            self.opened_for = opened
            self._go_on_if_opened(was_open=was_open)

    @property
    def access_open(self) -> bool:
        """Whether the project may read all its data now."""
        is_open = bool(self.opened_for) and self.opened_for >= self.proposal
        is_kept_back = any(access.state != "granted" for access in self._read)
        is_reviewed = self.reviewed >= self.proposal
        return is_open and is_reviewed and not is_kept_back and self.stage not in FINAL_STAGES

    def note_access(self, access: DatasetAccess) -> None:
        """Note the access to a dataset; with the last that was lacking the project goes on."""
        was_open = self.access_open
        self._note_state(access)
        self._go_on_if_opened(was_open=was_open)

    def names_dataset(self, dataset_id: str) -> bool:
        """Return whether the project reads a dataset, or names it by its title."""
        is_read = any(access.dataset_id == dataset_id for access in self.accesses)
        return is_read or bool(titles_in(self, dataset_id))

    def note_deletion(self, dataset_id: str, title: str, reason: str) -> None:
        """A dataset was deleted: it is called so from now on.

        That nobody reads it any more the catalogue says by itself, but of projects that ended.
        """
        self._call(dataset_id, title)
        if self.stage in FINAL_STAGES:
            self.accesses = after_deletion(self.accesses, dataset_id, reason)

    def note_owners(self, dataset_id: str, owners: tuple[str, ...]) -> None:
        """Note whose data a dataset is that was granted before the catalogue told that."""
        self.accesses = with_owners(self.accesses, dataset_id, owners)

    def open_workspace(self) -> None:
        """The project's workspace is open."""
        if self.stage == "secured":
            self.workspace_open = True
            self._equip("compute")

    def end_trial(self, end: events.JobSucceeded | events.JobFailed | events.JobCancelled) -> None:
        """Note how a trial of the present treatment ended; go on with the project if it succeeded.

        It does not go on if no row is left, or if a column has no value at all.
        """
        if not self._is_tried_by(end):
            return
        self.trial_due = False
        if not isinstance(end, events.JobSucceeded):
            self.trials.append(records.Trial(job_id=end.job_id, at=now(), reason=end.reason))
            outcome = "a échoué" if isinstance(end, events.JobFailed) else "n'a pas abouti"
            self._note("compute", f"L'essai {outcome} : {end.reason}")
            return
        fields = {"job_id": end.job_id, "result": end.result, "is_empty": end.is_empty}
        fields |= {"warning": end.warning, "fault": end.fault}
        self.trials.append(records.Trial(**fields, at=now()))
        if end.fault:
            self._note("compute", f"L'essai sur un échantillon est sans résultat : {end.fault}")
            return
        self.tried = self.proposal
        how, summary = _outcome(end)
        why = f"L'essai sur un échantillon {how}. {end.warning}".strip()
        if self.stage == "equipped":
            self._become("trialled", "compute", why)
        else:
            self._note("compute", why)
        about = {"job_id": end.job_id, "result": end.result, "told": summary}
        self.record(events.ProjectTrialled(**self._who(), **about))
        for part, stage in STAGE_OF.items():
            if stage in STAGES[self.stage].following:
                self._settle(part, "compute")

    def _is_tried_by(
        self,
        end: events.JobSucceeded | events.JobFailed | events.JobCancelled | events.ResultRefused,
    ) -> bool:
        """Whether a trial that ended is awaited: the treatment may have changed since it began."""
        is_awaited = self.stage == "equipped" or (self.trial_due and self.stage in _TRIED_AT)
        is_known = any(end.job_id == trial.job_id for trial in self.trials)
        return is_awaited and not is_known and end.proposal in {None, self.proposal}

    def note_result(self, end: events.JobSucceeded) -> None:
        """Keep the result of a full job, whatever the stage, unless the project has ended."""
        is_new = all(end.job_id != result.job_id for result in self.results)
        if self.stage in OPEN_STAGES and is_new:
            fields = {"job_id": end.job_id, "result": end.result, "warning": end.warning}
            fields |= {"proposal": end.proposal or self.proposal, "fault": end.fault}
            self.results.append(records.Result(**fields, at=now()))

    def note_release(self, decided: events.ResultReleased) -> None:
        """Note why a reviewer let the result of a full job leave; the end of that tells the rest.

        A result of before, which was told of while it was held, is delivered from now on.
        """
        if self.stage in FINAL_STAGES:
            return
        changes = {"state": "released", "warning": decided.warning, "fault": decided.fault}
        self.results = [
            result.model_copy(update=changes) if result.job_id == decided.job_id else result
            for result in self.results
        ]
        why = "Le résultat du calcul complet, d'abord retenu, est remis au porteur"
        self._note(decided.decided_by or "compute", f"{why} : {decided.reason}")

    def note_refusal(self, decided: events.ResultRefused) -> None:
        """Note why a reviewer lets nothing leave of a trial or a full job, which is over so."""
        if self.stage in FINAL_STAGES:
            return
        what = "de l'essai" if decided.kind == "trial" else "du calcul complet"
        why = f"Le résultat {what} ne sort pas du Datalab : {decided.reason}"
        if decided.kind == "trial":
            if not self._is_tried_by(decided):
                return
            self.trial_due = False
            self.trials.append(records.Trial(job_id=decided.job_id, at=now(), reason=why))
        else:
            about = {"job_id": decided.job_id, "proposal": decided.proposal or self.proposal}
            about |= {"result": UNTOLD, "state": "refused", "reason": decided.reason}
            others = [result for result in self.results if result.job_id != decided.job_id]
            self.results = [*others, records.Result(**about, at=now())]
        self._note(decided.decided_by or "compute", why)

    @property
    def waiting_jobs(self) -> tuple[records.GivenUpJob, ...]:
        """The jobs that wait for an operator; the end of a project cancels them."""
        return tuple(job for job in self.given_up if job.reason)

    def note_given_up(self, job: records.GivenUpJob) -> None:
        """Note that a job waits for an operator, or that an operator queued it again."""
        if self._note_job(job):
            self._note("compute", job.history_text)

    def end_job(self, job: records.GivenUpJob) -> None:
        """A job ended: it waits for nobody."""
        self._note_job(job)

    def choose_pilot_site(
        self, site_id: str, by: str, then: tuple[str, ...] = (), patience: Patience = PATIENCE
    ) -> None:
        """Ask a member to pilot the project; whoever was asked before is asked no longer.

        If it does not, those of `then` are asked, one after the other.
        """
        self._ask_for("pilot_site", (site_id,), by, then, patience)

    def form_team(
        self,
        team: tuple[str, ...],
        by: str,
        then: tuple[str, ...] = (),
        patience: Patience = PATIENCE,
    ) -> None:
        """Ask these members, and no others, to work on the project; for who does not, `then`."""
        self._ask_for("team", team, by, then, patience)

    def answer_invitation(
        self,
        by: str,
        answer: Answer,
        reason: str = "",
        part: ProjectPart | None = None,
        *,
        has_left: Callable[[str], bool] = _nobody,
    ) -> None:
        """Note a member's answer; the last missing answer moves the project on.

        The same again changes nothing. Raises NotFound for whom nobody asked, WrongStage for a
        member who declined, or answers too late, and for whose part the project has come beyond.
        Where one declines, the next is asked who was named for that, unless it `has_left`.
        """
        invitation = self._invitation_of(by, part)
        if invitation.state == ANSWERED[answer]:
            return
        self.check_answerable(by, part)
        self.parts = self.parts.answered(invitation, answer, reason)
        name, who = PART_NAMES[invitation.part], {**self._who(), "member_id": by}
        if answer == "decline":
            self._note(by, f"{name} : {by} décline : {reason}")
            self.record(events.InvitationDeclined(**who, part=invitation.part, reason=reason))
            self._ask_next(invitation.part, by, has_left)
            return
        self._note(by, f"{name} : {by} accepte.")
        self.record(events.InvitationAccepted(**who, part=invitation.part))
        self._settle(invitation.part, by)

    def check_answerable(self, by: str, part: ProjectPart | None = None) -> None:
        """Raise NotFound for whom nobody asked, WrongStage where no answer is taken any more."""
        invitation = self._invitation_of(by, part)
        if STAGE_OF[invitation.part] not in STAGES[self.stage].following:
            raise WrongStage(f"{self._told_stage} n'attend plus cette réponse")
        if over := _OVER.get(invitation.state):
            raise WrongStage(f"{over} ; le Datalab peut vous solliciter de nouveau")

    def _invitation_of(self, member_id: str, part: ProjectPart | None) -> Invitation:
        for invitation in self.parts.of(member_id):
            if part in {None, invitation.part}:
                return invitation
        raise NotFound.of(self.id)

    def follow_up(self, at: datetime, has_left: Callable[[str], bool] = _nobody) -> None:
        """Remind, once, the members who did not answer; later ask the next ones in their place."""
        for invitation in self.parts.open:
            if STAGE_OF[invitation.part] not in STAGES[self.stage].following:
                continue
            who = {**self._who(), "member_id": invitation.member_id, "part": invitation.part}
            if invitation.ends_at <= at:
                self.parts = self.parts.expired(invitation)
                self._note(
                    "intake",
                    f"{PART_NAMES[invitation.part]} : {invitation.member_id} n'a pas répondu.",
                )
                self.record(events.InvitationExpired(**who))
                self._ask_next(invitation.part, invitation.member_id, has_left)
            elif invitation.remind_at <= at:
                self.parts = self.parts.reminded(invitation)
                self.record(events.InvitationReminded(**who, **self._asked(invitation)))

    @property
    def holder_due(self) -> str:
        """What the project waits for from its holder, in French; empty for nothing."""
        if self._is_under_review and self.reviews.open_question:
            return "répondre au relecteur"
        if self.stage in {"submitted", "advised"} and self.treatment is None:
            return "dire ce qu'il faut faire des données"
        if self.lacks_access:
            return (
                "obtenir l'accord du propriétaire des données, changer le traitement pour s'en"
                " passer, ou retirer le projet"
            )
        # What was taken away, or is asked for anew, has to be granted first.
        if self.access_open and not self.retry_due and (missing := self._without_result):
            return f"changer le traitement : {missing}"
        return "livrer le service" if self.deliverable else ""

    @property
    def deliverable(self) -> tuple[str, ...]:
        """The full jobs whose results may be delivered."""
        if self.stage != "staffed" or any(access.state == "revoked" for access in self._read):
            return ()
        own = (
            result for result in self.results if result.is_of(self.proposal) and not result.fault
        )
        return tuple(result.job_id for result in own if result.state == "released")

    @property
    def _without_result(self) -> str:
        """Why the treatment has no result, in French; empty as long as that is unknown."""
        has_ended = bool(self.trials) and not self.trial_due and self.tried < self.proposal
        if self.stage in _TRIED_AT and has_ended:
            return "l'essai n'a pas abouti"
        ended = [result for result in self.results if result.is_of(self.proposal)]
        is_lost = bool(ended) and all(result.fault or result.state == "refused" for result in ended)
        # Full jobs that fail are not noted here: they may be run again as they are.
        return "le calcul complet n'a rien donné à livrer" if is_lost else ""

    def act_of(self, caller: Caller) -> Act:
        """What waits for the caller, if anything; the staff does nothing with projects of its own.

        Nor does a reviewer who agreed to it already.
        """
        is_own, awaited = caller.member_id == self.holder_id, self.awaited
        if caller.member_id in awaited:
            return "holder" if is_own and self.holder_due else "part"
        if is_own or not caller.is_staff:
            return ""
        if REVIEWERS in awaited:
            has_agreed = self.has_agreed(caller.member_id, caller.account_id)
            return "" if has_agreed else "review"
        return "staff" if STAFF in awaited else ""

    @property
    def unready_for_review(self) -> str:
        """Why nobody need review it yet, in French; empty where somebody should, or has."""
        if self.stage == "submitted":
            return "le projet n'est pas encore éclairé"
        is_holders = self.stage == "advised" and self.holder_due
        return f"le projet attend son porteur : {self.holder_due}" if is_holders else ""

    @property
    def staff_due(self) -> str:
        """What it waits for from the lab's staff once it is secured, in French; or empty."""
        if self.needs_review and not self.reviews.open_question:
            return "relire le traitement, qui lit ou montre davantage"
        if self.lacks_access:
            return ""
        match self.stage:
            case "trialled" if not self._is_asked("pilot_site"):
                return "inviter un site pilote"
            case "piloted" if not self._is_asked("team"):
                return "former l'équipe"
        return ""

    @property
    def lacks_access(self) -> bool:
        """Whether data is kept from it that nobody is asked for any more."""
        is_over = self.stage in FINAL_STAGES
        return not is_over and any(access.is_lost for access in self._read)

    def _is_asked(self, part: ProjectPart) -> bool:
        return any(invitation.part == part for invitation in self.parts.open)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What reviews asked the holder to complete, oldest first."""
        return self.reviews.questions

    @property
    def approvals(self) -> tuple[Decision, ...]:
        """Who would secure its treatment as it is now."""
        return self.reviews.approvals_of(self.proposal)

    def has_agreed(self, member_id: str, account_id: str) -> bool:
        """Whether a person is one of them."""
        return self.reviews.has_agreed(self.proposal, member_id, account_id)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What the review bound the project to, once it is secured, in French."""
        return self.reviews.conditions if self.secured_ids else ()

    def deliver(self, delivery: records.Delivery, by: str, *, conditions_met: bool = False) -> None:
        """Hand over the digital service that a full job's result feeds.

        Not while data that it was made of is taken away: the catalogue would not take it. Invalid
        until it is said that the conditions of the review are met.
        """
        self.check_next("delivered")
        if self.conditions and not conditions_met:
            conditions = " ; ".join(self.conditions)
            raise Invalid(
                f"confirmez que ces conditions sont tenues : {conditions}", "conditions_met"
            )
        check_readable(self._read)
        result = next((end for end in self.results if end.job_id == delivery.job_id), None)
        if result is None:
            raise Invalid("aucun calcul complet réussi de ce projet n'a cet identifiant", "job_id")
        result.check_deliverable(self.proposal)
        self._become("delivered", by, f"Service livré. {result.warning}".strip())
        self.delivery = delivery
        about = {"theme": self.theme, "territory": self.territory, "result": result.result}
        people = {"site_id": self.site_id, "team": self.team}
        self.record(events.ProjectDelivered(**self._who(), **about, **people, **dict(delivery)))

    def withdraw(self, reason: str, by: str) -> None:
        """Give the project up."""
        self._become("withdrawn", by, reason)
        others = tuple(self.named)
        fields = {"decided_by": by, "reason": reason, "member_ids": others}
        self.record(events.ProjectWithdrawn(**self._who(), **fields))

    def _note_check(self, check: records.Check) -> None:
        if self.stage in FINAL_STAGES or check.proposal != self.proposal:
            return
        others = tuple(other_check for other_check in self.checks if other_check.by != check.by)
        before = next(
            (other_check for other_check in self.checks if other_check.by == check.by), None
        )
        if before is None or before.proposal not in {0, check.proposal}:
            self.checks = (*others, check)
            for text in check.history_texts:
                self._note(check.by, text)
        elif before.sequence < check.sequence:
            self.checks = (*others, check)

    def _note_state(self, access: DatasetAccess) -> None:
        before = next(
            (other for other in self.accesses if other.dataset_id == access.dataset_id), None
        )
        if before and before.sequence > access.sequence:
            return
        access = access.after(before)
        # The last events of what was erased may come after its erasure, with its title.
        if ERASED in (self.title, before.title if before else ""):
            access = redacted(access)
        # The end of an access to deleted data may come before the news of the deletion.
        if access.title:
            self._call(access.dataset_id, access.title)
        self.accesses = with_access(self.accesses, access)
        message = access.told_after(before)
        if message and self.stage not in FINAL_STAGES:
            self._note("catalog", message)

    def _call(self, dataset_id: str, title: str) -> None:
        """Call a dataset so from now on; what reviewers saw names it in sentences of its own."""
        if retitle(self, dataset_id, title):
            self.reviews = self.reviews.unseen()

    def check_impartial(self, by: str, parties: Mapping[str, Party]) -> None:
        """Raise Forbidden, in French, for whose own case the project is."""
        check_impartial(by, self.holder_id, self.owners, parties, self.parts.partners)

    def _note_job(self, job: records.GivenUpJob) -> bool:
        """Keep the last word on a job; whether this is it, as events come in any order."""
        jobs_by_id = {given_up_job.job_id: given_up_job for given_up_job in self.given_up}
        before = jobs_by_id.get(job.job_id)
        if self.stage in FINAL_STAGES or (before and before.sequence >= job.sequence):
            return False
        self.given_up = tuple((jobs_by_id | {job.job_id: job}).values())
        return True

    def _ask_for(
        self,
        part: ProjectPart,
        member_ids: tuple[str, ...],
        by: str,
        then: tuple[str, ...],
        patience: Patience,
    ) -> None:
        self.check_next(STAGE_OF[part])
        new = self.parts.new_for(part, member_ids)
        if not new and self.parts.asks(part, member_ids, then):
            return
        gone = [
            member_id for member_id in self.parts.named_for(part) if member_id not in member_ids
        ]
        withdrawn = f" Invitation retirée : {', '.join(gone)}." if gone else ""
        waiting = self.parts.model_copy(update={"patience": patience})
        self.parts = waiting.naming(part, member_ids, then)
        self._note(by, f"{ASKED[part]} : {', '.join(member_ids)}.{withdrawn}")
        self._invite(part, new)
        self._settle(part, by)

    def _ask_next(self, part: ProjectPart, gone: str, has_left: Callable[[str], bool]) -> None:
        """Ask the next one in place of who does not take its part, if anybody was named for it."""
        self.parts, next_id = self.parts.replacing(part, gone, has_left)
        if next_id:
            self._note("intake", f"{ASKED[part]} à la place de {gone} : {next_id}.")
            self._invite(part, (next_id,))

    def _invite(self, part: ProjectPart, member_ids: tuple[str, ...]) -> None:
        for invitation in self.parts.open:
            if invitation.part == part and invitation.member_id in member_ids:
                about = {"member_id": invitation.member_id, "part": part, **self._asked(invitation)}
                self.record(events.MemberInvited(**self._who(), **about))

    def _asked(self, invitation: Invitation) -> dict[str, Any]:
        """What a member is asked to take part in, and by which day, in metropolitan France."""
        return {"title": self.title, "answer_by": day_in_paris(invitation.ends_at)}

    def _settle(self, part: ProjectPart, by: str) -> None:
        """Go on, if all who are asked for a part take it, with a treatment that was tried."""
        if not self.parts.are_accepted(part) or self.tried < self.proposal:
            return
        asked = self.parts.asked[part]
        if part == "pilot_site":
            (self.site_id,) = asked
            self._become("piloted", by, "Site pilote trouvé.")
            self.record(events.ProjectPiloted(**self._who(), site_id=self.site_id))
        else:
            self.team = asked
            self._become("staffed", by, "Équipe projet constituée.")
            self.record(events.ProjectStaffed(**self._who(), team=self.team))

    def _since(self, stage: Stage) -> datetime:
        """When the project came to a stage."""
        return next((entry.at for entry in self.history if entry.stage == stage), self.submitted_at)

    def check_next(self, stage: Stage) -> None:
        """Raise WrongStage, in French, unless that stage may follow."""
        if stage not in STAGES[self.stage].following:
            if stage == self.stage:
                raise WrongStage(f"le projet est déjà à l'étape « {STAGE_NAMES[stage]} »")
            then = f"ne peut pas passer à l'étape « {STAGE_NAMES[stage]} »"
            raise WrongStage(f"{self._told_stage} {then}")

    @property
    def _told_stage(self) -> str:
        """A project at its stage, as a refusal's sentence begins with it."""
        return f"un projet à l'étape « {STAGE_NAMES[self.stage]} »"

    def _become(self, stage: Stage, by: str, why: str) -> None:
        self.check_next(stage)
        self.stage = stage
        self.workspace_open = self.workspace_open and stage not in FINAL_STAGES
        self._note(by, why)

    def _note(self, by: str, why: str) -> None:
        self.history.append(records.Entry(stage=self.stage, at=now(), by=by, why=why))

    def _who(self) -> dict[str, Any]:
        return {"project_id": self.id, "holder_id": self.holder_id}

    def _decision(self, decision: Decision) -> dict[str, Any]:
        return {**self._who(), "decided_by": decision.by, "reason": decision.reason}

    def _secured_treatment(self, parties: Mapping[str, Party]) -> dict[str, Any]:
        """What owners are asked about, and who asks them."""
        return {
            "dataset_ids": self.secured_ids,
            "proposal": self.proposal,
            "treatment": self.treatment,
            "title": self.title,
            "problem": self.problem,
            "holder": parties.get(self.holder_id, Party()),
            "conditions": self.conditions,
        }

    def _equip(self, by: str) -> None:
        if self.access_open and self.workspace_open:
            self._become("equipped", by, "Accès aux données et espace de calcul ouverts.")
            self._ask_for_job()

    def _go_on_if_opened(self, *, was_open: bool) -> None:
        if was_open or not self.access_open:
            return
        if self.stage == "secured":
            self._equip("catalog")
        elif self.retry_due or (self.stage == "equipped" and not self.trial_due):
            # The trial ended without a result, as it may have lacked just that.
            self._ask_for_job()

    def _amend(self, treatment: Treatment, by: str, parties: Mapping[str, Party]) -> None:
        """Change what was secured; its job is asked for once nobody's word on it is missing."""
        of_before = {"proposal": self.proposal}
        self.results = [
            result if result.proposal else result.model_copy(update=of_before)
            for result in self.results
        ]
        catalog_checks = tuple(
            check.left_by(self.proposal) for check in self.checks if check.by == "catalog"
        )
        self.propose(treatment)
        self.checks = catalog_checks
        self.secured_ids = _read_by(treatment)
        is_reviewed = by != self.holder_id
        self.reviewed = self.proposal if is_reviewed else self.reviewed
        self._note(by, "Nouveau traitement, examiné par le lab." if is_reviewed else _AMENDED)
        self.retry_due, self.trial_due = True, False
        fields = {**self._who(), **self._secured_treatment(parties)}
        self.record(events.TreatmentChanged(**fields, decided_by=by))

    def _compare(self, changes: tuple[ReadingChange, ...]) -> None:
        """Go on with a changed treatment, unless it goes beyond the one that was reviewed."""
        if not self.secured_ids or self.reviewed >= self.proposal:
            return
        if not changes:
            self.reviewed = self.proposal
            self._note("catalog", "Le nouveau traitement ne lit et ne montre rien de plus.")
            self._go_on_if_opened(was_open=False)
        elif self.review_asked < self.proposal:
            self.review_asked = self.proposal
            self._note("catalog", events.TreatmentReviewAsked.summary)
            fields = {"proposal": self.proposal, "changes": changes}
            self.record(events.TreatmentReviewAsked(**self._who(), **fields))

    def _ask_for_job(self) -> None:
        self.trial_due, self.retry_due = self.stage != "staffed", False
        fields = {"treatment": self.treatment, "proposal": self.proposal}
        self.record(events.ProjectEquipped(**self._who(), **fields))


def _read_by(treatment: Treatment) -> tuple[str, ...]:
    """The ids of the datasets that a treatment reads, each once."""
    return tuple(sorted(set(treatment.inputs.values())))


def _outcome(end: events.JobSucceeded) -> tuple[str, str]:
    """How a trial came out, as the history and the event say it."""
    if end.is_empty:
        return (_EMPTY, f"{_EMPTY} : il ne dit rien de ce que vaut le traitement")
    return ("a réussi", "est concluant")
