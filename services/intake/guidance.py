"""The lab's advice on a project: what fits it, each with the reasons, in French."""

from collections.abc import Iterable, Sequence

from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.records import Guidance, SuggestedApplication, SuggestedMember
from shared.events.event import Match
from shared.tables.territory import common, in_french
from shared.thesaurus import keys_of, same_as
from shared.words import fold, words

BEST = 10
"""How many experts, and how many pilot sites, a project is told of."""

_PLACES_NAMED = 5

# fmt: off
_FIGURES = frozenset({
    "taux", "part", "parts", "nombre", "combien", "moyenne", "moyennes", "total", "totaux",
    "somme", "repartition", "classement", "indicateur", "indicateurs", "statistique",
    "statistiques", "comparer", "comparaison", "evolution", "densite",
})
"""Folded words of a problem that ask for figures by group."""

_MAPS = frozenset({
    "carte", "cartes", "cartographie", "cartographier", "cartographique", "territoire",
    "territoires", "spatial", "spatiale", "geographique", "geographiques", "localiser",
})
"""Folded words of a problem that ask for a map."""
# fmt: on

_MAPPED = ("commune", "epci", "departement")
"""Kinds of keys whose outlines the lab has."""

_PLACES = {
    "iris": "IRIS",
    "commune": "commune",
    "postcode": "code postal",
    "epci": "EPCI",
    "departement": "département",
}
"""Kinds of keys that group rows by place, in French."""


def advise(project: Project, matches: Sequence[Match], members: Iterable[Member]) -> Guidance:
    """The guidance for `project`; the holder is never suggested to itself."""
    others = [member for member in members if member.id != project.holder_id]
    return Guidance(
        datasets=tuple(matches),
        applications=_applications(project, matches),
        experts=_experts(project, others),
        pilot_sites=_pilot_sites(project, others),
    )


def _applications(project: Project, matches: Sequence[Match]) -> tuple[SuggestedApplication, ...]:
    reasons = {
        "cross": _crossing(matches),
        "aggregate": _aggregating(project, matches),
        "map": _mapping(project, matches),
    }
    return tuple(
        SuggestedApplication(application=name, reasons=tuple(found))
        for name, found in reasons.items()
        if found
    )


def _crossing(matches: Sequence[Match]) -> list[str]:
    return [
        f"Vos données partagent une clé avec « {match.title} » : {', '.join(match.shared_keys)}."
        for match in matches
        if match.shared_keys
    ]


def _aggregating(project: Project, matches: Sequence[Match]) -> list[str]:
    said = words(project.title, project.problem, *project.keywords)
    asked = [spelling for word, spelling in said.items() if word in _FIGURES]
    keys = {key for match in matches for key in match.shared_keys}
    places = [place for key, place in _PLACES.items() if key in keys]
    reasons = []
    if asked:
        reasons.append(f"Votre problème demande des chiffres par groupe : {', '.join(asked)}.")
    if places:
        reasons.append(f"Une fois croisées, les données se regroupent par {', '.join(places)}.")
    return reasons


def _mapping(project: Project, matches: Sequence[Match]) -> list[str]:
    said = words(project.title, project.problem, *project.keywords)
    asked = [spelling for word, spelling in said.items() if word in _MAPS]
    keys = {key for match in matches for key in match.shared_keys}
    places = [_PLACES[kind] for kind in _MAPPED if kind in keys]
    if not asked or not places:
        return []
    what = f"Votre problème parle de {', '.join(asked)}"
    return [f"{what} : le résultat se dessine sur une carte par {', '.join(places)}."]


def _experts(project: Project, members: Iterable[Member]) -> tuple[SuggestedMember, ...]:
    wanted = {fold(skill): skill for skill in project.skills}.values()
    ranked = []
    for member in members:
        skills = [found for skill in wanted if (found := _skill_of(member, skill))]
        if skills:
            places = common(member.territory, project.territory)
            reasons = [f"Compétence recherchée : {', '.join(skills)}.", *_present(places)]
            ranked.append(((-len(skills), not places), _suggest(member, reasons)))
    return _best(ranked)


def _skill_of(member: Member, wanted: str) -> str:
    """The skill that is wanted, beside what the member calls it; empty if it has none alike."""
    alike = same_as(wanted)
    owned = [skill for skill in member.skills if keys_of(skill) & alike]
    if not owned or any(keys_of(skill) & keys_of(wanted) for skill in owned):
        return wanted if owned else ""
    return f"{wanted} (chez ce membre : {owned[0]})"


def _pilot_sites(project: Project, members: Iterable[Member]) -> tuple[SuggestedMember, ...]:
    ranked = []
    for member in members:
        places = common(member.territory, project.territory)
        if places:
            is_authority = member.kind == "local_authority"
            reasons = [*_present(places), *["Collectivité territoriale."] * is_authority]
            ranked.append(((-is_authority, -len(places)), _suggest(member, reasons)))
    return _best(ranked)


def _best(
    ranked: Iterable[tuple[tuple[int, int], SuggestedMember]],
) -> tuple[SuggestedMember, ...]:
    ordered = sorted(ranked, key=lambda pair: (pair[0], pair[1].name, pair[1].member_id))
    return tuple(member for _, member in ordered[:BEST])


def _present(places: Sequence[str]) -> list[str]:
    others = len(places) - _PLACES_NAMED
    more = f", et {others} autre{'s' * (others > 1)}" if others > 0 else ""
    named = in_french(places[:_PLACES_NAMED])
    return [f"Présent sur votre territoire : {named}{more}."] if places else []


def _suggest(member: Member, reasons: Iterable[str]) -> SuggestedMember:
    return SuggestedMember(member_id=member.id, name=member.name, reasons=tuple(reasons))
