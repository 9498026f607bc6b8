"""A store on the document server under test."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import uuid4

import pytest
from pymongo import MongoClient

from shared.aggregate import Aggregate
from shared.store import Document, Repository, Store
from tests.integration.shared.samples import InProcesses, Other, Thing

PROCESSES = 3


@pytest.fixture(scope="module")
def uri(request: pytest.FixtureRequest) -> str:
    """The document server under test."""
    return os.environ.get("DATALAB_MONGODB_URI") or str(request.getfixturevalue("mongodb_uri"))


@pytest.fixture(scope="module")
def database(uri: str) -> Iterator[str]:
    """The name of a database of this module's own."""
    name = f"test_{uuid4().hex[:12]}"
    yield name
    with MongoClient[Document](uri) as client:
        client.drop_database(name)


@pytest.fixture(scope="module")
def saved() -> list[tuple[type[Aggregate], Document]]:
    """What the store told of as having something to publish."""
    return []


@pytest.fixture(scope="module")
def store(
    uri: str, database: str, saved: list[tuple[type[Aggregate], Document]]
) -> Iterator[Store]:
    """The store of that database."""
    opened = Store(uri, database, saved=lambda cls, document: saved.append((cls, document)))
    opened.prepare((Thing, Other))
    yield opened
    opened.close()


@pytest.fixture
def things(store: Store) -> Repository[Thing]:
    """The repository of things."""
    return store.of(Thing)


@pytest.fixture
def identifier() -> str:
    """An id that nothing has."""
    return f"thing_{uuid4().hex}"


@pytest.fixture(scope="module")
def in_processes(uri: str, database: str) -> Iterator[InProcesses]:
    """`in_processes(work, ...)`: several processes begin it, each with connections of its own."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        yield lambda work, *arguments: [
            pool.submit(work, uri, database, *arguments) for _ in range(PROCESSES)
        ]
