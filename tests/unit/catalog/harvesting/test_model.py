"""The rules of a harvest: what follows what, and what is said of it."""

from datetime import timedelta
from typing import Any

import pytest

from services.catalog.harvesting.fetched_page import Counts, FetchedPage, tell
from services.catalog.harvesting.model import PAGES, Harvest, RemoteSource
from shared.aggregate import NEVER, now
from shared.engine.contract.harvested_page import READER
from shared.errors import WrongStage
from shared.events import HarvestCancelled, HarvestCompleted, HarvestFailed, HarvestPageFetched
from tests.unit.catalog.samples import ref

URL = "https://portail.example/?page="
WAITS = (1.0, 5.0)
PORTAL: dict[str, Any] = {"owner_id": "mbr_op", "title": "Portail", "catalogue": "dcat"}


def new_harvest() -> Harvest:
    """A harvest that begins."""
    return Harvest(id="hrv_1", source_id="src_1", **PORTAL, next_url=f"{URL}1", started_at=now())


def page(number: int = 1, **fields: Any) -> FetchedPage:
    """A page as it was fetched."""
    url = f"{URL}{number}"
    return FetchedPage.model_validate(
        {"number": number, "url": url, "base": url, "file": ref("a"), **fields}
    )


def read(next_url: str | None = None) -> Harvest:
    """A harvest whose first page is in the catalogue."""
    harvest = new_harvest()
    harvest.take_page(page())
    harvest.note_read(1, ref("b"))
    harvest.note_applied(1, Counts(new=2), (), next_url)
    return harvest


def test_page_waits_for_the_sandbox_and_then_for_the_catalogue() -> None:
    """The event says which page; one whose content this reader read before needs no sandbox."""
    harvest = new_harvest()
    harvest.take_page(page())
    assert (harvest.state, harvest.due_at) == ("reading", NEVER)
    (event,) = harvest.recorded()
    assert isinstance(event, HarvestPageFetched)
    assert (event.page, event.url) == (1, f"{URL}1")
    harvest.note_read(1, ref("b"))
    assert harvest.state == "applying"
    assert harvest.due_at <= now()
    harvest = new_harvest()
    harvest.take_page(page(manifest=ref("b")))
    assert (harvest.state, harvest.recorded()) == ("applying", [])
    other = new_harvest()
    other.take_page(page(manifest=ref("b"), reader=READER - 1))
    assert other.state == "reading"


def test_news_of_another_page_changes_nothing() -> None:
    """Late, early, or told again."""
    content = read(next_url=f"{URL}2")
    content.take_page(page(2))
    before = content.model_dump()
    content.note_read(1, ref("c"))
    content.note_unreadable(1, "?")
    content.note_applied(1, Counts(new=2), (), None)
    assert content.model_dump() == before


def test_page_that_two_processes_bring_is_one_page() -> None:
    """The first one's: the other's lease ran out while it fetched."""
    harvest = new_harvest()
    for letter in "ab":
        harvest.take_page(page(file=ref(letter)))
    assert [page.file for page in harvest.pages] == [ref("a")]
    assert len(harvest.recorded()) == 1
    harvest.note_read(1, ref("c"))
    harvest.note_applied(1, Counts(), (), None)
    for gone in (3, 1):
        harvest.miss(gone, 0)
    assert harvest.gone == 3


def test_next_page_is_fetched_and_the_end_retires() -> None:
    """As long as there is one."""
    content = read(next_url=f"{URL}2")
    assert (content.state, content.next_url) == ("fetching", f"{URL}2")
    content.take_page(page(2))
    content.note_read(2, ref("c"))
    content.note_applied(2, Counts(new=1, refused=1), (), None)
    assert (content.state, content.counts) == ("retiring", Counts(new=3, refused=1))


def test_circle_and_endless_catalogue_end() -> None:
    """A page that was read before, and one too many."""
    assert "déjà lue" in read(next_url=f"{URL}1").reason
    harvest = new_harvest()
    harvest.pages = [page(number) for number in range(1, PAGES)]
    harvest.take_page(page(PAGES))
    harvest.note_read(PAGES, ref("c"))
    harvest.note_applied(PAGES, Counts(), (), f"{URL}x")
    assert (harvest.state, harvest.reason) == ("failed", f"la source a plus de {PAGES} pages")


