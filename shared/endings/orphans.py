"""Files that a service put into the store and nothing refers to: a crash or a refusal left them.

A file is noted before it gets its address, and looked up once it is old enough: a document refers
to it by then, or none ever will. Files lie by their content, so another service may have the same
bytes: it is asked, and while it does not answer nothing is erased. The same bytes that are put
again are noted again and are young again, whatever a sweep does meanwhile (Storage.erase).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias

from pydantic import Field

from shared.aggregate import Aggregate, now
from shared.background import Loop
from shared.errors import Conflict, Unavailable
from shared.events.event import FileRef
from shared.metrics import orphan_oldest_due, orphans_erased
from shared.storage import Storage
from shared.store import Store

_LOOK_SECONDS = 60.0
_AT_ONCE = 100

Hashes: TypeAlias = Annotated[
    list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]], Field(max_length=1000)
]
"""Of stored files, as one service asks another for them."""

Used: TypeAlias = Callable[[list[str]], Collection[str]]
"""Of those hashes, the ones of files that are referred to."""


class WrittenFile(Aggregate):
    """A file of which it is not known yet whether anything refers to it; its id is its hash."""

    collection: ClassVar[str] = "written_files"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("written_at",)

    file: FileRef
    written_at: datetime
    is_suspect: bool = False

    def write(self) -> None:
        """Note that the same bytes are put once more."""
        self.written_at, self.is_suspect = now(), False

    def suspect(self) -> None:
        """Note that nothing refers to it; a reference saved late still counts at the next look."""
        self.is_suspect = True


def note_written(store: Store, file: FileRef) -> None:
    """Note that a file is about to be put into the store."""
    written, new = store.of(WrittenFile), WrittenFile(id=file.sha256, file=file, written_at=now())
    try:
        written.save(new)
    except Conflict:
        written.change(file.sha256, WrittenFile.write, new=new.model_copy)


def noting(config: Mapping[str, Any]) -> Callable[[FileRef], None]:
    """The function that notes files in the service of this configuration; it may do nothing."""

    def note(file: FileRef) -> None:
        # Looked up late: what has files may be set up before what has documents.
        if note_written := config.get("note_written"):
            note_written(file)

    return note


def noting_if_possible(note: Callable[[FileRef], object]) -> Callable[[FileRef], object]:
    """The same, for what must not fail while documents cannot be written.

    A file that is not noted is never erased: it stays, should its service die just then as well.
    """

    def note_or_not(file: FileRef) -> None:
        with suppress(Unavailable):
            note(file)

    return note_or_not


def named_by(store: Store, cls: type[Aggregate], hashes: Iterable[str]) -> set[str]:
    """Those of the hashes that a document of the class names as `hashes`."""
    find = store.of(cls).find
    return {sha256 for sha256 in hashes if find({"hashes": {"$in": [sha256]}}, limit=1)}


class References(NamedTuple):
    """What refers to files: documents of this service, and those of the one it shares files with.

    The second raises Unavailable while that service does not answer.
    """

    here: Used
    elsewhere: Used


class OrphanSweep(Loop):
    """Erases files that this service put into the store, and neither it nor others refer to."""

    def __init__(
        self, service: str, store: Store, files: Storage, age_seconds: float, references: References
    ) -> None:
        super().__init__(min(_LOOK_SECONDS, max(1.0, age_seconds / 10)), self.look)
        self._service, self._files, self._age = service, files, timedelta(seconds=age_seconds)
        self._written = store.of(WrittenFile)
        self._references = references

    def look(self) -> None:
        """Settle what is old enough: referred to, suspect, or erased."""
        before = now() - self._age
        written_files = self._written.find(sort="written_at", limit=_AT_ONCE)
        oldest = min((written_file.written_at for written_file in written_files), default=before)
        orphan_oldest_due.labels(self._service).set(max((before - oldest).total_seconds(), 0))
        due = [written_file for written_file in written_files if written_file.written_at <= before]
        used = self._references.here([written_file.id for written_file in due]) if due else ()
        unused = [written_file for written_file in due if written_file.id not in used]
        self._forget(written_file for written_file in due if written_file.id in used)
        self._erase([written_file for written_file in unused if written_file.is_suspect])
        for written_file in unused:
            if not written_file.is_suspect:
                self._written.change(written_file.id, WrittenFile.suspect)
        if len(due) == _AT_ONCE:
            self.wake()

    def _erase(self, suspects: list[WrittenFile]) -> None:
        if not suspects:
            return
        used = self._references.elsewhere([written_file.id for written_file in suspects])
        gone = [written_file for written_file in suspects if written_file.id not in used]
        erased = [
            written_file for written_file in gone if self._files.erase(written_file.file, self._age)
        ]
        orphans_erased.labels(self._service).inc(len(erased))
        self._forget(
            written_file
            for written_file in suspects
            if written_file.id in used or written_file in erased
        )

    def _forget(self, settled: Iterable[WrittenFile]) -> None:
        for written_file in settled:
            self._written.remove(written_file)
