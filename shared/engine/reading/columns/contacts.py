"""Tells what reaches or pays a person: mailboxes, telephones, street addresses and accounts."""

import pyarrow as pa
import pyarrow.compute as pc
from stdnum import iban

from shared.engine.reading.columns.identifiers import KEYED_NIR, is_nir
from shared.engine.reading.columns.person_names import Words, unaccented
from shared.engine.reading.columns.reference_files import any_word
from shared.engine.reading.values.value_tests import Flags, Texts, matching

_OFFICE = (
    rf"([a-z0-9]+[._+-])*({any_word('office_mailboxes')}|{any_word('trades')})[0-9]*([._+-].*)?"
    rf"|([a-z0-9]+[._+-])*{any_word('long_trades')}.*"
)
"""A word of an office or a trade between signs, or a long one that begins what stands there."""

_FREE_MAIL = rf"(?i).*@{any_word('free_mail_domains')}\.(com|fr|net|org|eu)"
_SIGN = r"\wÀ-ɏ"
"""Of a mailbox: letters may have accents (RFC 6531)."""

_MAILBOX = rf"[{_SIGN}.+-]+@[{_SIGN}-]+\.[{_SIGN}.-]+"
_NUMBER = r"((\+33|0033)( ?\(0\))?|0)[ .]?[%s]([ ./-]?[0-9]{2}){4}"
_MOBILE = _NUMBER % "67"

_ADDRESSED = (
    r"(?s)(?:.*[^\pL])?(?:M\.|MM\.|Mr|Mme|Mlle|Monsieur|Madame|Mademoiselle) ?\p{Lu}[\pL'-]+.*"
)
_FIRST_AND_CAPITALS = r"\b(?P<first>\p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)?) \p{Lu}{3,}"
"""`Mme Collet`, and no `Mme la Préfète`; `Alain MARCHAND`."""

EMAIL = rf"[{_SIGN}.+'-]+@[{_SIGN}-]+(\.[{_SIGN}-]+)+"
PHONE = _NUMBER % "1-9"
"""A telephone of France."""

_BESIDE = "[^0-9a-fA-F]"
"""Before and after a number in a text; between hexadecimal digits it is a part of an identifier."""

_STREET = rf"(\d+[,.]? ?(bis|ter|quater|[a-h])?,? +)?(.* )?{any_word('street_types')}\.? +\S.*"
_ADDRESS = rf"{_STREET}|(.* )?[0-9]{{5}} +\S.*"


def is_iban(texts: Texts) -> Flags:
    """Whether each text is an IBAN: country, two check digits, account; 1 modulo 97 as one number.

    The first four signs are read last, and letters as 10 to 35. Source: ISO 13616-1:2020 and
    ISO/IEC 7064 (MOD 97-10); the accounts of a country are those of SWIFT's registry.
    """
    plain = pc.replace_substring_regex(pc.utf8_upper(texts), "[ .-]", "")
    matches = matching("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")(plain)
    shaped = plain.filter(pa.array(matches)).to_pylist()
    matches[matches] = [iban.is_valid(text, check_country=False) for text in shaped]
    return matches


def is_mobile(texts: Texts) -> Flags:
    """Whether each phone number is a French mobile number: 06 or 07 (ARCEP)."""
    return matching(r"(((\+33|0033)( ?\(0\))?|0)[ .]?)?[67].*")(texts)


def is_function(mailboxes: Texts) -> Flags:
    """Whether each e-mail address is an office's, not a person's: `mairie@`, `contact.sport@`."""
    return matching(_OFFICE)(_local(mailboxes))


def is_free_mail(mailboxes: Texts) -> Flags:
    """Whether each mailbox is at a provider open to anybody, and is no office's."""
    return matching(_FREE_MAIL)(mailboxes) & ~is_function(mailboxes)


def names_somebody(mailboxes: Texts) -> Flags:
    """Whether each e-mail address has a person's name: `marie.dupont@`, `j.dupont2@`."""
    local = pc.replace_substring_regex(_local(mailboxes), "[0-9]+$", "")
    words = Words.of(local)
    whole: Flags = words.leads & (words.total > 1) & (words.both > 1)
    initial = matching(r"[a-z][._-][a-z-]{3,}")(local)
    surname = pc.replace_substring_regex(local, "^[a-z][._-]", "")
    return (whole | (initial & Words.of(surname).are_surname())) & ~is_function(mailboxes)


def mentions_somebody(texts: Texts) -> Flags:
    """Whether each text holds somebody's mailbox, mobile number or NIR."""
    mailboxes, numbers = (_inside(texts, pattern) for pattern in (_MAILBOX, KEYED_NIR))
    flags = is_nir(numbers) | matching(f"(.*{_BESIDE})?{_MOBILE}({_BESIDE}.*)?")(texts)
    # Few texts have a mailbox, and words cost more than all else.
    has_mailbox = matching(".+")(mailboxes)
    flags[has_mailbox] |= names_somebody(mailboxes.filter(pa.array(has_mailbox)))
    return flags


def names_within(texts: Texts) -> Flags:
    """Whether each text names somebody: after a civility, or as first name and capitals."""
    parts = pc.extract_regex(texts, _FIRST_AND_CAPITALS)
    first = pc.fill_null(pc.struct_field(parts, "first"), "")
    return matching(_ADDRESSED)(texts) | Words.of(first).are_first_name()


def is_address(texts: Texts) -> Flags:
    """Whether each text has a number and a street, a street, or a postcode and a town."""
    return matching(_ADDRESS)(unaccented(texts))


def _inside(texts: Texts, pattern: str) -> Texts:
    """Return the first part of each text that matches, or nothing."""
    parts = pc.struct_field(pc.extract_regex(texts, f"(?P<part>{pattern})"), "part")
    return pc.fill_null(parts, "")


def _local(mailboxes: Texts) -> Texts:
    return pc.utf8_lower(pc.replace_substring_regex(mailboxes, "@.*$", ""))
