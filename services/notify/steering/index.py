"""All that is known, in the memory of one process: it follows the documents."""

from datetime import timedelta
from threading import Lock

from services.notify.steering.kept_facts import subjects_of
from services.notify.steering.lives import Life
from services.notify.steering.model import Subject
from services.notify.steering.world import DatasetFacts, Snapshot
from shared.background import in_turns
from shared.errors import Unavailable
from shared.indexes.change_feed import JUST_NOW, MARGIN, ChangeFeed
from shared.store import Store

_PATIENCE_SECONDS = 15


class SubjectIndex:
    """Every subject, and what those that did not change since came to: to read them takes seconds.

    Each process has one. What others saved is taken in before an answer; a document that was saved
    seconds after it changed, while others were, comes within a minute.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._feed, self._busy = store, ChangeFeed(Subject, every=subjects_of), Lock()
        self._subjects: dict[str, Subject] = {}
        self._lives: dict[str, Life] = {}
        self._datasets: dict[str, DatasetFacts] = {}

    def snapshot(self, margin: timedelta = JUST_NOW) -> Snapshot:
        """Return what is known now; raises Unavailable while it is read for the first time."""
        if not self._busy.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("the figures are being read; ask again later")
        try:
            for subject in in_turns(self._feed.changes(self._store, margin)):
                self._put(subject)
            # Copies: others may take more in while the figures are counted.
            return Snapshot(
                tuple(self._subjects.values()), tuple(self._lives.values()), dict(self._datasets)
            )
        finally:
            self._busy.release()

    def follow(self) -> Snapshot:
        """Return what is known now, with documents that were saved late."""
        return self.snapshot(MARGIN)

    def _put(self, subject: Subject) -> None:
        self._subjects[subject.id] = subject
        if subject.about == "project":
            self._lives[subject.id] = Life(subject)
        if subject.about == "dataset":
            self._datasets[subject.thing_id] = DatasetFacts(subject)
