"""Why values of a key meet nothing, as far as the other key and the official codes tell."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from services.catalog.joins.compared_keys import ComparedKeys, ComparedSide, Mask, lead
from shared.engine.analysis.preview import Unmatched
from shared.engine.codes.code_lists import CodeArray
from shared.engine.codes.cog import load_cog
from shared.engine.codes.crosswalk_lookup import map_keys
from shared.engine.tables.crosswalks import CROSSWALKS, PRESENT, space_behind
from shared.engine.tables.key_file import KEY_SPACES
from shared.language.french import counted, french_list, grouped, quoted

_EXAMPLES = 3
_SIGNS = (b" ", b".", b"-", b"_", b"/")
"""That people write in codes, or leave out."""

_TOTALS = (b"total", b"sous-total", b"ensemble")
_OF_AREAS = frozenset({"commune", "postcode", "iris", "departement"})
_CORSICA = (b"2A", b"2B")


class _Cause(NamedTuple):
    """Values that meet nothing for one reason, in French for one value and for several."""

    kind: str
    mask: Mask
    singular: str
    plural: str
    way_out: str = ""


class _Alone(NamedTuple):
    """The values of a side that meet nothing, and the kinds of both keys as they are."""

    values: CodeArray
    is_led: Mask
    via: str
    kind: str
    other: ComparedSide
    other_kind: str

    @property
    def spaces(self) -> tuple[str, str]:
        """What both keys are compared as, behind their crosswalks."""
        sides = (self.via, self.kind), (self.other.via, self.other_kind)
        here, there = (space_behind(via, KEY_SPACES.get(kind, kind)) for via, kind in sides)
        return here, there

    def meet(self, values: CodeArray, via: str = "") -> Mask:
        """Which values meet the other side when they are written so, or led by that crosswalk."""
        return self.other.is_met_by(values, via or self.via)


def unmatched_of(compared: ComparedKeys, kinds: tuple[str, str]) -> tuple[list[Unmatched], ...]:
    """For the left side and the right one the causes, with their values, rows and examples.

    `kinds` are those of their keys. Each value counts for the first cause that explains it.
    """
    left, right = compared.left, compared.right
    sides = (left, right, kinds), (right, left, kinds[::-1])
    return tuple(list(_unmatched(*side)) for side in sides)


def _unmatched(
    side: ComparedSide, other: ComparedSide, kinds: tuple[str, str]
) -> Iterator[Unmatched]:
    is_alone = ~side.is_met
    values, rows = side.key.values[is_alone], side.key.rows[is_alone]
    alone = _Alone(values, side.is_led[is_alone], side.via, kinds[0], other, kinds[1])
    is_left = np.ones(len(values), bool)
    for cause in _causes(alone) if len(values) else ():
        mask = cause.mask & is_left
        is_left &= ~mask
        if mask.any():
            yield _explained(cause, values[mask], int(rows[mask].sum()))


def _explained(cause: _Cause, values: CodeArray, rows: int) -> Unmatched:
    examples = tuple(value.decode() for value in np.sort(values)[:_EXAMPLES].tolist())
    is_single = len(values) == 1
    number = f"{grouped(len(values))} {'valeur' if is_single else 'valeurs'}"
    verb = cause.singular if is_single else cause.plural
    among = " : " if len(values) <= _EXAMPLES else ", p. ex. "
    listed = french_list(list(map(quoted, examples)))
    way_out = f" ; {cause.way_out}" if cause.way_out else ""
    sentence = f"{number} ({counted(rows, 'ligne', 'lignes')}) {verb}{among}{listed}{way_out}"
    return Unmatched(
        kind=cause.kind, values=len(values), rows=rows, examples=examples, said=sentence
    )


def _causes(alone: _Alone) -> Iterator[_Cause]:
    """The possible causes, the most telling first; the last explains nothing."""
    if not _are_digits(alone.values):
        yield _total(alone)
    yield _leading_zero(alone)
    yield from _spelling(alone)
    yield from _crosswalks(alone)
    yield from _postcodes(alone)
    if alone.via:
        why = f"à rien par le passage « {alone.via} »"
        yield _Cause("no_target", ~alone.is_led, f"ne mène {why}", f"ne mènent {why}")
    yield from _areas(alone)
    everything = np.ones(len(alone.values), bool)
    yield _Cause("unknown", everything, "est d'un côté seulement", "sont d'un côté seulement")


def _are_digits(values: CodeArray) -> bool:
    """Whether there are digits alone; of many values that is found out at once."""
    signs = np.ascontiguousarray(values).view(np.uint8)
    return bool(((signs == 0) | ((signs >= ord("0")) & (signs <= ord("9")))).all())


def _total(alone: _Alone) -> _Cause:
    words = np.strings.lower(alone.values)
    mask = np.logical_or.reduce([np.strings.startswith(words, total) for total in _TOTALS])
    return _Cause("total_label", mask, "dit un total", "disent un total")


def _leading_zero(alone: _Alone) -> _Cause:
    has_zero = np.strings.startswith(alone.values, b"0")
    shorter = np.where(has_zero, np.strings.lstrip(alone.values, b"0"), b"?")
    mask = alone.meet(np.strings.add(b"0", alone.values)) | alone.meet(shorter)
    return _Cause(
        "leading_zero", mask, "diffère par un zéro de tête", "diffèrent par un zéro de tête"
    )


def _spelling(alone: _Alone) -> Iterator[_Cause]:
    """Values that differ by capitals and signs, where no crosswalk reads them."""
    theirs = alone.other.key.values
    if alone.via or alone.other.via or (_are_digits(alone.values) and _are_digits(theirs)):
        return
    mask = np.isin(_bare(alone.values), _bare(theirs))
    yield _Cause("spelling", mask, "s'écrit autrement en face", "s'écrivent autrement en face")


def _bare(values: CodeArray) -> CodeArray:
    bare = np.strings.upper(values)
    for sign in _SIGNS:
        bare = np.strings.replace(bare, sign, b"")
    return bare


def _crosswalks(alone: _Alone) -> Iterator[_Cause]:
    """Codes of communes of another year, and keys of another kind that lead to those there."""
    here, there = alone.spaces
    if here == there == PRESENT.space:
        at, codes = lead(alone.values, alone.via)
        places, present = map_keys(PRESENT.name, codes)
        theirs = map_keys(PRESENT.name, alone.other.targets).targets
        mask = np.zeros(len(alone.values), bool)
        mask[at[places[np.isin(present, theirs)]]] = True
        verbs = ("est un code d'une autre année", "sont des codes d'une autre année")
        yield _Cause("other_year", mask, *verbs, f"le passage « {PRESENT.name} » y mène")
    ways = (way for way in CROSSWALKS.values() if way.source == alone.kind and way != PRESENT)
    for crosswalk in ways if not alone.via else ():
        if crosswalk.space == there:
            mask = alone.meet(alone.values, crosswalk.name)
            verbs = ("mène à une autre par un passage", "mènent à d'autres par un passage")
            yield _Cause("crosswalk", mask, *verbs, f"choisissez « {crosswalk.name} »")


def _postcodes(alone: _Alone) -> Iterator[_Cause]:
    """Postcodes of offices (CEDEX), which lists of ordinary postcodes lack."""
    if alone.kind != "postcode":
        return
    if not alone.via:
        mask = np.isin(alone.values, load_cog().cedex["postcode"])
        yield _Cause("cedex", mask, "est un code CEDEX", "sont des codes CEDEX")
    else:
        why = "à aucune commune (CEDEX de plusieurs communes, ou code qui n'existe pas)"
        yield _Cause("no_target", ~alone.is_led, f"ne mène {why}", f"ne mènent {why}")


def _areas(alone: _Alone) -> Iterator[_Cause]:
    """Values that are no codes of communes, and codes of départements that the other side lacks."""
    if alone.kind == "commune":
        is_none = load_cog().kinds(alone.values) == b"unknown"
        yield _Cause(
            "no_code", is_none, "n'est pas un code de commune", "ne sont pas des codes de commune"
        )
    if {alone.kind, alone.other_kind} <= _OF_AREAS:
        theirs = np.unique(_departements(alone.other.key.values))
        mask = ~np.isin(_departements(alone.values), theirs)
        where = "d'un département qui n'est pas en face"
        yield _Cause("other_area", mask, f"est {where}", f"sont {where}")


def _departements(codes: CodeArray) -> CodeArray:
    """The first two characters; postcodes know only one Corsica."""
    starts = codes.astype("S2")
    return np.where(np.isin(starts, _CORSICA), b"20", starts)
