"""Writes an event into the timeline and addresses it to the endpoints and persons that may hear.

Everything has an id made from the event's, so a redelivery after a crash completes what is
missing and doubles nothing. An event may come before the one that tells whose project it is about
(JobQueued before ProjectSubmitted): operators hear of it at once; its entry waits, and whoever
learns the owner addresses it to the owner's endpoints then.
"""

from collections.abc import Collection, Mapping
from functools import partial
from itertools import chain
from typing import Any

from services.notify.endings import redact_late, without_erased
from services.notify.mail.addressing import Addressing
from services.notify.mail.kinds import news_of
from services.notify.model import Endpoint, WebhookDelivery, delivery_id
from services.notify.sending.due import Due
from services.notify.steering.kept_facts import hear
from services.notify.summaries import summarise
from services.notify.timeline import (
    MemberNews,
    Ownership,
    TimelineEntry,
    members_of,
    ownership_of,
    things_of,
)
from shared.aggregate import now
from shared.events import Envelope, Event
from shared.store import Store

NEWS = 5
"""Endpoints of one member, and of all operators, that hear what became of another endpoint."""

FEW = 10
"""Enabled endpoints that are read all at once, which takes less than to ask twice for some."""

KNOWN = 10_000
"""Things of which a process remembers who they belong to."""


