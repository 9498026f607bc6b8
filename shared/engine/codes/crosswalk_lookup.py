"""Leads keys through a crosswalk, all of a column at once."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.engine.codes.code_lists import CodeArray, chosen
from shared.engine.codes.cog import best_year, load_cog
from shared.engine.tables.crosswalks import PRESENT

_NOTHING = np.zeros(0, np.int64)


class MappedKeys(NamedTuple):
    """Positions in the values, ascending, and the key that each leads to.

    A position repeats where its value leads to several keys, in order, and is left out where the
    crosswalk does not know the value.
    """

    at: NDArray[np.int64]
    targets: CodeArray


KeyMapping = Callable[[CodeArray], MappedKeys]


def map_keys(name: str, values: CodeArray) -> MappedKeys:
    """Map `values`, trimmed, through the crosswalk of that name."""
    return _MAPPINGS[name](values)


def _present(values: CodeArray) -> MappedKeys:
    """Map to the present communes; those split since the column's year have several."""
    cog = load_cog()
    fit = best_year(np.unique(values))
    if fit is None:
        return MappedKeys(_NOTHING, values[:0])
    is_of_year = (cog.splits["first"] <= fit.year) & (cog.splits["last"] >= fit.year)
    split = chosen(cog.splits, is_of_year)
    whole = chosen(cog.communes, ~np.isin(cog.communes["code"], split["code"]))
    keys, targets = (np.concatenate([whole[name], split[name]]) for name in ("code", "commune"))
    return _joined(values, keys, targets)


def _joined(values: CodeArray, keys: CodeArray, targets: CodeArray) -> MappedKeys:
    """Pair each value with the targets of the key that it equals."""
    is_known = (keys != b"") & (targets != b"")
    keys, targets = keys[is_known], targets[is_known]
    order = np.argsort(keys, kind="stable")
    left, right = (np.searchsorted(keys[order], values, side) for side in ("left", "right"))
    at = np.repeat(np.arange(len(values)), right - left)
    before = np.cumsum(right - left) - (right - left)
    places = np.arange(len(at)) + (left - before)[at]
    return _once(at, targets[order][places])


def _once(at: NDArray[np.int64], targets: CodeArray) -> MappedKeys:
    """Return each pair once, in order."""
    order = np.lexsort((targets, at))
    at, targets = at[order], targets[order]
    is_new = np.ones(len(at), bool)
    is_new[1:] = (at[1:] != at[:-1]) | (targets[1:] != targets[:-1])
    return MappedKeys(at[is_new], targets[is_new])


def _chained(first: KeyMapping, second: KeyMapping) -> KeyMapping:
    """Apply one mapping after the other; a target that is reached twice is returned once."""

    def mapping(values: CodeArray) -> MappedKeys:
        starts, stops = first(values)
        at, targets = second(stops)
        return _once(starts[at], targets)

    return mapping


def _beginning(length: int, digits: int, letters: bytes = b"") -> KeyMapping:
    """Map values of that length to their first `digits` characters."""

    def mapping(values: CodeArray) -> MappedKeys:
        at = np.flatnonzero(np.strings.str_len(values) == length)
        signs = values[at].astype(f"S{length}").view(np.uint8).reshape(-1, length)
        fits = (signs >= ord("0")) & (signs <= ord("9"))
        fits[:, 1] |= np.isin(signs[:, 1], list(letters))
        at = at[fits.all(axis=1)]
        return MappedKeys(at, values[at].astype(f"S{digits}"))

    return mapping


def _of_communes(key: str, target: str) -> KeyMapping:
    """Map values by the list of communes."""

    def mapping(values: CodeArray) -> MappedKeys:
        communes = load_cog().communes
        return _joined(values, communes[key], communes[target])

    return mapping


def _served(values: CodeArray) -> MappedKeys:
    """Map postcodes to the communes that they serve, or that CEDEX offices are named after."""
    lists = load_cog().postcodes, load_cog().cedex
    keys, targets = (
        np.concatenate([code_list[name] for code_list in lists]) for name in ("postcode", "commune")
    )
    return _joined(values, keys, targets)


def _departement(communes: CodeArray) -> MappedKeys:
    """Return the first two characters, three overseas; none for the collectivities."""
    is_overseas = np.strings.startswith(communes, b"97")
    starts = np.where(is_overseas, communes.astype("S3"), communes.astype("S2"))
    at = np.flatnonzero(np.isin(starts, load_cog().departements["code"]))
    return MappedKeys(at, starts[at])


def _region(departements: CodeArray) -> MappedKeys:
    listed = load_cog().departements
    return _joined(departements, listed["code"], listed["region"])


_EPCI = _of_communes("code", "epci")
_MEMBERS = _of_communes("epci", "code")

_MAPPINGS: dict[str, KeyMapping] = {
    PRESENT.name: _present,
    "siret_siren": _beginning(14, 9),
    "siren_commune": _of_communes("siren", "commune"),
    "iris_commune": _chained(_beginning(9, 5, b"AB"), _present),
    "postcode_commune": _served,
    "commune_epci": _chained(_present, _EPCI),
    "commune_departement": _chained(_present, _departement),
    "commune_region": _chained(_chained(_present, _departement), _region),
    "epci_commune": _MEMBERS,
    "epci_departement": _chained(_MEMBERS, _departement),
    "epci_region": _chained(_chained(_MEMBERS, _departement), _region),
    "departement_region": _region,
}
