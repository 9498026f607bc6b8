"""What a project is about, to be compared with what members know."""

from services.intake.model import Project
from shared.thesaurus.likeness import concepts_of, weighed

_THEME = 0.4


def subject_of(project: Project) -> dict[str, tuple[str, float]]:
    """The concepts of its texts; its theme weighs little: many choose it in a hurry."""
    said = (project.title, project.problem, *project.keywords, *project.skills)
    return weighed(concepts_of(project.theme), _THEME) | concepts_of(*said)
