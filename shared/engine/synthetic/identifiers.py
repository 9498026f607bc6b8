"""Identifiers with valid check digits from ranges that are given to nobody, by their number.

The same number has the same identifier in every table, so that invented tables meet.
"""

from collections.abc import Callable, Mapping

_UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""Those of `shared.engine.reading.columns.identifiers.is_uai`, which names the source."""

_RNB_SIGNS = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NAF = ("01.11Z", "10.71C", "47.11B", "62.01Z", "85.20Z", "86.21Z")


def _checked(digits: str) -> str:
    """Return the digits with the one that Luhn's sum asks for behind them."""
    weighed = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(digits)))
    return f"{digits}{-sum(weight - 9 * (weight > 9) for weight in weighed) % 10}"  # noqa: PLR2004 - the sum of two digits


def _siren(number: int) -> str:
    # INSEE gives no number that begins with two zeros.
    return _checked(f"00{number % 10**6:06d}")


def _siret(number: int) -> str:
    return _checked(f"{_siren(number)}0001")


def _vat(number: int) -> str:
    siren = _siren(number)
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def _nir(number: int) -> str:
    # No commune and no country has the code 99999, and no month the number 99.
    digits = f"1{number // 1000 % 100:02d}9999999{number % 1000:03d}"
    return f"{digits}{97 - int(digits) % 97:02d}"


def _uai(number: int) -> str:
    digits = 9_990_000 + number % 10_000
    return f"{digits}{_UAI_LETTERS[digits % len(_UAI_LETTERS)]}"


def _rnb(number: int) -> str:
    signs = ""
    for _ in range(4):
        number, sign = divmod(number, len(_RNB_SIGNS))
        signs = _RNB_SIGNS[sign] + signs
    return f"ZZZZZZZZ{signs}"


IDENTIFIERS: Mapping[str, Callable[[int], str]] = {
    "siren": _siren,
    "siret": _siret,
    "tva": _vat,
    "nir": _nir,
    "uai": _uai,
    "rna": lambda number: f"W999{number % 10**6:06d}",
    "rnb": _rnb,
    "finess": lambda number: f"9899{number % 10**5:05d}",
    "naf": lambda number: _NAF[number % len(_NAF)],
    # RFC 2606 keeps the domain free.
    "email": lambda number: f"personne.inventee{number}@exemple.invalid",
    # ARCEP keeps 01 99 00 for films and books.
    "phone": lambda number: f"019900{number % 10_000:04d}",
    "url": lambda number: f"https://exemple.invalid/{number}",
    "version": lambda number: f"1.{number // 10}.{number % 10}",
}
"""What makes the identifier of a type from a number of at least 1."""
