"""Documents: nothing else knows MongoDB.

An aggregate is one document; state, version, outbox and handled ids are saved in one conditional
write. Only calls that behave the same on every MongoDB-compatible server are used: `insert_one`,
`find` on indexed plain fields, `replace_one` and `delete_one` with a condition, single-field
indexes. Queries never match null or the shape of an array: flags and dates do; an array that has a
value is found by `$in`, all of several by `$all`: the embedded server's indexes know no equality.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import uuid4

import pymongo
from bson.errors import BSONError
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.database import Database
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
)

from shared import trace
from shared.aggregate import LONG_AGO, NEVER, Aggregate, now
from shared.errors import Conflict, NotFound, Rejected, Unavailable, Unreachable
from shared.events import Envelope

A = TypeVar("A", bound=Aggregate)
Document = dict[str, Any]
Saved = Callable[[type[Aggregate], Document], None]

CONFLICTS = 20
"""How often a decision is taken again on a newer version before the caller hears of it."""

PAGE_LIMIT = 200
_ALL = 2**31 - 1
_LONGEST_PAUSE = 0.5
_MILLISECOND = 1000
_ROOM = "x" * (1 << 16)


@contextmanager
def translated() -> Iterator[None]:
    """Raise an error of the lab in place of one of the document server, but for a double key."""
    try:
        yield
    except DuplicateKeyError:
        raise
    except NetworkTimeout as error:  # which may be for what was asked
        raise Unavailable("the document server does not answer") from error
    except ConnectionFailure as error:  # a server that dies cuts each connection
        raise Unreachable("the document server does not answer") from error
    except PyMongoError as error:
        raise Unavailable(f"the document server refused: {_name_of(error)}") from error
    except (BSONError, OverflowError, UnicodeEncodeError) as error:
        raise Rejected("cette valeur ne peut être enregistrée, ou est trop longue") from error


def _name_of(error: PyMongoError) -> str:
    """What kind of refusal it is; the server's own words may show hosts and documents."""
    details = error.details if isinstance(error, OperationFailure) else None
    return str((details or {}).get("codeName") or type(error).__name__)


def _sortable(value: object) -> object:
    """A date of a whole second a millisecond later.

    The embedded server sorts dates as text, the shorter first, and leaves a zero fraction out.
    """
    if isinstance(value, datetime) and value.microsecond < _MILLISECOND:
        return value.replace(microsecond=_MILLISECOND)
    return value


def _at_once(cursor: Cursor[Document], limit: int) -> Cursor[Document]:
    """The first `limit` documents in one answer.

    The rest of one whose connection broke meanwhile is, to the embedded server, nothing: a page
    of two answers was cut short, and taken for the last one.
    """
    return cursor.limit(limit).batch_size(limit)


