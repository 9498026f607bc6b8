"""Adds sources and begins harvests of them; every command may be repeated."""

from contextlib import suppress

from services.catalog.harvesting.fetched_page import FetchedPage
from services.catalog.harvesting.model import Harvest, RemoteSource
from services.catalog.harvesting.views import ChangeSource, NewSource
from shared.aggregate import new_id, now
from shared.endings.departures import check_present
from shared.errors import NotFound, WrongStage
from shared.events import Envelope, FileRef, JobCancelled, JobFailed, JobSucceeded
from shared.inbound import IdempotencyKey, fingerprint
from shared.outbound import SsrfGuard
from shared.store import Store

_PREFIX = "src"


def add_source(
    store: Store,
    guard: SsrfGuard,
    owner_id: str,
    submitted: NewSource,
    key: IdempotencyKey | None = None,
) -> RemoteSource:
    """A new source, whose datasets will be `owner_id`'s; the same `key` adds it once.

    Raises Invalid when its address may not be called, or the key came with another source before.
    """
    url = guard.normalised(submitted.url, owner_id) if submitted.url else ""
    identifier = key.id_for(_PREFIX, owner_id) if key else new_id(_PREFIX)
    new = RemoteSource(
        id=identifier, owner_id=owner_id, **submitted.model_dump(exclude={"url", "every_hours"})
    )
    new.url, new.sent = url, fingerprint(submitted)
    new.plan(submitted.every_hours)
    source = store.of(RemoteSource).add(new)
    if key and source.sent:
        key.check_same(source.sent, new.sent)
    return source


def change_source(
    store: Store, guard: SsrfGuard, source_id: str, requested: ChangeSource
) -> RemoteSource:
    """Change the fields that `requested` sets; datasets follow with the next harvest.

    Raises Invalid when its address may not be called.
    """
    changes = requested.model_dump(exclude_unset=True)
    if requested.url:
        owner_id = store.of(RemoteSource).get(source_id).owner_id
        changes["url"] = guard.normalised(requested.url, owner_id)

    def decide(source: RemoteSource) -> None:
        for name in changes.keys() - {"every_hours"}:
            setattr(source, name, changes[name])
        if {"every_hours", "url"} & changes.keys():
            source.plan(changes.get("every_hours", source.every_hours))

    return store.of(RemoteSource).change(source_id, decide)


def begin_harvest(
    store: Store, source_id: str, *, may_retire_most: bool = False, file: FileRef | None = None
) -> Harvest:
    """Begin a harvest of an uploaded file, else of what is at the source's address.

    One under way is the answer. Raises WrongStage without an address, and for a file while another
    harvest is under way.
    """
    source = store.of(RemoteSource).get(source_id)
    if file is None and not source.url:
        raise WrongStage("cette source n'a pas d'adresse : envoyez-en un fichier")
    check_present(store, source.owner_id)
    new, harvests = new_id("hrv"), store.of(Harvest)

    def has_ended(harvest_id: str) -> bool:
        claimed = harvests.find_one(harvest_id)
        return claimed is not None and claimed.has_ended

    source = store.of(RemoteSource).change(source_id, lambda current: current.claim(new, has_ended))
    if file and source.harvest_id != new and harvests.find_one(source.harvest_id):
        raise WrongStage(
            "une moisson de cette source est en cours : envoyez le fichier quand elle aura pris fin"
        )
    harvest = Harvest(
        id=source.harvest_id,
        source_id=source.id,
        owner_id=source.owner_id,
        title=source.title,
        catalogue=source.catalogue,
        previous_id=source.completed_id,
        may_retire_most=may_retire_most,
        next_url=source.url,
        started_at=now(),
    )
    if file:
        harvest.take_page(FetchedPage(number=1, url="", base=source.url, file=file))
    # A crash before this line leaves a claim without a harvest: the next call makes it.
    return harvests.add(harvest)


def stop_sources(store: Store, owner_id: str) -> None:
    """Stop all harvests for a member who left, also one that is under way."""
    for source in store.of(RemoteSource).every({"owner_id": owner_id}):
        store.of(RemoteSource).change(source.id, lambda current: current.plan(None))
        with suppress(NotFound, WrongStage):
            cancel_harvest(store, source.harvest_id)


def cancel_harvest(store: Store, harvest_id: str) -> Harvest:
    """Stop a harvest; raises NotFound, and WrongStage when it ended otherwise."""
    return store.of(Harvest).change(harvest_id, Harvest.cancel)


def note_read(
    store: Store, envelope: Envelope[JobSucceeded] | Envelope[JobFailed | JobCancelled]
) -> None:
    """A harvest job read a page, or could not, or was stopped before it had."""
    event = envelope.data
    if event.harvest_id is None or event.page is None:
        return
    number = event.page

    def note(harvest: Harvest) -> None:
        if isinstance(event, JobSucceeded):
            harvest.note_read(number, event.result)
        else:
            harvest.note_unreadable(number, event.reason)

    store.of(Harvest).change(event.harvest_id, note, because=envelope)
