"""What reaches or pays a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban

from shared.engine.reading.columns.contacts import (
    is_address,
    is_free_mail,
    is_function,
    is_iban,
    is_mobile,
    mentions_somebody,
    names_somebody,
)
from tests.unit.shared.engine.reading.values.test_value_tests import flags


@pytest.mark.parametrize(
    "text",
    [
        "GB82 WEST 1234 5698 7654 32",
        "FR1420041010050500013M02606",
        "de89370400440532013000",
        "NO9386011117947",
    ],
)
def test_examples_of_the_iban_registry_are_accounts(text: str) -> None:
    """Written in groups, in small letters, of any length."""
    assert flags(is_iban, text) == [True]


_COUNTRIES = ("BE", "DE", "FR", "GB", "MT", "NO", "US", "XX")
_SHAPES = (
    r"[0-9]{11,20}|[0-9]{10}[A-Z0-9]{11}[0-9]{2}|[A-Z]{4}[0-9]{14}|[A-Z]{4}[0-9]{5}[A-Z0-9]{18}"
)


@st.composite
def accounts(draw: st.DrawFn) -> str:
    """Accounts of some countries and of none, with their check digits or others."""
    country = draw(st.sampled_from(_COUNTRIES))
    account = draw(st.from_regex(_SHAPES, fullmatch=True))
    check = iban.mod_97_10.calc_check_digits(account + country)
    return f"{country}{draw(st.sampled_from([check, '00', '42']))}{account}"


@given(st.lists(accounts(), max_size=20))
def test_accounts_are_those_of_stdnum(texts: list[str]) -> None:
    """Of a country that has them, as long as there, and valid modulo 97."""
    expected = [iban.is_valid(text, check_country=False) for text in texts]
    assert flags(is_iban, *texts) == expected


def test_accounts_of_no_country_are_none() -> None:
    """Though the check digits are right: of any two letters and digits one in 97 has them."""
    account = "20041010050500013"
    texts = [
        f"{land}{iban.mod_97_10.calc_check_digits(account + land)}{account}"
        for land in ("US", "ZZ")
    ]
    assert flags(is_iban, *texts, "FR8220041010050500013") == [False] * 3


def test_mailboxes_are_an_office_s_or_somebody_s() -> None:
    """A name tells a person, a function an office, other words neither."""
    offices = ["mairie@caen.fr", "contact.sport@x.fr", "sig@x.fr", "accueil2@x.fr"]
    persons = ["marie.dupont@x.fr", "j.dupont@x.fr", "DUPONT-Marie@x.fr"]
    others = ["xyz12@x.fr", "driveco@x.fr"]
    assert flags(is_function, *offices, *persons, *others) == [True] * 4 + [False] * 5
    assert flags(names_somebody, *offices, *persons, *others) == (
        [False] * 4 + [True] * 3 + [False] * 2
    )
    mails = ["velo14@gmail.com", "mairie.x@wanadoo.fr", "velo14@asso.fr"]
    assert flags(is_free_mail, *mails) == [True, False, False]


@pytest.mark.parametrize(
    ("mailbox", "expected"),
    [
        ("jean.dupont7@mairie-x.fr", True),
        ("DUPONT-Marie1975@x.fr", True),
        ("contact.sport2@x.fr", False),
        ("velo.caen14@x.fr", False),
        ("9c1185be-7d54-4f0a-b0a2-b07@x.fr", False),
    ],
)
def test_digits_behind_a_name_hide_nobody(mailbox: str, *, expected: bool) -> None:
    """Namesakes get a number; offices and identifiers have some as well."""
    assert flags(names_somebody, mailbox) == [expected]
    assert flags(mentions_somebody, f"{mailbox}, {mailbox}") == [expected]


def test_texts_mention_somebody_by_number_or_mailbox() -> None:
    """A longer number and an office's mailbox are nobody's."""
    texts = ["Clé : 06 12 34 56 78.", "voir j.dupont@x.fr", "NIR 2 55 08 14 168 025 38"]
    others = ["dossier 20612345678", "voir mairie@x.fr", "2 55 08 14 168 025 39", ""]
    assert flags(mentions_somebody, *texts, *others) == [True] * 3 + [False] * 4


@pytest.mark.parametrize(
    "text",
    ["5f2a0612345678d1", "9c1185be-7d54-4f0a-b0a2-b0712345678e", "A0612345678", "3e8315ce-000"],
)
def test_identifier_in_hexadecimal_digits_mentions_nobody(text: str) -> None:
    """Some of its digits look like a number: of 200,000 random UUIDs, 143 did."""
    assert flags(mentions_somebody, text, f"{text} (tél. 0612345678)") == [False, True]


def test_mobiles_are_06_and_07() -> None:
    """National and international, spaced or not."""
    numbers = ["0612345678", "+33 7 12 34 56 78", "02 31 30 40 50", "0033612345678"]
    assert flags(is_mobile, *numbers) == [True, True, False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 bis, rue des Lilas", True),
        ("Résidence du Parc 14000 Caen", True),
        ("3 av. Foch", True),
        ("Allée du Ninu 20600 Bastia", True),
        ("Lieu-dit Le Bourg", True),
        ("Caen", False),
        ("Route", False),
        ("14000", False),
        ("Payant", False),
    ],
)
def test_addresses_name_a_way_or_a_town(text: str, *, expected: bool) -> None:
    """As on French envelopes."""
    assert flags(is_address, text) == [expected]
