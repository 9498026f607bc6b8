"""One call, which ends within its time limit whatever the other side does."""

import errno
import http.client
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

from shared.outbound.name_resolution import TimeLimit
from shared.outbound.ssrf_guard import CheckedTarget


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
def connected(target: CheckedTarget, limit: TimeLimit) -> Iterator[TimedConnection]:
    """A connection for the block, which with connecting ends when the time is up.

    What fails in the block because of the network leaves it as CallFailed.
    """
    over = threading.Event()
    try:
        with _connected_until(target, limit, over) as connection:
            yield TimedConnection(connection, over)
    except (OSError, EOFError, http.client.HTTPException) as error:
        if over.is_set() or isinstance(error, TimeoutError):
            raise CallFailed(f"pas de réponse en {limit.seconds:g} s".replace(".", ",")) from error
        raise CallFailed(_reason(error)) from error


@contextmanager
def timed_socket(
    addresses: Iterable[str], port: int, limit: TimeLimit, over: threading.Event
) -> Iterator[socket.socket]:
    """A connected socket for the block; when the time is up, `over` is set and it is shut down.

    Raises OSError when none of the addresses can be reached.
    """
    plain = _open(addresses, port, limit)
    # Socket time-outs start anew with every byte, so a timer ends the whole call; by a duplicate,
    # since the socket itself moves into the TLS layer.
    duplicate = plain.dup()
    watch = threading.Timer(limit.left, _shut_down, [duplicate, over])
    watch.daemon = True
    watch.start()
    try:
        yield plain
    finally:
        watch.cancel()
        plain.close()
        duplicate.close()


@contextmanager
def _connected_until(
    target: CheckedTarget, limit: TimeLimit, over: threading.Event
) -> Iterator[http.client.HTTPConnection]:
    with timed_socket(target.addresses, target.port, limit, over) as plain:
        connection = _connection(target)
        try:
            connection.sock = plain
            if isinstance(connection, http.client.HTTPSConnection):
                connection.sock = _tls().wrap_socket(plain, server_hostname=target.host)
            yield connection
        finally:
            connection.close()


def _open(addresses: Iterable[str], port: int, limit: TimeLimit) -> socket.socket:
    failure: OSError = TimeoutError()
    for address in addresses:
        left = limit.left
        if left == 0:
            break
        try:
            return socket.create_connection((address, port), timeout=left)
        except OSError as error:
            failure = error
    raise failure


def _shut_down(duplicate: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        duplicate.shutdown(socket.SHUT_RDWR)


def _connection(target: CheckedTarget) -> http.client.HTTPConnection:
    if target.scheme == "https":
        return http.client.HTTPSConnection(target.host, target.port, context=_tls())
    return http.client.HTTPConnection(target.host, target.port)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(error.verify_code, "certificat refusé")
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return "appel impossible : ce serveur est injoignable"
    return next(message for kinds, message in _FAILURES if isinstance(error, kinds))


_FAILURES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (ConnectionRefusedError, "connexion refusée"),
    ((ConnectionError, http.client.IncompleteRead), "connexion interrompue"),
    (ssl.SSLError, "appel impossible : la connexion chiffrée (TLS) échoue"),
    (http.client.HTTPException, "appel impossible : la réponse n'est pas du HTTP"),
    (Exception, "appel impossible : la connexion échoue"),
)
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)
_CERTIFICATES = {
    10: "certificat refusé : il a expiré",
    9: "certificat refusé : il n'est pas encore valable",
    18: "certificat refusé : son serveur l'a signé lui-même",
    19: "certificat refusé : son autorité n'est pas connue",
    20: "certificat refusé : son autorité n'est pas connue, ou un intermédiaire manque",
    62: "certificat refusé : il n'est pas au nom de ce serveur",
    64: "certificat refusé : il n'est pas au nom de cette adresse",
}
"""By the X509_V_ERR_ codes of OpenSSL (x509_vfy.h)."""
