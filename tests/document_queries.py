"""What is asked of the document server, and how much it answers, for tests of what that costs."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

from pymongo import monitoring

from shared.store import Store


class Queries(monitoring.CommandListener):
    """Counts queries, and the documents that were answered at once; set both to 0 at will."""

    asked = documents = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Count a query, and each time that more of its answer is asked for."""
        self.asked += event.command_name in {"find", "getMore"}

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Count the documents of an answer."""
        self.documents += len(event.reply.get("cursor", {}).get("firstBatch", ()))

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Not looked at."""


@contextmanager
def counted(uri: str) -> Iterator[tuple[Store, Queries]]:
    """An empty database, and what is asked of it."""
    queries = Queries()
    # Of every client that is made from now on: a test process asks other databases little.
    monitoring.register(queries)
    with closing(Store(uri, f"test_{uuid4().hex[:12]}_catalog")) as store:
        yield store, queries