class Repository(Generic[A]):
    """The documents of one aggregate class."""

    def __init__(self, cls: type[A], database: Database[Document], saved: Saved) -> None:
        self._cls, self._saved = cls, saved
        self._collection: Collection[Document] = database[cls.collection]

    def get(self, identifier: str) -> A:
        """The aggregate of that id; raises NotFound."""
        aggregate = self.find_one(identifier)
        if aggregate is None:
            raise NotFound.of(identifier)
        return aggregate

    def find_one(self, identifier: str) -> A | None:
        """The aggregate of that id, or None."""
        with translated():
            # An RPC argument may be anything: as it is, an object would be read as an operator.
            document = self._collection.find_one({"_id": str(identifier)})
        return self._load(document) if document else None

    def find(
        self,
        where: Mapping[str, Any] | None = None,
        *,
        sort: str = "_id",
        descending: bool = False,
        limit: int = PAGE_LIMIT,
    ) -> list[A]:
        """The first `limit` aggregates whose indexed fields fit `where`."""
        order = pymongo.DESCENDING if descending else pymongo.ASCENDING
        with translated():
            cursor = self._collection.find(dict(where or {})).sort(sort, order)
            return [self._load(document) for document in _at_once(cursor, limit)]

    def of_ids(
        self,
        identifiers: Iterable[str],
        page_size: int = PAGE_LIMIT,
        where: Mapping[str, Any] | None = None,
    ) -> Iterator[A]:
        """The aggregates of these ids that fit `where`, by id, as far as there are any.

        They are read page by page.
        """
        ids = sorted(set(map(str, identifiers)))
        for start in range(0, len(ids), page_size):
            yield from self.find({**(where or {}), "_id": {"$in": ids[start : start + page_size]}})

    def newest(self, field: str, limit: int, skip: int = 0) -> list[tuple[str, int, datetime]]:
        """Id, version and the date `field` of the `limit` documents in which it is latest.

        But for the first `skip`.
        """
        read = self._collection.find({}, {"version": True, field: True})
        with translated():
            documents = _at_once(read.sort(field, pymongo.DESCENDING).skip(skip), limit)
            return [
                (document["_id"], document["version"], document.get(field, LONG_AGO))
                for document in documents
            ]

    def page(
        self,
        where: Mapping[str, Any] | None,
        *,
        after: str | None,
        limit: int,
        descending: bool = False,
    ) -> tuple[list[A], str | None]:
        """One page by id, and the cursor of the next one or None at the end."""
        query = dict(where or {})
        if after:
            query["_id"] = {"$lt" if descending else "$gt": after}
        aggregates = self.find(query, descending=descending, limit=limit + 1)
        cursor = aggregates[limit - 1].id if len(aggregates) > limit else None
        return aggregates[:limit], cursor

    def every(self, where: Mapping[str, Any] | None = None) -> Iterator[A]:
        """All aggregates whose indexed fields fit `where`, by id, read page by page.

        Those that are added meanwhile are left out.
        """
        query = dict(where or {})
        # Their ids first: the embedded server reads all documents to compare ids.
        with translated():
            cursor = self._collection.find(query, {"_id": True}).sort("_id", pymongo.ASCENDING)
            ids = [document["_id"] for document in _at_once(cursor, _ALL)]
        yield from self.of_ids(ids, where=query)

    def count(self, where: Mapping[str, Any], *, most: int) -> int:
        """How many documents fit `where`; those beyond `most` are not counted."""
        with translated():
            # For `count_documents` the embedded server walks through the whole collection.
            return sum(1 for _ in _at_once(self._collection.find(dict(where), {"_id": True}), most))

    def save(self, aggregate: A, because: Envelope[Any] | None = None) -> A:
        """Write the next version with its events, if nobody else wrote one since it was loaded.

        Raises Conflict when the document changed (or, for a new one, when its id exists already).
        """
        parent = trace.traceparent.get() or trace.child_of(None)
        cause = because.id if because else None
        sealed = aggregate.sealed(time=now(), traceparent=parent, because=cause)
        document = self._dump(sealed)
        if aggregate.version == 0:
            self._insert(document)
        else:
            self._replace(document, aggregate.version)
        if sealed.outbox:
            self._saved(self._cls, document)
        return sealed

    def add(self, aggregate: A, because: Envelope[Any] | None = None) -> A:
        """Save a new aggregate; the one that is there already when its id exists.

        For ids made from the event that caused them: the second delivery finds the first's work.
        """
        try:
            return self.save(aggregate, because)
        except Conflict:
            return self.get(aggregate.id)

    def change(
        self,
        identifier: str,
        decide: Callable[[A], object],
        because: Envelope[Any] | None = None,
        new: Callable[[], A] | None = None,
    ) -> A:
        """Load, decide, save; again from the start when somebody else was faster.

        `decide` changes the aggregate or raises. An aggregate that has handled `because` already
        is returned as it is. `new` makes the aggregate when there is none (else NotFound).
        """
        for attempt in range(CONFLICTS):
            aggregate = self.find_one(identifier)
            if aggregate is None:
                aggregate = new() if new else self.get(identifier)
            if because is not None and aggregate.has_handled(because.id):
                return aggregate
            decide(aggregate)
            try:
                return self.save(aggregate, because)
            except Conflict:
                # Many who decide at once get their turn if they do not all come back together.
                time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311
        raise Conflict(f"{identifier} change sans cesse ; rien n'a été enregistré")

    def remove(self, aggregate: A) -> None:
        """Delete this very version, and nothing when it changed."""
        with translated():
            self._collection.delete_one({"_id": aggregate.id, "version": aggregate.version})

    def lease(self, aggregate: A, field: str, until: timedelta) -> A | None:
        """Push the date `field` of this very version into the future, without events.

        None when another process was faster. A crash lets the date pass, so the work comes back.
        """
        version = aggregate.version + 1
        leased = aggregate.model_copy(update={field: now() + until, "version": version})
        try:
            self._replace(self._dump(leased), aggregate.version)
        except Conflict:
            return None
        return leased

    def _insert(self, document: Document) -> None:
        try:
            with translated():
                self._collection.insert_one(document)
        except DuplicateKeyError as error:
            raise Conflict(f"{document['_id']} existe déjà") from error

    def _replace(self, document: Document, version: int) -> None:
        condition = {"_id": document["_id"], "version": version}
        with translated():
            if self._collection.replace_one(condition, document).matched_count == 0:
                raise Conflict

    def _dump(self, aggregate: A) -> Document:
        document = {name: _sortable(v) for name, v in aggregate.model_dump(by_alias=True).items()}
        document["_id"] = document.pop("id")
        document["has_outbox"] = bool(aggregate.outbox)
        oldest = datetime.fromisoformat(aggregate.outbox[0]["time"]) if aggregate.outbox else NEVER
        document["outbox_since"] = _sortable(oldest)
        return document

    def _load(self, document: Document) -> A:
        return self._cls.model_validate({**document, "id": document["_id"]})


