"""The loopback ports of the local stack: fixed by default, each one configurable."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields

from deploy.local import StackError

LOOPBACK = "127.0.0.1"
_PREFIX = "DATALAB_PORT_"
_HIGHEST = 65535


@dataclass(frozen=True)
class Ports:
    """One port for each part; `DATALAB_PORT_<NAME>` sets another."""

    portal: int = 8000
    intake: int = 8001
    catalog: int = 8002
    compute: int = 8003
    notify: int = 8004
    broker: int = 8010
    broker_metrics: int = 8011
    broker_distribution: int = 8012
    broker_epmd: int = 8013
    documents: int = 8014
    workers: int = 8020
    """The first of the ports that second and further workers listen on."""


def variable(name: str) -> str:
    """Return the variable that sets the port `name`; `intake-2` is one of the workers."""
    port_names = {field.name for field in fields(Ports)}
    return _PREFIX + (name if name in port_names else "workers").upper()


def ports_from(environ: Mapping[str, str]) -> Ports:
    """Return the ports that `environ` sets, defaults for the others; raises StackError."""
    port_numbers = {
        field.name: _number(variable(field.name), environ[variable(field.name)])
        for field in fields(Ports)
        if environ.get(variable(field.name))
    }
    return Ports(**port_numbers)


def listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= _HIGHEST:
        raise StackError(f"{name} must be a port number between 1 and {_HIGHEST}, not {value!r}.")
    return int(value)
