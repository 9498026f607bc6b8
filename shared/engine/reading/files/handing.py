"""Hands files to a treatment: unpacked for own code, and to all else a table that lists them."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from shared.engine.applications import traits_of
from shared.engine.contract.work import Work, files_beside
from shared.engine.reading.files.contents import each_file
from shared.engine.reading.repairs import Repairs
from shared.engine.tables.files import no_table
from shared.errors import Invalid

_SCHEMA = pa.schema([("fichier", pa.string()), ("octets", pa.int64())])


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
