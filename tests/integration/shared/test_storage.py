"""Files are found by their content, and what fails leaves nothing behind."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.errors import Invalid, NotFound, TooLarge, Unavailable
from shared.events import FileRef
from shared.storage import CHUNK, Storage

ABSENT = FileRef(sha256="0" * 64, size=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the local store keeps its files; nothing is there yet."""
    return tmp_path / "été & co" / "files"


@pytest.fixture
def storage(root: Path) -> Storage:
    """A store in a local folder."""
    return Storage(f"file://{root}")


def names(root: Path) -> list[str]:
    """Every file below `root`."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_file_lies_at_its_sha256(storage: Storage, root: Path) -> None:
    """Anybody can check that a file is what its reference says."""
    ref = storage.put([b"code;nom\n", b"14118;Caen\n"], "text/csv")
    digest = hashlib.sha256(b"code;nom\n14118;Caen\n").hexdigest()
    assert ref == FileRef(sha256=digest, size=20, media_type="text/csv")
    assert names(root) == [f"sha256/{digest[:2]}/{digest}"]


@pytest.mark.parametrize("url", ["file://{}", "memory://{}"])
def test_file_comes_back_byte_for_byte(url: str, tmp_path: Path) -> None:
    """In any store that fsspec knows, in pieces or whole, however it was cut when written."""
    storage = Storage(url.format(tmp_path / uuid4().hex))
    content = os.urandom(CHUNK + 17)
    ref = storage.put([content[:5], b"", content[5:]], "application/octet-stream")
    assert [len(chunk) for chunk in storage.chunks(ref)] == [CHUNK, 17]
    assert storage.read(ref) == content
    storage.check(0)


def test_same_bytes_twice_are_one_file(storage: Storage, root: Path) -> None:
    """However often a table is uploaded, it is kept once; only then something may refer to it."""
    for pieces, was_stored in (([b"same"], False), ([b"sa", b"me"], True), ([b"other"], False)):
        writer = storage.writer()
        for piece in pieces:
            writer.write(piece)
        assert writer.is_stored() is was_stored
        ref = writer.commit()
        assert storage.read(ref) == b"".join(pieces)
    assert len(names(root)) == 2


def test_concurrent_writers_of_the_same_bytes_agree(storage: Storage, root: Path) -> None:
    """None of them fails, and a reader never sees half a file."""
    content = os.urandom(300_000)
    ref = storage.put([content], "text/csv")

    def write(_number: int) -> tuple[str, bytes]:
        written = storage.put([content[:100], content[100:]], "text/csv")
        return written.sha256, storage.read(ref)

    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(write, range(40)))
    assert results == {(ref.sha256, content)}
    assert len(names(root)) == 1


def test_file_over_the_limit_leaves_nothing(storage: Storage, root: Path) -> None:
    """The upload ends at the first byte too many; no bytes are nobody's dataset.

    A manifest is small: whatever claims to be one and is not stays on disk.
    """
    writer = storage.writer(limit=10)
    writer.write(b"0123456789")
    with pytest.raises(TooLarge, match="dépasse 10 octets"):
        writer.write(b"x")
    with pytest.raises(TooLarge):
        storage.put([b"0" * 11], "text/csv", limit=10)
    with pytest.raises(Invalid) as caught:
        storage.put([b"", b""], "text/csv")
    assert (caught.value.field, names(root)) == ("file", [])
    ref = storage.put([b"01234", b"56789"], "text/csv", limit=10)
    with pytest.raises(TooLarge):
        storage.read(ref, limit=9)
    assert storage.read(ref, limit=10) == b"0123456789"


def test_aborted_upload_leaves_nothing(storage: Storage, root: Path) -> None:
    """Once or twice makes no difference; after the commit it takes nothing away."""
    writer = storage.writer()
    writer.write(b"half")
    assert len(names(root)) == 1
    writer.abort()
    writer.abort()
    assert names(root) == []
    writer = storage.writer()
    writer.write(b"whole")
    ref = writer.commit()
    writer.abort()
    assert storage.read(ref) == b"whole"


def test_source_that_breaks_off_leaves_nothing(storage: Storage, root: Path) -> None:
    """A client that goes away in the middle of its upload is forgotten."""

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.put(broken(), "text/csv")
    assert names(root) == []


@pytest.mark.parametrize("url", ["file://{}", "memory://{}"])
def test_sweep_keeps_what_is_being_written(url: str, tmp_path: Path) -> None:
    """However old a store is; a store without any upload is swept as well."""
    storage = Storage(url.format(tmp_path / uuid4().hex))
    assert storage.sweep(timedelta()) == 0
    writer = storage.writer()
    writer.write(b"half of it")
    assert storage.sweep(timedelta(minutes=5)) == 0
    assert storage.read(writer.commit()) == b"half of it"


def test_upload_of_a_killed_process_is_swept_a_while_later(storage: Storage, root: Path) -> None:
    """Nobody will finish it; what was stored stays."""
    ref = storage.put([b"kept"], "text/csv")
    storage.writer().write(b"half of it")
    (left,) = (root / "tmp").iterdir()
    for path in (left, Path(storage.address(ref))):
        os.utime(path, (0, 0))
    assert storage.sweep(timedelta(days=1)) == 1
    assert not left.exists()
    assert storage.read(ref) == b"kept"


def test_unknown_reference_is_not_found(storage: Storage) -> None:
    """Whether or not anything was ever stored."""
    with pytest.raises(NotFound, match="pas dans le stockage"):
        storage.read(ABSENT)
    storage.put([b"x"], "text/csv")
    with pytest.raises(NotFound):
        next(storage.chunks(ABSENT))


@pytest.fixture(params=["file", "/proc/nowhere"])
def unwritable(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place where nothing can be stored, by root either."""
    if request.param == "file":
        (tmp_path / "taken").write_text("a file where the folder should be")
        return str(tmp_path / "taken")
    return str(request.param)


