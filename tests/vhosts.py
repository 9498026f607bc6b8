"""Virtual hosts of the tests' broker: modules that need the same queues use one after the other.

To make one and to drop it again takes the broker 0.4 s of a processor for compute's queues, 0.9 s
for intake's, and 2.7 s for those of notify, which hears every event.
"""

import json
from dataclasses import dataclass
from typing import Any

from deploy.local.supervision import wait_until
from deploy.queues import declare
from tests.servers import PATIENCE_SECONDS, Broker

_PARTS = ("queues", "exchanges", "bindings")

Definitions = dict[str, set[str]]
"""What is declared in a virtual host, by kind, each as JSON."""


@dataclass(frozen=True)
class Needs:
    """The services whose queues a module needs, and how long their events are put off."""

    services: tuple[type, ...]
    retry_seconds: tuple[float, ...]


class Vhosts:
    """The virtual host that the last module had; the next has it too if it needs the same."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._name = ""
        self._needs: Needs | None = None
        self._declared: Definitions = {}

    def take(self, needs: Needs | None) -> str:
        """The name of one with these queues and no others, all of them empty.

        Who has no needs gets a new one without any queue.
        """
        if not (self._name and needs and needs == self._needs and self._is_as_declared()):
            self.close()
            self._name, self._needs = self._broker.new_vhost(), needs
            if needs:
                uri = self._broker.uri(self._name)
                declare(uri, needs.services, needs.retry_seconds)
            self._declared = self._definitions()
        return self._name

    def close(self) -> None:
        """Drop the last one."""
        if self._name:
            self._broker.delete_vhost(self._name)
        self._name = ""

    def _is_as_declared(self) -> bool:
        """Whether it is as it was at first, without what was added and without messages."""
        self._delete(self._definitions()["queues"] - self._declared["queues"])
        emptied = wait_until(self._is_emptied, PATIENCE_SECONDS)
        return emptied and self._definitions() == self._declared

    def _delete(self, queues: set[str]) -> None:
        with self._broker.connection(self._name) as connection:
            channel = connection.channel()
            for queue in queues:
                channel.queue_delete(json.loads(queue)["name"])

    def _is_emptied(self) -> bool:
        """Whether no message is left once all are dropped.

        One may come back from a consumer that has just gone, or from where it was put off.
        """
        with self._broker.connection(self._name) as connection:
            channel = connection.channel()
            for queue in self._declared["queues"]:
                channel.queue_purge(json.loads(queue)["name"])
        return not any(self._broker.queues(self._name).values())

    def _definitions(self) -> Definitions:
        definitions: dict[str, Any] = self._broker.manage("GET", f"definitions/{self._name}")
        return {
            part: {json.dumps(declaration, sort_keys=True) for declaration in definitions[part]}
            for part in _PARTS
        }
