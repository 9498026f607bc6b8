"""Fetches one page of another catalogue into the file store: bounded, guarded, never trusted."""

import re
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPResponse, IncompleteRead
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin

from services.catalog.datasets.source_record import FetchedCopy
from services.catalog.harvesting.fetched_page import FetchedPage
from shared import outbound
from shared.errors import Invalid, Rejected, TooLarge, Unavailable
from shared.events.event import CatalogueKind, FileRef
from shared.storage import Storage

FETCH_SECONDS = 50.0
"""What one page may take, from its host's name to its last byte: less than a lease."""

_REDIRECTIONS = 5
_ENCODINGS = ("", "identity", "gzip", "x-gzip")
"""What comes in gzip though nobody asked for it is unpacked in the sandbox."""

_BYTES = "application/octet-stream"
_CHUNK = 1 << 16
ACCEPTED: dict[CatalogueKind, str] = {
    "dcat": "application/ld+json, text/turtle;q=0.9, application/rdf+xml;q=0.8, */*;q=0.1",
    "data.gouv": "application/json",
}
_MOVED, _SAME, _OK, _LATER = (301, 302, 303, 307, 308), 304, 200, (408, 425, 429)
_FAULTS = 500
_NO_CATALOGUE = re.compile(r"(image|audio|video|font)/|text/(html|css)|application/pdf")
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r';\s*rel\s*=\s*"?([^",;]*)', re.IGNORECASE)


class PortalUnavailable(Unavailable):
    """The portal does not answer now; the message says why, in French."""


def joined(base: str, url: str) -> str:
    """Resolve `url` against the page at `base`; what is no URL stays as it is.

    A page that names a next one is not the last: what cannot be followed is left to the fetcher,
    which refuses it.
    """
    try:
        return urljoin(base, url)
    except ValueError:
        return url


class PortalResponse(NamedTuple):
    """A page as it came; `file` is None when it is the same as the one remembered."""

    base: str
    file: FileRef | None
    etag: str
    last_modified: str
    next_link: str


class Fetcher:
    """Fetches pages into `files`, each of at most `limit` bytes.

    `target_of` tells, within the time, the checked addresses behind a URL, or by Invalid why it may
    not be called.
    """

    def __init__(
        self,
        target_of: Callable[[str, outbound.TimeLimit], outbound.CheckedTarget],
        files: Storage,
        limit: int,
        seconds: float = FETCH_SECONDS,
    ) -> None:
        self._target_of, self._files = target_of, files
        self._limit, self._seconds = limit, seconds

    def fetch(
        self, url: str, accepted: str, previous: FetchedPage | FetchedCopy | None = None
    ) -> PortalResponse:
        """Fetch the page at `url`; the server may answer that `previous` is still current.

        Raises PortalUnavailable when it may come later, Rejected when it never will: in French.
        """
        headers = {
            "Accept": accepted,
            "Accept-Encoding": "identity",
            "User-Agent": "datalab-harvest/1",
            "Connection": "close",
            **_conditions(previous),
        }
        for _ in range(_REDIRECTIONS + 1):
            answer = self._call(url, headers)
            if isinstance(answer, PortalResponse):
                return answer
            url = answer
        raise Rejected(f"plus de {_REDIRECTIONS} redirections")

    def _call(self, url: str, headers: Mapping[str, str]) -> PortalResponse | str:
        """The page, or the address that the server redirects to."""
        limit = outbound.TimeLimit(self._seconds)
        target, url = self._target(url, limit), _without_fragment(url)
        try:
            with outbound.connected(target, limit) as timed:
                timed.connection.request("GET", target.path, headers=dict(headers))
                return self._answer(url, timed)
        except outbound.CallFailed as error:
            raise PortalUnavailable(str(error)) from error

    def _target(self, url: str, limit: outbound.TimeLimit) -> outbound.CheckedTarget:
        try:
            return self._target_of(url, limit)
        except outbound.SilentNames as error:
            raise PortalUnavailable("le serveur de noms ne répond pas") from error
        except outbound.Unresolved as error:
            raise PortalUnavailable("nom de domaine introuvable") from error
        except Invalid as error:
            raise Rejected(
                f"adresse refusée (illisible, réseau privé, ou pas en https) : {url:.200}"
            ) from error

    def _answer(self, url: str, timed: outbound.TimedConnection) -> PortalResponse | str:
        response = timed.response()
        status = response.status
        if status in _MOVED:
            return joined(url, response.getheader("Location") or url)
        if status in _LATER or status >= _FAULTS:
            raise PortalUnavailable(f"le portail répond {status}")
        if status not in (_OK, _SAME):
            raise Rejected(f"le portail répond {status}")
        return PortalResponse(
            base=url,
            file=self._stored(response, timed) if status == _OK else None,
            etag=_header(response, "ETag"),
            last_modified=_header(response, "Last-Modified"),
            next_link=_next_link(url, response),
        )

    def _stored(self, response: HTTPResponse, timed: outbound.TimedConnection) -> FileRef:
        encoding = _header(response, "Content-Encoding").lower()
        if encoding not in _ENCODINGS:
            raise Rejected(f"le portail répond dans un codage qui n'est pas lu ici, « {encoding} »")
        media_type = _header(response, "Content-Type").partition(";")[0].strip().lower()[:100]
        if _NO_CATALOGUE.match(media_type):
            raise Rejected(f"le portail répond par « {media_type} », pas par des données")
        try:
            return self._files.put(_body(response, timed), media_type or _BYTES, self._limit)
        except TooLarge as error:
            raise Rejected(f"la réponse dépasse {self._limit // 10**6} Mo") from error
        except Invalid as error:
            raise Rejected("la réponse est vide") from error


def _without_fragment(url: str) -> str:
    try:
        return urldefrag(url).url
    except ValueError as error:
        raise Rejected(f"adresse illisible : {url:.200}") from error


def _conditions(previous: FetchedPage | FetchedCopy | None) -> dict[str, str]:
    if previous is None or (isinstance(previous, FetchedPage) and not previous.is_read):
        return {}
    conditions = {"If-None-Match": previous.etag, "If-Modified-Since": previous.last_modified}
    return {name: value for name, value in conditions.items() if value}


def _body(response: HTTPResponse, timed: outbound.TimedConnection) -> Iterator[bytes]:
    """The bytes; http.client takes what breaks off for whole."""
    promised, came = response.length, 0
    while chunk := response.read(_CHUNK):
        came += len(chunk)
        yield chunk
    timed.check()
    if promised is not None and came < promised:
        raise IncompleteRead(b"", promised - came)


def _header(response: HTTPResponse, name: str) -> str:
    """A header, if it may be kept and sent again."""
    value = response.getheader(name) or ""
    return value if len(value) <= 500 and value.isascii() and value.isprintable() else ""  # noqa: PLR2004


def _next_link(url: str, response: HTTPResponse) -> str:
    """What the Link header calls the next page (RFC 8288), in one pass: it may be long."""
    for target, parameters in _LINK.findall(response.getheader("Link") or ""):
        rel = _REL.search(parameters)
        if rel and "next" in rel[1].lower().split():
            return joined(url, target)
    return ""
