"""Proposes what could be shown of restricted data, by the form of its table and never by a value.

Its owner decides: a proposal is where that begins. What one row decides, as that each unit has but
one, is proposed as well: the owner alone reads it before agreeing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from pydantic import ValidationError

from services.catalog.datasets.metadata import Metadata
from services.catalog.protection.minimum import least_units, privacy_of
from shared.engine.contract.policy import LevelKind, PolicyDimension, PolicyMeasure, ReleasePolicy
from shared.engine.tables.manifest import Column, Profile
from shared.engine.tables.release import PERSON_KEYS, unit_of
from shared.language.folding import fold

MOST_DIMENSIONS, MOST_MEASURES = 6, 4
"""All sums of a cell are hidden together: each measure hides some of the others."""

MOST_CLASSES = 20
_AGES = (18, 25, 40, 60, 75)
_BOUNDS = {
    # INSEE's bands of employees; 250 parts small and medium enterprises (décret n° 2008-1354).
    "effectif": (1, 10, 20, 50, 250),
    # The bands of yearly income by commune (DGFiP, IRCOM).
    "revenu": (10_000, 12_000, 15_000, 20_000, 30_000, 50_000, 100_000),
}
"""Where classes of amounts begin, by a word of their column's name."""


_AREAS: dict[str, tuple[LevelKind, ...]] = {
    # An EPCI may lie in several départements: none of them can be the level above it.
    "commune": ("epci", "commune"),
    "iris": ("commune",),
    "epci": ("epci",),
    "departement": ("departement",),
    "region": ("region",),
}
"""Levels by what a column holds, the most useful first: the others would be levels of that."""

_NUMBERS, _DATES, _PERIODS = ("integer", "decimal"), ("date", "datetime"), ("year", "month")

_PERSON_WORDS = """adherent allocataire beneficiaire client compteur eleve etudiant foyer ine
    matricule menage patient salarie usager"""
_CASE_WORDS, _NUMBER_WORDS = "contrat demande dossier trajet", "cle id identifiant num numero ref"
_UNIT_WORDS = tuple(
    frozenset(words.split()) for words in (_PERSON_WORDS, _CASE_WORDS, _NUMBER_WORDS)
)
"""Words in the names of columns that say whose a row is: who may have several rows comes first."""

_COUNT_WORDS = {"montant", "nb", "nbr", "nombre", "total"}
_PLACE_WORDS = {"adresse", "canton", "localite", "ville", "voie"}
_LABEL_WORDS = {"intitule", "lib", "libelle", "nom"}
_RATES = """code delta ecart evolution indice moyen moyenne note part pct pourcentage rang ratio
    resultat score solde taux temperature variation"""
_NOT_SUMMED = frozenset(_RATES.split())
"""What nobody adds up, and what may be below 0."""

_Part = TypeVar("_Part")


def proposed_policy(profile: Profile, metadata: Metadata) -> ReleasePolicy | None:
    """A policy for a table of that profile; None where there is nothing to count by."""
    form = _Form(profile, metadata)
    dimensions = _chosen(form.dimensions(), MOST_DIMENSIONS, form.policy)
    if not dimensions:
        return None
    measures = _chosen(
        form.measures(), MOST_MEASURES, lambda chosen: form.policy(dimensions, chosen)
    )
    return form.policy(dimensions, measures)


def with_units_told(policy: ReleasePolicy, profile: Profile) -> ReleasePolicy:
    """Return a policy that says whether units repeat, as in a table of that profile if unsaid."""
    if not policy.unit or policy.units_repeat is not None:
        return policy
    return policy.model_copy(update={"units_repeat": units_repeat(profile, policy.unit)})


def units_repeat(profile: Profile, unit: tuple[str, ...]) -> bool | None:
    """Whether a unit has several rows, as far as is known; None where each row is its own."""
    if not unit:
        return None
    return not any(
        (column.name,) == unit and column.distinct == profile.rows for column in profile.columns
    )


def _chosen(
    candidates: Iterable[_Part], most: int, policy: Callable[[list[_Part]], object]
) -> list[_Part]:
    """The first of the candidates that make a policy together."""
    chosen: list[_Part] = []
    for candidate in candidates:
        if len(chosen) < most and policy([*chosen, candidate]):
            chosen.append(candidate)
    return chosen


