"""Names of columns: which differ as SQL compares them, and which one a wrong name may mean."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from shared.language.folding import fold
from shared.language.french import quoted

_NAMES_SHOWN = 30
"""Columns that are named where none is alike."""

_NEAR, _ALIKE = 3, 0.6


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """`names`, with `_2`, `_3`... where one repeats another; case makes no difference in SQL."""
    seen = {name.lower() for name in taken}
    result = []
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate.lower())
        result.append(candidate)
    return result


def near(name: str, names: Mapping[str, object], among: str = "ses colonnes") -> str:
    """A hint, in French: the names that `name` may stand for, or some of all, `among` which."""
    folded: dict[str, list[str]] = {}
    for candidate in names:
        folded.setdefault(fold(candidate), []).append(candidate)
    folded_name = fold(name)
    same = folded.get(folded_name, [])
    close = [
        candidate
        for key in get_close_matches(folded_name, folded, _NEAR, _ALIKE)
        for candidate in folded[key]
    ]
    part = [
        candidate
        for candidate in names
        if len(folded_name) > _NEAR and folded_name in fold(candidate)
    ]
    if suggestions := list(dict.fromkeys((*same, *close, *part)))[:_NEAR]:
        return f" ; vouliez-vous dire {' ou '.join(map(quoted, suggestions))} ?"
    listed = [quoted(candidate) for candidate in list(names)[:_NAMES_SHOWN]]
    return f" ({among} : {', '.join(listed)}{', …' if len(names) > _NAMES_SHOWN else ''})"
