"""How numbers are written in French files: with groups, commas, units, in parentheses.

One grammar serves to recognise a column and, in SQL, to read it. RE2 runs it in both engines.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.database import literal
from shared.engine.reading.values.units import CURRENCIES, UNIT_PATTERN, UNITS, canonical_unit
from shared.engine.reading.values.value_tests import Flags, Test, Texts, flags_of

_SPACES = " \u00a0\u202f\u2009"
Names: TypeAlias = np.ndarray[tuple[int], np.dtype[Any]]
"""As many names of units as there are numbers."""

_PLAIN = "(?:0|[1-9][0-9]{0,17})"
"""What a whole number of 64 bits holds; a code with leading zeros, or longer, is no number."""

_NOTE = r" ?(?:\*+|\((?:[a-z]|[0-9]{1,2})\)|[¹²³†‡])"
"""A mark behind a number that leads to a note: `12*`, `12 (e)`."""

_LONGEST = 24
"""Characters that a unit and a note take together."""

_SPACE = f"[{_SPACES}]?"
_LEAD = rf"(?P<open>\()?(?P<sign>[+\x{{2212}}-]{_SPACE})?(?:(?P<before>{CURRENCIES}){_SPACE})?"


def _tail(unit: str) -> str:
    return rf"(?:{_SPACE}({unit}))?(\))?(?:{_SPACE}({unit}))?({_NOTE})?"


_NO_TAIL = ("", False, False)
_TAIL = re.compile(_tail(UNIT_PATTERN))

_ANY_WHOLE = f"[+-]?([0-9]{{1,18}}|[0-9]{{1,3}}([{_SPACES}][0-9]{{3}})+)"
_ANY = rf"{_ANY_WHOLE}([.,][0-9]+)?([eE][+-]?[0-9]{{1,3}})?"
"""A number by itself, also with zeros before it, whatever else its column holds."""

_LOSSES, _NOTED = 0.8, 0.5
"""Of the numbers, so many at most are losses in parentheses without a unit, or have a note."""


@dataclass(frozen=True)
class NumberStyle:
    """How digits are grouped and decimals set apart; a style that `needs_proof` looks like another.

    `1.234` is a little more than one unless a value such as `1.234,56` stands in the column, too.
    """

    name: str
    groups: str
    decimals: str
    proof: str = ""

    def body(self, *, whole: bool) -> str:
        """Return the pattern of a number's digits, without sign and unit."""
        grouped = f"[1-9][0-9]{{0,2}}(?:[{self.groups}][0-9]{{3}})+"
        if whole:
            return f"(?:{grouped}|{_PLAIN})"
        fraction = f"[{self.decimals}][0-9]+"
        exponent = f"[1-9](?:{fraction}[eE][+-]?|[eE][+-])[0-9]{{1,3}}"
        return f"(?:{exponent}|(?:{grouped}|{_PLAIN})(?:{fraction})?|{fraction})"

    def head(self, *, whole: bool) -> str:
        """Return the pattern of a text that begins with a number, in parts; the rest comes last."""
        return f"^{_LEAD}(?P<number>{self.body(whole=whole)})(?P<rest>.{{0,{_LONGEST}}})$"

    def pattern(self, unit: str, *, whole: bool) -> str:
        """Return the pattern of a number with that unit, itself a pattern, or without one."""
        return f"^{_LEAD}(?P<number>{self.body(whole=whole)}){_tail(unit)}$"

    def plain(self, number: str) -> str:
        """Return the digits, in SQL, as programs write them."""
        bare = f"regexp_replace({number}, '[{_SPACES}]', '', 'g')"
        if self.groups in (".", ","):
            bare = f"replace({bare}, '{self.groups}', '')"
        return f"replace({bare}, ',', '.')"


FRENCH = NumberStyle("french", _SPACES, ".,")
DOTTED = NumberStyle("dotted", ".", ",", proof=r"[0-9]\.[0-9]{3},[0-9]|[0-9]\.[0-9]{3}\.[0-9]{3}")
ENGLISH = NumberStyle("english", ",", ".", proof=r"[0-9],[0-9]{3}\.[0-9]|[0-9],[0-9]{3},[0-9]{3}")
STYLES = (FRENCH, DOTTED, ENGLISH)

_FORMATS: Mapping[str, NumberStyle] = {
    "#.##0": DOTTED,
    "#.##0,0": DOTTED,
    "#,##0": ENGLISH,
    "#,##0.0": ENGLISH,
}

_MARKED = "[^-+0-9.,() ]"
_PLAIN_FORMATS = ("0,0", "0.0")
"""Those of numbers that have nothing but digits and a separator."""


def style_of(shape: str | None) -> NumberStyle:
    """Return the style of numbers of that format, as in `Meaning.format`."""
    return _FORMATS.get(shape or "", FRENCH)


def format_of(style: NumberStyle, *, whole: bool) -> str | None:
    """Return the format of a style of numbers; the French one mixes commas and points."""
    named = [shape for shape, named_style in _FORMATS.items() if named_style is style]
    if not named:
        return "# ##0" if whole else None
    return named[0] if whole else named[1]


