"""What people and programs ask of members, by HTTP and RPC alike."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.intake.members.bodies import ChangeMember, ListMembers, RegisterMember
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.submission import claim
from shared.aggregate import new_id
from shared.engine.tables.territory import department_of, is_department
from shared.errors import Invalid, WrongStage
from shared.events.event import Party
from shared.inbound import IdempotencyKey
from shared.language.folding import typed
from shared.stages import OPEN_STAGES
from shared.store import Store
from shared.thesaurus import same_as


def register_member(
    store: Store, sender: str, body: RegisterMember, key: IdempotencyKey | None
) -> Member:
    """Take a partner in as a member; with a `key` sent before, return the one it registered.

    So it is for an id of the caller's own choice; Invalid when another member has it.
    """
    about = body.model_dump(exclude={"member_id"})
    if body.member_id:
        member = store.of(Member).add(Member(id=body.member_id, **about).join())
        if member.has_left or any(getattr(member, name) != about[name] for name in about):
            raise Invalid("un autre membre a cet identifiant", "member_id")
        return member
    identifier = new_id("mbr") if key is None else claim(store, "mbr", sender, key, body)
    return store.of(Member).add(Member(id=identifier, **about).join())


def change_member(store: Store, member_id: str, body: ChangeMember) -> Member:
    """Note what was learned of a member.

    Who shares its SIREN with a holder or an owner does not decide for it.
    """

    def decide(member: Member) -> None:
        if member.has_left:
            raise WrongStage("ce membre a quitté le Datalab")
        member.siren = member.siren if body.siren is None else body.siren
        skills = member.skills if body.skills is None else body.skills
        member.describe(skills, member.territory if body.territory is None else body.territory)

    return store.of(Member).change(member_id, decide)


def page_members(store: Store, query: ListMembers) -> tuple[list[Member], str | None]:
    """Members with a skill, present in a territory, and found by their names."""
    where: dict[str, Any] = {}
    if words := typed(query.q):
        where["found_by"] = {"$all": words}
    if query.skill:
        where |= _skilled_in(query.skill)
    if query.territory:
        where |= _present_in(query.territory)
    return store.of(Member).page(where, after=query.after, limit=query.limit)


def candidates(store: Store) -> Iterable[Member]:
    """All present members, the oldest first: a consortium has hundreds, a problem many words."""
    return (member for member in store.of(Member).every() if not member.has_left)


def load_of(store: Store, member_id: str) -> int:
    """How many projects that go on a member has a part in, or is asked for one."""
    projects = store.of(Project).every({"named": {"$in": [member_id]}})
    return sum(project.stage in OPEN_STAGES for project in projects)


def check_members(store: Store, members: Mapping[str, str]) -> None:
    """Raise Invalid, naming the field, unless each id of `members` (by field) is a member's."""
    members_by_id = {member.id: member for member in store.of(Member).of_ids(members.values())}
    for field, member_id in members.items():
        member = members_by_id.get(member_id)
        if member is None:
            raise Invalid(f"aucun membre n'a l'identifiant {member_id}", field)
        if member.has_left:
            raise Invalid(f"le membre {member_id} a quitté le Datalab", field)


def parties_to(store: Store, project: Project, by: str) -> dict[str, Party]:
    """Return the known parties by id: `by`, the project's holder and the owners of its data."""
    members = store.of(Member).of_ids({by, project.holder_id, *project.owners})
    return {member.id: member.party for member in members}


def _skilled_in(skill: str) -> dict[str, Any]:
    # What means the same is looked for, not stored: the thesaurus grows.
    # `$in` even for one value: plain equality does not look into indexed arrays on every server.
    return {"skill_keys": {"$in": sorted(same_as(skill))}}


def _present_in(code: str) -> dict[str, Any]:
    """Members of a department: all in any place of it; of a commune: there or department-wide."""
    if is_department(code):
        return {"departments": {"$in": [code]}}
    return {"territory": {"$in": [code, department_of(code)]}}
