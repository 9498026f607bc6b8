"""Tells numbers of the social security (NIR), with their key and without."""

import pyarrow.compute as pc

from shared.engine.reading.values.value_tests import Flags, Texts, checked, matching, number_of

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
WRITTEN = "|".join(between.join(_PARTS) for between in (_SPACE, "[.]", "-"))
"""A whole NIR; within a decimal number a point stands elsewhere."""

FIFTEEN_DIGITS = rf"[0-9]({_SPACE}[0-9]){{14}}"


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
