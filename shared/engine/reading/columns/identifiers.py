"""Which values of a column are valid identifiers of an organisation, by their check digits."""

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