class _Form:
    """What a table's columns hold, and whose its rows are."""

    def __init__(self, profile: Profile, metadata: Metadata) -> None:
        privacy = privacy_of(profile)
        findings = privacy.findings
        self._kinds = {finding.column: finding.kind for finding in findings}
        types = {column.name: column.type for column in profile.columns} | {
            name: kind for name, kind in self._kinds.items() if kind in PERSON_KEYS
        }
        unit, _ = unit_of(types, privacy.verdict, metadata.unit_column)
        unit = unit or _unit_by_name(profile.columns)
        self._unit, self._rows = (unit,) if unit else (), profile.rows
        self._units_repeat = units_repeat(profile, self._unit)
        untold = {finding.column for finding in findings if finding.role == "direct"} | {unit}
        self._columns = [column for column in profile.columns if column.name not in untold]
        self._minimum = least_units(profile, metadata, self._unit)
        self._territory = metadata.territory

    def policy(
        self, dimensions: Sequence[PolicyDimension], measures: Sequence[PolicyMeasure] = ()
    ) -> ReleasePolicy | None:
        """The policy of these; None where they do not go together."""
        try:
            return ReleasePolicy(
                unit=self._unit,
                units_repeat=self._units_repeat,
                minimum_units=self._minimum,
                dimensions=tuple(dimensions),
                measures=tuple(measures),
            )
        except ValidationError:
            return None

    def dimensions(self) -> Iterator[PolicyDimension]:
        """What the table can be counted by, the most useful first: place, date, age, the rest."""
        by_type = {column.type: column for column in reversed(self._columns)}
        area = next((by_type[kind] for kind in _AREAS if kind in by_type), None)
        place = None if area else next(filter(self._is_place, self._columns), None)
        day = next((column for column in self._columns if column.type in _DATES), None)
        if area:
            levels, values = _AREAS[area.type], self._territory
            yield PolicyDimension(column=area.name, levels=levels, values=values)
        if place:
            yield PolicyDimension(column=place.name, levels=("value",))
        if day:
            yield PolicyDimension(column=day.name, levels=("year", "quarter"))
        for column in filter(self._is_age, self._columns):
            yield PolicyDimension(column=column.name, levels=("classes",), bounds=_AGES)
        for column in self._columns:
            if self._is_category(column) and not (day and column.type in _PERIODS):
                yield PolicyDimension(column=column.name, levels=("value",))
        for column in filter(self._is_amount, self._columns):
            for word in sorted(_words(column) & _BOUNDS.keys()):
                yield PolicyDimension(column=column.name, levels=("classes",), bounds=_BOUNDS[word])

    def measures(self) -> Iterator[PolicyMeasure]:
        """What can be summed; what the policy counts by does not fit a second time."""
        for column in self._columns:
            if self._is_amount(column):
                is_full = column.filled == self._rows
                yield PolicyMeasure(column=column.name, is_full=is_full)

    def _is_place(self, column: Column) -> bool:
        is_called_so = bool(_words(column) & _PLACE_WORDS) or column.names == "commune"
        return is_called_so and _has_classes(column)

    def _is_age(self, column: Column) -> bool:
        is_called_so = self._kinds.get(column.name) == "age" or "age" in _words(column)
        return is_called_so and _is_number(column) and column.distinct > MOST_CLASSES

    def _is_category(self, column: Column) -> bool:
        is_code = column.key not in (None, "naf") or column.type in _AREAS
        is_place = self._is_place(column) or self._kinds.get(column.name) == "place"
        is_twin = any(_is_label_of(other, column) for other in self._columns)
        return _has_classes(column) and not (is_code or is_place or is_twin)

    def _is_amount(self, column: Column) -> bool:
        is_key = _rank(column) is not None or column.key is not None
        unit = column.meaning.unit if column.meaning else None
        is_rate = bool(_words(column) & _NOT_SUMMED) or unit == "%"
        has_many = column.distinct > MOST_CLASSES and not self._is_age(column)
        return _is_number(column) and has_many and not (is_key or is_rate)


def _unit_by_name(columns: Sequence[Column]) -> str:
    """The column whose name says that it tells whose a row is; empty without one."""
    ranked = [
        (rank, column.name)
        for column in columns
        if (rank := _rank(column)) is not None
        and column.distinct > MOST_CLASSES
        and column.type in ("", "category", "integer")
    ]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else ""


def _rank(column: Column) -> int | None:
    """How well the name says whose a row is, the best first; None if it does not."""
    words = _words(column)
    if words & (_COUNT_WORDS | _PLACE_WORDS):
        return None
    return next((rank for rank, listed in enumerate(_UNIT_WORDS) if words & listed), None)


def _has_classes(column: Column) -> bool:
    return 1 < column.distinct <= MOST_CLASSES and column.kind != "decimal"


def _is_number(column: Column) -> bool:
    return column.kind in _NUMBERS and column.type in ("", *_NUMBERS)


def _is_label_of(label: Column, column: Column) -> bool:
    """Whether one column names what is a code in the other: each tells the other."""
    words, named = _words(column), _words(label)
    is_label = bool(named & _LABEL_WORDS) and not words & _LABEL_WORDS
    return is_label and named - _LABEL_WORDS == words - {"code"}


def _words(column: Column) -> frozenset[str]:
    """The words of a column's name, without accents."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.name)
    return frozenset(re.findall("[a-z]+", fold(spaced)))
