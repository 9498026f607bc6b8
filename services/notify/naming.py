"""Sentences with the names of members and projects, as far as the timeline knows them.

They are put in when somebody reads: a name that is erased, or comes later, is right then.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial

from services.notify.summaries import Invitation, summarise, to_the_invited, with_members
from services.notify.timeline import TimelineEntry
from shared.endings.redaction import ERASED
from shared.events import Event, MemberJoined, ProjectSubmitted
from shared.language.french import quoted
from shared.store import Store

_UNKNOWN, _ERASED = "un membre au nom inconnu", "un ancien membre"


def with_names(
    store: Store, entries: Iterable[TimelineEntry], reader: str = ""
) -> list[TimelineEntry]:
    """The entries; their sentences name members, where they say who did or is asked something.

    The member who reads them, if any is named, is addressed where something is asked of it.
    """
    sentence = partial(_sentence, cache(partial(name_of, store)), reader)
    return [entry.model_copy(update={"summary": sentence(entry)}) for entry in entries]


def with_projects(
    store: Store, entries: Iterable[TimelineEntry], reader: str
) -> list[TimelineEntry]:
    """The same; their sentences say of which project they are: a member reads of several."""
    title = cache(partial(_title, store))
    return [_beginning(entry, title) for entry in with_names(store, entries, reader)]


def _sentence(member: Callable[[str], str], reader: str, entry: TimelineEntry) -> str:
    event = entry.event
    if isinstance(event, Invitation) and event.member_id == reader:
        return to_the_invited(event, member(event.holder_id))
    named = with_members(event, member)
    return entry.summary if named == event else summarise(named)


def _beginning(entry: TimelineEntry, title: Callable[[str], str]) -> TimelineEntry:
    project_id = getattr(entry.event, "project_id", None)
    name = title(project_id) if project_id else ""
    if not name or name in entry.summary:
        return entry
    return entry.model_copy(update={"summary": f"Projet {quoted(name)}. {entry.summary}"})


def name_of(store: Store, member_id: str) -> str:
    """What a member is called, as far as the timeline knows."""
    event = _first(store, member_id, MemberJoined.topic)
    if not isinstance(event, MemberJoined):
        return _UNKNOWN
    return _ERASED if event.name == ERASED else event.name


def _title(store: Store, project_id: str) -> str:
    event = _first(store, project_id, ProjectSubmitted.topic)
    if not isinstance(event, ProjectSubmitted) or event.title == ERASED:
        return ""
    return event.title


def _first(store: Store, about: str, topic: str) -> Event | None:
    where = {"correlation": about, "topic": topic}
    entries = store.of(TimelineEntry).find(where, limit=1)
    return entries[0].event if entries else None
