"""Files by their content: written under a temporary name, hashed on the way, then renamed.

Any fsspec URL serves; object stores are written as Arrow reads them, for instance
`s3://bucket/folder?region=eu-west-3` or `?endpoint_override=host:9000&scheme=http`, with their
credentials where their clients look for them. A file's address is its sha256, so writing the same
bytes twice keeps one file. A crash leaves a temporary name, which is swept, or a file that nothing
refers to, which the service that put it erases (shared/endings/orphans.py).
"""

import hashlib
import operator
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from shared.errors import Invalid, LabError, NotFound, TooLarge, Unavailable
from shared.events.event import FileRef

CHUNK = 1 << 20

_ARROW = ("s3://", "gs://")
"""Stores that fsspec alone would reach through asyncio, which cannot run beside eventlet."""


class Writer:
    """An open upload: `write` chunks, then `commit` for the reference, or `abort`.

    Raises TooLarge as soon as more than `limit` bytes came; what fails leaves no file behind.
    """

    def __init__(self, storage: "Storage", limit: int | None) -> None:
        self._storage, self._limit = storage, limit
        self._hash, self.size = hashlib.sha256(), 0
        self._name = storage.path(f"tmp/{secrets.token_hex(16)}")
        self._file = storage.create(self._name)
        self._open = True

    def write(self, chunk: bytes) -> int:
        """Append `chunk`; returns its length like any writable file."""
        self.size += len(chunk)
        if self._limit is not None and self.size > self._limit:
            self.abort()
            raise TooLarge.beyond(self._limit, "le fichier", "file")
        self._hash.update(chunk)
        self._storage.do(self._file.write, chunk)
        return len(chunk)

    def abort(self) -> None:
        """Forget what was written; harmless when that is done already."""
        if self._open:
            self._open = False
            # A full disk refuses the last bytes once more, and a store may have gone altogether.
            with suppress(LabError):
                self._storage.do(self._file.close)
            with suppress(LabError):
                self._storage.remove(self._name)

    def commit(self, media_type: str = "application/octet-stream") -> FileRef:
        """Give the file its final address and return the reference.

        Raises Invalid when nothing was written: an empty file is nobody's dataset.
        """
        if self.size == 0:
            self.abort()
            raise Invalid("le fichier est vide", "file")
        ref = self._reference(media_type)
        try:
            self._storage.do(self._file.close)
            self._storage.note(ref)
            self._storage.rename(self._name, self._storage.address(ref))
        except LabError:
            self.abort()
            raise
        self._open = False
        return ref

    def is_stored(self) -> bool:
        """Whether the store has the bytes that were written already, asked before `commit`."""
        return self._storage.has(self._reference())

    def _reference(self, media_type: str = "") -> FileRef:
        return FileRef(sha256=self._hash.hexdigest(), size=self.size, media_type=media_type)


