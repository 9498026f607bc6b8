"""Another catalogue that the lab harvests, and one run through it, page by page."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field, computed_field

from services.catalog.harvesting.fetched_page import Counts, FetchedPage, RefusedDataset, tell
from shared import events
from shared.aggregate import LONG_AGO, NEVER, Aggregate, now
from shared.engine.contract.harvested_page import READER
from shared.errors import WrongStage
from shared.events.event import CatalogueKind, FileRef
from shared.language.french import counted

PAGES = 2000
"""More pages than any catalogue has that does not lead in circles."""

LEASE = timedelta(seconds=60)
"""How long a step may take before another process does it, unless it says that it goes on."""

_REFUSED_KEPT = 100

HarvestState = Literal[
    "fetching", "reading", "applying", "retiring", "completed", "failed", "cancelled"
]
ENDED = ("completed", "failed", "cancelled")


class RemoteSource(Aggregate):
    """Where another catalogue is, and what its records are taken to be where they say nothing.

    Without a `url`, files are uploaded. `harvest_id` is its latest harvest, `completed_id` the
    latest that went through: its pages need not be read again where they are the same.
    """

    collection: ClassVar[str] = "sources"
    indexes: ClassVar[tuple[str, ...]] = ("owner_id", "next_at")

    owner_id: str
    title: str
    catalogue: CatalogueKind
    url: str = ""
    theme: str
    licence: str
    every_hours: int | None = None
    next_at: datetime = NEVER
    harvest_id: str = ""
    completed_id: str = ""
    sent: str = Field(default="", description="fingerprint of what it was added with")

    def claim(self, harvest_id: str, has_ended: Callable[[str], bool]) -> None:
        """Make that harvest the latest, unless one is under way: then that one stays the latest."""
        if self.harvest_id and not has_ended(self.harvest_id):
            return
        self.harvest_id = harvest_id
        self.plan(self.every_hours)

    def note_completed(self, harvest_id: str) -> None:
        """Note that this harvest saw all pages."""
        self.completed_id = harvest_id

    def plan(self, every_hours: int | None) -> None:
        """Harvest at this interval from now on, if there is an address; None: on request only."""
        self.every_hours = every_hours
        is_planned = every_hours is not None and self.url != ""
        self.next_at = now() + timedelta(hours=every_hours or 0) if is_planned else NEVER


class Harvest(Aggregate):
    """A harvest; `due_at` is when the next step is to be done.

    `previous_id` is the harvest that last went through before. `gone` counts the datasets that are
    retired at the end, `kept` those that are missing and not.
    """

    collection: ClassVar[str] = "harvests"
    indexes: ClassVar[tuple[str, ...]] = ("source_id", "state", "due_at", "hashes")

    source_id: str
    owner_id: str
    title: str
    catalogue: CatalogueKind
    previous_id: str = ""
    may_retire_most: bool = False

    state: HarvestState = "fetching"
    due_at: datetime = LONG_AGO
    attempt: int = 0
    next_url: str = ""
    pages: list[FetchedPage] = []
    counts: Counts = Counts()
    refused: list[RefusedDataset] = []
    gone: int = 0
    kept: int = 0
    is_partial: bool = False
    reason: str = ""
    started_at: datetime
    ended_at: datetime = NEVER

    @computed_field  # type: ignore[prop-decorator]
    @property
    def hashes(self) -> list[str]:
        """Hashes of its pages, and of what was read from them."""
        files = (file for page in self.pages for file in (page.file, page.manifest))
        return sorted({file.sha256 for file in files if file})

    @property
    def has_ended(self) -> bool:
        """Whether nothing remains to be done."""
        return self.state in ENDED

    @property
    def page(self) -> FetchedPage:
        """The page that was fetched last."""
        return self.pages[-1]

    @property
    def report(self) -> str:
        """Its outcome so far, in French."""
        return tell(self.counts, self.retired, self._note)

    @property
    def retired(self) -> int:
        """How many datasets it retired, once it went through."""
        return self.gone if self.state == "completed" else 0

    @property
    def _note(self) -> str:
        if self.state == "failed":
            return f"La moisson s'est arrêtée : {self.reason}. Rien n'est retiré."
        if self.state == "cancelled":
            return "La moisson a été annulée : ce qui est lu reste, rien n'est retiré."
        if self.is_partial:
            return "Le fichier annonce une page suivante, qui n'y est pas : rien n'est retiré."
        if self.kept:
            return (
                f"{counted(self.kept, 'jeu de données manque', 'jeux de données manquent')}, plus"
                " de la moitié de la source : rien n'est retiré. Relancez la moisson en le"
                " confirmant si ce qui manque a vraiment disparu."
            )
        return ""

    def page_at(self, url: str) -> FetchedPage | None:
        """The page that was fetched from that address."""
        return next((page for page in self.pages if page.url == url), None)

    def hold(self) -> None:
        """Renew the lease on the present step."""
        if not self.has_ended:
            self.due_at = now() + LEASE

    def release(self) -> None:
        """Give up the lease: another process may go on at once."""
        if self.due_at != NEVER:
            self.due_at = now()

    def take_page(self, page: FetchedPage) -> None:
        """Store a page; it waits for the sandbox, unless its content was read before.

        A process whose lease ran out may come with a page that another one brought already.
        """
        if self.state != "fetching" or page.number != len(self.pages) + 1:
            return
        self.pages.append(page)
        self.attempt = 0
        if page.is_read:
            self.state = "applying"
            self.hold()
            return
        self.state, self.due_at = "reading", NEVER
        self.record(
            events.HarvestPageFetched(
                harvest_id=self.id,
                source_id=self.source_id,
                owner_id=self.owner_id,
                page=page.number,
                catalogue=self.catalogue,
                url=page.base,
                file=page.file,
            )
        )

    def put_off(self, reason: str, waits: Sequence[float]) -> None:
        """Try the page again later, longer each time, and fail in the end."""
        if self.state != "fetching":
            return
        if self.attempt >= len(waits):
            self.fail(reason)
            return
        self.due_at = now() + timedelta(seconds=waits[self.attempt])
        self.attempt += 1

    def note_read(self, number: int, manifest: FileRef) -> None:
        """Note that the sandbox read the page that was fetched last."""
        if self.state == "reading" and self.page.number == number:
            self.page.manifest, self.page.reader = manifest, READER
            self.state, self.due_at = "applying", now()

    def note_unreadable(self, number: int, reason: str) -> None:
        """Note that the sandbox could not read the page: what comes after it is unknown."""
        if self.state == "reading" and self.page.number == number:
            self.fail(f"la page {number} n'a pas pu être lue : {reason}")

    def note_applied(
        self, number: int, counts: Counts, refused: Sequence[RefusedDataset], next_url: str | None
    ) -> None:
        """Note that the last page's records are in the catalogue; go on with the next, if any.

        Those that were when the harvest was cancelled count as well.
        """
        if self.state not in {"applying", "cancelled"} or self.page.number != number:
            return
        self.counts = self.counts.plus(counts)
        self.refused = [*self.refused, *refused][:_REFUSED_KEPT]
        if self.has_ended:
            return
        self.is_partial = bool(next_url and not self.page.url)
        self.state = "retiring"
        self.hold()
        if next_url and self.page.url:
            self._turn_to(next_url)

    def _turn_to(self, url: str) -> None:
        number = self.page.number
        if self.page_at(url):
            self.fail(f"la page {number} renvoie à une page déjà lue, {url}")
        elif number >= PAGES:
            self.fail(f"la source a plus de {PAGES} pages")
        else:
            self.state, self.next_url = "fetching", url

    def miss(self, gone: int, kept: int) -> None:
        """Note how many datasets are missing, once: `gone` will be retired, `kept` stay."""
        if self.state == "retiring" and not (self.gone or self.kept):
            self.gone, self.kept = gone, kept
        self.hold()

    def complete(self) -> None:
        """End the harvest: all is done."""
        if self.has_ended:
            return
        self._end("completed")
        self.record(
            events.HarvestCompleted(
                **self._about,
                new=self.counts.new,
                changed=self.counts.changed + self.counts.returned,
                unchanged=self.counts.unchanged,
                refused=self.counts.refused,
                retired=self.gone,
                report=self.report,
            )
        )

    def fail(self, reason: str) -> None:
        """End the harvest as failed; what was taken until now stays."""
        if self.has_ended:
            return
        self.reason = reason
        self._end("failed")
        self.record(events.HarvestFailed(**self._about, reason=reason))

    def cancel(self) -> None:
        """Stop: what was taken until now stays, nothing is retired; again changes nothing.

        Raises WrongStage when it ended otherwise, or began to retire what is missing.
        """
        if self.state == "cancelled":
            return
        if self.has_ended or self.gone:
            raise WrongStage("cette moisson est finie, ou retire déjà ce qui manque")
        self._end("cancelled")
        self.record(events.HarvestCancelled(**self._about))

    @property
    def _about(self) -> dict[str, Any]:
        """The fields of each event about its end."""
        fields = {"harvest_id": self.id, "source_id": self.source_id}
        return {**fields, "owner_id": self.owner_id, "title": self.title}

    def _end(self, state: HarvestState) -> None:
        self.state, self.due_at, self.ended_at = state, NEVER, now()
