"""The members where a project may be tried out: by their place, and by what kind they are."""

from collections.abc import Iterable, Iterator, Sequence

from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.records import MemberKind, SuggestedMember
from shared.engine.places.names import in_french
from shared.engine.tables.territory import common, is_department, within
from shared.needs import plain
from shared.thesaurus.likeness import Concepts, Likeness, concepts_of

_PLACES_NAMED = 5
_ALIKE = 1.1
"""How much a member's skills must have in common with the project, where its kind is not enough."""

_SUBJECT, _EXACT, _CONTAINS, _INSIDE, _WIDER = 0.6, 3.0, 2.5, 2.0, 1.0

# fmt: off
_PUBLIC = frozenset({
    "habitants", "citoyens", "usagers", "riverains", "voyageurs", "automobilistes", "passagers",
    "communes", "ville", "villes", "agglomeration", "mairie", "quartiers", "rues", "familles",
    "menages", "logement", "logements", "public", "publique", "publics", "elus", "bailleurs",
    "cyclistes", "pietons", "locataires", "touristes",
})
"""Folded words of a problem that tell of a public service, whoever runs it."""

_OF_SCHOOLS = frozenset({
    "eleve", "eleves", "etudiant", "etudiants", "diplomes", "lycee", "lycees", "apprentis",
    "enseignants", "ecole", "scolarite",
})
"""Folded words of what happens in schools."""
# fmt: on


def pilot_sites(
    project: Project,
    subject: Concepts,
    kind: MemberKind | None,
    members: Iterable[Member],
    most: int,
) -> tuple[SuggestedMember, ...]:
    """Return the members where such a project may be tried out, best first."""
    others = [member for member in members if member.kind in _kinds_for(project, kind)]
    concepts_by_member = {member.id: concepts_of(*member.skills) for member in others}
    likeness = Likeness(concepts_by_member.values())
    ranked = []
    for member in others:
        alike = min(sum(likeness.between(subject, concepts_by_member[member.id]).values()), 2.0)
        places = common(member.territory, project.territory)
        if _fits(member, kind, places, alike):
            score = _closeness(member, project, places) + _SUBJECT * alike
            ranked.append((-score, member.name, member.id, _suggest(member, places, alike)))
    return tuple(suggested for *_, suggested in sorted(ranked, key=lambda row: row[:3])[:most])


def _kinds_for(project: Project, kind: MemberKind | None) -> frozenset[MemberKind]:
    """Return the kinds of members that suit the project; laboratories and start-ups never do."""
    words = set(plain(f"{project.title} {project.problem}").split())
    if kind == "school" or (kind == "laboratory" and words & _OF_SCHOOLS):
        return frozenset({"school"})
    if kind in {"company", "startup"} and not words & _PUBLIC:
        return frozenset({"company"})
    return frozenset({"local_authority", "company", "association"})


def _fits(member: Member, kind: MemberKind | None, places: Sequence[str], alike: float) -> bool:
    """A place is enough for who governs it; others know the subject, companies anywhere."""
    if member.kind in {"local_authority", "school"}:
        return bool(places)
    of_industry = kind in {"company", "startup"} and member.kind == "company"
    return alike >= _ALIKE and (bool(places) or of_industry)


def _closeness(member: Member, project: Project, places: Sequence[str]) -> float:
    """Score how the member's territory fits the project's: equal, around, inside or far wider."""
    if not places:
        return 0.0
    project_places, held = set(project.territory), set(member.territory)
    if project_places == held:
        return _EXACT
    if any(map(is_department, held)) and not any(map(is_department, project_places)):
        return _WIDER
    holds_all = all(
        any(within(project_place, other) for other in held) for project_place in project_places
    )
    return _CONTAINS if holds_all else _INSIDE


def _suggest(member: Member, places: Sequence[str], alike: float) -> SuggestedMember:
    reasons = (*present(places), *_of_kind(member, alike))
    return SuggestedMember(member_id=member.id, name=member.name, reasons=reasons)


def _of_kind(member: Member, alike: float) -> Iterator[str]:
    if member.kind == "local_authority":
        yield "Collectivité territoriale."
    if alike >= _ALIKE:
        yield f"Votre sujet est le sien : {', '.join(member.skills)}."


def present(places: Sequence[str]) -> list[str]:
    """Where a member is that the project is about, in French."""
    others = len(places) - _PLACES_NAMED
    more = f", et {others} autre{'s' * (others > 1)}" if others > 0 else ""
    named = in_french(places[:_PLACES_NAMED])
    return [f"Présent sur votre territoire : {named}{more}."] if places else []
