"""What callers are shown of projects and members."""

from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from services.intake import records
from services.intake.accesses import AccessState, Wait
from services.intake.invitations import InvitationState
from services.intake.model import Act, Project, TreatmentOpenTo
from services.intake.permissions import Action
from services.intake.reviewing import Decision
from shared.aggregate import OptionalDate, View, ViewPage
from shared.auth import Caller
from shared.errors import NotFound
from shared.events.event import FileRef, InputNote, JobKind, ReadingChange, Treatment
from shared.events.intake import ProjectPart
from shared.stages import Stage

_MAY = "what the caller may do now, if what it sends with it is right; other commands are refused"
_HAS_AGREED = "whether the caller would secure its treatment already: another one has to agree"


class ResultView(View):
    """A full job that ended well; `reason` is why its result is refused, in French."""

    job_id: str
    at: AwareDatetime
    result: FileRef | None = Field(description="its manifest; null unless the result left the lab")
    state: records.ResultState
    reason: str
    fault: str = Field(description="why it is no success and never delivered, in French")
    warning: str = Field(description="what its table tells about persons, in French")

    @model_validator(mode="after")
    def _withhold(self) -> Self:
        # The hash and size of a manifest tell what was made.
        self.result = self.result if self.state == "released" else None
        return self


class ProjectSummary(View):
    """What every view of a project tells."""

    id: str
    holder_id: str
    title: str
    theme: str
    territory: tuple[str, ...]
    stage: Stage
    submitted_at: AwareDatetime
    holder_due: str = Field(description="what it waits for from its holder, in French; or empty")
    staff_due: str = Field(
        description="what it waits for from the lab's staff beside its review, in French; or empty"
    )


class ListedProject(ProjectSummary):
    """A project in a list."""

    has_agreed: bool = Field(description=_HAS_AGREED)
    act: Act = Field(description="what of it waits for the caller")

    @classmethod
    def shown_to(cls, project: Project, caller: Caller) -> Self:
        """The view of a project for who reads the list."""
        has_agreed = project.has_agreed(caller.member_id, caller.account_id)
        about = dict(ProjectSummary.of(project))
        return cls(**about, has_agreed=has_agreed, act=project.act_of(caller))


class AccessView(View):
    """How a project stands with a dataset; `reason`, in French, is why it cannot read it.

    What a grant is bound to is told as those who granted it wrote it.
    """

    dataset_id: str
    title: str = Field(description="the dataset's; empty where events of before did not tell it")
    state: AccessState
    reason: str
    purpose: str = Field(description="what the data may be used for, in French")
    until: str | None = Field(description="the last day, as an ISO date, in metropolitan France")
    conditions: tuple[str, ...]
    refused_columns: tuple[str, ...] = Field(description="where the others are granted")


class CheckView(View):
    """What a service found in the way of a treatment, in French; `waits` pass, `faults` do not.

    `persons` is what reviewers have to know of its data.
    """

    by: records.Checker
    at: AwareDatetime
    faults: tuple[str, ...]
    waits: tuple[str, ...]
    persons: tuple[InputNote, ...] = Field(
        description="what its data tells about persons, and owners declare of that"
    )
    changes: tuple[ReadingChange, ...] = Field(
        description="what it reads or shows beyond the treatment that was reviewed"
    )


class QuestionView(View):
    """What a review asked the holder to complete, and the answer."""

    text: str
    asked_by: str
    asked_at: AwareDatetime
    answer: str
    answered_at: OptionalDate = Field(description="null while it is waited for")


class ApprovalView(View):
    """A reviewer's word, in French, for a treatment that another one has to agree with."""

    by: str
    at: AwareDatetime
    reason: str
    proposal: int


class ReviewView(View):
    """What a reviewer has to know of a review beside the project, and what was decided before."""

    impediment: str = Field(description="why the caller may not decide, in French; or empty")
    obstacle: str = Field(description="why its treatment cannot be secured, in French; or empty")
    has_agreed: bool = Field(description=_HAS_AGREED)
    needed: int = Field(description="reviewers who have to agree")
    decisions: tuple[Decision, ...] = Field(
        description="oldest first, each with the evidence as it was shown"
    )


class GivenUpView(View):
    """A trial or full job that the lab gave up; `reason`, in French, says why."""

    job_id: str
    kind: JobKind
    at: AwareDatetime
    reason: str


class BindingView(View):
    """What those who granted a dataset bind its use to, in their own words."""

    dataset_id: str
    purpose: str
    until: str | None
    conditions: tuple[str, ...]


class InvitationView(View):
    """Who was asked for which part, and what came of it; `reason`, in French, is the member's."""

    part: ProjectPart
    member_id: str
    state: InvitationState
    at: AwareDatetime
    reason: str
    answer_by: OptionalDate = Field(
        validation_alias="ends_at", description="null where there is no deadline"
    )


class AnswerView(InvitationView):
    """A member's invitation, with its answer."""

    project_id: str
    title: str = Field(description="the project's")

    @classmethod
    def shown_to(cls, project: Project, member_id: str) -> Self:
        """What became of the member's part in a project; NotFound for whom nobody asked."""
        own = project.parts.last_of(member_id)
        if own is None:
            raise NotFound.of(project.id)
        return cls(project_id=project.id, title=project.title, **own.model_dump())


