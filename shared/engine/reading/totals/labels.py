"""What a cell says of its row, in SQL: a label of totals, a code, a number, or nothing."""

import re
from typing import NamedTuple

from shared.engine.database import filled, literal, quoted
from shared.engine.reading.values.numbers import number_sql, style_of
from shared.engine.tables.manifest import Column
from shared.language.folding import fold

_WHOLE = "((sous[- ]?|ss?[-/ ]+|grand )?(tota(l|ux)|tot[.])( generaux| general)?|ensemble) ?[:.]?"
_PART = (
    r"(sous[- ]?|ss?[-/ ]+|grand )?tota(l|ux)\b.*|ensemble d(e|es|u)\b.*|tou(s|tes)\b.*|.*\btotal"
)
"""What totals are called, in lower case and without accents: as the whole label, or in part."""

_HINTS = (
    *("total%", "totaux%", "sous%total%", "grand total%", "ensemble%", "tous%", "toutes%"),
    "%total",
)

OTHER_NAMES = re.compile(
    "marque|enseigne|operateur|societe|groupe|liste|parti|nuance|candidat|raison.?sociale|denomination"
    "|entreprise|fournisseur|titulaire|beneficiaire|etablissement"
)
"""In names of columns whose values may be called Total or Ensemble, and be none."""

_CODE_NAME = re.compile(
    r"(^|[_ ])(code|cod|id|ident|identifiant|numero|num|ref|reference)([_ ]|$)|^(n|no)[_ ]"
)
"""In names of columns whose numbers name something, and are never added up."""

_CODE = "[0-9]{1,4}[a-z]?|[0-9][0-9ab][0-9]{3,12}|[a-z]{1,3}[0-9]{2,}"

OTHER, PARTLY, WHOLLY = 1, 2, 3
"""What a text is: something else than a label, or one in part or as a whole; 0 for none."""

NUMBERS = ("integer", "decimal")
"""Kinds of columns that are added up."""

MOST_COLUMNS = 60
"""That are looked at, the first."""


class Reason(NamedTuple):
    """Why a row is a total: how it is marked, in which column, and of which it sums figures."""

    kind: str
    column: str
    sums: tuple[str, ...]


def label_sql(name: str) -> str:
    """Return, in SQL, whether the text of a column is empty, a label, or something else."""
    text = f"strip_accents(lower({filled(name)}))"
    return (
        f"CASE WHEN {filled(name)} IS NULL THEN 0"
        f" WHEN regexp_full_match({text}, '{_WHOLE}') THEN {WHOLLY}"
        f" WHEN regexp_full_match({text}, '{_PART}') THEN {PARTLY} ELSE {OTHER} END"
    )


def code_sql(name: str) -> str:
    """Return the SQL test for a text that looks like a code."""
    return f"regexp_full_match(lower({filled(name)}), '{_CODE}')"


def length_sql(name: str) -> str:
    """Return, in SQL, the length of a code of digits; 0 for anything else."""
    text = filled(name)
    is_code = f"regexp_full_match({text}, '[0-9][0-9ABab]?[0-9]*')"
    return f"CASE WHEN {is_code} THEN length({text}) ELSE 0 END"


def may_be_figures(column: Column) -> bool:
    """Whether a column's cells are figures, except those marked as secret.

    Years, codes and keys are none.
    """
    is_code = column.key or _CODE_NAME.search(fold(column.name))
    return not is_code and column.type in ("", *NUMBERS)


def figure_sql(column: Column) -> str:
    """Return the number that a cell holds, in SQL; null for none."""
    meaning = column.meaning
    style = style_of(meaning.format if meaning else None)
    unit = meaning.unit if meaning else None
    return number_sql(filled(column.name), style, unit or "", whole=False)


def hint_sql(name: str) -> str:
    """Return a quick SQL test for texts that may be labels."""
    column = f"CAST({quoted(name)} AS VARCHAR)"
    return f"({' OR '.join(f'{column} ILIKE {literal(hint)}' for hint in _HINTS)})"
