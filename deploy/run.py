"""Runs one service in this process: `python -m deploy.run services.intake.service:Intake`.

SIGTERM (or SIGINT) turns /readyz red, finishes and acknowledges what is in hand, and exits 0. What
takes longer than the grace period is cut off: the broker and the leases give it to somebody else.
"""

# ruff: noqa: E402 - everything imported below must find the standard library patched already.
import os

import shared  # noqa: F401 - silences eventlet's reminder that it is deprecated

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
# Threads for what blocks: those that look names up (shared/outbound/name_resolution.py), and 24
# for the rest.
os.environ.setdefault("EVENTLET_THREADPOOL_SIZE", "64")

import eventlet

eventlet.monkey_patch()

import atexit
import gc
import importlib
import logging
import re
import signal
import sys
import threading
import time
from typing import Any

from eventlet import tpool

from shared import log as logs
from shared import metrics
from shared.errors import SettingsError
from shared.messaging.on import Container
from shared.messaging.publisher import HEARTBEAT
from shared.settings import Settings, load_settings

log = logging.getLogger("deploy.run")  # not __main__, which no level is set for

# A name that is looked up on a silent server takes half a minute: the end does not wait for it.
atexit.unregister(tpool.killall)

GRACE_SECONDS = 25
_LAG_INTERVAL = 1.0


class NoServiceError(Exception):
    """The command line names no service."""


def main(argv: list[str] | None = None) -> int:
    """Run the service that the one argument names as `module:Class`; the process's exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        service_cls = service_class(" ".join(arguments))
        settings = load_settings()
    except (NoServiceError, SettingsError) as error:
        sys.stderr.write(f"{error}\n")  # the log is configured by the settings
        return 1 if isinstance(error, NoServiceError) else 2
    logs.configure(service_cls.name, settings.log_level)
    try:
        serve(Container(service_cls, container_config(settings)))
    except Exception:
        log.exception("the service died")
        return 1
    log.info("the service stopped")
    return 0


def service_class(spec: str) -> type[Any]:
    """The class that `module:Class` names; NoServiceError when there is none, or no service.

    An import that fails within the module is raised as it is: its traceback says where.
    """
    missing = NoServiceError(
        f"no service is at {spec!r}: name one as services.intake.service:Intake"
    )
    if not re.fullmatch(r"\w[\w.]*:\w+", spec):
        raise missing
    module, _, name = spec.partition(":")
    try:
        cls = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise missing from error
        raise
    if not isinstance(cls, type) or not hasattr(cls, "name"):
        raise missing
    return cls


def container_config(settings: Settings) -> dict[str, Any]:
    """Nameko's configuration, with what our extensions look up in it."""
    return {
        "AMQP_URI": settings.amqp_uri,
        "HEARTBEAT": HEARTBEAT,
        "WEB_SERVER_ADDRESS": f"{settings.http_host}:{settings.http_port}",
        "max_workers": settings.max_workers,
        "settings": settings,
        "ready_checks": {},
        "stopping": threading.Event(),
    }


def serve(container: Container) -> None:
    """Start the container and wait for its end; raises what it died of."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: eventlet.spawn(_stop, container))
    eventlet.spawn(_measure_lag, container.service_name)
    container.start()
    # Modules, models and routes stay for ever. To look through them again took a full collection
    # of the catalog 50 ms, in which the process did nothing else.
    gc.collect()
    gc.freeze()
    log.info("the service runs", extra={"pid": os.getpid()})
    container.wait()


def _stop(container: Container) -> None:
    container.config["stopping"].set()
    log.info("the service stops")
    # Nothing else can end the process when a worker or a broken connection holds it up.
    eventlet.spawn_after(GRACE_SECONDS, _cut_off)
    container.stop()


def _cut_off() -> None:
    log.error("the service did not stop in time and is cut off")
    logging.shutdown()
    os._exit(0)


def _measure_lag(service: str) -> None:
    while True:
        asleep = time.monotonic()
        eventlet.sleep(_LAG_INTERVAL)
        metrics.hub_lag.labels(service).set(max(0.0, time.monotonic() - asleep - _LAG_INTERVAL))


if __name__ == "__main__":
    sys.exit(main())