def test_unwritable_store_is_not_ready_and_unavailable(unwritable: str) -> None:
    """The service says so on /readyz; a handler's failure is worth another try.

    An HTTP client reads the message: it does not show where files lie.
    """
    storage = Storage(f"file://{unwritable}")
    with pytest.raises(Unavailable, match="does not answer") as caught:
        storage.put([b"x"], "text/csv")
    assert unwritable not in str(caught.value)
    with pytest.raises(Unavailable, match="does not answer"):
        storage.check(0)


def test_store_that_becomes_unwritable_is_no_longer_ready(storage: Storage, root: Path) -> None:
    """A folder that was there at the start proves nothing later.

    On a nearly full disk small files would still fit; what people upload would not.
    """
    storage.check(0)
    assert names(root) == []
    full = r"^the disk of the file store is nearly full: only \d+ MB"
    with pytest.raises(Unavailable, match=full):
        storage.check(10**18)
    (root / "tmp").rmdir()
    (root / "tmp").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="does not answer"):
        storage.check(0)


def test_full_disk_is_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    """The last bytes that do not fit are noticed, at the latest when the file is closed."""
    storage = Storage(f"file://{tmp_path}")
    writer = storage.writer()
    writer._file.close()
    writer._file = Path("/dev/full").open("wb")  # noqa: SIM115 - the writer closes it
    writer.write(b"a little")
    with pytest.raises(Unavailable, match="No space left on device"):
        writer.commit()
    assert names(tmp_path) == []


def test_every_call_that_may_wait_goes_through_the_given_caller(root: Path) -> None:
    """A service gives a thread pool: not one call to a slow store may hold up its hub."""
    written_names: list[str] = []

    def call(function: Callable[..., Any], *arguments: object) -> Any:
        written_names.append(function.__name__)
        return function(*arguments)

    storage = Storage(f"file://{root}", call)
    ref = storage.put([b"x"], "text/csv")
    assert storage.read(ref) == b"".join(storage.chunks(ref)) == b"x"
    storage.writer().abort()
    storage.check(1)
    expected = ["makedirs", "open", "write", "close", "makedirs", "mv"]
    expected += ["cat_file", "open", "read", "read"]
    expected += ["makedirs", "open", "close", "rm", "makedirs", "check_disk", "pipe_file", "rm"]
    assert written_names == expected


def test_erased_file_is_gone_unless_it_was_put_again_meanwhile(storage: Storage) -> None:
    """A young one is somebody's whose document comes yet; what is gone may be erased again."""
    file = storage.put([b"x"], "text/plain")
    assert not storage.erase(file, timedelta(minutes=1))
    assert storage.read(file) == b"x"
    for _ in range(2):
        assert storage.erase(file, timedelta())
    with pytest.raises(NotFound):
        storage.read(file)
    old = datetime.now(UTC).timestamp() - 3600
    os.utime(storage.address(storage.put([b"x"], "text/plain")), (old, old))
    storage.put([b"x"], "text/plain")
    assert not storage.erase(file, timedelta(minutes=1))


def test_object_store_is_named_without_asyncio() -> None:
    """What fsspec has for it fails in an eventlet process; nothing is contacted yet."""
    storage = Storage("s3://bucket/lab/files?region=eu-west-3")
    assert storage.path("x") == "bucket/lab/files/x"
    assert not getattr(storage._fs, "async_impl", False)