@dataclass(frozen=True)
class _Parts:
    """Written numbers, taken to pieces: where each stands among the texts, and what it has."""

    are_numbers: Flags
    opened: Flags
    closed: Flags
    noted: Flags
    is_zero: Flags
    units: Names

    @classmethod
    def of(cls, texts: Texts, style: NumberStyle, *, whole: bool) -> "_Parts":
        """Return the parts of the texts that are numbers by themselves, whatever the others are."""
        heads = pc.extract_regex(texts, style.head(whole=whole))
        are_numbers: Flags = heads.is_valid().to_numpy(zero_copy_only=False)
        heads = heads.drop_null()
        rests = pc.struct_field(heads, "rest").dictionary_encode()
        tails = [_tail_of(rest) for rest in rests.dictionary.to_pylist()]
        at = rests.indices.to_numpy()
        fits = np.array([tail is not None for tail in tails], bool)[at]
        are_numbers[are_numbers] = fits
        heads, at = heads.filter(pa.array(fits)), at[fits]
        # One more than there are, since there may be none.
        told_tails = [*(tail or _NO_TAIL for tail in tails), _NO_TAIL]
        units, closed, noted = zip(*told_tails, strict=True)
        before = pc.struct_field(heads, "before").to_numpy(zero_copy_only=False).astype(str)
        return cls(
            are_numbers,
            flags_of(pc.not_equal(pc.struct_field(heads, "open"), "")),
            np.array(closed, bool)[at],
            np.array(noted, bool)[at],
            flags_of(pc.match_substring_regex(pc.struct_field(heads, "number"), "^[0.,]+$")),
            np.where(before == "", np.array(units, dtype=str)[at], before),
        )

    @property
    def usual(self) -> str:
        """Return the unit that most of them have, except zeros."""
        names, counts = np.unique(self.units[~self.is_zero], return_counts=True)
        return str(names[np.argmax(counts)]) if len(names) else ""

    def consistent(self) -> Flags:
        """Tell which have the usual unit, paired parentheses, and few marks of notes."""
        pairs = self.opened == self.closed
        # A number with a unit leads to no note: `(10,50 €)` is a loss, `(12)` may be one.
        bare = self.opened & (self.units == "")
        for marks, most in ((bare, _LOSSES), (self.noted, _NOTED)):
            if marks.mean() > most:
                pairs &= ~marks
        consistent: Flags = pairs & (
            (self.units == self.usual) | (self.is_zero & (self.units == ""))
        )
        return consistent


@lru_cache(maxsize=1000)
def _tail_of(rest: str) -> tuple[str, bool, bool] | None:
    """Return the unit behind a number, whether a parenthesis closes, and whether a note follows."""
    match = _TAIL.fullmatch(rest)
    if match is None:
        return None
    inside, close, after, note = match.groups(default="")
    return canonical_unit(inside or after), bool(close), bool(note)


def written(style: NumberStyle, *, whole: bool) -> Test:
    """Return the test for numbers of that style, all with one unit or all without one."""

    def test(texts: Texts) -> Flags:
        if not len(texts) or not _is_proven(style, texts):
            return np.zeros(len(texts), bool)
        parts = _Parts.of(texts, style, whole=whole)
        flags = parts.are_numbers.copy()
        if flags.any():
            flags[flags] = parts.consistent()
        return flags

    return test


def _is_proven(style: NumberStyle, texts: Texts) -> bool:
    return not style.proof or bool(pc.any(pc.match_substring_regex(texts, style.proof)).as_py())


def unit_of_values(texts: Texts, shape: str | None) -> str:
    """Return the unit that a column's numbers are written with; empty without one."""
    if shape in _PLAIN_FORMATS or not pc.any(pc.match_substring_regex(texts, _MARKED)).as_py():
        return ""
    return _Parts.of(texts, style_of(shape), whole=False).usual


def told_double(value: str) -> str:
    """Return a DOUBLE in SQL, rounded to the 15 digits that it holds; null for no number.

    What stands behind them comes of binary fractions: 0.1 + 0.2 is 0.30000000000000004.
    """
    digits = f"14 - CAST(floor(log10(abs({value}))) AS INTEGER)"
    return (
        f"CASE WHEN NOT isfinite({value}) THEN NULL"
        f" WHEN abs({value}) BETWEEN 1e-8 AND 1e15 THEN round({value}, {digits}) ELSE {value} END"
    )


def is_any_number(text: str, *, whole: bool = False) -> str:
    """Return the SQL test for a text that is a number without a unit."""
    return f"regexp_full_match({text}, '{_ANY_WHOLE if whole else _ANY}')"


def any_number_sql(text: str, *, whole: bool = False) -> str:
    """Return such numbers in SQL, null for other texts; `whole` ones as BIGINT, else DOUBLE."""
    number, kind = FRENCH.plain(text), "BIGINT" if whole else "DOUBLE"
    return f"CASE WHEN {is_any_number(text, whole=whole)} THEN TRY_CAST({number} AS {kind}) END"


def number_sql(text: str, style: NumberStyle, unit: str, *, whole: bool) -> str:
    """Return written numbers in SQL; null for numbers of another style or unit.

    `text` is trimmed; `whole` ones become BIGINT, others DOUBLE.
    """
    pattern = style.pattern(_spellings(unit), whole=whole)
    unnamed = literal(re.sub(r"\?P<\w+>", "", pattern))
    number = style.plain(f"regexp_extract({text}, {unnamed}, 4)")
    kind = "BIGINT" if whole else "DOUBLE"
    minus = f"regexp_matches({text}, '^[-\u2212(]')"
    opened = f"starts_with({text}, '(') = (regexp_extract({text}, {unnamed}, 6) <> '')"
    return (
        f"CASE WHEN {opened} AND regexp_full_match({text}, {unnamed}) THEN"
        f" TRY_CAST({number} AS {kind}) * CASE WHEN {minus} THEN -1 ELSE 1 END END"
    )


def _spellings(unit: str) -> str:
    """Return the pattern of one unit; one that matches nothing without a unit."""
    spellings = [spelling for spelling, name in UNITS.items() if name == unit]
    return f"(?:{'|'.join(spellings)})" if spellings else r"\x{0}"
