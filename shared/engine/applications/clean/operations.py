"""The operations of a cleaning, and what each is told."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from shared.engine.applications.parameters import ColumnName, Parameters

_MOST_CODES = 5000

_Names = Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=100)]
_Cell = Annotated[str, Field(max_length=500)]
_Others = Annotated[
    Literal["refused", "empty"],
    Field(
        description="Ce qui n'en est pas : refused arrête le calcul, empty laisse la cellule vide"
        " et le compte"
    ),
]
_Renamed = Annotated[dict[ColumnName, ColumnName], Field(min_length=1, max_length=100)]


DayFormat = Literal[
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%Y%m%d",
    "%d %B %Y",
    "%d/%m/%y",
]
"""As strftime has them; `%B` is a French name or its abbreviation."""


class _OnColumns(Parameters):
    """An operation that changes the cells of columns."""

    columns: _Names = Field(description="Colonnes changées")


class Trim(_OnColumns):
    """Spaces around values, and several in a row."""

    op: Literal["trim"] = Field(description="Ôte les espaces autour, et celles qui se répètent")


class Case(_OnColumns):
    """Upper, lower or title case."""

    op: Literal["case"] = Field(description="Met en capitales, en minuscules ou en titre")
    to: Literal["upper", "lower", "title"]


class Pad(_OnColumns):
    """Codes of a fixed length."""

    op: Literal["pad"] = Field(description="Complète à gauche jusqu'à une longueur")
    length: int = Field(ge=1, le=50, description="Longueur voulue, en caractères")
    sign: str = Field(default="0", min_length=1, max_length=1, description="Ce qui complète")


class LeadingZero(_OnColumns):
    """The named repair of codes that lost their first zero."""

    op: Literal["leading_zero"] = Field(
        description="Rend leur premier zéro aux codes qui l'ont perdu, et à eux seuls"
    )
    key: Literal["commune", "departement", "postcode"]


class Recode(_OnColumns):
    """Values replaced by others, of a table given here or of one in the role `codes`."""

    op: Literal["recode"] = Field(description="Remplace des valeurs par d'autres")
    codes: dict[_Cell, _Cell] = Field(
        default={},
        max_length=_MOST_CODES,
        description="Valeur -> ce qui la remplace ; sans cela, from_column et to_column de la table"
        " du rôle codes",
    )
    from_column: ColumnName | None = Field(default=None, description="Colonne des valeurs lues")
    to_column: ColumnName | None = Field(default=None, description="Colonne de ce qui remplace")
    others: Literal["kept", "empty", "refused"] = Field(
        default="kept",
        description="Les autres valeurs : kept les garde, empty laisse leur cellule vide, refused"
        " arrête le calcul",
    )

    @model_validator(mode="after")
    def _has_one_table(self) -> Self:
        named = (self.from_column is not None, self.to_column is not None)
        if bool(self.codes) == any(named) or any(named) != all(named):
            raise ValueError("recode demande codes, ou from_column et to_column")
        return self


class Fill(_OnColumns):
    """A value for empty cells."""

    op: Literal["fill"] = Field(description="Donne une valeur aux cellules vides")
    value: _Cell = Field(min_length=1)


class Scale(_OnColumns):
    """Another unit: numbers multiplied or divided by a constant."""

    op: Literal["scale"] = Field(description="Multiplie ou divise des nombres, change leur unité")
    multiply: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    divide: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    digits: int = Field(default=6, ge=0, le=10, description="Décimales gardées")
    unit: str = Field(default="", max_length=20, description="Unité du résultat, p. ex. km")

    @model_validator(mode="after")
    def _has_one_factor(self) -> Self:
        if (self.multiply is None) == (self.divide is None):
            raise ValueError("scale demande multiply ou divide, et l'un des deux seulement")
        return self


class Dates(_OnColumns):
    """Texts read as days, which are written as ISO 8601 has them."""

    op: Literal["dates"] = Field(description="Lit des dates, et les écrit AAAA-MM-JJ")
    formats: tuple[DayFormat, ...] = Field(
        default=(),
        max_length=9,
        description="Formats essayés dans cet ordre ; sans cela, tous ceux qui ne sont pas ambigus",
    )
    others: _Others = "refused"


class Numbers(_OnColumns):
    """Texts read as numbers, as French files write them."""

    op: Literal["numbers"] = Field(
        description="Lit des nombres écrits avec une virgule, des espaces ou une unité"
    )
    others: _Others = "refused"


class Distinct(Parameters):
    """Rows that repeat an earlier one."""

    op: Literal["distinct"] = Field(description="Ôte les lignes qui en répètent une autre")
    columns: tuple[ColumnName, ...] = Field(
        default=(),
        max_length=100,
        description="Colonnes comparées, toutes par défaut ; la première ligne est gardée",
    )


class WithoutTotals(_OnColumns):
    """Rows whose label is that of a total."""

    op: Literal["drop_totals"] = Field(
        description="Ôte les lignes dont une de ces colonnes dit Total, Sous-total ou Ensemble"
    )


class Rows(Parameters):
    """Rows chosen by the values of a column."""

    op: Literal["keep_rows", "drop_rows"] = Field(
        description="Garde, ou ôte, les lignes dont la colonne a une de ces valeurs"
    )
    column: ColumnName
    values: tuple[_Cell, ...] = Field(
        min_length=1, max_length=_MOST_CODES, description="« » vide pour les cellules vides"
    )


class Choose(_OnColumns):
    """Columns kept or dropped."""

    op: Literal["keep", "drop"] = Field(description="Garde ces colonnes, elles seules, ou les ôte")


class Rename(Parameters):
    """Columns renamed, or copied under another name before they are changed."""

    op: Literal["rename", "copy"] = Field(
        description="Renomme des colonnes, ou les copie sous un autre nom, à la fin de la table"
    )
    columns: _Renamed = Field(description="Nom -> nouveau nom")


_PlaceCode = Annotated[str, Field(pattern=r"^(\d[\dAB](\d{3}|\d)?|\d{9})$")]


class CommuneCodes(Parameters):
    """The INSEE codes of communes that a column names."""

    op: Literal["commune_codes"] = Field(
        description="Ajoute le code INSEE des communes nommées ; un nom inconnu, ou que plusieurs"
        " communes portent, n'en reçoit pas et le compte rendu le cite"
    )
    column: ColumnName = Field(description="Colonne des noms de communes, d'aujourd'hui ou anciens")
    departement: ColumnName | None = Field(
        default=None,
        description="Colonne qui dit le département ou l'EPCI par son code, son nom ou un code"
        " postal : elle départage les communes de même nom",
    )
    territory: tuple[_PlaceCode, ...] = Field(
        default=(),
        max_length=1000,
        description="Codes de départements ou de communes, ou SIREN d'EPCI : de plusieurs communes"
        " de même nom, celle qui s'y trouve",
    )
    name: ColumnName = Field(default="code_commune", description="Nom de la colonne ajoutée")


OnCells: TypeAlias = Trim | Case | Pad | LeadingZero | Recode | Fill | Scale | Dates | Numbers
OnRows: TypeAlias = Distinct | WithoutTotals | Rows
Operation: TypeAlias = OnCells | OnRows | Choose | Rename | CommuneCodes
