"""Tells names of persons from other text, by lists of first names and surnames given in France."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow.compute as pc

from shared.engine.reading.columns.reference_files import any_word, unfolded
from shared.engine.reading.values.value_tests import Counts, Flags, Test, Texts, among, flags_of

_SIGNS = "[0-9@:/;()]"
_NEVER = rf"{_SIGNS}|\b{any_word('not_in_names')}\b"
"""Where one of these stands, a place or a thing is called after somebody."""

_CIVILITY = rf"{any_word('civilities')}(?:\. *| +)"
_TITLED = rf"^(?:{_CIVILITY}(?:et|ou|&) +)?{_CIVILITY}(?P<rest>[a-z][a-z' .-]*)$"
_OFFICE = rf"^l(a|e|es|') ?{any_word('offices')}"
_BESIDE_NAMES = rf"\b(?:{any_word('titles')}|{any_word('particles')})\b"
_INITIALS = r"^([a-z]\.[ -]?){1,2} *| ([a-z]\.[ -]?){1,2}$"
_SHAPE = r"^[a-z][a-z' -]+$"

_MOST_WORDS = 5


@dataclass(frozen=True)
class NameFlags:
    """Whether texts without accents, spaces and signs are names."""

    first: Test
    last: Test


@cache
def load_names() -> NameFlags:
    """Read the reference files."""
    listed = (unfolded(f"{file}.csv").to_pylist() for file in ("first_names", "surnames"))
    return NameFlags(*map(among, listed))


@dataclass(frozen=True)
class Words:
    """How many words each text has besides titles and particles, and how many are known names.

    `plain` are the texts in small letters without accents. `both` counts the words that stand in
    either list, `leads` tells whether the first or the last word of a text is a first name.
    """

    plain: Texts
    total: Counts
    first: Counts
    last: Counts
    both: Counts
    leads: Flags

    @classmethod
    def of(cls, texts: Texts) -> "Words":
        """Split these texts into words."""
        plain = unaccented(texts)
        named = pc.replace_substring_regex(plain, _BESIDE_NAMES, " ")
        apart = pc.utf8_trim_whitespace(pc.replace_substring_regex(named, "[^a-z0-9]+", " "))
        split = pc.split_pattern(apart, " ")
        words = pc.list_flatten(split)
        of_text = pc.list_parent_indices(split).to_numpy(zero_copy_only=False)
        names, size = load_names(), len(texts)
        is_first, is_last = names.first(words), names.last(words)

        def counted(flags: Flags) -> Counts:
            return np.bincount(of_text, weights=flags, minlength=size).astype(np.int64)

        ends = np.ones(len(of_text), bool)
        if len(ends) > 1:
            differs = of_text[1:] != of_text[:-1]
            ends[1:-1] = differs[:-1] | differs[1:]
        return cls(
            plain=plain,
            total=counted(np.ones(len(of_text), bool)),
            first=counted(is_first),
            last=counted(is_last),
            both=counted(is_first | is_last),
            leads=counted(is_first & ends) > 0,
        )

    def are_first_name(self) -> Flags:
        """Whether each text is one first name, or several: `Jean-Pierre`, `Anne Marie`."""
        flags: Flags = (self.total > 0) & (self.first == self.total) & (self.total <= _MOST_WORDS)
        return (flags | load_names().first(_fold(self.plain))) & ~self.have(_SIGNS)

    def are_surname(self) -> Flags:
        """Whether each text is a surname, also a double one: `LE GALL`, `Martin-Dupont`."""
        double: Flags = (self.total > 1) & (self.last == self.total)
        single = load_names().last(_fold(self.plain)) & ~self.have(_SIGNS)
        return single | (double & ~self.have(_NEVER))

    def are_full_name(self) -> Flags:
        """Whether each text has a first name, initial or civility beside a surname: `M. DUPONT`."""
        fits = (self.total > 1) & (self.total <= _MOST_WORDS)
        are_names = (self.both > 1) & (self.both >= self.total - 1)
        flags: Flags = fits & self.leads & are_names & ~self.have(_NEVER)
        return flags | self.are_titled() | self._are_initialled()

    def are_titled(self) -> Flags:
        """Whether each text names a person after a civility: `M. MARTIN`, no `Mme la Préfète`."""
        flags = self.have(_TITLED)
        parts = pc.extract_regex(self.plain.filter(flags), _TITLED)
        names = Words.of(pc.struct_field(parts, "rest"))
        fits = (names.total > 0) & (names.total <= _MOST_WORDS)
        flags[flags] = fits & ~names.have(_NEVER) & ~names.have(_OFFICE)
        return flags

    def _are_initialled(self) -> Flags:
        """Whether each text is a surname beside an initial: `A. Martin`, `MARTIN J.-P.`."""
        flags = self.have(_INITIALS)
        names = pc.replace_substring_regex(self.plain.filter(flags), _INITIALS, "")
        flags[flags] = Words.of(pc.utf8_trim_whitespace(names)).are_surname()
        return flags

    def are_shaped(self) -> Flags:
        """Whether each text is a few words of letters, like a name, known or not."""
        return self.have(_SHAPE) & (self.total <= _MOST_WORDS)

    def have(self, pattern: str) -> Flags:
        """Whether each plain text matches."""
        return flags_of(pc.match_substring_regex(self.plain, pattern))


def folded(texts: Texts) -> Texts:
    """Small letters alone, without accents, spaces and signs."""
    return _fold(unaccented(texts))


def _fold(plain: Texts) -> Texts:
    """Return the letters alone: `Le Gall` and `LE-GALL` are one name."""
    return pc.replace_substring_regex(plain, "[^a-z]+", "")


def unaccented(texts: Texts) -> Texts:
    """Small letters without accents."""
    apart = pc.utf8_normalize(pc.utf8_lower(texts), form="NFKD")
    return pc.replace_substring_regex(apart, "\\p{M}+", "")
