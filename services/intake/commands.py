"""What people and programs ask of projects, by HTTP and RPC alike: load, decide, save.

A project that a caller may not see is answered as one that does not exist (404, never 403), so
that nobody learns which identifiers are in use.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from services.intake.bodies import (
    AnswerInvitation,
    ChoosePilotSite,
    CompleteProject,
    DeliverProject,
    FormTeam,
    ListProjects,
    ReviewProject,
    SubmitProject,
    WithdrawProject,
)
from services.intake.invitations import Patience
from services.intake.members.commands import check_members, parties_to
from services.intake.model import NOBODY, REVIEWERS, STAFF, Project
from services.intake.permissions import Action, actions_of
from services.intake.records import Delivery
from services.intake.reviewing import AGREED, Decision, check_treatment
from services.intake.submission import claim
from services.intake.views import ProjectPage, ReviewView
from shared.aggregate import new_id, now
from shared.auth import Caller
from shared.endings.departures import check_present, has_left, left_among
from shared.engine.applications import with_choices
from shared.errors import Forbidden, Invalid, NotFound, WrongStage
from shared.events.event import Treatment
from shared.inbound import IdempotencyKey
from shared.language.folding import typed
from shared.store import Store

_COUNTED = 1000
_TREATED_SINCE = (
    "le traitement a changé depuis que vous l'avez lu, et rien n'est remplacé : relisez-le, puis"
    " enregistrez de nouveau"
)


def submit(
    store: Store, caller: Caller, body: SubmitProject, key: IdempotencyKey | None
) -> Project:
    """Register the caller's project; with a `key` sent before, return the one it registered.

    Raises Forbidden for a member who left.
    """
    holder_id = caller.member_id
    check_present(store, holder_id)
    identifier = new_id("prj") if key is None else claim(store, "prj", holder_id, key, body)
    fields = dict(body)
    if body.treatment:
        fields["treatment"] = with_choices(body.treatment)
    project = Project(id=identifier, holder_id=holder_id, **fields)
    return store.of(Project).add(project.submit())


def read(store: Store, caller: Caller, project_id: str) -> Project:
    """A project that the caller may see, whole or by a part that it has or is asked for."""
    project = store.of(Project).get(project_id)
    if caller.may_see(project.holder_id):
        return project
    if caller.member_id not in project.named or has_left(store, caller.member_id):
        raise NotFound.of(project_id)
    return project


def actions_for(store: Store, caller: Caller, project: Project) -> tuple[Action, ...]:
    """What the caller may do with the project; nothing, if it left the lab."""
    if has_left(store, caller.member_id):
        return ()
    parties = parties_to(store, project, caller.member_id) if caller.is_staff else NOBODY
    return actions_of(caller, project, parties)


def holder_for(store: Store, caller: Caller, project_id: str) -> str:
    """Whose project it is, for who may change it: its holder, and staff."""
    project = store.of(Project).get(project_id)
    _check_sees(caller, project)
    return project.holder_id


def read_invitation(store: Store, caller: Caller, project_id: str) -> Project:
    """A project that the caller was once asked to take a part in, whether it sees it or not."""
    project = store.of(Project).get(project_id)
    if not project.parts.last_of(caller.member_id) or has_left(store, caller.member_id):
        raise NotFound.of(project_id)
    return project


def page_projects(store: Store, caller: Caller, query: ListProjects) -> ProjectPage:
    """Return a page of the caller's own projects; for staff, of `query.holder_id` or of all.

    A query for projects that name the caller, or wait for it, returns only these.
    """
    where, projects = _projects_of(caller, query), store.of(Project)
    page, cursor = projects.page(
        where, after=query.after, limit=query.limit, descending=query.newest
    )
    # It may be another member that is awaited, or another reviewer.
    if query.waiting:
        page = [project for project in page if project.act_of(caller)]
    elif query.invited:
        page = [project for project in page if project.parts.await_answer_of(caller.member_id)]
    total = projects.count(where, most=_COUNTED) if query.counted else None
    return ProjectPage.shown_to(page, cursor, caller, total)


def _projects_of(caller: Caller, query: ListProjects) -> dict[str, Any]:
    """Which projects are asked for, by their indexed fields."""
    me, is_by_part = [caller.member_id], query.named or query.invited
    awaited = [*me, REVIEWERS, STAFF] if caller.is_staff else me
    among = {
        "participants": me if query.mine else [],
        "named": me if is_by_part else [],
        "awaited": awaited if query.waiting else [STAFF] if query.for_staff else [],
    }
    where: dict[str, Any] = {field: {"$in": values} for field, values in among.items() if values}
    holder_id = query.holder_id
    if not (caller.is_staff or query.mine or query.waiting or is_by_part):
        holder_id = caller.member_id
    is_asking = True if query.invited else None
    fields = {"holder_id": holder_id, "stage": query.stage, "is_asking": is_asking}
    where |= {field: value for field, value in fields.items() if value is not None}
    if words := typed(query.q):
        where["found_by"] = {"$all": words}
    return where


def set_treatment(
    store: Store,
    caller: Caller,
    project_id: str,
    treatment: Treatment,
    instead_of: int | None = None,
) -> Project:
    """Say what to do with the data, or say it anew.

    Raises WrongStage where another treatment came since the one of that number was read.
    """
    by, is_reviewer, chosen = caller.member_id, caller.is_staff, with_choices(treatment)

    def decide(project: Project) -> None:
        if instead_of not in {None, project.proposal}:
            raise WrongStage(_TREATED_SINCE)
        parties = parties_to(store, project, by)
        project.set_treatment(chosen, by, is_reviewer=is_reviewer, parties=parties)

    return _change(store, caller, project_id, decide)


def leave_out(store: Store, caller: Caller, project_id: str) -> Project:
    """Take the columns that owners left out of their grants out of the treatment."""
    by, is_reviewer = caller.member_id, caller.is_staff
    return _change(
        store,
        caller,
        project_id,
        lambda project: project.leave_out(
            by, is_reviewer=is_reviewer, parties=parties_to(store, project, by)
        ),
    )


def review(
    store: Store, caller: Caller, project_id: str, body: ReviewProject, *, needed: int
) -> Project:
    """Decide on the project, or ask, as it was when its `body.version` was read.

    As many reviewers have to agree as are `needed`.
    """

    def decide(project: Project) -> None:
        if body.version != project.version:
            raise WrongStage(
                f"le projet a changé : sa version {body.version} a été examinée, il a maintenant la"
                f" version {project.version} ; relisez-le, puis décidez"
            )
        by = caller.member_id
        decision = Decision(
            by=by,
            account_id=caller.account_id,
            proposal=project.proposal,
            **body.model_dump(exclude={"version"}),
        )
        project.review(decision, parties_to(store, project, by), needed=needed)

    return _change(store, caller, project_id, decide)


def complete(store: Store, caller: Caller, project_id: str, body: CompleteProject) -> Project:
    """Answer, as the project's holder, what the review asked."""
    return _change(
        store, caller, project_id, lambda project: project.complete(body.answer, caller.member_id)
    )


