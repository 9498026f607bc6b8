"""A step that makes groups of others' restricted rows, as release follows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from shared.engine.applications.effect import Effect
from shared.engine.database import Database
from shared.engine.release.following import Following
from shared.engine.running.steps.workbench import InputTable, Workbench
from shared.events.event import Step


class GroupedStep(NamedTuple):
    """The step with its effect, its tables by role, and what was followed up to it."""

    database: Database
    following: Following
    step: Step
    effect: Effect
    roles: Mapping[str, InputTable]

    @property
    def bench(self) -> Workbench:
        """Return a workbench with its tables, to read them as the step does."""
        return bench_of(self.database, self.roles)


def bench_of(database: Database, roles: Mapping[str, InputTable]) -> Workbench:
    """Return a workbench that makes nothing and says nothing."""
    return Workbench(database, roles, "", Path(), lambda _share, _message: None, is_protected=True)
