"""Files by their content: written under a temporary name, hashed on the way, then renamed.

Any fsspec URL serves (`file://`, `s3://`); a file's address is its sha256, so writing the same
bytes twice keeps one file and a crash leaves at most a temporary name behind.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import fsspec

from shared.errors import Invalid, NotFound, TooLarge, Unavailable
from shared.events import FileRef

CHUNK = 1 << 20


class Writer:
    """An open upload: `write` chunks, then `commit` for the reference, or `abort`.

    Raises TooLarge as soon as more than `limit` bytes came.
    """

    def __init__(self, storage: "Storage", limit: int | None) -> None:
        self._storage, self._limit = storage, limit
        self._hash, self.size = hashlib.sha256(), 0
        self._name = storage.path(f"tmp/{secrets.token_hex(16)}")
        self._file: IO[bytes] = storage.open(self._name, "wb")
        self._open = True

    def write(self, chunk: bytes) -> int:
        """Append `chunk`; returns its length like any writable file."""
        self.size += len(chunk)
        if self._limit is not None and self.size > self._limit:
            self.abort()
            raise TooLarge(f"the file is larger than {self._limit} bytes")
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise Unavailable(f"the file store takes no more: {error}") from error
        return len(chunk)

    def abort(self) -> None:
        """Forget what was written; harmless when that is done already."""
        if self._open:
            self._open = False
            with suppress(OSError):  # a full disk refuses the last bytes once more
                self._file.close()
            self._storage.remove(self._name)

    def commit(self, media_type: str = "application/octet-stream") -> FileRef:
        """Give the file its final address and return the reference.

        Raises Invalid when nothing was written: an empty file is nobody's dataset.
        """
        if self.size == 0:
            self.abort()
            raise Invalid("the file is empty", "file")
        self._open = False
        self._file.close()
        ref = FileRef(sha256=self._hash.hexdigest(), size=self.size, media_type=media_type)
        self._storage.rename(self._name, self._storage.address(ref))
        return ref


class Storage:
    """The shared file store behind one fsspec URL.

    Raises Unavailable when the store does not answer, NotFound for an unknown reference.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url, auto_mkdir=True)

    def path(self, name: str) -> str:
        """The full path of `name` under the store's root."""
        return f"{self._root}/{name}"

    def address(self, ref: FileRef) -> str:
        """Where the file of that content lies."""
        return self.path(f"sha256/{ref.sha256[:2]}/{ref.sha256}")

    def open(self, path: str, mode: str) -> Any:  # noqa: ANN401 - fsspec's files are untyped
        """Open a full path; fails as the class says."""
        try:
            return self._fs.open(path, mode)
        except FileNotFoundError as error:
            raise NotFound("no such file in the store") from error
        except OSError as error:
            raise Unavailable(f"the file store does not answer: {error}") from error

    def rename(self, old: str, new: str) -> None:
        """Move a finished temporary file to its address, in place of the same bytes if there."""
        self._fs.makedirs(new.rsplit("/", 1)[0], exist_ok=True)
        self._fs.mv(old, new)

    def remove(self, path: str) -> None:
        """Delete a temporary file."""
        self._fs.rm(path)

    def writer(self, limit: int | None = None) -> Writer:
        """Start an upload of at most `limit` bytes."""
        return Writer(self, limit)

    def put(self, chunks: Iterable[bytes], media_type: str, limit: int | None = None) -> FileRef:
        """Store a file from its chunks."""
        writer = self.writer(limit)
        for chunk in chunks:
            writer.write(chunk)
        return writer.commit(media_type)

    def put_file(self, source: Path, media_type: str) -> FileRef:
        """Store a local file."""
        with source.open("rb") as file:
            return self.put(iter(lambda: file.read(CHUNK), b""), media_type)

    def chunks(self, ref: FileRef) -> Iterator[bytes]:
        """Read a stored file piece by piece."""
        with self.open(self.address(ref), "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def read(self, ref: FileRef, limit: int = 10_000_000) -> bytes:
        """Read a small stored file whole; TooLarge above `limit` bytes."""
        if ref.size > limit:
            raise TooLarge(f"{ref.size} bytes are more than {limit}")
        return b"".join(self.chunks(ref))

    def fetch(self, ref: FileRef, target: Path) -> None:
        """Copy a stored file to a local path."""
        with target.open("wb") as out:
            for chunk in self.chunks(ref):
                out.write(chunk)

    def is_ready(self) -> bool:
        """Whether the store can be written to."""
        try:
            self._fs.makedirs(self.path("tmp"), exist_ok=True)
        except OSError:
            return False
        return True
