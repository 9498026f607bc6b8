"""Does the next step of every harvest that is due, as many side by side as there are turns."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from services.catalog import metrics
from services.catalog.datasets.manifests import page_of
from services.catalog.harvesting.applying import (
    MissingDatasets,
    OwnRecords,
    PageImport,
    SeenIdentifiers,
    entries_of,
    manifest_of,
)
from services.catalog.harvesting.commands import begin_harvest
from services.catalog.harvesting.fetched_page import FetchedPage
from services.catalog.harvesting.fetching import (
    ACCEPTED,
    Fetcher,
    PortalResponse,
    PortalUnavailable,
    joined,
)
from services.catalog.harvesting.model import LEASE, Harvest, RemoteSource
from services.catalog.harvesting.take_in import renew
from shared.aggregate import now
from shared.background import Loop
from shared.errors import LabError, Rejected, Unavailable
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_LOOK = timedelta(seconds=_LOOK_SECONDS)
_SIDE_BY_SIDE = 4
_STEPS = ("fetching", "applying", "retiring")
"""What a process of the catalog does; pages are read by compute."""

_OURS = "erreur interne du catalogue"


class HarvestEnded(Exception):
    """The harvest ended while its step was done: it was cancelled."""


class HarvestWorker(Loop):
    """Harvests until stopped, and then lets the steps in hand end."""

    def __init__(
        self, service: str, store: Store, files: Storage, settings: Settings, fetcher: Fetcher
    ) -> None:
        super().__init__(_LOOK_SECONDS, self._begin_planned, self._dispatch)
        self._service, self._store, self._files = service, store, files
        self._waits, self._fetcher = settings.retry_seconds, fetcher
        self._harvests, self._remote = store.of(Harvest), store.of(RemoteSource)
        self._own_records = OwnRecords(store, settings.reached_at)
        self._seen = SeenIdentifiers(files)

    def _begin_planned(self) -> None:
        # Dates are compared here: a query by date walks through all documents on some servers.
        for source in self._remote.find(sort="next_at", limit=_SIDE_BY_SIDE):
            if source.next_at > now():
                return
            begin_harvest(self._store, source.id)

    def _dispatch(self) -> None:
        active = {"state": {"$in": list(_STEPS)}}
        for harvest in self._harvests.find(active, sort="due_at", limit=2 * _SIDE_BY_SIDE):
            if harvest.due_at > now() or len(self.in_hand) >= _SIDE_BY_SIDE:
                return
            if harvest.id not in self.in_hand:
                leased = self._harvests.lease(harvest, "due_at", LEASE)
                if leased is not None:
                    self.begin(leased.id, self._turn, leased)

    def _turn(self, harvest: Harvest) -> None:
        while harvest.state in _STEPS:
            harvest = self._step(harvest)
            if harvest.attempt or self.stopping.is_set():
                break
        if self.stopping.is_set():
            self._harvests.change(harvest.id, Harvest.release)

    def _step(self, harvest: Harvest) -> Harvest:
        """Do what is to be done next; what can never be done ends the harvest."""
        number = len(harvest.pages) + (harvest.state == "fetching")
        steps = dict(zip(_STEPS, (self._fetch, self._apply, self._retire), strict=True))
        try:
            return steps[harvest.state](harvest)
        except PortalUnavailable as error:
            reason = f"la page {number} n'a pas pu être lue : {error}"
            return self._harvests.change(
                harvest.id, lambda current: current.put_off(reason, self._waits)
            )
        except HarvestEnded:
            return self._harvests.get(harvest.id)
        except Rejected as error:
            reason = f"page {number} : {error}"
        except LabError:
            raise
        except Exception:
            log.exception("a harvest met a fault of ours", extra={"harvest": harvest.id})
            reason = _OURS
        return self._harvests.change(harvest.id, lambda current: current.fail(reason))

    def _fetch(self, harvest: Harvest) -> Harvest:
        url = harvest.next_url
        previous = self._harvests.find_one(harvest.previous_id)
        previous_page = previous.page_at(url) if previous else None
        response = self._fetcher.fetch(url, ACCEPTED[harvest.catalogue], previous_page)
        page = _page(len(harvest.pages) + 1, url, response, previous_page)
        return self._harvests.change(harvest.id, lambda current: current.take_page(page))

    def _apply(self, harvest: Harvest) -> Harvest:
        page, source = harvest.page, self._remote.get(harvest.source_id)
        imported = PageImport(
            self._store, source, harvest, self._own_records, self._lease_keeper(harvest)
        )
        before = self._seen.of(harvest, page.number - 1)
        with suppress(HarvestEnded):
            imported.apply(entries_of(self._files, page), before)
            imported.renew(partial(renew, self._store, self._fetcher))
        following = _following(page, page_of(manifest_of(self._files, page)).next)
        changed = self._harvests.change(
            harvest.id,
            lambda current: current.note_applied(
                page.number, imported.counts, imported.refused, following
            ),
        )
        for outcome, number in imported.counts.model_dump().items():
            metrics.harvested_records.labels(self._service, outcome).inc(number)
        return changed

    def _retire(self, harvest: Harvest) -> Harvest:
        source = self._remote.get(harvest.source_id)
        if not (harvest.is_partial or harvest.gone or harvest.kept):
            missing = self._missing(source, harvest)
            harvest = self._miss(harvest, *missing.count())
        if harvest.has_ended:
            return harvest
        if harvest.gone:
            self._missing(source, harvest).retire(self._lease_keeper(harvest))
            metrics.harvested_records.labels(self._service, "retired").inc(harvest.gone)
        self._remote.change(source.id, lambda current: current.note_completed(harvest.id))
        return self._harvests.change(harvest.id, Harvest.complete)

    def _missing(self, source: RemoteSource, harvest: Harvest) -> MissingDatasets:
        return MissingDatasets(self._store, source, self._seen.of(harvest, len(harvest.pages)))

    def _miss(self, harvest: Harvest, missing: int, total: int) -> Harvest:
        """Note what is missing before it is retired: a step done again must count the same."""
        is_most = 2 * missing > total and not harvest.may_retire_most
        gone, kept = (0, missing) if is_most else (missing, 0)
        return self._harvests.change(harvest.id, lambda current: current.miss(gone, kept))

    def _lease_keeper(self, harvest: Harvest) -> Callable[[], None]:
        """Keeps the lease now and then; raises Unavailable at a stop of ours, or HarvestEnded."""
        held = looked = now()

        def keep_lease() -> None:
            nonlocal held, looked
            if self.stopping.is_set():
                self._harvests.change(harvest.id, Harvest.release)
                raise Unavailable("this process stops; another one goes on")
            # What is left of it is more than a fetch takes.
            if now() - held > LEASE / 8:
                held = now()
                self._harvests.change(harvest.id, Harvest.hold)
            if now() - looked > _LOOK:
                looked = now()
                if self._harvests.get(harvest.id).has_ended:
                    raise HarvestEnded

        return keep_lease


def _page(
    number: int, url: str, response: PortalResponse, previous: FetchedPage | None
) -> FetchedPage:
    """The page as it was fetched, with what was read before of the same bytes."""
    file = response.file or (previous.file if previous else None)
    if file is None:
        raise Rejected("le portail répond 304 à qui ne connaît pas la page")
    page = FetchedPage(number=number, url=url, **response._replace(file=file)._asdict())
    if (
        previous
        and previous.is_read
        and (previous.file.sha256, previous.base) == (file.sha256, page.base)
    ):
        page.manifest = previous.manifest
    return page


def _following(page: FetchedPage, announced: str | None) -> str | None:
    """The address of the next page, as the page or else its server says."""
    url = joined(page.base, announced) if announced else page.next_link
    return _secured(page.base, url) or None


def _secured(base: str, url: str) -> str:
    """The URL with https when the page's own was: portals behind a proxy often say http.

    An address that cannot be read stays as it is, for the fetcher to refuse.
    """
    insecure = base.replace("https://", "http://", 1)
    with suppress(ValueError):
        if insecure != base and urlsplit(insecure)[:2] == urlsplit(url)[:2]:
            return url.replace("http://", "https://", 1)
    return url
