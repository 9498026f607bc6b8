"""Ports and patience: what starting a server on this machine needs."""

import contextlib
import random
import socket
import time
from collections.abc import Callable

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port nobody listens on at this moment.

    Below the range in which the kernel gives ports to outgoing connections, one of which could
    take it before the server does.
    """
    while True:
        port = random.randrange(15_000, 32_000)  # noqa: S311 - so that two processes rarely meet
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port


def listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], object], seconds: float, every: float = 0.05) -> bool:
    """Whether `condition` came true within `seconds`, asked once every `every` seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
