"""Names of columns: which are one in SQL, which a wrong one may mean, and what code they say."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from shared.language.folding import fold
from shared.language.french import quoted

_NAMES_SHOWN = 30
"""Columns that are named where none is alike."""

_NEAR, _ALIKE = 3, 0.6

_WORDS = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_CODE = re.compile(
    r"\b(nom|noms|lib|libelle|label|intitule|nb|nbr|nbre|nombre|date|type|taux|part|montant|total"
    r"|effectifs?|statut|etat|lien|url)\b"
)
"""Words that say that a column holds something else about what has the code."""

_PREFIX = "(?:code|cod|num|numero|no|n|insee)"
_SAID = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "siret": r"\bsiret\b",
        "siren": r"\bsiren\b(?! epci)",
        "uai": r"\b(uai|rne)\b",
        "rna": r"\b(rna|waldec)\b",
        "finess": r"\bfiness\b",
        "naf": r"\b(naf|ape)\b",
        "epci": rf"^({_PREFIX} |siren )?epci( code| siren)?$",
        "iris": rf"^({_PREFIX} )?iris( code)?$",
        "departement": rf"^({_PREFIX} )*(departement|dept|dpt)( {_PREFIX})?$|^({_PREFIX} )+dep$",
        "region": rf"^({_PREFIX} )*region( {_PREFIX})?$|^({_PREFIX} )+reg$",
        "commune": r"\binsee\b|\bcod(e ?)?(com|comm|commune|insee|geo)\b|\bdepcom\b|\bcog\b"
        r"|^com(mune)?( code)?$",
        "postcode": r"\bcod(e ?)?post(al|e|aux)?\b|\b(cp|zip)\b|\b(zip|post) ?code\b"
        r"|\bpostal code\b",
    }.items()
}
"""The first that fits counts. `dep` and `reg` by themselves are also expenses and rules."""


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


def named_kind(column: str) -> str:
    """Return the kind of code that a column's name says; empty where it says none."""
    words = " ".join(filter(None, _WORDS.split(fold(_CAMEL.sub(" ", column)))))
    if _NO_CODE.search(words):
        return ""
    return next((kind for kind, pattern in _SAID.items() if pattern.search(words)), "")
