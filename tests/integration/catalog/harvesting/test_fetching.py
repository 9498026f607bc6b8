"""Pages of other catalogues as they are fetched from servers that behave and misbehave."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from services.catalog.harvesting.fetched_page import FetchedPage
from services.catalog.harvesting.fetching import (
    ACCEPTED,
    Fetcher,
    PortalResponse,
    PortalUnavailable,
)
from shared.errors import Rejected
from shared.outbound import CheckedTarget, Names, SsrfGuard, TimeLimit
from shared.storage import Storage
from tests.servers import PATIENCE_SECONDS
from tests.web_server import (
    Answer,
    WebServer,
    answer,
    breaking_off,
    drip_body,
    endless,
    page,
    serving,
)

LIMIT = 1_000_000
TURTLE = b"# rien\n"


class OnlyPortal:
    """A guard for whom the test's own server is the public Internet, and nothing else is."""

    def __init__(self, portal: WebServer) -> None:
        self._public = portal.url("/")
        self._open, self._strict = SsrfGuard(allow_private=True), SsrfGuard(allow_private=False)

    def target(self, url: str, limit: TimeLimit) -> CheckedTarget:
        """The checked addresses."""
        guard = self._open if url.startswith(self._public) else self._strict
        return guard.target(url, limit)


@pytest.fixture(scope="module")
def portal() -> Iterator[WebServer]:
    """The server of this module's pages."""
    with serving() as server:
        yield server


@pytest.fixture
def files(storage_url: str) -> Storage:
    """An empty file store."""
    return Storage(storage_url)


@pytest.fixture
def fetcher(portal: WebServer, files: Storage) -> Fetcher:
    """What is tested, for pages of a megabyte at most."""
    return Fetcher(OnlyPortal(portal).target, files, LIMIT, PATIENCE_SECONDS)


def kept_page(response: PortalResponse, url: str) -> FetchedPage:
    """The page as the harvest before keeps it, once it was read."""
    assert response.file
    return FetchedPage(number=1, url=url, manifest=response.file, **response._asdict())


def linked(link: str) -> Answer:
    """Answer with a page and a Link header."""
    return answer(200, TURTLE, Link=link)


def test_page_is_stored_with_what_the_server_says_of_it(
    portal: WebServer, fetcher: Fetcher, files: Storage
) -> None:
    """Its bytes, type and entity tag."""
    portal.answers["/a?b=c"] = page(TURTLE, "text/turtle; charset=utf-8")
    response = fetcher.fetch(portal.url("/a?b=c#d"), ACCEPTED["dcat"])
    assert response.file
    assert (files.read(response.file), response.file.media_type) == (TURTLE, "text/turtle")
    assert (response.base, response.etag[:1]) == (portal.url("/a?b=c"), '"')
    (asked,) = portal.calls("/a?b=c")
    assert "text/turtle" in asked.headers["accept"]
    assert "if-none-match" not in asked.headers


def test_page_that_did_not_change_is_not_sent_again(portal: WebServer, fetcher: Fetcher) -> None:
    """The server is asked with what it said before, unless that was never read."""
    url = portal.url("/same")
    portal.answers["/same"] = page(TURTLE)
    first = fetcher.fetch(url, ACCEPTED["dcat"])
    assert fetcher.fetch(url, ACCEPTED["dcat"], kept_page(first, url)).file is None
    portal.answers["/same"] = page(TURTLE * 2)
    assert fetcher.fetch(url, ACCEPTED["dcat"], kept_page(first, url)).file
    assert portal.statuses("/same") == [200, 304, 200]
    unread = kept_page(first, url).model_copy(update={"manifest": None})
    assert fetcher.fetch(url, ACCEPTED["dcat"], unread).file
    portal.answers["/never"] = answer(304)
    assert fetcher.fetch(portal.url("/never"), ACCEPTED["dcat"]).file is None


def test_redirections_are_followed_and_the_last_address_kept(
    portal: WebServer, fetcher: Fetcher
) -> None:
    """Relative ones, too."""
    portal.answers["/old"] = answer(301, Location="/new?x=1")
    portal.answers["/new?x=1"] = page(TURTLE)
    assert fetcher.fetch(portal.url("/old"), ACCEPTED["dcat"]).base == portal.url("/new?x=1")


