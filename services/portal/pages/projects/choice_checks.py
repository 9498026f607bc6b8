"""What keeps choices from being a treatment: a value that is none, or a choice made by half."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from services.portal.building import Choices
from services.portal.lab import Json, Refused
from shared.engine.applications.filter.application import read_value
from shared.errors import Invalid
from shared.language.french import quoted as french_quoted

_UNUSABLE = 422
_EQUALITIES = ("=", "<>")
_BARS = (("barres", "par quoi vont les barres"), ("hauteur", "la longueur des barres"))
_COLOURED = (
    ("territoire", "où sont les codes du territoire"),
    ("couleur", "selon quoi colorer la carte"),
)
"""The fields of a chart and of a map, and what is missing without each, in French."""

OF_FIGURES = frozenset(("taux", *(at for at, _ in (*_BARS, *_COLOURED))))
"""The fields of what is made of figures: what is wrong with them hides nothing else."""

_IN_ORDER = frozenset({"month", "datetime", "year"})
"""Types of text that stand in the order of what they mean."""

_NOT_IN_ORDER = (
    "Cette colonne est lue comme du texte : le Datalab n'en compare pas les grandeurs. Choisissez"
    " « est égal à » ou « n'est pas » ; si ce sont des nombres, déposez un fichier où cette colonne"
    " n'a rien d'autre."
)


def with_value(choices: Choices, columns: Iterable[Json]) -> Choices:
    """Return the choices with the row filter's value as it is compared with its column.

    `columns` are those of the table. Raises Refused, naming the field, for a value that is
    missing, or no number or day where the column holds such, and for texts as more or less.
    """
    column, comparison, text = choices.kept
    if not column and not text:
        return choices
    if not (column and text):
        at, missing = ("valeur", "la valeur") if column else ("colonne", "la colonne")
        raise Refused(_UNUSABLE, f"Pour garder certaines lignes, dites aussi {missing}.", at)
    kept_columns = [read_column for read_column in columns if read_column["name"] == column]
    kind = kept_columns[0]["kind"] if kept_columns and not kept_columns[0]["key"] else ""
    is_word = kind == "text" and kept_columns[0].get("type") not in _IN_ORDER
    if is_word and comparison not in _EQUALITIES:
        raise Refused(_UNUSABLE, _NOT_IN_ORDER, "comparaison")
    try:
        value = read_value(text, kind)
    except Invalid as error:
        raise Refused(_UNUSABLE, str(error.args[0]), "valeur") from error
    return replace(choices, kept=(column, comparison, value))


def check_complete(choices: Choices) -> None:
    """Raise Refused, naming the field, for an incomplete choice, which would be ignored."""
    if (choices.figures or choices.means) and not choices.by:
        raise Refused(_UNUSABLE, "Dites par quelle colonne regrouper ce qui est compté.", "par")
    if any(choices.rate):
        gone = [figure for figure in choices.rate if figure not in choices.figures]
        if not all(choices.rate):
            raise Refused(_UNUSABLE, "Un taux se fait de deux chiffres : dites lesquels.", "taux")
        _check_made(dict.fromkeys(gone, "taux"))
    for pair, fields in _drawn(choices):
        for value, (at, missing) in zip(pair, fields, strict=True):
            if any(pair) and not value:
                raise Refused(_UNUSABLE, f"Dites aussi {missing}.", at)


def check_crossed(choices: Choices) -> None:
    """Raise Refused for a second table that nothing reads: its owner would be asked for nothing."""
    if choices.right and not choices.key:
        raise Refused(_UNUSABLE, "Choisissez la clé par laquelle croiser ces deux jeux.", "droite")


def check_drawn(choices: Choices, columns: Iterable[Json]) -> None:
    """Raise Refused, naming the field, if a chart or map needs a column that is not among these."""
    column_names = {column["name"] for column in columns}
    _check_made(
        {
            value: at
            for pair, fields in _drawn(choices)
            for value, (at, _) in zip(pair, fields, strict=True)
            if value and value not in column_names
        }
    )


def _drawn(choices: Choices) -> Iterator[tuple[tuple[str, str], tuple[tuple[str, str], ...]]]:
    return zip((choices.bars, choices.coloured), (_BARS, _COLOURED), strict=True)


def _check_made(gone: Mapping[str, str]) -> None:
    """Raise Refused, at its field, for a column that is no longer computed."""
    for column, at in gone.items():
        message = f"{french_quoted(column)} n'est plus calculé : choisissez autre chose, ou rien."
        raise Refused(_UNUSABLE, message, at)
