"""The files of an upload: those of a ZIP archive by their names, or the upload itself.

An archive is whatever is called .zip: a document or a book, which are ZIP files as well, stays one
file. A name that could lead out of a folder, or that two files have, is refused and not mended:
code reads the files under these names.
"""

import stat
import zipfile
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import IO

import pyarrow as pa
from pyarrow import parquet

from shared.engine.applications import traits_of
from shared.engine.contract.work import Work, files_beside
from shared.engine.reading.files.media_types import START
from shared.engine.reading.formats.archive import check_is_open, check_size, explained, is_a_file
from shared.engine.reading.repairs import Repairs
from shared.engine.tables.files import no_table
from shared.errors import Invalid, Rejected
from shared.language.french import counted, legible, quoted

_SCHEMA = pa.schema([("fichier", pa.string()), ("octets", pa.int64())])

MOST_FILES = 10_000
"""In one archive."""

_NAME_BYTES, _PART_BYTES, _DEEPEST = 500, 255, 20
_UTF8 = 0x800
"""The flag by which a member says that its name is UTF-8."""

_UNKNOWN_HOST = "cp437"
"""What zipfile reads other names as."""


def is_archive(filename: str) -> bool:
    """Whether an upload of that name is opened as an archive."""
    return filename.lower().endswith(".zip")


def each_file(
    source: Path, filename: str, repairs: Repairs
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each file's name and bytes; read the bytes before you ask for the next file.

    What is left out of an archive, and names that are guessed, are noted. Raises Rejected, in
    French, for an archive that is broken, closed, empty or too large, or a name that cannot be
    kept.
    """
    if not is_archive(filename):
        _check_name(filename)
        with source.open("rb") as file:
            yield filename, _chunks(file)
        return
    with explained(), _opened(source) as archive:
        unpacked = _Unpacked(source.stat().st_size)
        for name, info in _members_of(archive, repairs):
            with archive.open(info) as file:
                yield name, unpacked.counted(_chunks(file))


class _Unpacked:
    """How much came out of an archive so far."""

    def __init__(self, size: int) -> None:
        self._size, self._written = size, 0

    def counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the chunks, up to the limit; an error of a broken archive becomes Rejected."""
        with explained():
            for chunk in chunks:
                self._written += len(chunk)
                check_size(self._written, 0, self._size)
                yield chunk


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(START):
        yield chunk


def _members_of(archive: zipfile.ZipFile, repairs: Repairs) -> list[tuple[str, zipfile.ZipInfo]]:
    """Return the files of an archive with their final names, sorted by these."""
    listed = [member for member in archive.infolist() if not member.is_dir()]
    for hidden in (member for member in listed if not is_a_file(member)):
        repairs.note("hidden_files", detail=_name_of(hidden, Repairs()))
    kept = [member for member in listed if is_a_file(member)]
    if not kept:
        raise Rejected("l'archive ne contient aucun fichier")
    if len(kept) > MOST_FILES:
        raise Rejected(
            f"l'archive contient {counted(len(kept), 'fichier', 'fichiers')} ; {MOST_FILES} au plus"
            " sont gardés : coupez-la en plusieurs jeux"
        )
    named = ((_name_of(member, repairs), member) for member in kept)
    members = sorted(named, key=itemgetter(0))
    for name, info in members:
        _check_kind(name, info)
        _check_name(name)
    _check_apart(name for name, _ in members)
    return members


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except UnicodeDecodeError as error:
        raise Rejected("un nom de fichier de l'archive se dit en UTF-8, et ne l'est pas") from error


def _name_of(info: zipfile.ZipInfo, repairs: Repairs) -> str:
    """Return the name as its sender wrote it: many archives do not give the encoding."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8 and not name.isascii():
        written = name.encode(_UNKNOWN_HOST)
        try:
            name = written.decode()
        except UnicodeDecodeError:
            name = written.decode("cp850")
            repairs.note("foreign_names", detail=name)
    return name.replace("\\", "/")


def _check_kind(name: str, info: zipfile.ZipInfo) -> None:
    check_is_open(info)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise Rejected(f"{quoted(name)} est un lien vers un autre fichier : mettez-y le fichier")
    if kind not in {0, stat.S_IFREG}:
        raise Rejected(f"{quoted(name)} n'est pas un fichier ordinaire")


def _check_name(name: str) -> None:
    """Raise Rejected for a name that leads out of its folder, is too long, or misleads a reader."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise Rejected(f"{quoted(name)} mène hors de son dossier : renommez ce fichier")
    try:
        legible(name)
    except ValueError as error:
        raise Rejected(f"le nom {quoted(name)} {error}") from error
    sizes = [len(part.encode("utf-8", "replace")) for part in parts]
    if max(sizes) > _PART_BYTES or sum(sizes) > _NAME_BYTES or len(parts) > _DEEPEST:
        raise Rejected(
            f"le nom {quoted(name[:80])} est trop long : {_NAME_BYTES} octets et {_DEEPEST}"
            " dossiers au plus"
        )


def _check_apart(names: Iterable[str]) -> None:
    """Raise Rejected for a name of two files, or of a file and a folder."""
    files, folders = set[str](), set[str]()
    for name in names:
        if name in files:
            raise Rejected(f"l'archive a plusieurs fichiers du nom {quoted(name)}")
        files.add(name)
        folders.update(_folders_of(name))
    if both := sorted(files & folders):
        raise Rejected(f"{quoted(both[0])} est un fichier et un dossier de l'archive")


def _folders_of(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def hand_over(folder: Path, work: Work) -> Work:
    """Return the work with each dataset of files replaced by a table of their names and sizes.

    Beside the table, without its ending, lies a folder with the files themselves: `files_beside`.
    Rules that go by rows so count each file as one. Raises Invalid, in French, naming the role, for
    a step that takes files for a table.
    """
    _check_readers(work)
    inputs = dict(work.inputs)
    for number, (name, upload) in enumerate(work.uploads.items()):
        inputs[name] = f"out/files-{number}.parquet"
        _unpack(folder / work.inputs[name], upload, folder / inputs[name])
    return work.model_copy(update={"inputs": inputs})


def _check_readers(work: Work) -> None:
    for number, step in enumerate(work.steps):
        for role, name in step.inputs.items():
            if name in work.uploads and not traits_of(step).reads_files:
                raise Invalid(no_table(name), f"steps.{number}.inputs.{role}")


def _unpack(source: Path, upload: str, table: Path) -> None:
    into, names, sizes = files_beside(table), list[str](), list[int]()
    for name, chunks in each_file(source, upload, Repairs()):
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(chunks)
        names.append(name)
        sizes.append(path.stat().st_size)
    parquet.write_table(pa.table([names, sizes], schema=_SCHEMA), table)