class Recorder:
    """Records events in `store`; without `mails` it addresses none.

    A process has one: who a thing belongs to never changes, and is read once.
    """

    def __init__(self, store: Store, mails: Addressing | None = None) -> None:
        self._store, self._mails = store, mails
        self._endpoints, self._deliveries = store.of(Endpoint), store.of(WebhookDelivery)
        self._entries, self._ownerships = store.of(TimelineEntry), store.of(Ownership)
        self._due = Due(store)
        self._known: dict[str, str] = {}
        self._addressed: set[str] = set()
        self._has_many = False

    def record(self, envelope: Envelope[Any]) -> list[Endpoint]:
        """Save the event's entry and its deliveries; return the endpoints that are now due."""
        members_by_thing = ownership_of(envelope.data)
        self._learn(members_by_thing)
        kept = without_erased(self._store, envelope)
        event, is_erased = kept.data, kept is not envelope
        owners = self._owners(event)
        news = news_of(event, owners)
        entry = TimelineEntry.of(kept, summarise(event), _unknown(owners), news)
        copies = list(map(self._entries.add, entry.copies()))
        due = self._address(self._entries.add(entry), owners)
        hear(self._store, [kept])
        for thing in members_by_thing:
            due += self._address_waiting(thing, is_erased=is_erased)
        if not is_erased and (left := without_erased(self._store, envelope)) is not envelope:
            for saved_entry in (entry, *copies):
                redact_late(self._store, saved_entry)
            hear(self._store, [left])
        return due

    def _learn(self, members_by_thing: Mapping[str, str]) -> None:
        if len(self._known) > KNOWN:
            self._known, self._addressed = {}, set()
        for thing, member_id in members_by_thing.items():
            if self._owner_of(thing) is None:
                added = self._ownerships.add(Ownership(id=thing, member_id=member_id))
                self._known[thing] = added.member_id

    def _owners(self, event: Event) -> dict[str, str | None]:
        owners = {thing: self._owner_of(thing) for thing in things_of(event)}
        endpoint = self._endpoint_of(event)
        return {**owners, endpoint.id: endpoint.member_id} if endpoint else owners

    def _owner_of(self, thing: str) -> str | None:
        owner = self._known.get(thing)
        if owner is None and (ownership := self._ownerships.find_one(thing)):
            owner = self._known[thing] = ownership.member_id
        return owner

    def _endpoint_of(self, event: Event) -> Endpoint | None:
        """The endpoint that the event is about, if it is about one."""
        endpoint_id = getattr(event, "endpoint_id", None)
        return self._endpoints.find_one(endpoint_id) if endpoint_id else None

    def _address_waiting(self, thing: str, *, is_erased: bool) -> list[Endpoint]:
        """Address what waited for that thing's owner, once: later ones see that it is known."""
        if thing in self._addressed:
            return []
        due = list[Endpoint]()
        for waiting in self._entries.every({"waits_for": thing}):
            due += self._address(redact_late(self._store, waiting) if is_erased else waiting)
        self._addressed.add(thing)
        return due

    def _address(
        self, entry: TimelineEntry, owners: Mapping[str, str | None] | None = None
    ) -> list[Endpoint]:
        """Address a saved entry; `owners` are as they were read before it was saved."""
        event, due = entry.event, list[Endpoint]()
        while True:
            if owners is None or _unknown(owners):
                # Read after the entry was saved as waiting: whoever learns an owner in between is
                # seen here, or sees the entry.
                owners = self._owners(event)
            due += self._deliver(entry, event, owners)
            unknown = _unknown(owners)
            if entry.waits_for == unknown:
                return due
            news = news_of(event, owners)
            entry = self._entries.change(entry.id, partial(_settle, unknown, news))
            if not unknown:
                return due

    def _deliver(
        self, entry: TimelineEntry, event: Event, owners: Mapping[str, str | None]
    ) -> list[Endpoint]:
        concerned = members_of(event) | {owner for owner in owners.values() if owner}
        if event.for_staff:
            concerned = frozenset()
        hearers = [
            endpoint for endpoint in self._may_hear(concerned) if endpoint.wants(entry.topic)
        ]
        about = self._endpoint_of(event)
        receivers = _told_of(about, hearers) if about else hearers
        saved = [self._deliveries.add(self._delivery(entry, endpoint)) for endpoint in receivers]
        pending = (delivery for delivery in saved if delivery.state == "pending")
        dates = {delivery.endpoint_id: delivery.next_attempt_at for delivery in pending}
        due = self._due.expect(dates, read=receivers)
        if self._mails:
            self._mails.address(entry, owners)
        return due

    def _may_hear(self, members: Collection[str]) -> list[Endpoint]:
        if not self._has_many:
            few = self._endpoints.find({"state": "enabled"}, limit=FEW + 1)
            if len(few) <= FEW:
                return [
                    endpoint
                    for endpoint in few
                    if endpoint.sees_all or endpoint.member_id in members
                ]
            self._has_many = True
        concerned = ({"sees_all": True}, {"member_id": {"$in": sorted(members)}})
        enabled = (self._endpoints.every({**where, "state": "enabled"}) for where in concerned)
        return list({endpoint.id: endpoint for endpoint in chain(*enabled)}.values())

    def _delivery(self, entry: TimelineEntry, endpoint: Endpoint) -> WebhookDelivery:
        return WebhookDelivery(
            id=delivery_id(entry.event_id, endpoint.id, entry.at),
            endpoint_id=endpoint.id,
            event_id=entry.event_id,
            topic=entry.topic,
            body=entry.body,
            # Due since it happened, so that what is late is sent in the order of events.
            next_attempt_at=min(entry.at, now()),
        )


def _told_of(about: Endpoint, hearers: Collection[Endpoint]) -> list[Endpoint]:
    """Return the few endpoints that hear news about another endpoint, whatever their number.

    Told to all of a member's endpoints, the end of 450 of them made 98,602 deliveries. So it goes
    to NEWS of its member's others and to as many of the operators', first to those that ask for it
    by name; never to those that do not answer, nor to another endpoint at the same address.
    """
    others = [
        endpoint
        for endpoint in sorted(hearers, key=lambda hearer: ("*" in hearer.event_types, hearer.id))
        if endpoint.id != about.id and endpoint.url != about.url and not endpoint.failing
    ]
    own = [endpoint for endpoint in others if endpoint.member_id == about.member_id]
    return [*own[:NEWS], *[endpoint for endpoint in others if endpoint not in own][:NEWS]]


def _unknown(owners: Mapping[str, str | None]) -> str:
    return next((thing for thing, owner in owners.items() if owner is None), "")


def _settle(thing: str, news: tuple[MemberNews, ...], entry: TimelineEntry) -> None:
    entry.waits_for, entry.news = thing, news
