"""Reads the lists of codes beside it, whose README says what stands in them.

Codes are NumPy's byte strings (`S`): a service that looks up some loads neither Arrow nor an object
for each.
"""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_FOLDER = Path(__file__).parent
_YEARS = frozenset({"first", "last"})

CodeArray: TypeAlias = NDArray[np.bytes_]
"""Codes, empty where there is none."""

CodeList: TypeAlias = Mapping[str, NDArray[Any]]
"""The columns of a list by their names: codes, or years."""


def read_codes(name: str) -> CodeList:
    """Read a list of codes."""
    path = _FOLDER / name
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    header, *lines = content.splitlines()
    names, cells = header.decode().split(";"), b";".join(lines).split(b";")
    columns = {column: np.array(cells[at :: len(names)]) for at, column in enumerate(names)}
    return columns | {year: columns[year].astype(np.int64) for year in _YEARS & columns.keys()}


def chosen(codes: CodeList, places: NDArray[Any]) -> CodeList:
    """Return the lines of a list at these positions, or where a mask is set."""
    return {name: column[places] for name, column in codes.items()}
