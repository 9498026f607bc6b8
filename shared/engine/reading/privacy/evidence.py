"""How sure the values of a column make it that they are of a kind: the evidence of detectors."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.reading.columns.cog import load_codes
from shared.engine.reading.columns.contacts import mentions_somebody, names_within
from shared.engine.reading.columns.identifiers import compact
from shared.engine.reading.columns.person_names import Words
from shared.engine.reading.columns.reference_files import any_word, words
from shared.engine.reading.privacy.column_sample import ColumnSample
from shared.engine.reading.privacy.traces import is_high, is_ip, is_public_ip
from shared.engine.reading.values.value_tests import Counts, Flags, Test, Texts, among, matching
from shared.engine.tables.privacy import DOUBTFUL

Evidence = Callable[[ColumnSample], float]
"""How sure a sample makes it, from 0 to 1."""

BY_SPREAD = 0.4
"""How sure dates make it by their spread alone that they are births: other signs must agree."""

_PROVEN = 0.95
"""How sure what reaches a person makes it, wherever it stands in a cell."""

_STRICT_NIR = r"[12][0-9]{2}(0[1-9]|1[0-2])([0-9]{2}|2[AB])[0-9]{6}"
_BORN = slice(5, 10)
"""Where the commune of birth stands, or 99 and a country."""

UNNAMED = 0.9
"""What is left of how sure values make it, where the name of the column says nothing."""

MANY, FEW = 20, 5
"""Names without a header need so many different ones, or a few among hardly anything else: a short
list of anything may be names in part."""

NEARLY_ALL = 0.9
TITLED = 0.2
"""Of the rows, so many with a civility are persons; companies may stand among them."""

_MENTIONED = 0.005
"""Of the rows of a text, so many that have somebody's number or mailbox in them are no accident."""

_NAMED = 0.05
"""Of a long text, so many rows that name somebody are no memory of history."""

_GENERATION, _OLDEST = 25, 120
_KNOWN = 0.6
"""Share of the distinct values that a list of words must know."""

_NIRS, _LEAST_NIRS = 0.95, 10

_DAY = r"(0?[1-9]|[12][0-9]|3[01])"
_MONTH = r"(janv|f[ée]v|mars|avr|mai|juin|juil|ao[ûu]t|sept?|oct|nov|d[ée]c)[a-zé]*\.?"
_WRITTEN = (
    rf"(?i){_DAY}(er)? +{_MONTH} +(1[89]|20)[0-9]{{2}}|{_DAY}[/.-](0?[1-9]|1[0-2])[/.-][0-9]{{2}}"
)
"""Days that no column of dates is made of: with their month in words, or two digits of the year."""

_BAND = (
    r"(?i)[^0-9]{0,12}[0-9]{1,3} ?(ans)? ?(-|à|a|et|_) ?([0-9]{1,3}|plus).*"
    r"|(moins|plus) de [0-9]+.*"
)

_ROADS_AND_LANES = matching(rf"(?i){any_word('roads_and_lanes')}")
_MOST = 0.5

INITIALS = r"(?:[A-ZÀ-Ý][.-]? ?){2,4}"
INITIALS_AND_BIRTH = (
    rf"{INITIALS}[ ,;:(/-]*(?:n[ée]e? le )?(?:{_DAY}[/.-](?:0?[1-9]|1[0-2])[/.-])?"
    r"(?:19|20)[0-9]{2}\)?"
)
"""`M.C.`, `JPD`; `SP 12/07/1982`, `A.B. (1975)`."""

_DOTTED = r"(?:[A-ZÀ-Ý]\.[- ]?){2,4}"
_FIRST_NUMBERS_HIGH = 0.5


def rows(test: Test, least: float, sure: float = 1.0) -> Evidence:
    """Return evidence: the share of rows that pass, if at least `least`, times `sure`."""

    def evidence(sample: ColumnSample) -> float:
        share = sample.share(test)
        return share * sure if share >= least else 0.0

    return evidence


def named_rows(test: Test, least: float, sure: float = 1.0) -> Evidence:
    """Return such evidence under a fitting header: it is then `sure`, whatever the share."""
    by_share = rows(test, least)
    return lambda sample: sure if by_share(sample) else 0.0


def values(test: Test) -> Evidence:
    """Return evidence: the share of the distinct values that pass."""

    def evidence(sample: ColumnSample) -> float:
        flags = test(sample.distinct)
        return float(flags.mean()) if len(flags) else 0.0

    return evidence


def names(
    test: Callable[[Words], Flags], least: float, of_many: float, of_few: float
) -> tuple[Evidence, Evidence]:
    """Return evidence for persons' names: under a fitting header, and under any other.

    Under the first, the `least` share of the rows is enough. Under any other it takes a share of
    the distinct values, of many and of few.
    """

    def alone(sample: ColumnSample) -> float:
        flags = test(sample.words)
        matches = int(flags.sum())
        is_enough = matches >= FEW and matches >= (of_many if matches >= MANY else of_few) * len(
            flags
        )
        return sample.share_of(flags) if is_enough else 0.0

    def by_name(sample: ColumnSample) -> float:
        share = sample.share_of(test(sample.words))
        return max(share, DOUBTFUL) if share >= least else alone(sample)

    return by_name, alone


def shaped_names(sample: ColumnSample) -> float:
    """Return evidence for surnames, however rare, under a header that fits nothing else."""
    if sample.share_of(sample.words.are_shaped()) < NEARLY_ALL:
        return 0.0
    return max(sample.share_of(sample.words.are_surname()), DOUBTFUL)


def titled_names(sample: ColumnSample) -> float:
    """Return evidence for names after a civility."""
    titled = sample.share_of(sample.words.are_titled())
    return max(titled, DOUBTFUL) if titled >= TITLED else 0.0


