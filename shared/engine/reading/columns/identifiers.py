"""Which values of a column are valid identifiers, of organisations or persons, by check digits."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.reading.values.value_tests import (
    Digits,
    Flags,
    Test,
    Texts,
    checked,
    digits_of,
    matching,
    number_of,
)

NIR = r"[1-478] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3}"
"""One in a text, without its key."""

KEYED_NIR = rf"\b{NIR} ?[0-9]{{2}}\b"

_MONTH = "(0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])"
_SHAPE = rf"[123478][0-9]{{2}}{_MONTH}([0-9]{{2}}|2[AB])[0-9]{{6}}([0-9]{{2}})?"
_SPACE = "[ \u00a0\u202f]?"
_PARTS = (
    "[1-478]",
    "[0-9]{2}",
    "[0-9]{2}",
    "([0-9]{2}|2[ABab])",
    "[0-9]{3}",
    "[0-9]{3}",
    "[0-9]{2}",
)
WRITTEN_NIR = "|".join(between.join(_PARTS) for between in (_SPACE, "[.]", "-"))
"""A whole NIR; within a decimal number a point stands elsewhere."""

FIFTEEN_DIGITS = rf"[0-9]({_SPACE}[0-9]){{14}}"

GROUPED = "([0-9]{3})[ \u00a0\u202f.]([0-9]{3})[ \u00a0\u202f.]([0-9]{3})"
GROUPED += "(?:[ \u00a0\u202f.]([0-9]{5}))?"
"""A SIREN or SIRET as people write them, in groups."""

RNB = "[1-9A-HJKMNP-TV-Z]{12}"
"""A building's identifier: no 0, I, L, O, U (fab-geocommuns/RNB-coeur, rnb_id)."""

FINESS = "(0[1-9]|[13-8][0-9]|2[1-9AB]|9[0-578])[0-9]{7}"

_UAI_LETTERS = np.array(list("ABCDEFGHJKLMNPRSTUVWXYZ"))


def is_siren(texts: Texts) -> Flags:
    """Nine digits, the last of which checks the others by Luhn's sum (ISO/IEC 7812-1, annex B)."""
    return checked(texts, 9, _luhn)


def is_siret(texts: Texts) -> Flags:
    """A SIREN and five more digits, by Luhn's sum; La Poste's also by a multiple of five.

    La Poste (SIREN 356000000) has more establishments than Luhn leaves it numbers: INSEE,
    documentation of the Sirene register.
    """
    of_la_poste = matching("356000000[0-9]{5}")(texts)
    is_checked = checked(texts, 14, lambda digits: _luhn(digits) & _luhn(digits[:, :9]))
    sums_to_fives = checked(texts, 14, lambda digits: digits.sum(axis=1) % 5 == 0)
    return is_checked | (of_la_poste & sums_to_fives)


def ungrouped(test: Test) -> Test:
    """The same test of numbers that may be written in groups: `732 829 320 00074`."""

    def of(texts: Texts) -> Flags:
        if not pc.any(pc.match_substring_regex(texts, f"^{GROUPED}$")).as_py():
            return test(texts)
        return test(pc.replace_substring_regex(texts, f"^{GROUPED}$", r"\1\2\3\4"))

    return of


def is_vat(texts: Texts) -> Flags:
    """FR, a key of two digits and a SIREN: key = (12 + 3 (SIREN mod 97)) mod 97.

    Monaco's begin with 000 in place of a SIREN, and have no check digit of their own.
    Source: code général des impôts, art. 286 ter; algorithm of the European VIES service.
    """
    plain = pc.replace_substring_regex(texts, "^FR|[ .]", "")
    return matching("FR.*")(texts) & checked(plain, 11, _has_vat_key)


def is_uai(texts: Texts) -> Flags:
    """Seven digits and a letter: their number modulo 23, counted in the letters without I, O, Q.

    Source: ministère de l'Éducation nationale, répertoire national des établissements (RAMSESE).
    """
    matches = matching("[0-9]{7}[A-Z]")(texts)
    shaped = texts.filter(pa.array(matches))
    number = number_of(digits_of(pc.utf8_slice_codeunits(shaped, 0, 7), 7))
    letter = np.array(pc.utf8_slice_codeunits(shaped, 7, 8).to_pylist(), dtype=str)
    matches[matches] = letter == _UAI_LETTERS[number % len(_UAI_LETTERS)]
    return matches


def _luhn(digits: Digits) -> Flags:
    weighed = digits.copy()
    weighed[:, -2::-2] *= 2
    weighed[weighed > 9] -= 9  # noqa: PLR2004 - the sum of the digits of 10 to 18
    flags: Flags = weighed.sum(axis=1) % 10 == 0
    return flags


def _has_vat_key(digits: Digits) -> Flags:
    siren = digits[:, 2:]
    fits: Flags = number_of(digits[:, :2]) == (12 + 3 * (number_of(siren) % 97)) % 97
    of_monaco: Flags = (siren[:, :3] == 0).all(axis=1)
    return fits & (_luhn(siren) | of_monaco)


def compact(texts: Texts) -> Texts:
    """Numbers as they are without spaces, points and hyphens."""
    return pc.replace_substring_regex(pc.utf8_upper(texts), "[ .\u00a0\u202f-]", "")


def is_nir(texts: Texts) -> Flags:
    """Thirteen signs and a key of two digits: key = 97 - (number mod 97), 2A as 19 and 2B as 18.

    Source: decree 82-103 of 22 January 1982 (sex, year, month, commune, order); INSEE for the key.
    """
    plain = compact(texts)
    shaped = matching(_SHAPE)(plain)
    for letters, digits in (("2A", "19"), ("2B", "18")):
        plain = pc.replace_substring_regex(plain, f"^(.....){letters}", rf"\1{digits}")
    has_key = checked(
        plain, 15, lambda digits: number_of(digits[:, 13:]) == 97 - number_of(digits[:, :13]) % 97
    )
    return shaped & has_key


def is_shaped_as_nir(texts: Texts) -> Flags:
    """Sex, year, month, commune and order; the key of two digits may lack, or be wrong.

    Source: decree 82-103 of 22 January 1982.
    """
    return matching(_SHAPE)(compact(texts))
