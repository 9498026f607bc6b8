"""Reads the files of shared/engine/reading/reference, whose README says what stands in them."""

from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

_FOLDER = Path(__file__).resolve().parents[1] / "reference"

Arrow: TypeAlias = Any
"""A table or an array of Arrow; pyarrow has no types of its own."""


def read_reference(name: str) -> Arrow:
    """Read a reference file as a table of text; empty cells stay empty."""
    options = pa_csv.ParseOptions(delimiter=";")
    with pa.input_stream(str(_FOLDER / name)) as file:
        header = file.read(200).partition(b"\n")[0].decode().split(";")
    types = dict.fromkeys(header, pa.string())
    convert = pa_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    return pa_csv.read_csv(_FOLDER / name, parse_options=options, convert_options=convert)


def unfolded(name: str) -> Arrow:
    """Return texts that the file groups by prefix."""
    lines = read_reference(name)
    suffixes = pc.split_pattern(lines["suffixes"].combine_chunks(), " ")
    prefixes = lines["prefix"].combine_chunks().take(pc.list_parent_indices(suffixes))
    return pc.binary_join_element_wise(prefixes, pc.list_flatten(suffixes), "")


@cache
def _lists() -> dict[str, str]:
    # Read when modules are imported: Arrow would start its threads for it.
    lines = (_FOLDER / "words.csv").read_text(encoding="utf-8").splitlines()
    return {name: listed for name, _, listed in (line.partition(";") for line in lines)}


def any_word(name: str) -> str:
    """Return a regular expression that matches any word of a list of words.csv."""
    return f"(?:{_lists()[name]})"


def words(name: str) -> list[str]:
    """Return a list of words.csv."""
    return _lists()[name].split("|")