def streets(sample: ColumnSample) -> float:
    """Return evidence for street names, under a header that may also mean roads and lanes."""
    return DOUBTFUL if sample.share(_ROADS_AND_LANES) < _MOST else 0.0


def mentions(sample: ColumnSample) -> float:
    """Return evidence for texts with somebody's number or mailbox, or often somebody's name."""
    if sample.share(mentions_somebody) >= _MENTIONED:
        return _PROVEN
    is_text = sample.column.type == "free_text"
    return DOUBTFUL if is_text and sample.share(names_within) >= _NAMED else 0.0


def keyless_nirs(sample: ColumnSample) -> float:
    """Return evidence for NIRs without keys: ten values with possible months and places.

    The digits of a number are so by chance in one of twenty. The key of two digits may lack.
    """
    plain = compact(sample.values)
    if len(plain) < _LEAST_NIRS or len(plain.unique()) < len(plain):
        return 0.0
    share = float(_is_plausible_nir(plain).mean())
    return share if share >= _NIRS else 0.0


def _is_plausible_nir(plain: Texts) -> Flags:
    """Whether each compact number has a possible month and commune, or country, of birth."""
    plausible = matching(_STRICT_NIR)(plain)
    if not plausible.any():  # the list of communes takes a while to load
        return plausible
    born = pc.utf8_slice_codeunits(plain.filter(pa.array(plausible)), _BORN.start, _BORN.stop)
    plausible[plausible] = _is_commune()(born) | matching("99[1-5][0-9]{2}")(born)
    return plausible


@cache
def _is_commune() -> Test:
    return among(load_codes().communes)


def births(sample: ColumnSample) -> float:
    """Return evidence for birthdays, under a header about births: plausible dates, or words."""
    if sample.column.kind == "date":
        return _alive(years_of(sample.values))
    return rows(matching(_WRITTEN), NEARLY_ALL)(sample)


def spread_dates(sample: ColumnSample) -> float:
    """Return evidence for dates whose years are as far apart as those of births."""
    years = years_of(sample.values) if sample.column.kind == "date" else np.empty(0)
    if not len(years):
        return 0.0
    now = datetime.now(UTC).year
    low, middle, high = np.percentile(years, [10, 50, 90])
    is_spread = high - low >= _GENERATION and middle <= now - _GENERATION
    return BY_SPREAD if is_spread and years.max() <= now else 0.0


def birth_years(sample: ColumnSample) -> float:
    """Return evidence for birth years of persons who live, or lived lately."""
    years = years_of(sample.distinct)
    return _alive(years) if len(years) == len(sample.distinct) else 0.0


def ages(sample: ColumnSample) -> float:
    """Return evidence for ages in years, or bands of them: `25-39`, `75 ans et plus`."""
    numbers = matching(r"[0-9]{1,3}(\.0)?")(sample.distinct)
    ages = sample.distinct.filter(pa.array(numbers))
    years = pc.cast(ages, "float64").to_numpy(zero_copy_only=False)
    if len(years) and years.max() > _OLDEST:
        return 0.0
    return values(lambda texts: numbers | matching(_BAND)(texts))(sample)


def initials(sample: ColumnSample) -> float:
    """Return evidence for initials with dots, or followed by a birth."""
    either = rf"{_DOTTED}|{INITIALS_AND_BIRTH}"
    return rows(matching(either), NEARLY_ALL, UNNAMED)(sample)


def network_addresses(sample: ColumnSample) -> float:
    """Return evidence for addresses: too high for versions, or all of private ranges."""
    share = sample.share(is_ip)
    is_inside = share - sample.share(is_public_ip) >= NEARLY_ALL
    is_sure = is_inside or sample.share(is_high) >= _FIRST_NUMBERS_HIGH
    return share * UNNAMED if share >= NEARLY_ALL and is_sure else 0.0


def sexes(woman: str, man: str) -> tuple[Evidence, Evidence]:
    """Return evidence for both sexes: as words, or as these codes under a fitting header."""

    def share(sample: ColumnSample, *codes: str) -> float:
        spellings = set(pc.utf8_lower(sample.distinct).to_pylist())
        women, men = (
            spellings & {*words("women"), *codes[:1]},
            spellings & {*words("men"), *codes[1:]},
        )
        return len(women | men) / len(spellings) if women and men else 0.0

    return lambda sample: share(sample, woman, man), lambda sample: share(sample) * UNNAMED


def listed(name: str) -> tuple[Evidence, Evidence]:
    """Return evidence for values of a list of words, stronger under a fitting header."""
    is_known = among(words(name))

    def by_name(sample: ColumnSample) -> float:
        recognised_flags = is_known(pc.utf8_lower(sample.distinct))
        share = float(recognised_flags.mean()) if len(recognised_flags) else 0.0
        return share if share >= _KNOWN and recognised_flags.sum() > 1 else 0.0

    return by_name, lambda sample: by_name(sample) * UNNAMED


def _alive(years: Counts) -> float:
    """Return the share of years in which somebody may be born who lives, or lived lately."""
    now = datetime.now(UTC).year
    return float(((years > now - _OLDEST) & (years <= now)).mean()) if len(years) else 0.0


def years_of(values: Texts) -> Counts:
    """Return the first year of the last three centuries in each value, where it has one."""
    years_in_text = pc.extract_regex(values, r"(?P<year>\b(?:18|19|20)[0-9]{2})")
    years = pc.struct_field(years_in_text, "year").drop_null()
    numbers: Counts = pc.cast(years, "int64").to_numpy(zero_copy_only=False)
    return numbers
