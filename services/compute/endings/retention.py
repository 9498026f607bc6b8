"""How long compute keeps the log and texts of jobs whose project ended."""

from collections.abc import Iterator
from datetime import datetime

from services.compute.endings.member_erasing import redact_jobs, redact_workspace
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from services.compute.renewal.model import DeliveredService
from shared.aggregate import LONG_AGO, NEVER
from shared.endings.retention import Batch, Policy, Thing
from shared.settings import Settings
from shared.store import Store

_BATCH = 100


def policies(store: Store, settings: Settings) -> list[Policy]:
    """Jobs of ended projects keep their dates, seconds and hashes."""
    jobs, workspaces = store.of(Job), store.of(Workspace)

    def end_of(workspace: Workspace) -> datetime:
        """Return when its project ended; where that was not noted, when its last job did."""
        if workspace.closed_at != NEVER:
            return workspace.closed_at
        ended = (job.ended_at for job in jobs.every({"project_id": workspace.id}))
        return max((end for end in ended if end != NEVER), default=LONG_AGO)

    def things() -> Iterator[Thing]:
        for workspace in workspaces.every({"state": "closed"}):
            if not (workspace.is_erased or _serves(store, workspace.id)):
                yield Thing(workspace.id, workspace.holder_id, end_of(workspace))

    def erase(project_id: str, through: datetime, cursor: str) -> Batch:
        workspace = workspaces.find_one(project_id)
        if workspace is None or workspace.is_erased or _serves(store, project_id):
            return Batch({}, is_last=True)
        if end_of(workspace) > through:
            return Batch({}, is_last=True)
        where = {"project_id": project_id}
        ended_jobs, following = jobs.page(where, after=cursor or None, limit=_BATCH)
        redact_jobs(store, ended_jobs)
        if following:
            return Batch({"calculs": len(ended_jobs)}, following)
        workspaces.change(project_id, redact_workspace)
        return Batch({"calculs": len(ended_jobs), "espaces de calcul": 1}, is_last=True)

    return [
        Policy(
            kind="jobs",
            days=settings.retention_jobs_days,
            things=things,
            erase=erase,
            what="le détail des calculs du projet terminé",
            advice="Pour le garder, téléchargez les résultats et leurs manifestes (GET /jobs).",
        )
    ]


def _serves(store: Store, project_id: str) -> bool:
    """Whether its delivered service lives: the next edition needs its jobs."""
    service = store.of(DeliveredService).find_one(project_id)
    return service is not None and service.lives