def read_review(store: Store, caller: Caller, project_id: str, *, needed: int) -> ReviewView:
    """What was decided of a project before, and why the caller may not decide, if so."""
    project = store.of(Project).get(project_id)
    return ReviewView(
        impediment=_impediment(store, project, caller.member_id),
        obstacle=_reason(lambda: check_treatment(project.treatment, project.checks)),
        has_agreed=project.has_agreed(caller.member_id, caller.account_id),
        needed=needed,
        decisions=project.reviews.decisions,
    )


def impediment(store: Store, project_id: str, member_id: str, account_id: str = "") -> str:
    """Why that member may not decide on the project's case, in French; empty if it may.

    With `account_id` it is about the review: nor may the person who agreed to its treatment
    already, nor anybody while there is nothing to review.
    """
    project = store.of(Project).get(project_id)
    if account_id and project.has_agreed(member_id, account_id):
        return AGREED
    unready = account_id and project.unready_for_review
    return unready or _impediment(store, project, member_id)


def _impediment(store: Store, project: Project, member_id: str) -> str:
    parties = parties_to(store, project, member_id)
    return _reason(lambda: project.check_impartial(member_id, parties))


def _reason(check: Callable[[], object]) -> str:
    """What the check says, in French; empty where it passes."""
    try:
        check()
    except (Forbidden, WrongStage) as reason:
        return str(reason)
    return ""


