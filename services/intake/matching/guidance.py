"""The lab's advice on a project: what fits it, each with the reasons, in French."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from services.intake.matching.experts import Load, experts
from services.intake.matching.sites import pilot_sites
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.records import Guidance, SuggestedApplication
from shared.events import DatasetsMatched
from shared.events.event import Match
from shared.language.french import french_list, quoted
from shared.needs import Need, needs_of
from shared.thesaurus.likeness import Concepts, concepts_of, weighed

_MOST = 5
_ENOUGH = 2
_SHARED_KEY, _GROUPED, _NAMED = 3, 1, 2
_FORECAST = "forecast"
_NOT_FOR_FORECASTS = frozenset({"aggregate", "pivot"})
"""Sums of the past tell nothing of what is to come."""

_PERSONS = "person"
"""What the holder's data has when it names persons."""

_PLACES = {
    "iris": "IRIS",
    "commune": "commune",
    "postcode": "code postal",
    "epci": "EPCI",
    "departement": "département",
}
"""Kinds of keys that group rows by place, in French."""

BEST = 10
"""How many experts, and how many pilot sites, a project is told of."""

_THEME = 0.4


def advise(
    project: Project,
    matched: DatasetsMatched,
    members: Iterable[Member],
    load: Load = lambda _member_id: 0,
) -> Guidance:
    """Return the guidance for `project`, from the catalogue's matches and the members' skills.

    Neither the holder nor another member with its SIREN is suggested.
    """
    every = list(members)
    holder = next((member for member in every if member.id == project.holder_id), None)
    siren = holder.siren if holder else ""
    others = [
        member
        for member in every
        if member.id != project.holder_id and not (siren and member.siren == siren)
    ]
    subject = _subject_of(project)
    return Guidance(
        datasets=matched.matches,
        applications=applications(project, matched.matches, matched.brought),
        recipes=matched.recipes,
        experts=experts(project, subject, others, load, BEST),
        pilot_sites=pilot_sites(project, subject, holder.kind if holder else None, others, BEST),
    )


def _subject_of(project: Project) -> Concepts:
    """Return the concepts of the project's texts; its theme, often a guess, weighs little."""
    texts = (project.title, project.problem, *project.keywords, *project.skills)
    return weighed(concepts_of(project.theme), _THEME) | concepts_of(*texts)


def applications(
    project: Project, matches: Sequence[Match], brought: Collection[str]
) -> tuple[SuggestedApplication, ...]:
    """The applications that fit, best first; `brought` is what the holder's columns hold."""
    needs = needs_of(project.title, project.problem, *project.skills, *project.keywords)
    points: dict[str, int] = {}
    reasons: dict[str, list[str]] = {}
    for name, weight, reason in (*_asked(needs), *_allowed(needs, matches, brought)):
        points[name] = points.get(name, 0) + weight
        reasons.setdefault(name, []).append(reason)
    is_forecast = any(need.name == _FORECAST for need in needs)
    barred = _NOT_FOR_FORECASTS if is_forecast else frozenset()
    fitting = [name for name, total in points.items() if total >= _ENOUGH and name not in barred]
    return tuple(
        SuggestedApplication(application=name, reasons=tuple(dict.fromkeys(reasons[name])))
        for name in sorted(fitting, key=lambda name: (-points[name], name))[:_MOST]
    )


def _asked(needs: dict[Need, str]) -> Iterator[tuple[str, int, str]]:
    """What the words of the problem ask for."""
    for need, words in needs.items():
        for name, weight in need.applications.items():
            yield name, weight, f"Il s'agit de {need.phrase} : {quoted(words)}."


def _allowed(
    needs: dict[Need, str], matches: Sequence[Match], brought: Collection[str]
) -> Iterator[tuple[str, int, str]]:
    """Yield the applications that the data suggests, each with its weight and reason."""
    for match in matches:
        if match.shared_keys:
            keys = ", ".join(match.shared_keys)
            reason = f"Vos données partagent une clé avec {quoted(match.title)} : {keys}."
            yield "cross", _SHARED_KEY, reason
    shared = {key for match in matches for key in match.shared_keys}
    places = [place for key, place in _PLACES.items() if key in shared]
    if places:
        reason = f"Une fois croisées, les données se regroupent par {french_list(places)}."
        yield "aggregate", _GROUPED, reason
    if _PERSONS in brought and any(need.name in {"persons", "law", "cross"} for need in needs):
        yield "pseudonymise", _NAMED, "Vos données nomment des personnes."
