"""Tells what persons leave behind: number plates, network addresses, devices and accounts."""

import ipaddress

import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.reading.columns.person_names import Words
from shared.engine.reading.values.value_tests import Flags, Test, Texts, flags_of, matching

_SIV = "[A-HJ-NP-TV-Z]{2}[ -]?(?:[0-9]{3})[ -]?[A-HJ-NP-TV-Z]{2}"
"""Two letters, three digits and two letters since 2009, without I, O and U: arrêté of 9 February
2009 on the registration of vehicles, annex."""

_FNI = "[0-9]{1,4} ?(?P<series>[A-HJ-NP-TV-Z]{2,3}) ?(?:0[1-9]|[1-8][0-9]|9[0-5]|2[AB]|97[1-6])"
"""Up to four digits, letters and the département, until 2009; of one letter, long before, hardly
any drives, and hours and measures are so written."""

_IPV4 = r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_IPV6 = "(?i)(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|[0-9a-f:]*::[0-9a-f:.]*"
_HIGH = 20
"""The first number of addresses of the network, as of hardly any version of a program."""

_PAIR = "[0-9A-Fa-f]{2}"
_MAC = (
    rf"{_PAIR}(?:(?::{_PAIR}){{5}}|(?:-{_PAIR}){{5}})|(?:[0-9A-Fa-f]{{4}}[.]){{2}}[0-9A-Fa-f]{{4}}"
)
"""Six pairs of digits (IEEE 802, EUI-48), as they are written."""

_HANDLE = r"@[A-Za-z0-9_][A-Za-z0-9_.]{1,29}"
_NETWORKS = "facebook|instagram|tiktok|twitter|x|linkedin|youtube|twitch|threads|snapchat"
_ACCOUNT = (
    rf"(?:(?:https?://)?(?:www\.|fr\.)?(?:{_NETWORKS})\.com/(?:in/|@|add/)?)"
    r"[A-Za-z0-9_.-]{2,60}/?"
)

is_mac = matching(_MAC)
is_account = matching(f"{_HANDLE}|{_ACCOUNT}")


def _plates(before: str, behind: str) -> Test:
    """Return the test for plates; old ones that all share their letters name a unit."""
    is_new = matching(rf"(?i){before}{_SIV}{behind}")
    old = rf"(?i)^{before}{_FNI}{behind}$"

    def test(texts: Texts) -> Flags:
        series = pc.struct_field(pc.extract_regex(texts, old), "series")
        units = series.drop_null()
        is_unit = len(units) > 1 and len(pc.utf8_upper(units).unique()) == 1
        return is_new(texts) | (flags_of(series.is_valid()) & (not is_unit))

    return test


is_plate = _plates("", "")
has_plate = _plates("(?:.*[^A-Z0-9])?", "(?:[^A-Z0-9].*)?")


def is_ip(texts: Texts) -> Flags:
    """Whether each text is a network address: four numbers (RFC 791) or eight groups (RFC 4291)."""
    matches = matching(rf"{_IPV4}(?::[0-9]{{1,5}})?|{_IPV6}")(texts)
    long = matches & matching(".*:.*:.*")(texts)
    matches[long] = [_is_six(text) for text in texts.filter(pa.array(long)).to_pylist()]
    return matches


def _is_six(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6  # noqa: PLR2004
    except ValueError:
        return False


def is_public_ip(texts: Texts) -> Flags:
    """Whether each address is outside the private ranges (RFC 1918, 4193, 3927)."""
    inside = (
        r"(?i)(?:10|127)\..*|192\.168\..*|172\.(?:1[6-9]|2[0-9]|3[01])\..*|169\.254\..*|f[cde].*"
    )
    return is_ip(texts) & ~matching(inside)(texts)


def is_high(texts: Texts) -> Flags:
    """Whether the first of four numbers is higher than those of software versions."""
    first = pc.replace_substring_regex(texts, r"[.:].*$", "")
    digits = matching("[0-9]{1,3}")(first)
    digits[digits] = pc.cast(first.filter(pa.array(digits)), "int64").to_numpy() >= _HIGH
    return digits | matching(".*:.*:.*")(texts)


def names_a_person(accounts: Texts) -> Flags:
    """Whether each account is named after a person: `@manon_fontaine`, `@perrin76`."""
    name = pc.replace_substring_regex(accounts, r"^.*[@/]([^@/]+)/?$", r"\1")
    words = Words.of(pc.replace_substring_regex(name, "[0-9_.-]+", " "))
    are_persons: Flags = (words.both > 0) & (words.both * 2 >= words.total)
    return are_persons
