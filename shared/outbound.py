"""Calls to addresses that others name: none reaches the lab's own network, none takes too long.

A URL is judged by the addresses its name resolves to, and the call then goes to exactly these
addresses: a name that changes between check and call gains nothing (server-side request forgery).
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from shared.errors import Invalid

Resolve = Callable[[str, int], Sequence[tuple[Any, ...]]]
"""`socket.getaddrinfo` or something that answers alike."""

_URL = TypeAdapter(AnyHttpUrl)
_URL_LENGTH = 2000
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
# Networks that `ipaddress` takes for global, in some versions: RFC 8215, RFC 3879.
_INSIDE = (IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))


class Unresolved(Invalid):
    """The name has no address."""


@dataclass(frozen=True)
class Target:
    """Where a call goes: the parts of its URL and the addresses that were checked."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def is_public(address: str) -> bool:
    """Whether an IP address lies on the public Internet, whatever it is wrapped in."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
        if any(ip in network for network in _INSIDE):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


def resolve(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    """The addresses of a host, as `socket.getaddrinfo` gives them; blocks."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class SsrfGuard:
    """Decides which URLs may be called; `resolve` must not block the hub it runs on."""

    def __init__(self, *, allow_private: bool, resolve: Resolve = resolve) -> None:
        self._allow_private, self._resolve = allow_private, resolve

    def normalised(self, url: str) -> str:
        """The URL as it will be called, if it may be; Invalid says why not."""
        parsed = self._parse(url)
        self._target(parsed)
        return str(parsed)

    def target(self, url: str) -> Target:
        """The checked addresses behind a URL, at this moment; Invalid says why not."""
        return self._target(self._parse(url))

    def _parse(self, url: str) -> AnyHttpUrl:
        try:
            parsed = _URL.validate_python(url)
        except ValidationError as error:
            raise Invalid("doit être une URL http ou https complète", "url") from error
        if len(url) > _URL_LENGTH:
            raise Invalid(f"ne doit pas dépasser {_URL_LENGTH} caractères", "url")
        if parsed.username or parsed.password:
            raise Invalid("ne doit porter ni nom d'utilisateur ni mot de passe", "url")
        if parsed.scheme != "https" and not self._allow_private:
            raise Invalid("doit être en https", "url")
        return parsed

    def _target(self, url: AnyHttpUrl) -> Target:
        host, port = (url.host or "").strip("[]"), url.port or 443
        return Target(
            scheme=url.scheme,
            host=host,
            port=port,
            path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
            addresses=self._addresses(host, port),
        )

    def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unresolved(f"{host} ne correspond à aucune adresse", "url") from error
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        # One forbidden address among allowed ones is enough: names like that are made to slip by.
        if not self._allow_private and not all(map(is_public, addresses)):
            raise Invalid(f"{host} est sur un réseau privé ou réservé", "url")
        return addresses


class CallFailed(Exception):
    """No HTTP answer came, or not all of it; the message says why, in French: partners read it."""


@dataclass(frozen=True)
class TimedConnection:
    """An open connection, and whether its time is up."""

    connection: http.client.HTTPConnection
    over: threading.Event

    def response(self) -> http.client.HTTPResponse:
        """The answer to the request that was sent."""
        response = self.connection.getresponse()
        self.check()
        return response

    def check(self) -> None:
        """Raise TimeoutError when the time is up: http.client takes what breaks off for whole."""
        if self.over.is_set():
            raise TimeoutError


@contextmanager
def connected(target: Target, seconds: float) -> Iterator[TimedConnection]:
    """A connection for the block, which with connecting takes at most `seconds`.

    What fails in the block because of the network leaves it as CallFailed.
    """
    over = threading.Event()
    try:
        with _connected_until(target, time.monotonic() + seconds, over) as connection:
            yield TimedConnection(connection, over)
    except (OSError, EOFError, http.client.HTTPException) as error:
        if over.is_set() or isinstance(error, TimeoutError):
            raise CallFailed(f"pas de réponse en {seconds:g} s".replace(".", ",")) from error
        raise CallFailed(_reason(error)) from error


@contextmanager
def _connected_until(
    target: Target, deadline: float, over: threading.Event
) -> Iterator[http.client.HTTPConnection]:
    plain = _open(target, deadline)
    # Socket time-outs start anew with every byte, so a timer ends the whole call; by a duplicate,
    # since the socket itself moves into the TLS layer.
    duplicate = plain.dup()
    watch = threading.Timer(max(deadline - time.monotonic(), 0), _shut_down, [duplicate, over])
    watch.daemon = True
    watch.start()
    connection = _connection(target)
    try:
        connection.sock = plain
        if isinstance(connection, http.client.HTTPSConnection):
            connection.sock = _tls().wrap_socket(plain, server_hostname=target.host)
        yield connection
    finally:
        watch.cancel()
        connection.close()
        plain.close()
        duplicate.close()


def _open(target: Target, deadline: float) -> socket.socket:
    failure: OSError = TimeoutError()
    for address in target.addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            failure = error
    raise failure


def _shut_down(duplicate: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        duplicate.shutdown(socket.SHUT_RDWR)


def _connection(target: Target) -> http.client.HTTPConnection:
    if target.scheme == "https":
        return http.client.HTTPSConnection(target.host, target.port, context=_tls())
    return http.client.HTTPConnection(target.host, target.port)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificat refusé : {error.verify_message}"
    if isinstance(error, ConnectionRefusedError):
        return "connexion refusée"
    if isinstance(error, ConnectionError | http.client.IncompleteRead):
        return "connexion interrompue"
    return f"appel impossible : {error or type(error).__name__}"
