"""What a service class declares it needs: documents, files, settings, work in the background."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any

import eventlet
from eventlet import tpool
from nameko.extensions import DependencyProvider

from shared.aggregate import Aggregate
from shared.background import Loop
from shared.endings.departures import Departure, has_left
from shared.endings.orphans import WrittenFile, note_written, noting
from shared.errors import Unavailable
from shared.messaging.client import RpcClient, ServiceProxy
from shared.messaging.publisher import Publisher
from shared.messaging.relay import Relay
from shared.metrics import name_seconds
from shared.outbound import Names, SsrfGuard
from shared.outbound.name_resolution import look_up
from shared.settings import Settings
from shared.storage import Storage, check_disk
from shared.store import Store

log = logging.getLogger(__name__)

_RESTART_SECONDS = 1
_LEFT_FOR = timedelta(days=1)
"""No upload takes that long without writing."""

_PROBE_SECONDS = 2.5
"""How long a server may take to answer a check of readiness: less than the check may."""


class Documents(DependencyProvider):
    """The Store of the service's database, with a relay that publishes what is saved."""

    publisher = Publisher()

    def __init__(self, *classes: type[Aggregate]) -> None:
        self._classes = classes

    def setup(self) -> None:
        """Open the store; it connects with the first query."""
        settings: Settings = self.container.config["settings"]
        service = self.container.service_name
        database = f"{settings.database_prefix}_{service}"
        self.store = Store(settings.mongodb_uri, database, saved=self._saved)
        self._relay = Relay(
            service, self.store, self._classes, self.publisher, settings.sweep_seconds
        )
        if Departure in self._classes:
            self.container.config["has_left"] = partial(has_left, self.store)
        if WrittenFile in self._classes:
            self.container.config["note_written"] = partial(note_written, self.store)
        checks = self.container.config["ready_checks"]
        checks["documents"] = partial(self.store.check, _PROBE_SECONDS)
        checks["broker"] = partial(self.publisher.check, _PROBE_SECONDS)
        for folder in settings.watched_folders:
            checks[f"disk of {folder.name}"] = partial(
                tpool.execute, check_disk, folder, settings.least_free_bytes, folder.name
            )

    def start(self) -> None:
        """Publish from now on, and create the indexes when the server is there."""
        sweeper = Loop(self.container.config["settings"].sweep_seconds, self._relay.sweep)
        loops = (self._relay.run, sweeper.run, self._prepare)
        self._threads = [self.container.spawn_managed_thread(loop) for loop in loops]

    def stop(self) -> None:
        """Let the background loops end, publish what is left and close the connections."""
        for dependency in self.container.dependencies:
            if isinstance(dependency, Background):
                dependency.wait()
        for thread in self._threads:
            thread.kill()
        self._relay.flush()
        self.store.close()

    def get_dependency(self, worker_ctx: object) -> Store:  # noqa: ARG002
        """The store."""
        return self.store

    def _saved(self, cls: type[Aggregate], document: dict[str, Any]) -> None:
        self._relay.saved(cls, document)

    def _prepare(self) -> None:
        while True:
            try:
                self.store.prepare(self._classes)
            except Unavailable as error:
                log.warning("the indexes wait for the server", extra={"error": str(error)})
                eventlet.sleep(_RESTART_SECONDS)
            else:
                return


class Files(DependencyProvider):
    """The shared file store."""

    def setup(self) -> None:
        """Open the store at its URL."""
        settings: Settings = self.container.config["settings"]
        note = noting(self.container.config)
        self.storage = Storage(settings.storage_url, tpool.execute, note)
        check = partial(self.storage.check, settings.least_free_bytes)
        self.container.config["ready_checks"]["files"] = check

    def start(self) -> None:
        """Clear away what processes that were killed left of their uploads."""
        self.container.spawn_managed_thread(self._sweep)

    def get_dependency(self, worker_ctx: object) -> Storage:  # noqa: ARG002
        """The storage."""
        return self.storage

    def _sweep(self) -> None:
        try:
            self.storage.sweep(_LEFT_FOR)
        except Unavailable as error:
            log.warning("the file store is not swept", extra={"error": str(error)})


class Config(DependencyProvider):
    """The settings of this process."""

    def get_dependency(self, worker_ctx: object) -> Settings:  # noqa: ARG002
        """The settings."""
        settings: Settings = self.container.config["settings"]
        return settings


def ssrf_guard(service: str, *, allow_private: bool, ports: Collection[int] = ()) -> SsrfGuard:
    """Which URLs a service may call; the system's resolver, which blocks, has real threads."""
    return SsrfGuard(allow_private=allow_private, names=names(service), ports=ports)


@cache
def names(service: str) -> Names:
    """The names of this process: what goes on is counted over all its calls."""
    lookup = partial(tpool.execute, look_up)
    return Names(lookup, lambda outcome, s: name_seconds.labels(service, outcome).observe(s))


@dataclass(frozen=True)
class Context:
    """What a background loop is built from."""

    service: str
    settings: Settings
    store: Store
    files: Storage
    clients: Mapping[str, ServiceProxy]
    """Those of the service's RpcClients, by the names of its attributes."""
    ready_checks: dict[str, Callable[[], str | None]]
    """Each says or raises why work would fail now."""
    in_thread: Callable[..., Any]
    """Calls a function in a thread of its own, which must ask no server: the hub stays free."""


class Background(DependencyProvider):
    """Builds a Loop from the Context, runs it while the service runs, and injects it."""

    def __init__(self, build: Callable[[Context], Loop]) -> None:
        self._build = build

    def start(self) -> None:
        """Build the loop and run it in a thread of its own."""
        self.loop = self._build(self._context())
        self._thread = self.container.spawn_managed_thread(self.loop.run, identifier=self.attr_name)

    def stop(self) -> None:
        """Stop the loop and wait until it has returned."""
        self.loop.stop()
        self.wait()

    def wait(self) -> None:
        """Wait until the loop has returned; the documents stay open until then."""
        self._thread.wait()

    def get_dependency(self, worker_ctx: object) -> Loop:  # noqa: ARG002
        """The loop itself, for handlers that have news for it."""
        return self.loop

    def _context(self) -> Context:
        config = self.container.config
        dependencies = self.container.dependencies
        documents = next(dep for dep in dependencies if isinstance(dep, Documents))
        clients = (dep for dep in dependencies if isinstance(dep, RpcClient))
        settings: Settings = config["settings"]
        return Context(
            service=self.container.service_name,
            settings=settings,
            store=documents.store,
            files=Storage(settings.storage_url, tpool.execute, noting(config)),
            clients={client.attr_name: client.get_dependency() for client in clients},
            ready_checks=config["ready_checks"],
            in_thread=tpool.execute,
        )