class Storage:
    """The shared file store behind one fsspec URL.

    `call(function, *arguments)` makes every call that may wait; a service gives eventlet's thread
    pool, so that a slow store keeps nobody else waiting. `note` is told of every file before it
    gets its address (shared/endings/orphans.py). Raises Unavailable when the store does not answer,
    NotFound for an unknown reference.
    """

    def __init__(
        self,
        url: str,
        call: Callable[..., Any] | None = None,
        note: Callable[[FileRef], object] = lambda _ref: None,
    ) -> None:
        self._fs, self._root = _file_system(url)
        self._call, self.note = call or operator.call, note

    def path(self, name: str) -> str:
        """The full path of `name` under the store's root."""
        return f"{self._root}/{name}"

    def address(self, ref: FileRef) -> str:
        """Where the file of that content lies."""
        return self.path(f"sha256/{ref.sha256[:2]}/{ref.sha256}")

    def do(self, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Call the file system; what fails, fails as the class says."""
        try:
            return self._call(function, *arguments)
        except Exception as error:
            raise _unavailable(error) from error

    def has(self, ref: FileRef) -> bool:
        """Whether the file of that content is in the store."""
        return bool(self.do(self._fs.exists, self.address(ref)))

    def create(self, path: str) -> Any:  # noqa: ANN401 - fsspec's files are untyped
        """A new file to write to, at a full path."""
        self._make_folder_of(path)
        return self.do(self._fs.open, path, "wb")

    def rename(self, old: str, new: str) -> None:
        """Move a finished temporary file to its address, in place of the same bytes if there."""
        self._make_folder_of(new)
        self.do(self._fs.mv, old, new)

    def remove(self, path: str) -> None:
        """Delete a temporary file."""
        self.do(self._fs.rm, path)

    def erase(self, ref: FileRef, age: timedelta) -> bool:
        """Delete a stored file, unless it was put within `age`; whether it is gone.

        It is moved aside first, so that the same bytes that are put meanwhile stay.
        """
        path, aside = self.address(ref), self.path(f"tmp/{secrets.token_hex(16)}")
        before = datetime.now(UTC) - age
        try:
            if self._stored(ref, self._fs.modified) > before:
                return False
            self.rename(path, aside)
        except NotFound:
            return True
        if self.do(self._fs.modified, aside) > before:
            self.rename(aside, path)
            return False
        self.remove(aside)
        return True

    def sweep(self, age: timedelta) -> int:
        """Delete what uploads left behind that broke off longer than `age` ago; how many."""
        folder, before, swept = self.path("tmp"), datetime.now(UTC) - age, 0
        self._make_folder_of(f"{folder}/any")
        for path in self.do(self._fs.ls, folder, False):
            # Another process may be sweeping, too.
            with suppress(LabError):
                if self.do(self._fs.modified, path) < before:
                    self.remove(path)
                    swept += 1
        return swept

    def writer(self, limit: int | None = None) -> Writer:
        """Start an upload of at most `limit` bytes."""
        return Writer(self, limit)

    def put(self, chunks: Iterable[bytes], media_type: str, limit: int | None = None) -> FileRef:
        """Store a file from its chunks; whatever they raise leaves nothing behind."""
        writer = self.writer(limit)
        try:
            for chunk in chunks:
                writer.write(chunk)
            return writer.commit(media_type)
        except BaseException:
            writer.abort()
            raise

    def chunks(self, ref: FileRef) -> Iterator[bytes]:
        """Read a stored file piece by piece."""
        with self._stored(ref, self._fs.open, "rb") as file:
            while chunk := self.do(file.read, CHUNK):
                yield bytes(chunk)

    def read(self, ref: FileRef, limit: int = 10_000_000) -> bytes:
        """Read a small stored file whole, in one call; TooLarge above `limit` bytes."""
        if ref.size > limit:
            raise TooLarge.beyond(limit, "le fichier")
        return bytes(self._stored(ref, self._fs.cat_file))

    def check(self, least_free_bytes: int) -> None:
        """Write a file and take it away; Unavailable when that fails or the disk is nearly full."""
        probe = self.path(f"tmp/{secrets.token_hex(16)}")
        self._make_folder_of(probe)
        if isinstance(self._fs, LocalFileSystem):
            self._call(check_disk, self._root, least_free_bytes, "the file store")
        self.do(self._fs.pipe_file, probe, b"ready")
        self.remove(probe)

    def _stored(self, ref: FileRef, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - fsspec's files are untyped
        try:
            return self._call(function, self.address(ref), *arguments)
        except FileNotFoundError as error:
            raise NotFound("ce fichier n'est pas dans le stockage") from error
        except Exception as error:
            raise _unavailable(error) from error

    def _make_folder_of(self, path: str) -> None:
        self.do(self._fs.makedirs, path.rsplit("/", 1)[0], True)


def check_disk(folder: str | Path, least_free_bytes: int, what: str) -> None:
    """Raise Unavailable while the disk of `folder`, which holds `what`, has less space left."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise Unavailable(f"the disk of {what} cannot be looked at: {error.strerror}") from error
    if free < least_free_bytes:
        megabytes = f"only {free / 1e6:.0f} MB are free, {least_free_bytes / 1e6:.0f} are needed"
        raise Unavailable(f"the disk of {what} is nearly full: {megabytes}")


def _file_system(url: str) -> tuple[Any, str]:
    if not url.startswith(_ARROW):
        file_system, root = fsspec.core.url_to_fs(url)
        return file_system, root
    # Imported here: a local store needs neither the half second nor the memory.
    from fsspec.implementations.arrow import ArrowFSWrapper  # noqa: PLC0415
    from pyarrow.fs import FileSystem  # noqa: PLC0415

    arrow, root = FileSystem.from_uri(url)
    return ArrowFSWrapper(arrow), root


def _unavailable(error: Exception) -> Unavailable:
    # Every backend fails in its own way, and says paths and addresses that are not for clients.
    reason = getattr(error, "strerror", None) or type(error).__name__
    return Unavailable(f"the file store does not answer: {reason}")
