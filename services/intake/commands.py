"""What people and programs ask of projects and members, by HTTP and RPC alike: load, decide, save.

A project that a caller may not see is answered as one that does not exist (404, never 403), so
that nobody learns which identifiers are in use.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from services.intake.bodies import (
    ChoosePilotSite,
    DeliverProject,
    FormTeam,
    ListMembers,
    ListProjects,
    RegisterMember,
    ReviewProject,
    SubmitProject,
    WithdrawProject,
)
from services.intake.member import Member
from services.intake.model import Project
from services.intake.records import Delivery
from shared.aggregate import Aggregate, new_id
from shared.auth import Caller
from shared.errors import Invalid, NotFound, WrongStage
from shared.events.event import Treatment
from shared.inbound import Body, IdempotencyKey, fingerprint
from shared.store import Store
from shared.tables.territory import department_of, is_department
from shared.words import fold


class Submission(Aggregate):
    """What a key of a sender stands for, and the fingerprint of what was sent with it.

    An id has to sort by time, so it cannot be derived from the key. This document, whose own id
    is made of sender and key, holds it and is written first: whoever comes second, or after a
    crash between the two writes, finds the id and completes or reads that same thing.
    """

    collection: ClassVar[str] = "submissions"

    made_id: str
    sha256: str


def submit(
    store: Store, caller: Caller, body: SubmitProject, key: IdempotencyKey | None
) -> Project:
    """Register the caller's project; with a `key` sent before, return the one it registered."""
    holder_id = caller.member_id
    identifier = new_id("prj") if key is None else claim(store, "prj", holder_id, key, body)
    project = Project(id=identifier, holder_id=holder_id, **dict(body))
    return store.of(Project).add(project.submit())


def read(store: Store, caller: Caller, project_id: str) -> Project:
    """A project that the caller may see."""
    project = store.of(Project).get(project_id)
    _check_sees(caller, project)
    return project


def page_projects(
    store: Store, caller: Caller, query: ListProjects
) -> tuple[list[Project], str | None]:
    """The caller's own projects; for the lab's staff those of `query.holder_id`, or all."""
    holder_id = query.holder_id if caller.is_staff else caller.member_id
    where: dict[str, Any] = {"holder_id": holder_id, "stage": query.stage}
    chosen = {field: value for field, value in where.items() if value is not None}
    return store.of(Project).page(chosen, after=query.after, limit=query.limit)


def set_treatment(store: Store, caller: Caller, project_id: str, treatment: Treatment) -> Project:
    """Say what the project does with its data; once it is secured, a reviewer does."""
    by, is_reviewer = caller.member_id, caller.is_staff
    return _change(
        store,
        caller,
        project_id,
        lambda it: it.set_treatment(treatment, by, is_reviewer=is_reviewer),
    )


def review(store: Store, caller: Caller, project_id: str, body: ReviewProject) -> Project:
    """Secure the project or turn it down, as it was when its `body.version` was read."""

    def decide(project: Project) -> None:
        if body.version not in {None, project.version}:
            raise WrongStage(
                f"le projet a changé : sa version {body.version} a été examinée, il a maintenant la"
                f" version {project.version} ; relisez-le, puis décidez"
            )
        project.review(body.decision, body.reason, caller.member_id)

    return _change(store, caller, project_id, decide)


def choose_pilot_site(
    store: Store, caller: Caller, project_id: str, body: ChoosePilotSite
) -> Project:
    """Confirm the member where the project is piloted."""

    def decide(project: Project) -> None:
        _check_members(store, {"site_id": body.site_id})
        project.choose_pilot_site(body.site_id, caller.member_id)

    return _change(store, caller, project_id, decide)


def form_team(store: Store, caller: Caller, project_id: str, body: FormTeam) -> Project:
    """Confirm the members who work on the project."""

    def decide(project: Project) -> None:
        fields = {f"team.{place}": member for place, member in enumerate(body.team)}
        _check_members(store, fields)
        project.form_team(body.team, caller.member_id)

    return _change(store, caller, project_id, decide)


def deliver(store: Store, caller: Caller, project_id: str, body: DeliverProject) -> Project:
    """Hand the project's result over to the catalogue."""
    delivery = Delivery(**dict(body))
    return _change(store, caller, project_id, lambda it: it.deliver(delivery, caller.member_id))


def withdraw(store: Store, caller: Caller, project_id: str, body: WithdrawProject) -> Project:
    """Give the project up."""
    return _change(store, caller, project_id, lambda it: it.withdraw(body.reason, caller.member_id))


def register_member(
    store: Store, sender: str, body: RegisterMember, key: IdempotencyKey | None
) -> Member:
    """Take a partner in as a member; with a `key` sent before, return the one it registered."""
    identifier = new_id("mbr") if key is None else claim(store, "mbr", sender, key, body)
    return store.of(Member).add(Member(id=identifier, **dict(body)).join())


def page_members(store: Store, query: ListMembers) -> tuple[list[Member], str | None]:
    """Members with a skill, present in a territory."""
    where: dict[str, Any] = {}
    if query.skill:
        where |= _skilled_in(query.skill)
    if query.territory:
        where |= _present_in(query.territory)
    return store.of(Member).page(where, after=query.after, limit=query.limit)


def candidates(store: Store, project: Project) -> Iterable[Member]:
    """All members with a skill the project needs, or in its territory; the oldest first."""
    wheres: list[dict[str, Any]] = [_skilled_in(skill) for skill in project.skills]
    wheres += [_present_in(code) for code in project.territory]
    found = {member.id: member for where in wheres for member in store.of(Member).every(where)}
    return [found[member_id] for member_id in sorted(found)]


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


def _check_members(store: Store, members: Mapping[str, str]) -> None:
    """Raise Invalid, naming the field, unless every id of `members` (by field) is a member's."""
    for field, member_id in members.items():
        if store.of(Member).find_one(member_id) is None:
            raise Invalid(f"aucun membre n'a l'identifiant {member_id}", field)


def _skilled_in(skill: str) -> dict[str, Any]:
    # `$in` even for one value: plain equality does not look into indexed arrays on every server.
    return {"skill_keys": {"$in": [fold(skill)]}}


def _present_in(code: str) -> dict[str, Any]:
    """Members of a department: all in any place of it; of a commune: there or department-wide."""
    if is_department(code):
        return {"departments": {"$in": [code]}}
    return {"territory": {"$in": [code, department_of(code)]}}


def claim(store: Store, prefix: str, sender: str, key: IdempotencyKey, body: Body) -> str:
    """The id, after `prefix`, that this sender's `key` stands for; a new one the first time.

    Raises Invalid for a key that was sent with another body.
    """
    submission = Submission(
        id=str(uuid5(NAMESPACE_URL, json.dumps([prefix, sender, key.text]))),
        made_id=new_id(prefix),
        sha256=fingerprint(body),
    )
    kept = store.of(Submission).add(submission)
    key.check_same(kept.sha256, submission.sha256)
    return kept.made_id
