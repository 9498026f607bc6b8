"""All that is known, in the memory of one process: it follows the documents."""

from datetime import timedelta
from threading import Lock

from services.notify.steering.kept_facts import subjects_of
from services.notify.steering.model import Subject
from shared.background import in_turns
from shared.errors import Unavailable
from shared.indexes.change_feed import JUST_NOW, MARGIN, ChangeFeed
from shared.store import Store

_PATIENCE_SECONDS = 15


class SubjectIndex:
    """Every subject: to read them all takes seconds.

    Each process has one. What others saved is taken in before an answer; a document that was saved
    seconds after it changed, while others were, comes within a minute.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._feed, self._busy = store, ChangeFeed(Subject, every=subjects_of), Lock()
        self._subjects: dict[str, Subject] = {}

    def subjects(self, margin: timedelta = JUST_NOW) -> tuple[Subject, ...]:
        """Return what is known now; raises Unavailable while it is read for the first time."""
        if not self._busy.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("the figures are being read; ask again later")
        try:
            for subject in in_turns(self._feed.changes(self._store, margin)):
                self._subjects[subject.id] = subject
            return tuple(self._subjects.values())
        finally:
            self._busy.release()

    def follow(self) -> tuple[Subject, ...]:
        """Return what is known now, with documents that were saved late."""
        return self.subjects(MARGIN)
