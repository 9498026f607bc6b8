"""Declares what all services send to and read from, before the first of them starts.

`python -m deploy.topology`: DATALAB_AMQP_URI names a user who may configure; the services' own
users need not. Waits for a broker that is not there yet; harmless when everything is declared.
"""

import sys
import time
from inspect import getmembers
from pkgutil import resolve_name
from typing import Any

from amqp.exceptions import AMQPError, RecoverableConnectionError

from deploy import SERVICES
from deploy.queues import declare
from shared.errors import SettingsError
from shared.messaging import RpcClient
from shared.settings import Settings, load_settings

SERVICE_CLASSES: list[type[Any]] = [resolve_name(spec) for spec in SERVICES.values()]
CLIENTS: dict[str, list[RpcClient]] = {
    service.name: [
        client for _, client in getmembers(service, lambda it: isinstance(it, RpcClient))
    ]
    for service in SERVICE_CLASSES
}
"""Whom each service calls by RPC, and by which methods."""

PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.5


def declare_all(settings: Settings, patience: float = PATIENCE_SECONDS) -> None:
    """Declare the topology of all services once the broker is there.

    Raises OSError or AMQPError when it is not there after `patience` seconds, AMQPError at once
    when it refuses.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return declare(settings.amqp_uri, SERVICE_CLASSES, settings.retry_seconds)
        except (OSError, RecoverableConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)


def main() -> int:
    """Declare the topology; the process's exit code."""
    try:
        declare_all(load_settings())
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (OSError, AMQPError) as error:
        sys.stderr.write(f"the broker does not take the topology: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
