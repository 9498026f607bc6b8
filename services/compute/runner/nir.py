"""Numbers of the social security (NIR) that are kept without their key, or with a wrong one."""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.codes import load_codes
from services.compute.runner.identifiers import Flags, Test, Texts, among, matching

_MONTH = "(0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])"
_SPOKEN = rf"[123478][0-9]{{2}}{_MONTH}([0-9]{{2}}|2[AB])[0-9]{{6}}([0-9]{{2}})?"
_STRICT = r"[12][0-9]{2}(0[1-9]|1[0-2])([0-9]{2}|2[AB])[0-9]{6}"
_BORN = slice(5, 10)
"""Where the commune of birth stands, or 99 and a country."""

_SPOKEN_SHARE, _NEARLY_ALL, _ENOUGH = 0.5, 0.95, 10


def keyless_nir(values: Texts, *, is_spoken: bool) -> float:
    """How sure the filled values of a column make it that they are NIRs, from 0 to 1.

    Sex, year, month, commune and order (decree 82-103 of 22 January 1982) are enough under a name
    that speaks of them (`is_spoken`). Else nearly all of at least ten values, each once, must be
    born in a month of the calendar and in a known commune or abroad: a number's digits are so by
    chance in one of twenty. The key of two digits may lack, or be wrong under such a name.
    """
    if not len(values):
        return 0.0
    plain = pc.replace_substring_regex(pc.utf8_upper(values), "[ .\u00a0\u202f-]", "")
    if is_spoken:
        share = float(matching(_SPOKEN)(plain).mean())
        return share if share >= _SPOKEN_SHARE else 0.0
    if len(values) < _ENOUGH or len(plain.unique()) < len(plain):
        return 0.0
    share = float(_is_born_somewhere(plain).mean())
    return share if share >= _NEARLY_ALL else 0.0


def _is_born_somewhere(plain: Texts) -> Flags:
    found = matching(_STRICT)(plain)
    born = pc.utf8_slice_codeunits(plain.filter(pa.array(found)), _BORN.start, _BORN.stop)
    found[found] = _communes()(born) | matching("99[1-5][0-9]{2}")(born)
    return found


@cache
def _communes() -> Test:
    return among(load_codes().communes)