class ProjectView(ProjectSummary):
    """A project whole: its stage, guidance with reasons, and history, oldest first.

    `version` grows with every change; a review names the one that was read.
    """

    may: tuple[Action, ...] = Field(default=(), description=_MAY)
    version: int
    problem: str
    keywords: tuple[str, ...]
    skills: tuple[str, ...]
    dataset_ids: tuple[str, ...]
    treatment: Treatment | None
    code_untried: tuple[str, ...] = Field(
        default=(),
        description="where a treatment was just sent, why its own code was not tried, in French",
    )
    proposal: int = Field(description="which of its treatments this is; a new one names it")
    treatment_open_to: TreatmentOpenTo = Field(
        description="who may change the treatment now; a reviewer only where the case is another's"
    )
    needs_review: bool = Field(
        description="whether the treatment, changed since, goes beyond what was reviewed"
    )
    checks: tuple[CheckView, ...] = Field(
        description="what the catalogue and compute found in the treatment's way, once they looked"
    )
    approvals: tuple[ApprovalView, ...] = Field(
        description="who would secure its treatment, where two have to agree"
    )
    conditions: tuple[str, ...] = Field(
        description="what the review bound the project to, in French; confirmed at its delivery"
    )
    questions: tuple[QuestionView, ...] = Field(
        description="what reviews asked to complete, oldest first"
    )
    guidance: records.Guidance | None
    history: list[records.Entry]
    access_open: bool = Field(description="whether it may read all its data now")
    accesses: tuple[AccessView, ...] = Field(
        description="how it stands with each dataset, or last stood"
    )
    waits_for: tuple[Wait, ...] = Field(description="whose word on which data is missing")
    workspace_open: bool
    trials: list[records.Trial]
    results: list[ResultView]
    deliverable: tuple[str, ...] = Field(description="the full jobs whose results may be delivered")
    given_up: tuple[GivenUpView, ...] = Field(
        validation_alias="waiting_jobs",
        description="jobs that wait until an operator retries or cancels them",
    )
    invitations: tuple[InvitationView, ...] = Field(
        description="who was asked to be its pilot site or in its team, and what they said"
    )
    site_id: str | None
    team: tuple[str, ...]
    delivery: records.Delivery | None

    @classmethod
    def shown_to_insiders(
        cls, project: Project, may: tuple[Action, ...], code_untried: tuple[str, ...] = ()
    ) -> Self:
        """The view of a project for its holder and the staff, who sent its treatment or not."""
        return cls.of(project).model_copy(update={"may": may, "code_untried": code_untried})


class ParticipantView(ProjectSummary):
    """A project as those see it who have, or are asked for, a part in it: what that part needs.

    The lab's advice, its checks and the project's history are for its holder and the staff.
    """

    may: tuple[Action, ...] = Field(default=(), description=_MAY)
    problem: str
    keywords: tuple[str, ...]
    skills: tuple[str, ...]
    treatment: Treatment | None
    conditions: tuple[str, ...] = Field(description="what the review bound the project to")
    bindings: tuple[BindingView, ...] = Field(
        validation_alias="accesses", description="what its data may be used for"
    )
    results: list[ResultView]
    site_id: str | None
    team: tuple[str, ...]
    invitations: tuple[InvitationView, ...] = Field(
        description="who has which part, or is asked for it"
    )
    invitation: InvitationView | None = Field(
        default=None, description="the reader's own, which may wait for its answer"
    )
    delivery: records.Delivery | None

    @classmethod
    def shown_to(cls, project: Project, member_id: str, may: tuple[Action, ...]) -> Self:
        """Return the view of a project for a member who has a part in it."""
        own, view = project.parts.of(member_id)[0], cls.of(project)
        invitations = tuple(map(InvitationView.model_validate, project.parts.in_force))
        mine = InvitationView.model_validate(own)
        changes = {"may": may, "invitation": mine, "invitations": invitations}
        return view.model_copy(update=changes)


class ProjectPage(ViewPage[ListedProject]):
    """Projects by age, and the cursor of the next page."""

    total: int | None = Field(
        default=None, description="how many fit on all pages, where that is asked for"
    )

    @classmethod
    def shown_to(
        cls, projects: list[Project], cursor: str | None, caller: Caller, total: int | None
    ) -> Self:
        """Return the page of these projects, with the cursor of the next page."""
        listed = [ListedProject.shown_to(project, caller) for project in projects]
        return cls(items=listed, next=cursor, total=total)


class MemberView(View):
    """A member of the lab."""

    id: str
    name: str
    kind: records.MemberKind
    siren: str
    skills: tuple[str, ...]
    territory: tuple[str, ...]
    joined_at: AwareDatetime
    left_at: OptionalDate = Field(description="null while it is a member")
    is_erased: bool = Field(description="whether its name was erased")


class MemberPage(ViewPage[MemberView]):
    """Members by age, and the cursor of the next page."""
