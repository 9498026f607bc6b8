"""The lab's advice on a project: what fits it, each with the reasons, in French."""

from collections.abc import Iterable

from services.intake.matching.applications import applications
from services.intake.matching.experts import Load, experts
from services.intake.matching.sites import pilot_sites
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.records import Guidance
from shared.events import DatasetsMatched
from shared.thesaurus.likeness import Concepts, concepts_of, weighed

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
