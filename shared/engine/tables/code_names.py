"""Which kind of French code the name of a column says, by its words."""

import re

from shared.language.folding import fold

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


def named_kind(column: str) -> str:
    """Return the kind of code that a column's name says; empty where it says none."""
    words = " ".join(filter(None, _WORDS.split(fold(_CAMEL.sub(" ", column)))))
    if _NO_CODE.search(words):
        return ""
    return next((kind for kind, pattern in _SAID.items() if pattern.search(words)), "")
