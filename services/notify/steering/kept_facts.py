"""Keeps what events tell for the figures, in documents and memory, and takes words out of it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from threading import Lock

from services.notify.steering.facts import Thing, facts_of
from services.notify.steering.model import SHELVES, Fact, Subject
from shared.aggregate import now
from shared.background import in_turns
from shared.errors import Unavailable
from shared.events import Envelope, Event
from shared.indexes.change_feed import JUST_NOW, MARGIN, ChangeFeed
from shared.store import Store

_PATIENCE_SECONDS = 15

_ALL = 1_000_000


def hear(store: Store, envelopes: Iterable[Envelope[Event]]) -> None:
    """Save the facts of these events, each subject once."""
    facts_by_thing = defaultdict[Thing, list[Fact]](list)
    for envelope in envelopes:
        for thing, fact in facts_of(envelope):
            facts_by_thing[thing].append(fact)
    for thing, facts in facts_by_thing.items():
        _learn(store, thing, facts)


def subjects_of(store: Store) -> Iterator[Subject]:
    """All of them; others have their turn while each part is read."""
    for shelf in range(SHELVES):
        yield from store.of(Subject).find({"shelf": shelf}, limit=_ALL)


def redact(store: Store, named: Collection[str]) -> int:
    """Redact the facts of events that name one of these; return the number of subjects."""
    naming = [subject.id for subject in subjects_of(store) if subject.names(named)]
    for identifier in naming:
        _change(store, identifier, lambda subject: subject.redact(named))
    return len(naming)


def forget_reasons(store: Store, project_id: str) -> None:
    """Take the words out of why a project ended; theme and territory stay, as figures need them."""
    identifier = Subject.id_of("project", project_id)
    if store.of(Subject).find_one(identifier):
        _change(store, identifier, Subject.forget_reasons)


def call_dataset(store: Store, dataset_id: str, title: str) -> None:
    """Call a deleted dataset as it is called now, in whatever was told of it."""
    identifier = Subject.id_of("dataset", dataset_id)
    if store.of(Subject).find_one(identifier):
        _change(store, identifier, lambda subject: subject.call(title))


def _learn(store: Store, thing: Thing, facts: Iterable[Fact]) -> None:
    about, thing_id = thing
    identifier = Subject.id_of(about, thing_id)

    def unheard() -> Subject:
        return Subject(id=identifier, about=about, thing_id=thing_id)

    _change(store, identifier, lambda subject: subject.learn(facts), unheard)


def _change(
    store: Store,
    identifier: str,
    decide: Callable[[Subject], None],
    new: Callable[[], Subject] | None = None,
) -> None:
    """Change a subject so that every process's index learns of it."""

    def decide_now(subject: Subject) -> None:
        decide(subject)
        subject.changed_at = now()

    store.of(Subject).change(identifier, decide_now, new=new)


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