def choose_pilot_site(
    store: Store, caller: Caller, project_id: str, body: ChoosePilotSite, *, patience: Patience
) -> Project:
    """Ask a member to pilot the project."""

    def decide(project: Project) -> None:
        then = _present(store, body.then)
        check_members(store, {"site_id": body.site_id, **_places("then", then)})
        project.choose_pilot_site(body.site_id, caller.member_id, then, patience)

    return _change(store, caller, project_id, decide)


def form_team(
    store: Store, caller: Caller, project_id: str, body: FormTeam, *, patience: Patience
) -> Project:
    """Ask members to work on the project."""

    def decide(project: Project) -> None:
        then = _present(store, body.then)
        check_members(store, {**_places("team", body.team), **_places("then", then)})
        project.form_team(body.team, caller.member_id, then, patience)

    return _change(store, caller, project_id, decide)


def answer_invitation(
    store: Store, caller: Caller, project_id: str, body: AnswerInvitation
) -> Project:
    """Accept or decline a part in the project that the caller is asked for."""
    if body.answer == "decline" and not body.reason:
        raise Invalid("un refus se motive", "reason")
    check_present(store, caller.member_id)
    return store.of(Project).change(
        project_id,
        lambda project: project.answer_invitation(
            caller.member_id, body.answer, body.reason, body.part, has_left=partial(has_left, store)
        ),
    )


def follow_up(store: Store) -> None:
    """Remind members who do not answer, and ask others in their place once it is time."""
    at, projects = now(), store.of(Project)
    for project in projects.every({"is_asking": True}):
        if any(
            min(invitation.remind_at, invitation.ends_at) <= at for invitation in project.parts.open
        ):
            projects.change(
                project.id,
                lambda changed_project: changed_project.follow_up(at, partial(has_left, store)),
            )


def deliver(store: Store, caller: Caller, project_id: str, body: DeliverProject) -> Project:
    """Hand the project's result over to the catalogue."""
    delivery, met = Delivery(**body.model_dump(exclude={"conditions_met"})), body.conditions_met
    return _change(
        store,
        caller,
        project_id,
        lambda project: project.deliver(delivery, caller.member_id, conditions_met=met),
    )


def withdraw(store: Store, caller: Caller, project_id: str, body: WithdrawProject) -> Project:
    """Give the project up."""
    return _change(
        store, caller, project_id, lambda project: project.withdraw(body.reason, caller.member_id)
    )


def _present(store: Store, member_ids: Sequence[str]) -> tuple[str, ...]:
    """Return those of the members who did not leave the lab since they were advised."""
    left = left_among(store, member_ids)
    return tuple(member_id for member_id in member_ids if member_id not in left)


def _places(field: str, member_ids: Sequence[str]) -> dict[str, str]:
    return {f"{field}.{place}": member_id for place, member_id in enumerate(member_ids)}


def _change(
    store: Store, caller: Caller, project_id: str, decide: Callable[[Project], None]
) -> Project:
    def decide_if_seen(project: Project) -> None:
        _check_sees(caller, project)
        decide(project)

    return store.of(Project).change(project_id, decide_if_seen)


def _check_sees(caller: Caller, project: Project) -> None:
    if not caller.may_see(project.holder_id):
        raise NotFound.of(project.id)
