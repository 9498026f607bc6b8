"""Runs the engine on stored tables when somebody asks: in a sandbox, a few at a time."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from pydantic import BaseModel

from services.compute.execution.job_folder import JobFolder, job_folder
from services.compute.execution.spares.spares import Spares
from shared.engine.contract.work import TABLE_REQUEST
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.tables.manifest import PARQUET
from shared.errors import Rejected, TooMany, Unavailable
from shared.events.event import FileRef
from shared.storage import Storage

SECONDS = 120
"""How long a run may take; a million rows of sixteen columns take twelve as a workbook."""

_AT_ONCE, _WAITING, _OF_ONE = 2, 4, 2
_WAIT_SECONDS = 60


class RunGate:
    """Lets `at_once` runs go on, some wait, and no member hold more than a few of both.

    Each that waits holds a worker of the service: others would go without.
    """

    def __init__(self, at_once: int = _AT_ONCE, waiting: int = _WAITING) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._most = at_once + waiting
        self._lanes = Counter[str]()

    @property
    def held(self) -> int:
        """Return how many run or wait."""
        return self._lanes.total()

    @contextmanager
    def place(self, lane: str) -> Iterator[None]:
        """Take a turn; raises TooMany for a member's third at once, Unavailable when all wait."""
        with self._lock:
            if self._lanes[lane] >= _OF_ONE:
                raise TooMany(
                    "deux exports ou comparaisons sont déjà en cours pour vous ; attendez qu'ils"
                    " finissent"
                )
            if self.held >= self._most:
                raise Unavailable("too many exports and comparisons wait for their turn")
            self._lanes[lane] += 1
        try:
            if not self._places.acquire(timeout=_WAIT_SECONDS):
                raise Unavailable("no export or comparison ended within a minute")
            try:
                yield
            finally:
                self._places.release()
        finally:
            with self._lock:
                self._lanes[lane] -= 1


GATE = RunGate()
"""That of this process."""


class TableRuns(NamedTuple):
    """Runs modules of the engine on the tables in a store, each within that much memory."""

    files: Storage
    memory_bytes: int
    spares: Spares

    @contextmanager
    def of(
        self, module: str, tables: Sequence[FileRef], request: BaseModel, lane: str
    ) -> Iterator[tuple[JobFolder, Outcome]]:
        """Provide the folder in which `module` did what is requested of the tables, and its end.

        It has the tables as `in/0` and so on. `lane` is the member who asks. Raises Rejected for
        what is no table; TooMany and Unavailable as the gate does.
        """
        if any(table.media_type != PARQUET for table in tables):
            raise Rejected("seule une table peut être exportée ou comparée")
        with GATE.place(lane), job_folder() as folder:
            for number, table in enumerate(tables):
                with folder.input_path(number).open("wb") as file:
                    for chunk in self.files.chunks(table):
                        file.write(chunk)
            (folder.path / TABLE_REQUEST).write_text(request.model_dump_json())
            limits = Limits(seconds=SECONDS, memory_bytes=self.memory_bytes)
            yield folder, self.spares.run(folder.path, module, limits)
