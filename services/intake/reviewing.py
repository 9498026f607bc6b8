"""Reviews: who may not decide, what may not be secured, what is asked, and what was decided."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field

from services.intake.records import Check
from shared.aggregate import NEVER, now
from shared.endings.redaction import ERASED
from shared.errors import Forbidden, WrongStage
from shared.events.event import Frozen, Party, Treatment

ReviewDecision = Literal["secure", "reject", "complete"]

_ANOTHER = "un autre relecteur décide"
AGREED = f"vous vous êtes déjà prononcé : {_ANOTHER}"
"""What is told to who agreed to a treatment before."""


def check_impartial(
    by: str,
    holder_id: str,
    owners: Iterable[str],
    parties: Mapping[str, Party],
    partners: Iterable[str] = (),
) -> None:
    """Raise Forbidden for the holder, an owner of the data, and whoever has the SIREN of one.

    So it is for the `partners`, who accepted a part in the project. `parties` are the members
    concerned, by id; one without a SIREN speaks for itself alone.
    """
    sirens = {member_id: party.siren for member_id, party in parties.items()}
    others = set(owners) - {holder_id}
    if by == holder_id:
        raise Forbidden(f"le porteur d'un projet ne l'examine pas : {_ANOTHER}")
    if by in others:
        raise Forbidden(f"ce projet lirait des données qui sont à vous : {_ANOTHER}")
    if by in partners:
        raise Forbidden(f"vous êtes site pilote ou de l'équipe de ce projet : {_ANOTHER}")
    siren = sirens.get(by)
    if not siren:
        return
    if siren == sirens.get(holder_id):
        raise Forbidden(f"votre organisation (SIREN {siren}) porte ce projet : {_ANOTHER}")
    if siren in {sirens.get(owner) for owner in others}:
        raise Forbidden(
            f"ce projet lirait des données de votre organisation (SIREN {siren}) : {_ANOTHER}"
        )


def check_treatment(treatment: Treatment | None, checks: Iterable[Check]) -> Treatment:
    """The treatment, if it may be secured by what services found of it.

    Owners are asked for nothing that leads nowhere: WrongStage, in French, while there is none, it
    is known not to run or not to be read, or nobody knows who its owners are.
    """
    checks = tuple(checks)
    if treatment is None:
        raise WrongStage(
            "le projet n'a pas encore de traitement : nul ne sait quelles données il lirait ;"
            " donnez-lui-en un d'abord"
        )
    if faults := [fault for check in checks for fault in check.faults]:
        raise WrongStage(
            "le traitement ne peut pas aboutir ; proposé de nouveau, il est revérifié :"
            f" {faults[0]}"
        )
    if all(check.owners is None for check in checks):
        raise WrongStage(
            "le catalogue n'a pas encore dit à qui sont les données ; réessayez dans un instant"
        )
    return treatment


def unchecked(checks: Iterable[Check]) -> str:
    """That compute has not said yet whether the treatment can run, in French; else empty."""
    answered = any(check.by == "compute" for check in checks)
    return "" if answered else "Non encore vérifié par le calcul."


class Question(Frozen):
    """What a reviewer asked the holder to complete, and what it answered; both are French."""

    text: str
    asked_by: str
    asked_at: AwareDatetime
    answer: str = ""
    answered_at: AwareDatetime = NEVER


class Decision(Frozen):
    """A reviewer's word on a project's treatment, and what lay before it; all texts are French."""

    by: str
    account_id: str = Field(default="", description="whose of that member, where one signed in")
    at: AwareDatetime = Field(default_factory=now)
    decision: ReviewDecision
    reason: str
    proposal: int = Field(description="the number of the treatment that was reviewed")
    conditions: tuple[str, ...] = Field(default=(), description="what the project is bound to")
    seen: str = Field(default="", description="the evidence as it was shown")


class Reviews(Frozen):
    """What reviewers asked and decided of a project, oldest first."""

    questions: tuple[Question, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def open_question(self) -> Question | None:
        """The question that the holder has not answered yet."""
        return next(
            (question for question in self.questions if question.answered_at == NEVER), None
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions set by those who agreed to the treatment that was secured last."""
        agreed = [decision for decision in self.decisions if decision.decision == "secure"]
        last = [decision for decision in agreed if decision.proposal == agreed[-1].proposal]
        return tuple(dict.fromkeys(text for decision in last for text in decision.conditions))

    def approvals_of(self, proposal: int) -> tuple[Decision, ...]:
        """Return the decisions of those who would secure that treatment."""
        decisions = (decision for decision in self.decisions if decision.proposal == proposal)
        return tuple(decision for decision in decisions if decision.decision == "secure")

    def has_agreed(self, proposal: int, member_id: str, account_id: str) -> bool:
        """Return whether a person already agreed to secure that treatment.

        Two persons of one member are told apart only where each has an account.
        """
        accounts = {
            decision.account_id
            for decision in self.approvals_of(proposal)
            if decision.by == member_id
        }
        return bool(accounts) and (not account_id or bool(accounts & {account_id, ""}))

    def check_new(self, proposal: int, member_id: str, account_id: str) -> None:
        """Raise Forbidden for who agreed to that treatment before."""
        if self.has_agreed(proposal, member_id, account_id):
            raise Forbidden(AGREED)

    def decided(self, decision: Decision) -> Self:
        """The same with one more decision; Forbidden for who agreed to the treatment before."""
        if decision.decision == "secure":
            self.check_new(decision.proposal, decision.by, decision.account_id)
        return self.model_copy(update={"decisions": (*self.decisions, decision)})

    def check_answered(self) -> None:
        """Raise WrongStage while the holder has a question to answer."""
        if self.open_question:
            raise WrongStage("le porteur n'a pas encore répondu à ce qui lui est demandé")

    def asked(self, decision: Decision) -> Self:
        """Return the reviews with the decision's question; WrongStage if one is still open."""
        self.check_answered()
        question = Question(text=decision.reason, asked_by=decision.by, asked_at=decision.at)
        reviews = self.decided(decision)
        return reviews.model_copy(update={"questions": (*self.questions, question)})

    def unseen(self) -> Self:
        """Return the reviews without their evidence, whose sentences name members and datasets."""
        kept = (
            decision.model_copy(update={"seen": ERASED}) if decision.seen else decision
            for decision in self.decisions
        )
        return self.model_copy(update={"decisions": tuple(kept)})

    def without(self, member_id: str) -> Self:
        """Return the reviews without evidence, and without this member's name on decisions."""
        decisions = tuple(
            decision.model_copy(update={"by": ERASED, "account_id": ""})
            if decision.by == member_id
            else decision
            for decision in self.unseen().decisions
        )
        questions = tuple(
            question.model_copy(update={"asked_by": ERASED})
            if question.asked_by == member_id
            else question
            for question in self.questions
        )
        return self.model_copy(update={"decisions": decisions, "questions": questions})

    def answered(self, answer: str) -> Self:
        """Return the reviews with the answer to the last question."""
        answered_question = self.questions[-1].model_copy(
            update={"answer": answer, "answered_at": now()}
        )
        return self.model_copy(update={"questions": (*self.questions[:-1], answered_question)})


def with_reviews(saved: Any) -> Any:  # noqa: ANN401 - whatever is to be a project
    """Upgrade a project that was saved when reviews only had questions and first approvals."""
    if not isinstance(saved, dict) or not saved.keys() & {"questions", "approvals"}:
        return saved
    agreed = [{**approval, "decision": "secure"} for approval in saved.get("approvals", ())]
    reviews = {"questions": saved.get("questions", ()), "decisions": agreed}
    return {"reviews": reviews, **saved}
