"""A member leaves: what it holds is withdrawn, and others' projects that count on it say so."""

from functools import partial

from services.intake.members.model import Member
from services.intake.model import STAGE_OF, Project
from services.intake.records import Entry
from shared.aggregate import now
from shared.auth import Caller
from shared.endings.departures import GONE, Departure, has_left
from shared.errors import Forbidden, NotFound
from shared.events import Envelope, MemberLeft
from shared.stages import FINAL_STAGES, STAGES
from shared.store import Store

_PARTS = {"team": "Un membre de l'équipe", "site_id": "Le site pilote"}
"""The fields by which a project counts on members, and what they are in it."""


def leave(
    store: Store, caller: Caller, member_id: str, reason: str, *, unregistered: bool = False
) -> Departure:
    """Let a member leave; again changes nothing.

    Raises Forbidden for all but operators and the member itself, NotFound for an id that neither is
    a member's nor holds a project: an operator who says that it is `unregistered` ends it as well,
    since other services may hold its data and webhooks.
    """
    if caller.member_id != member_id and "operator" not in caller.roles:
        raise Forbidden("seul le membre lui-même, ou un opérateur, met fin à son adhésion")
    holds_project = store.of(Project).find({"holder_id": member_id}, limit=1)
    is_known = holds_project or store.of(Member).find_one(member_id)
    if not is_known and not (unregistered and "operator" in caller.roles):
        raise NotFound.of(member_id)

    def decide(departure: Departure) -> None:
        if departure.version:
            return
        departure.leave(now())
        departure.reason, departure.by = reason, caller.member_id
        departure.record(MemberLeft(member_id=member_id, reason=reason))

    departure = store.of(Departure).change(member_id, decide, new=lambda: Departure(id=member_id))
    note_left(store, member_id, departure)
    return departure


def end_membership(store: Store, envelope: Envelope[MemberLeft]) -> None:
    """End what the member holds or takes part in; whatever was done of it before is not again."""
    member_id = envelope.data.member_id
    note_left(store, member_id, store.of(Departure).get(member_id))
    withdraw_held(store, member_id)
    for field in _PARTS:
        _tell_those(store, member_id, field)
    _decline_for(store, member_id)


def note_left(store: Store, member_id: str, departure: Departure) -> None:
    """The member is suggested and invited no more."""
    if store.of(Member).find_one(member_id):
        store.of(Member).change(member_id, lambda member: member.leave(departure.left_at))


def withdraw_held(store: Store, member_id: str) -> None:
    """Withdraw the projects of a member who left."""

    def withdraw(project: Project) -> None:
        if project.stage not in FINAL_STAGES:
            project.withdraw(f"{GONE} Le projet n'a plus de porteur.", member_id)

    for project in store.of(Project).every({"holder_id": member_id}):
        if project.stage not in FINAL_STAGES:
            store.of(Project).change(project.id, withdraw)


def _tell_those(store: Store, member_id: str, field: str) -> None:
    """Write into the history of each running project, once, that a member of it left."""
    why = f"{_PARTS[field]} a quitté le Datalab : {member_id}."

    def tell(project: Project) -> None:
        if all(entry.why != why for entry in project.history):
            entry = Entry(stage=project.stage, at=now(), by="intake", why=why)
            project.history.append(entry)

    for project in store.of(Project).every({field: {"$in": [member_id]}}):
        if project.stage not in FINAL_STAGES:
            store.of(Project).change(project.id, tell)


def _decline_for(store: Store, member_id: str) -> None:
    """Decline the member's parts that are not settled yet, so that the lab asks another."""

    def decline(project: Project) -> None:
        following = STAGES[project.stage].following
        for invitation in project.parts.of(member_id):
            if invitation.is_in_force and STAGE_OF[invitation.part] in following:
                project.answer_invitation(
                    member_id, "decline", GONE, invitation.part, has_left=partial(has_left, store)
                )

    for project in store.of(Project).every({"named": {"$in": [member_id]}}):
        store.of(Project).change(project.id, decline)
