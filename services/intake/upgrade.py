"""Tells the catalogue of projects from before it was told what they do with which data.

Every process looks once through the projects that go on, when it starts; what is told is saved
with what was told, in one conditional write, so that several processes, or one after a crash, tell
it once.
"""

import logging

from services.intake.members.commands import parties_to
from services.intake.model import Project
from shared.background import Loop
from shared.stages import OPEN_STAGES
from shared.store import Store

log = logging.getLogger(__name__)

_SECONDS = 30.0
"""Until the next try, while a server does not answer."""


class ProjectUpgrade(Loop):
    """Looks for projects that are to be told once more, until it has seen all."""

    def __init__(self, store: Store) -> None:
        super().__init__(_SECONDS, self.sweep)
        self._store, self._is_done = store, False

    def sweep(self) -> None:
        """Announce, once, the running projects that the catalogue does not know fully."""
        if self._is_done:
            return
        going_on = self._store.of(Project).every({"stage": {"$in": sorted(OPEN_STAGES)}})
        told_projects = [self._tell(project.id) for project in going_on if project.lacks_telling]
        self._is_done = True
        if told_projects:
            log.info(
                "projects of before were told once more", extra={"projects": len(told_projects)}
            )

    def _tell(self, project_id: str) -> Project:
        def tell(project: Project) -> None:
            project.tell_once_more(parties_to(self._store, project, ""))

        return self._store.of(Project).change(project_id, tell)
