"""Which values of a column are valid identifiers of a kind, told for all of them at once.

Every test takes an Arrow array of trimmed texts without nulls, and returns as many booleans. Check
digits are computed by NumPy on the bytes of the texts.
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

Test = Callable[[Texts], Flags]

_FEW = 1_000

_UAI_LETTERS = np.array(list("ABCDEFGHJKLMNPRSTUVWXYZ"))
NIR_MONTH = "(0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])"


def matching(pattern: str) -> Test:
    """Texts that fit a regular expression (RE2) as a whole."""
    return lambda texts: _fits(texts, pattern)


def among(codes: Iterable[str]) -> Test:
    """Texts that stand in a list of valid codes."""
    known = frozenset(codes)
    listed = pa.array(list(known), pa.string())

    def test(texts: Texts) -> Flags:
        # Arrow hashes the whole list anew at each call: too much for a few texts.
        if len(texts) > _FEW:
            return flags_of(pc.is_in(texts, listed))
        return np.fromiter((text in known for text in texts.to_pylist()), bool, len(texts))

    return test


def flags_of(found: Texts) -> Flags:
    """An Arrow array of booleans as one of NumPy, which can be changed."""
    flags: Flags = found.to_numpy(zero_copy_only=False).astype(bool)
    return flags


def is_siren(texts: Texts) -> Flags:
    """Nine digits, the last of which checks the others by Luhn's sum (ISO/IEC 7812-1, annex B)."""
    return _checked(texts, 9, _luhn)


def is_siret(texts: Texts) -> Flags:
    """A SIREN and five more digits, by Luhn's sum; La Poste's also by a multiple of five.

    La Poste (SIREN 356000000) has more establishments than Luhn leaves it numbers: INSEE,
    documentation of the Sirene register.
    """
    of_la_poste = _fits(texts, "356000000[0-9]{5}")
    is_checked = _checked(texts, 14, lambda digits: _luhn(digits) & _luhn(digits[:, :9]))
    sums_to_fives = _checked(texts, 14, lambda digits: digits.sum(axis=1) % 5 == 0)
    return is_checked | (of_la_poste & sums_to_fives)


def is_vat(texts: Texts) -> Flags:
    """FR, a key of two digits and a SIREN: key = (12 + 3 (SIREN mod 97)) mod 97.

    Monaco's begin with 000 in place of a SIREN, and have no check digit of their own.
    Source: code général des impôts, art. 286 ter; algorithm of the European VIES service.
    """
    plain = pc.replace_substring_regex(texts, "^FR|[ .]", "")
    return _fits(texts, "FR.*") & _checked(plain, 11, _has_vat_key)


def is_nir(texts: Texts) -> Flags:
    """Thirteen signs and a key of two digits: key = 97 - (number mod 97), 2A as 19 and 2B as 18.

    Source: decree 82-103 of 22 January 1982 (sex, year, month, commune, order); INSEE for the key.
    """
    plain = pc.replace_substring_regex(pc.utf8_upper(texts), "[ .\u00a0\u202f-]", "")
    shaped = _fits(plain, f"[123478][0-9]{{2}}{NIR_MONTH}([0-9]{{2}}|2A|2B)[0-9]{{8}}")
    for letters, digits in (("2A", "19"), ("2B", "18")):
        plain = pc.replace_substring_regex(plain, f"^(.....){letters}", rf"\1{digits}")
    has_key = _checked(
        plain, 15, lambda digits: _number(digits[:, 13:]) == 97 - _number(digits[:, :13]) % 97
    )
    return shaped & has_key


def is_uai(texts: Texts) -> Flags:
    """Seven digits and a letter: their number modulo 23, counted in the letters without I, O, Q.

    Source: ministère de l'Éducation nationale, répertoire national des établissements (RAMSESE).
    """
    found = _fits(texts, "[0-9]{7}[A-Z]")
    shaped = texts.filter(pa.array(found))
    number = _number(_digits(pc.utf8_slice_codeunits(shaped, 0, 7), 7))
    letter = np.array(pc.utf8_slice_codeunits(shaped, 7, 8).to_pylist(), dtype=str)
    found[found] = letter == _UAI_LETTERS[number % len(_UAI_LETTERS)]
    return found


def _checked(texts: Texts, length: int, test: Callable[[Digits], Flags]) -> Flags:
    """Which texts are `length` digits that pass `test`."""
    found = _fits(texts, f"[0-9]{{{length}}}")
    found[found] = test(_digits(texts.filter(pa.array(found)), length))
    return found


def _fits(texts: Texts, pattern: str) -> Flags:
    return flags_of(pc.match_substring_regex(texts, f"^(?:{pattern})$"))


def _digits(texts: Texts, length: int) -> Digits:
    """The digits of texts that are all `length` of them, read where Arrow keeps them."""
    start, end = texts.offset * length, (texts.offset + len(texts)) * length
    kept = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[start:end]
    return kept.reshape(-1, length).astype(np.int64) - ord("0")


def _number(digits: Digits) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    powers = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    number: np.ndarray[tuple[int], np.dtype[np.int64]] = digits @ powers
    return number


def _luhn(digits: Digits) -> Flags:
    weighed = digits.copy()
    weighed[:, -2::-2] *= 2
    weighed[weighed > 9] -= 9  # noqa: PLR2004 - the sum of the digits of 10 to 18
    flags: Flags = weighed.sum(axis=1) % 10 == 0
    return flags


def _has_vat_key(digits: Digits) -> Flags:
    siren = digits[:, 2:]
    fits: Flags = _number(digits[:, :2]) == (12 + 3 * (_number(siren) % 97)) % 97
    of_monaco: Flags = (siren[:, :3] == 0).all(axis=1)
    return fits & (_luhn(siren) | of_monaco)
