"""Takes in an upload that is files: lists what is in it, and keeps it as it is."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Say
from shared.engine.reading.files.contents import each_file, is_archive
from shared.engine.reading.files.media_types import START, kind_of
from shared.engine.reading.formats.archive import MAPS
from shared.engine.reading.repairs import Repairs
from shared.engine.tables.files import LISTING, NAMED, FileSummary, ListedFile
from shared.engine.tables.manifest import Profile
from shared.engine.tables.privacy import unexamined
from shared.errors import Rejected

_CLOSED = ("application/x-tar", "application/x-7z-compressed", "application/vnd.rar")
_CLOSED_ENDINGS = (
    *(".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst"),
    *(".7z", ".rar"),
)
_TABLES = (
    *(".csv", ".tsv", ".xlsx", ".xls", ".ods", ".parquet", ".geojson", ".jsonl", ".ndjson"),
    *MAPS,
)
"""Endings of what is read as a table elsewhere."""


def ingest_files(
    folder: Path, work: Work, _memory_bytes: int, say: Say
) -> tuple[list[OutputFile], list[Report]]:
    """List the files of the job's only input; returns the list and a profile of them.

    Raises Rejected, in French, for an archive that cannot be kept as files, naming what is wrong.
    """
    (input_name,) = work.inputs.values()
    repairs = Repairs()
    say(0.0, "regarde les fichiers")
    listed = list(_listed(folder / input_name, work.filename, repairs))
    if not is_archive(work.filename) and _is_closed(listed[0]):
        raise Rejected(
            "cette archive n'est pas ouverte ici : déposez les mêmes fichiers dans une archive ZIP"
            " (.zip)"
        )
    _note(listed, repairs)
    with (folder / "out" / LISTING).open("w") as file:
        file.writelines(
            f"{listed_file.model_dump_json(exclude_none=True)}\n" for listed_file in listed
        )
    ending = PurePosixPath(work.filename).suffix.lower().removeprefix(".")
    profile = Profile(
        rows=0,
        format="zip" if is_archive(work.filename) else ending,
        encoding="binary",
        columns=(),
        repairs=repairs.all(),
        privacy=unexamined(len(listed)),
        files=_summary(listed),
    )
    listing = OutputFile(name=LISTING, path=f"out/{LISTING}", media_type="application/jsonl")
    return [listing], [profile.model_dump(mode="json")]


def _listed(source: Path, filename: str, repairs: Repairs) -> Iterator[ListedFile]:
    for name, chunks in each_file(source, filename, repairs):
        digest, size, start = hashlib.sha256(), 0, b""
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            start += chunk[: START - len(start)]
        kind = kind_of(start)
        yield ListedFile(name=name, size=size, sha256=digest.hexdigest(), **kind._asdict())


def _summary(listed: list[ListedFile]) -> FileSummary:
    return FileSummary(
        count=len(listed),
        size=sum(listed_file.size for listed_file in listed),
        media_types=dict(Counter(listed_file.media_type for listed_file in listed).most_common()),
        names=tuple(listed_file.name for listed_file in listed[:NAMED]),
    )


def _is_closed(file: ListedFile) -> bool:
    """Whether it is an archive of a kind that is not opened."""
    return file.media_type in _CLOSED or file.name.lower().endswith(_CLOSED_ENDINGS)


def _note(listed: list[ListedFile], repairs: Repairs) -> None:
    """Tell the owner which files would be more useful in another form."""
    for file in listed:
        name = file.name.lower()
        if name.endswith(_TABLES):
            repairs.note("tables_inside", detail=file.name)
        elif _is_closed(file) or is_archive(name):
            repairs.note("archives_inside", detail=file.name)
