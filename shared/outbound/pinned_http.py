"""One HTTP connection to a checked address: never redirected, over when its time is up."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

from shared.outbound.ssrf_guard import Target


class CallFailed(Exception):
    """No HTTP answer came, or not all of it; the message says why, in French: partners read it."""


@dataclass(frozen=True)
class Line:
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
def dialled(target: Target, seconds: float) -> Iterator[Line]:
    """A connection for the block, which with connecting takes at most `seconds`.

    What fails in the block because of the network leaves it as CallFailed.
    """
    over = threading.Event()
    try:
        with _connected(target, time.monotonic() + seconds, over) as connection:
            yield Line(connection, over)
    except (OSError, EOFError, http.client.HTTPException) as error:
        if over.is_set() or isinstance(error, TimeoutError):
            raise CallFailed(f"pas de réponse en {seconds:g} s".replace(".", ",")) from error
        raise CallFailed(_reason(error)) from error


@contextmanager
def _connected(
    target: Target, deadline: float, over: threading.Event
) -> Iterator[http.client.HTTPConnection]:
    plain = _open(target, deadline)
    # Socket time-outs start anew with every byte, so somebody else pulls the plug on the whole
    # call, by a duplicate: the socket itself moves into the TLS layer.
    plug = plain.dup()
    watch = threading.Timer(max(deadline - time.monotonic(), 0), _pull, [plug, over])
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
        plug.close()


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


def _pull(plug: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        plug.shutdown(socket.SHUT_RDWR)


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
