"""Keeps what events tell for the figures, and takes words out of it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator

from services.notify.steering.facts import Thing, facts_of
from services.notify.steering.model import SHELVES, Fact, Subject
from shared.aggregate import now
from shared.events import Envelope, Event
from shared.store import Store

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