def test_page_that_does_not_come_is_tried_again_and_given_up() -> None:
    """Later each time."""
    harvest = new_harvest()
    for seconds in WAITS:
        harvest.put_off("le portail répond 503", WAITS)
        assert harvest.state == "fetching"
        assert abs(harvest.due_at - now() - timedelta(seconds=seconds)) < timedelta(seconds=1)
    harvest.put_off("le portail répond 503", WAITS)
    assert (harvest.state, harvest.reason) == ("failed", "le portail répond 503")
    assert [type(event) for event in harvest.recorded()] == [HarvestFailed]


def test_harvest_ends_once() -> None:
    """Whatever comes later."""
    content = read()
    content.miss(1, 0)
    for end in (content.complete, content.complete, lambda: content.fail("?")):
        end()
    (event,) = [event for event in content.recorded() if isinstance(event, HarvestCompleted)]
    assert (event.new, event.retired, content.state) == (2, 1, "completed")
    assert event.report == "2 jeux de données lus : 2 nouveaux ; 1 retiré."
    assert not [event for event in content.recorded() if isinstance(event, HarvestFailed)]


def test_cancelled_harvest_keeps_what_it_took_and_retires_nothing() -> None:
    """Told once; what was in the catalogue of the page at hand counts, and nothing goes on."""
    harvest = new_harvest()
    harvest.take_page(page(manifest=ref("b")))
    for _ in range(2):
        harvest.cancel()
    harvest.note_applied(1, Counts(new=2), (), f"{URL}2")
    for late in (harvest.hold, harvest.release, harvest.complete, lambda: harvest.fail("?")):
        late()
    harvest.miss(3, 0)
    assert (harvest.state, harvest.due_at, harvest.gone) == ("cancelled", NEVER, 0)
    assert harvest.report == (
        "2 jeux de données lus : 2 nouveaux. La moisson a été annulée : ce qui est lu reste, rien"
        " n'est retiré."
    )
    assert [type(event) for event in harvest.recorded()] == [HarvestCancelled]


def test_harvest_that_retires_or_has_ended_is_not_cancelled() -> None:
    """Some of what is missing may be retired already."""
    content = read()
    content.miss(0, 3)
    content.cancel()
    retiring = read()
    retiring.miss(3, 0)
    ended = read()
    ended.fail("?")
    for harvest in (retiring, ended):
        with pytest.raises(WrongStage, match="finie, ou retire"):
            harvest.cancel()


ONE_NEW = "1 jeu de données lu : 1 nouveau."


@pytest.mark.parametrize(
    ("counts", "retired", "text"),
    [
        (Counts(), 0, "0 jeu de données lu."),
        (Counts(new=1), 0, ONE_NEW),
        (
            Counts(unchanged=10, new=7, changed=3, refused=2),
            4,
            "22 jeux de données lus : 10 inchangés, 7 nouveaux, 3 modifiés, 2 refusés ; 4 retirés.",
        ),
        (Counts(returned=2), 1, "2 jeux de données lus : 2 de retour ; 1 retiré."),
        (
            Counts(new=1, outdated=2),
            0,
            "1 jeu de données lu : 1 nouveau. Données à reprendre à la prochaine moisson : 2.",
        ),
        (Counts(new=1, renewed=3), 0, f"{ONE_NEW} Données reprises à la source : 3."),
    ],
)
def test_report_counts_in_french(counts: Counts, retired: int, text: str) -> None:
    """One and many, and nothing of what did not happen."""
    assert tell(counts, retired) == text


def source() -> RemoteSource:
    """A source that was never harvested."""
    return RemoteSource(id="src_1", **PORTAL, theme="territoire", licence="lov2")


def test_source_has_one_harvest_at_a_time() -> None:
    """Another begins once the latest has ended."""
    remote_source = source()
    remote_source.claim("hrv_1", lambda _: False)
    remote_source.claim("hrv_2", lambda _: False)
    assert remote_source.harvest_id == "hrv_1"
    remote_source.claim("hrv_3", lambda _: True)
    assert remote_source.harvest_id == "hrv_3"


def test_planned_source_is_due_after_its_hours() -> None:
    """Counted from each harvest; never without a plan, nor without an address."""
    remote_source = source()
    remote_source.plan(24)
    assert remote_source.next_at == NEVER
    remote_source.url = URL
    remote_source.claim("hrv_1", lambda _: True)
    assert abs(remote_source.next_at - now() - timedelta(hours=24)) < timedelta(minutes=1)
