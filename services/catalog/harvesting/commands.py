"""Adds sources and begins harvests of them; every command may be repeated."""

from collections.abc import Callable

from services.catalog.harvesting.model import Harvest, RemoteSource
from services.catalog.harvesting.page_run import PageRun
from services.catalog.harvesting.views import ChangeSource, NewSource
from shared.aggregate import new_id, now
from shared.errors import WrongStage
from shared.events import Envelope, FileRef, JobCancelled, JobFailed, JobSucceeded
from shared.inbound import IdempotencyKey, fingerprint
from shared.store import Store

_PREFIX = "src"


class Sources:
    """The sources in `store` and their harvests; `normalised` checks the addresses of new ones."""

    def __init__(self, store: Store, normalised: Callable[[str], str] = str) -> None:
        self._sources, self._harvests = store.of(RemoteSource), store.of(Harvest)
        self._normalised = normalised

    def add(
        self, owner_id: str, wanted: NewSource, key: IdempotencyKey | None = None
    ) -> RemoteSource:
        """A new source, whose datasets will be `owner_id`'s; the same `key` adds it once.

        Raises Invalid when the key came with another source before.
        """
        url = self._normalised(wanted.url) if wanted.url else ""
        identifier = key.id_for(_PREFIX, owner_id) if key else new_id(_PREFIX)
        new = RemoteSource(
            id=identifier, owner_id=owner_id, **wanted.model_dump(exclude={"url", "every_hours"})
        )
        new.url, new.sent = url, fingerprint(wanted)
        new.plan(wanted.every_hours)
        source = self._sources.add(new)
        if key and source.sent:
            key.check_same(source.sent, new.sent)
        return source

    def change(self, source_id: str, wanted: ChangeSource) -> RemoteSource:
        """Change what `wanted` names; datasets follow with the next harvest."""
        changes = wanted.model_dump(exclude_unset=True)
        if wanted.url:
            changes["url"] = self._normalised(wanted.url)

        def decide(source: RemoteSource) -> None:
            for name in changes.keys() - {"every_hours"}:
                setattr(source, name, changes[name])
            if {"every_hours", "url"} & changes.keys():
                source.plan(changes.get("every_hours", source.every_hours))

        return self._sources.change(source_id, decide)

    def harvest(self, source_id: str, *, may_retire_most: bool = False) -> Harvest:
        """Begin a harvest of what is at the source's address; one under way is the answer.

        Raises WrongStage when it has no address.
        """
        source = self._sources.get(source_id)
        if not source.url:
            raise WrongStage("cette source n'a pas d'adresse : envoyez-en un fichier")
        return self._begin(source_id, may_retire_most=may_retire_most, file=None)

    def harvest_file(
        self, source_id: str, file: FileRef, *, may_retire_most: bool = False
    ) -> Harvest:
        """Begin a harvest of an uploaded file; raises WrongStage while another one is under way."""
        self._sources.get(source_id)
        return self._begin(source_id, may_retire_most=may_retire_most, file=file)

    def cancel(self, harvest_id: str) -> Harvest:
        """Stop a harvest; raises NotFound, and WrongStage when it ended otherwise."""
        return self._harvests.change(harvest_id, Harvest.cancel)

    def _begin(self, source_id: str, *, may_retire_most: bool, file: FileRef | None) -> Harvest:
        new = new_id("hrv")
        source = self._sources.change(source_id, lambda one: one.claim(new, self._has_ended))
        if file and source.harvest_id != new and self._harvests.find_one(source.harvest_id):
            raise WrongStage(
                "une moisson de cette source est en cours : envoyez le fichier quand elle aura pris"
                " fin"
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
            harvest.take_page(PageRun(number=1, url="", base=source.url, file=file))
        # A crash before this line leaves a claim without a harvest: the next call makes it.
        return self._harvests.add(harvest)

    def _has_ended(self, harvest_id: str) -> bool:
        found = self._harvests.find_one(harvest_id)
        return found is not None and found.has_ended


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