def test_silent_name_server_takes_the_time_of_a_page_and_no_more(files: Storage) -> None:
    """Resolving counts in the limit; the portal may come later."""
    over, ended = threading.Event(), threading.Event()

    def look_up(host: str, port: int) -> list[tuple[Any, ...]]:
        over.wait()
        ended.set()
        raise OSError(host, port)

    names = Names(look_up)
    fetcher = Fetcher(SsrfGuard(allow_private=False, names=names).target, files, LIMIT, 0.2)
    with pytest.raises(PortalUnavailable, match="serveur de noms"):
        fetcher.fetch("https://portail.silent/", ACCEPTED["dcat"])
    assert not ended.is_set()
    over.set()


PRIVATE = [
    "http://169.254.169.254/latest/meta-data",
    "https://127.0.0.1:1/",
    "http://portail.example/",
    "file:///etc/passwd",
    "https://user:secret@portail.example/",
    "http://[bad",
]
REFUSED: dict[str, tuple[Answer, str]] = {
    **{target: (answer(302, Location=target), "adresse refusée") for target in PRIVATE},
    **{str(code): (answer(code), f"répond {code}") for code in (400, 404)},
    "circle": (answer(302, Location="/case"), "redirections"),
    "too large": (endless, "dépasse 1 Mo"),
    "login page": (page(b"<html>", "text/html; charset=utf-8"), "text/html"),
    "picture": (page(b"PNG", "image/png"), "image/png"),
    "nothing": (page(b"", "text/turtle"), "vide"),
}
TROUBLES: dict[str, tuple[Answer, str]] = {
    **{str(code): (answer(code), f"répond {code}") for code in (429, 503)},
    "half": (breaking_off, "connexion interrompue"),
}


@pytest.mark.parametrize("case", [*REFUSED, *TROUBLES])
def test_page_that_does_not_come_is_refused_or_asked_for_later(
    portal: WebServer, fetcher: Fetcher, case: str
) -> None:
    """Each hop is judged as the first address is, and so is what is no catalogue or never ends.

    Where the portal is in trouble it is not the catalogue that is wrong; half a catalogue would
    retire the other half.
    """
    portal.answers["/case"], reason = (REFUSED | TROUBLES)[case]
    with pytest.raises(Rejected if case in REFUSED else PortalUnavailable, match=reason):
        fetcher.fetch(portal.url("/case"), ACCEPTED["dcat"])


def test_page_that_drips_is_asked_for_later(portal: WebServer, files: Storage) -> None:
    """A byte now and then does not prolong its time."""
    portal.answers["/drips"] = drip_body
    fetcher = Fetcher(OnlyPortal(portal).target, files, LIMIT, 1)
    with pytest.raises(PortalUnavailable, match="pas de réponse en 1 s"):
        fetcher.fetch(portal.url("/drips"), ACCEPTED["dcat"])


def test_link_header_names_the_next_page(portal: WebServer, fetcher: Fetcher) -> None:
    """RFC 8288; among other relations, and though it cannot be read."""
    for link in (
        '</first>; rel="first", </list?a=1,2>; rel="next"',
        '</list?a=1,2>; title="a, b"; REL="last next"; x',
        "</list?a=1,2>;rel=next,</first>;rel=first",
    ):
        portal.answers["/list"] = linked(link)
        response = fetcher.fetch(portal.url("/list"), ACCEPTED["dcat"])
        assert response.next_link == portal.url("/list?a=1,2")
    with pytest.raises(Rejected, match="adresse refusée"):
        fetcher.fetch("http://[bad#a", ACCEPTED["dcat"])
    portal.answers["/bad-link"] = linked('<http://[bad>; rel="next"')
    assert fetcher.fetch(portal.url("/bad-link"), ACCEPTED["dcat"]).next_link == "http://[bad"


def test_link_header_that_names_no_page_costs_no_time(portal: WebServer, fetcher: Fetcher) -> None:
    """It is read beside the hub's other work: 60 KB of it once took 24 s of CPU."""
    began = time.process_time()
    for link in ("<" * 60_000, "<>;" * 20_000, "<a>; rel=nextnext" * 3_000):
        portal.answers["/long"] = linked(link)
        assert fetcher.fetch(portal.url("/long"), ACCEPTED["dcat"]).next_link == ""
    assert time.process_time() - began < 2
