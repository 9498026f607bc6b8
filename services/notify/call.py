"""One HTTP call of a webhook: to a checked address, never redirected, over when its time is up."""

import http.client
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

from services.notify.guard import Target

_BODY_READ = 4096
"""Bytes of the answer that are taken before the connection is closed; none are kept."""


class CallFailed(Exception):
    """No HTTP answer came; the message says why, in French: the partner reads it."""


@dataclass(frozen=True)
class Answer:
    """The status of an answer, and the seconds it asks us to wait (Retry-After) if it does."""

    status: int
    retry_after: float | None = None


def post(target: Target, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
    """Send `body`; the whole call, connecting and reading included, takes at most `seconds`.

    The status alone decides: a body that never ends does not undo it. Raises CallFailed.
    """
    deadline, over = time.monotonic() + seconds, threading.Event()
    try:
        with _connected(target, deadline, over) as connection:
            connection.request("POST", target.path, body, {**headers, "Connection": "close"})
            response = connection.getresponse()
            if over.is_set():
                raise TimeoutError  # http.client takes a head that breaks off for a whole one.
            answer = Answer(response.status, _retry_after(response.getheader("Retry-After")))
            with suppress(OSError, http.client.HTTPException):
                response.read(_BODY_READ)
    except (OSError, EOFError, http.client.HTTPException) as error:
        if over.is_set() or isinstance(error, TimeoutError):
            raise CallFailed(f"pas de réponse en {seconds:g} s".replace(".", ",")) from error
        raise CallFailed(_reason(error)) from error
    return answer


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
    if isinstance(error, ConnectionError):
        return "connexion interrompue"
    return f"appel impossible : {error or type(error).__name__}"


def _retry_after(value: str | None) -> float | None:
    if not value:
        return None
    if value.isdecimal():
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max((date - datetime.now(UTC)).total_seconds(), 0)
