"""Snapshots with a line for each dataset, so that the next one takes most lines from the last.

A first line of JSON says which code made what the others have, and that all changes up to `since`
are in them. What other code made is not read: its words may be others.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from sys import version as python_version
from typing import Any, NamedTuple, TypeVar

from pydantic_core import from_json, to_json

from services.catalog.snapshots.saved_index import UNREADABLE, SavedIndex, Snapshots

T = TypeVar("T")

_ROOT = Path(__file__).parents[3]
_FOLDERS = ("services/catalog", "shared")
"""Their code and lists of words are all that a line may come of, beside the stemmer."""


class DatasetLine(NamedTuple):
    """What an index has of that state of a dataset."""

    dataset_id: str
    version: int
    changed_at: datetime
    content: bytes

    def encoded(self) -> bytes:
        """The line, with its end."""
        head = f"{self.dataset_id}\t{self.version}\t{self.changed_at.isoformat()}\t"
        return head.encode() + b64encode(self.content) + b"\n"


def decoded(line: bytes) -> DatasetLine:
    """A line without its end; raises ValueError when it is none."""
    dataset_id, number, changed_at, content = line.split(b"\t")
    return DatasetLine(
        dataset_id.decode(),
        int(number),
        datetime.fromisoformat(changed_at.decode()),
        b64decode(content, validate=True),
    )


class DatasetLineSnapshots:
    """Saves and loads an index of datasets line by line, however many there are."""

    def __init__(self, snapshots: Snapshots, in_thread: Callable[..., Any]) -> None:
        self._snapshots, self._in_thread = snapshots, in_thread

    def newest(self) -> SavedIndex:
        """Where the index was saved last, if it was."""
        return self._snapshots.newest()

    def load(self, restore: Callable[[Iterator[list[bytes]], datetime], T]) -> T | None:
        """What is restored of the lines, which come many together, and of their `since`."""

        def parse(chunks: Iterator[bytes]) -> T:
            lines = _lines_of(chunks)
            return restore(lines, self._checked(next(lines)))

        return self._snapshots.load(parse)

    def save(
        self,
        versions: dict[str, int],
        since: datetime,
        derive: Callable[[list[str]], Iterator[bytes]],
    ) -> None:
        """Save the datasets of these versions; `derive` has the lines that the last file lacks."""
        try:
            self._snapshots.save(self._pieces(dict(versions), since, derive), since)
        except UNREADABLE:
            # The last file is damaged, or another process removed it meanwhile.
            pieces = self._pieces(dict(versions), since, derive, reads_last=False)
            self._snapshots.save(pieces, since)

    def _pieces(
        self,
        missing: dict[str, int],
        since: datetime,
        derive: Callable[[list[str]], Iterator[bytes]],
        *,
        reads_last: bool = True,
    ) -> Iterator[bytes]:
        head = {"code": self._in_thread(code_hash), "since": since.isoformat()}
        yield to_json(head) + b"\n"
        last = self.newest().file
        if reads_last and last:
            batches = _lines_of(self._snapshots.chunks(last))
            is_ours = from_json(next(batches)[0])["code"] == head["code"]
            for lines in batches if is_ours else ():
                yield self._in_thread(_take_current, lines, missing)
        yield from derive(sorted(missing))

    def _checked(self, first: list[bytes]) -> datetime:
        head = from_json(first[0])
        if head["code"] != self._in_thread(code_hash):
            raise ValueError("other code made it")
        return datetime.fromisoformat(head["since"])


def _take_current(lines: list[bytes], missing: dict[str, int]) -> bytes:
    """Those lines that are of a missing version, which is not missing then."""
    current = []
    for line in lines:
        dataset_id, number, _ = line.split(b"\t", 2)
        if missing.get(dataset_id.decode()) == int(number):
            del missing[dataset_id.decode()]
            current.append(line + b"\n")
    return b"".join(current)


def _lines_of(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The first line alone, then the others, many together; ValueError when the last has no end."""
    rest, is_first = b"", True
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if is_first and lines:
            yield lines[:1]
            lines, is_first = lines[1:], False
        if lines:
            yield lines
    if rest or is_first:
        raise ValueError("it breaks off")


@cache
def code_hash() -> str:
    """The hash of all that lines are made by: a release that changes any of it makes them anew."""
    digest = sha256(f"{python_version} {version('tantivy')}".encode())
    for folder in _FOLDERS:
        for path in sorted((_ROOT / folder).rglob("*")):
            if path.is_file() and path.parent.name != "__pycache__" and path.suffix != ".md":
                digest.update(f"{path.relative_to(_ROOT)} {path.stat().st_size} ".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
