"""What is said of a treatment before it is sent, and the names that a wrong one may stand for."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from pydantic import Field

from shared.errors import Invalid
from shared.events.event import Frozen
from shared.words import fold, french_list, quoted

_SHOWN = 30
"""Columns that are named where none is alike."""

_NEAR, _ALIKE = 3, 0.6


class Remark(Frozen):
    """Something to know before a treatment is sent, at a `field` of it; `message` is French."""

    field: str
    kind: str = Field(
        description="unknown_dataset, unknown_column, not_a_number, other_keys, many_to_many,"
        " repeated_rows, other_grain or not_known"
    )
    message: str
    dataset_id: str = Field(default="", description="that it is about, if it is about one")

    @property
    def refusal(self) -> Invalid:
        """The error that says it."""
        return Invalid(self.message, self.field)


class Findings(NamedTuple):
    """What a check found: what cannot run, what to think of, and what nobody could look at."""

    faults: list[Remark]
    warnings: list[Remark]
    unchecked: list[Remark]


class TreatmentCheck(Frozen):
    """What to think of before a treatment is sent, and what of it nobody could look at."""

    warnings: tuple[Remark, ...] = ()
    unchecked: tuple[Remark, ...] = ()


def near(name: str, names: Mapping[str, object]) -> str:
    """The names that `name` may stand for, or some of all there are, in French."""
    folded: dict[str, list[str]] = {}
    for one in names:
        folded.setdefault(fold(one), []).append(one)
    wanted = fold(name)
    same = folded.get(wanted, [])
    close = [it for key in get_close_matches(wanted, folded, _NEAR, _ALIKE) for it in folded[key]]
    part = [one for one in names if len(wanted) > _NEAR and wanted in fold(one)]
    if found := list(dict.fromkeys((*same, *close, *part)))[:_NEAR]:
        return f" ; vouliez-vous dire {french_list([quoted(one) for one in found])} ?"
    shown = [quoted(one) for one in list(names)[:_SHOWN]]
    return f" (ses colonnes : {', '.join(shown)}{', …' if len(names) > _SHOWN else ''})"
