"""Tests of codes of places, made of lists of those that are valid."""

import pyarrow.compute as pc

from shared.engine.reading.values.value_tests import Flags, Test, Texts, matching

_MOST = 0.95
"""Of short codes, so many must be codes once they begin with a zero."""

_SOME = 0.3
"""Of codes of a shape, so many must be listed for the rest to be taken for codes as well."""


def iris(communes: Test) -> Test:
    """A commune's code and four digits (INSEE, documentation of the IRIS)."""

    def test(texts: Texts) -> Flags:
        shaped = matching("[0-9][0-9AB][0-9]{7}")(texts)
        return shaped & communes(pc.utf8_slice_codeunits(texts, 0, 5))

    return test


def beside(valid: Test, shape: str) -> Test:
    """Return the test for texts of that shape; it passes none where too few are valid codes."""

    def test(texts: Texts) -> Flags:
        return matching(shape)(texts) & bool(valid(texts).mean() >= _SOME)

    return test


def with_corsica(valid: Test) -> Test:
    """Return the test for valid codes; it passes none unless a code is Corsica's."""
    return lambda texts: valid(texts) & matching("2[AB]")(texts).any()


def nearly_all(valid: Test, least: int) -> Test:
    """Return the test that passes all values if all are valid and there are at least `least`."""

    def test(texts: Texts) -> Flags:
        flags = valid(texts)
        return flags & bool(flags.all() and len(flags) >= least)

    return test


_MANY = 0.9
"""Share of the short values that must be codes once they begin with a zero."""


def shortened(valid: Test, width: int) -> Test:
    """Return the test for codes of `width` that lost a leading zero; no other may be shorter.

    Of all numbers of four digits one in three is the end of some commune's code.
    """

    def test(texts: Texts) -> Flags:
        short = matching(f"[1-9][0-9]{{{width - 2}}}")(texts)
        repairable = short & valid(pc.utf8_lpad(texts, width, padding="0"))
        return repairable & bool(short.any() and repairable[short].mean() >= _MANY)

    return test


def lost_zero(valid: Test, width: int) -> Test:
    """Return the test for codes that a spreadsheet read as numbers: `1053` for `01053`.

    Of the short ones nearly all must be codes with a zero before them, else they are mistakes.
    """

    def test(texts: Texts) -> Flags:
        short = matching(f"[1-9][0-9]{{{width - 2}}}")(texts)
        padded = valid(pc.utf8_lpad(texts, width, padding="0"))
        padded &= matching("[1-9][0-9AB]*")(texts)
        if short.any() and padded[short].mean() < _MOST:
            padded[:] = False
        return padded

    return test