class Store:
    """One service's database; `saved` is told of every document with something to publish."""

    def __init__(self, uri: str, database: str, saved: Saved = lambda *_: None) -> None:
        self._client: pymongo.MongoClient[Document] = pymongo.MongoClient(
            uri,
            tz_aware=True,
            serverSelectionTimeoutMS=3000,
            connectTimeoutMS=3000,
            socketTimeoutMS=20000,
            # Retried writes need a replica set; a conditional write is safe to decide again anyway.
            retryWrites=False,
        )
        self._database = self._client[database]
        self._saved = saved
        self._repositories: dict[type[Aggregate], Repository[Any]] = {}

    def of(self, cls: type[A]) -> Repository[A]:
        """The repository of an aggregate class."""
        new = Repository(cls, self._database, self._saved)
        return self._repositories.setdefault(cls, new)

    def prepare(self, classes: tuple[type[Aggregate], ...]) -> None:
        """Create the indexes of these classes; harmless when they are there."""
        with translated():
            for cls in classes:
                for field in (*cls.indexes, "outbox_since"):
                    self._database[cls.collection].create_index(field)

    def unpublished(self, cls: type[Aggregate], age: timedelta) -> list[Document]:
        """Documents of `cls` whose oldest event has waited for `age` or longer, oldest first."""
        waiting = {"has_outbox": True, "outbox_since": {"$lte": now() - age}}
        documents = self._database[cls.collection].find(waiting)
        with translated():
            return list(_at_once(documents.sort("outbox_since", pymongo.ASCENDING), PAGE_LIMIT))

    def published(self, cls: type[Aggregate], document: Document, ids: set[str]) -> None:
        """Take confirmed events out of a document's outbox.

        Not a new version: a save that raced with this one puts them back at worst, and they are
        published once more - a duplicate, never a loss.
        """
        collection = self._database[cls.collection]
        for _ in range(CONFLICTS):
            left = [event for event in document["outbox"] if event["id"] not in ids]
            cleared = {**document, "outbox": left, "has_outbox": bool(left)}
            condition = {"_id": document["_id"], "version": document["version"]}
            with translated():
                # Whole, since the embedded server changes the type of what `$set` writes.
                if collection.replace_one(condition, cleared).matched_count:
                    return
                newer = collection.find_one({"_id": document["_id"]})
            if newer is None:
                return
            document = newer

    def check(self, seconds: float) -> None:
        """Write a document and delete it; Unavailable when that is not done within `seconds`.

        A new one, as large as many: on a full disk the same few bytes may be written for ever.
        """
        probe = {"_id": uuid4().hex, "room": _ROOM}
        with translated(), pymongo.timeout(seconds):
            self._database["readiness"].insert_one(probe)
            self._database["readiness"].delete_one({"_id": probe["_id"]})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
