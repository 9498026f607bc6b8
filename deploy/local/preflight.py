"""What may be in the way of a start, each told in a sentence before anything is started."""

import fcntl
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from deploy.local import StackError
from deploy.local.ports import listening, variable
from shared.errors import SettingsError

LEAST_FREE_BYTES = 300_000_000
_CONNECT_SECONDS = 3
_USUAL_PORTS = {"amqp": 5672, "amqps": 5671, "mongodb": 27017}


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the lock of the stack at `home`, which must exist; StackError while another does.

    The kernel lets go of it when the process that holds it ends, however it ends.
    """
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"Another command starts or stops the stack in {home} just now; "
                "wait until it is done."
            ) from None
        yield


def refuse_full_disk(home: Path) -> None:
    """The broker stops taking messages on a full disk."""
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE_BYTES:
        raise StackError(
            f"Only {free // 1_000_000} MB are free at {home}; the broker stops taking messages "
            f"on a full disk, so free at least {LEAST_FREE_BYTES // 1_000_000} MB first."
        )


def refuse_wrong_settings(settings: Mapping[str, str]) -> None:
    """The sentence names the variable, as the services would in their logs."""
    from shared.settings import load_settings  # noqa: PLC0415 - only a start pays for it

    try:
        load_settings(settings)
    except SettingsError as error:
        raise StackError(f"{error}.") from error


def refuse_ports(listeners: Mapping[str, int]) -> None:
    """No port is wanted twice or taken by another program; `listeners` are ports by name."""
    owners: dict[int, str] = {}
    for name, port in listeners.items():
        if port in owners:
            raise StackError(
                f"Port {port} is wanted by {owners[port]} and by {name}: "
                f"set another by {variable(owners[port])} or {variable(name)}."
            )
        owners[port] = name
    for port, name in owners.items():
        if listening(port):
            raise StackError(
                f"Port {port} ({name}) is taken by another program: stop that one, "
                f"or choose another port with {variable(name)}."
            )


def refuse_dead_servers(uris: Mapping[str, str]) -> None:
    """Raise StackError if nothing answers at one of `uris`, which are by environment variable."""
    for name, uri in uris.items():
        servers = list(_servers(uri))
        if servers and not any(map(_answers, servers)):
            named = ", ".join(server.netloc for server in servers)
            raise StackError(f"{name}: nothing answers at {named}.")


def _servers(uri: str) -> Iterator[SplitResult]:
    """Host and port of each server that `uri` names; none where only its library can tell."""
    scheme, _, rest = uri.partition("://")
    for server in rest.split("/")[0].rpartition("@")[2].split(","):
        if scheme in _USUAL_PORTS and "%" not in server:  # else a name service, or a Unix socket
            yield urlsplit(f"{scheme}://{server}")


def _answers(server: SplitResult) -> bool:
    try:
        address = server.hostname, server.port or _USUAL_PORTS[server.scheme]
        socket.create_connection(address, _CONNECT_SECONDS).close()
    except (OSError, ValueError):
        return False
    return True
