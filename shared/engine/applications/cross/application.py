"""Crosses two tables on a key, and says what did not meet."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from shared.engine.applications.application import Application, Choice, Role, Totals, Traits
from shared.engine.applications.effect import (
    Columns,
    Effect,
    MadeColumn,
    Met,
    Named,
    Part,
    ShownTable,
    Source,
    as_they_are,
)
from shared.engine.applications.parameters import ColumnName, Parameters
from shared.engine.tables.column_names import unique
from shared.engine.tables.crosswalks import CROSSWALKS
from shared.language.french import quoted

CHOICE = "many_to_many"
"""The parameter that a holder chooses by; see `with_choices`."""

SUCCESSOR_COLUMNS = ("code", "type", "chefLieu", "anciensCodes")
"""What the table of communes is read for."""


def _known(name: str) -> str:
    if name not in CROSSWALKS:
        raise ValueError(f"aucun passage ne s'appelle ainsi ; il y a {', '.join(CROSSWALKS)}")
    return name


_CHOICES = [
    {"const": name, "description": crosswalk.description} for name, crosswalk in CROSSWALKS.items()
]
CrosswalkName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"oneOf": _CHOICES})]


How = Literal["left", "inner", "right", "full", "anti"]


class FurtherKey(Parameters):
    """A further pair of columns whose values have to be equal, too."""

    left: ColumnName = Field(description="Colonne de la table principale")
    right: ColumnName = Field(description="Colonne de la table croisée")


class CrossParameters(Parameters):
    """How two tables are joined."""

    left_key: ColumnName = Field(description="Colonne clé de la table principale")
    right_key: ColumnName = Field(description="Colonne clé de la table croisée")
    keys: tuple[FurtherKey, ...] = Field(
        default=(),
        max_length=9,
        description="Autres colonnes qui doivent aussi être égales, p. ex. une année ; les passages"
        " ne valent que pour left_key et right_key",
    )
    how: How = Field(
        default="left",
        description="left garde toutes les lignes de la table principale, right celles de l'autre,"
        " full celles des deux, inner celles qui se rencontrent ; anti ne garde de la table"
        " principale que les lignes sans correspondance, sans colonne de l'autre",
    )
    weight: ColumnName | None = Field(
        default=None,
        description="Colonne numérique de la table principale qui pèse les clés sans"
        " correspondance ; sans elle, chaque ligne pèse 1",
    )
    left_via: CrosswalkName | None = Field(
        default=None,
        description="Passage qui mène la clé de la table principale à celle de la table croisée",
    )
    right_via: CrosswalkName | None = Field(
        default=None,
        description="Passage qui mène la clé de la table croisée à celle de la table principale",
    )
    many_to_many: Literal["refused", "kept"] | None = Field(
        default=None,
        description="Si une même clé se trouve sur plusieurs lignes des deux tables, chaque ligne"
        " de l'une s'y croise avec chaque ligne de l'autre : kept le veut, refused refuse le calcul"
        " complet. Sans choix, un traitement soumis aujourd'hui reçoit refused",
    )

    totals: Totals = "left_out"

    @property
    def refuses_repetition(self) -> bool:
        """Return whether it is not made where rows of both tables stand several times."""
        return self.many_to_many == "refused" and self.how != "anti"

    @model_validator(mode="after")
    def _arrive_at_one_kind(self) -> Self:
        if self.left_via and self.right_via:
            left, right = (CROSSWALKS[name].space for name in (self.left_via, self.right_via))
            if left != right:
                raise ValueError(f"left_via mène à « {left} », et right_via à « {right} »")
        return self


def _effect(parameters: CrossParameters, tables: Mapping[str, Columns]) -> Effect:
    """Return the effect: both tables' columns, and a report of the left keys that met nothing.

    Each is listed with its weight, and with the code that follows it where a table says so.
    """
    left, right = as_they_are("left", tables["left"]), as_they_are("right", tables["right"])
    renamed = dict(zip(unique(right, left), right.values(), strict=True))
    left_key, right_key = Source("left", parameters.left_key), Source("right", parameters.right_key)
    further = [(Source("left", key.left), Source("right", key.right)) for key in parameters.keys]
    followers = _followers(tables)
    listed = [
        Part(source, "listed") for source in (left_key, *(left for left, _ in further), *followers)
    ]
    weighed = [Part(Source("left", parameters.weight), "sum")] if parameters.weight else []
    meets = [Part(source, "met") for source in (right_key, *(right for _, right in further))]
    report = {"keys": MadeColumn((*listed, *meets, *weighed))}
    met = Met(
        parameters.how,
        left_key,
        (right_key, *followers),
        parameters.left_via or "",
        parameters.right_via or "",
    )
    is_anti = parameters.how == "anti"
    return Effect(
        left if is_anti else {**left, **renamed},
        named=tuple(_named(parameters)),
        looks_at=frozenset(followers),
        passes=("left",) if is_anti else ("left", "right"),
        shows=(ShownTable(report, (left_key, *(left for left, _ in further))),),
        met=(met, *(Met(parameters.how, here, (there,)) for here, there in further)),
        rows="chosen" if is_anti else "made",
        moves_values=False,
    )


def _named(parameters: CrossParameters) -> Iterator[Named]:
    yield Named("left_key", Source("left", parameters.left_key))
    yield Named("right_key", Source("right", parameters.right_key))
    for at, key in enumerate(parameters.keys):
        yield Named(f"keys.{at}.left", Source("left", key.left))
        yield Named(f"keys.{at}.right", Source("right", key.right))
    if parameters.weight:
        yield Named("weight", Source("left", parameters.weight), "le poids")


def _followers(tables: Mapping[str, Columns]) -> tuple[Source, ...]:
    """Return the columns by which gone codes are led to those that follow them."""
    names = SUCCESSOR_COLUMNS if "successors" in tables else ()
    return tuple(Source("successors", name) for name in names)


_REPEATED = ", chaque ligne avec toutes celles qui ont la même clé"


def _sentence(parameters: Mapping[str, Any], tables: Mapping[str, str]) -> str:
    keys = f"{quoted(parameters['left_key'])} et {quoted(parameters['right_key'])}"
    repeats = _REPEATED if parameters.get(CHOICE) == "kept" else ""
    left, right = tables["left"], tables["right"]
    return f"Croise {left} avec {right}, là où {keys} se correspondent{repeats}."


def _choices(parameters: CrossParameters, _kinds: Mapping[str, str]) -> tuple[Choice, ...] | None:
    if parameters.how in ("right", "full"):
        return None
    columns = (parameters.left_key, *(key.left for key in parameters.keys), parameters.weight)
    return tuple(Choice(column) for column in columns if column)


CROSS = Application(
    name="cross",
    title="Croiser deux tables",
    description=(
        "Rapproche deux tables par une clé commune, ou plusieurs à la fois, et garde les lignes de"
        " l'une, de l'autre, des deux, ou celles qui ne rencontrent rien. Les clés sans"
        " correspondance sont toujours énumérées avec leur poids, sur toute la table, même pour un"
        " essai sur un échantillon."
        " Avec la table des communes, un code de commune disparu est rattaché à la commune qui"
        " lui succède. Par un passage (left_via, right_via), des clés qui ne sont pas les mêmes se"
        " rencontrent : codes de communes d'une autre année, SIRET et SIREN, IRIS et commune, code"
        " postal et communes ; le compte rendu dit ce que le passage change et ce qu'il coûte."
        " Une colonne présente des deux côtés reçoit un suffixe."
    ),
    roles=(
        Role(name="left", title="La table principale"),
        Role(name="right", title="La table dont les colonnes s'ajoutent"),
        Role(
            name="successors",
            title="Les communes du code officiel géographique"
            " (colonnes code, type, chefLieu, anciensCodes)",
            required=False,
        ),
    ),
    parameters=CrossParameters,
    choices=_choices,
    effect=_effect,
    sentence=_sentence,
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=False,
        joins=True,
        sums=False,
        reads_files=False,
        needs_key=False,
        picks_rows=False,
        is_repeatable=lambda _parameters: True,
        splits=lambda parameters: parameters.get("how", "left") in ("left", "inner"),
    ),
)
