"""What tests of values are made of, each told for a whole column at once.

Every test takes an Arrow array of trimmed texts without nulls, and returns as many booleans. What
is made of digits is computed by NumPy on the bytes of the texts.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Texts: TypeAlias = Any
"""An Arrow array of strings; pyarrow has no types of its own."""

Flags: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]
Digits: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int64]]
"""One row for each value, one column for each of its digits."""

Counts: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
"""How often each of as many values occurs."""

Numbers: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Test = Callable[[Texts], Flags]

_FEW = 1_000


def matching(pattern: str) -> Test:
    """Return the test for texts that fit a regular expression (RE2) as a whole."""
    return lambda texts: flags_of(pc.match_substring_regex(texts, f"^(?:{pattern})$"))


def among(codes: Iterable[str]) -> Test:
    """Return the test for texts of a list of valid codes."""
    valid_codes = frozenset(codes)
    listed = pa.array(list(valid_codes), pa.string())

    def test(texts: Texts) -> Flags:
        # Arrow hashes the whole list anew at each call: too much for a few texts.
        if len(texts) > _FEW:
            return flags_of(pc.is_in(texts, listed))
        return np.fromiter((text in valid_codes for text in texts.to_pylist()), bool, len(texts))

    return test


def within(degrees: int) -> Test:
    """Return the test for decimal numbers of at most so many degrees above or below zero."""

    def test(texts: Texts) -> Flags:
        matches = matching(r"-?[0-9]{1,3}[.,][0-9]+")(texts)
        numbers = pc.replace_substring(texts.filter(pa.array(matches)), ",", ".")
        values = numbers.cast(pa.float64()).to_numpy(zero_copy_only=False)
        matches[matches] = np.abs(values) <= degrees
        return matches

    return test


def flags_of(booleans: Texts) -> Flags:
    """Return an Arrow array of booleans as a NumPy array, which can be changed."""
    flags: Flags = booleans.to_numpy(zero_copy_only=False).astype(bool)
    return flags


def bytes_behind(texts: Texts) -> bytes:
    """Return the bytes that hold an array: they are searched faster than its texts."""
    kept = texts.buffers()[2]
    return kept.to_pybytes() if kept else b""


def checked(texts: Texts, length: int, test: Callable[[Digits], Flags]) -> Flags:
    """Tell which texts are `length` digits that pass `test`."""
    matches = matching(f"[0-9]{{{length}}}")(texts)
    matches[matches] = test(digits_of(texts.filter(pa.array(matches)), length))
    return matches


def digits_of(texts: Texts, length: int) -> Digits:
    """Return the digits of texts of `length` digits each, read from Arrow's memory."""
    start, end = texts.offset * length, (texts.offset + len(texts)) * length
    kept = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[start:end]
    return kept.reshape(-1, length).astype(np.int64) - ord("0")


def number_of(digits: Digits) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return each row of digits as one number."""
    powers = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    number: np.ndarray[tuple[int], np.dtype[np.int64]] = digits @ powers
    return number
