"""How long intake keeps the texts of projects that ended."""

from collections.abc import Iterator
from datetime import datetime

from services.intake.departures.erasing import redact_project
from services.intake.model import Project
from shared.endings.redaction import ERASED
from shared.endings.retention import Batch, Policy, Thing
from shared.settings import Settings
from shared.stages import FINAL_STAGES
from shared.store import Store


def policies(store: Store, settings: Settings) -> list[Policy]:
    """Ended projects keep their stages and dates."""
    projects = store.of(Project)

    def things() -> Iterator[Thing]:
        for project in projects.every({"stage": {"$in": sorted(FINAL_STAGES)}}):
            if project.title != ERASED:
                yield Thing(project.id, project.holder_id, project.history[-1].at)

    def erase(project_id: str, through: datetime, _cursor: str) -> Batch:
        project = projects.find_one(project_id)
        if not project or project.stage not in FINAL_STAGES or project.title == ERASED:
            return Batch({}, is_last=True)
        if project.history[-1].at > through:
            return Batch({}, is_last=True)
        projects.change(project_id, redact_project)
        return Batch({"projets": 1}, is_last=True)

    return [
        Policy(
            kind="projects",
            days=settings.retention_projects_days,
            things=things,
            erase=erase,
            what="le contenu du projet terminé",
            advice="Pour le garder, enregistrez-en la fiche (GET /projects/{project_id}).",
        )
    ]
