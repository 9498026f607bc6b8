"""The cells of a table that is to leave, and of what left before, as rows of a protected input.

The primary rules, in SQL: how many units are behind a cell, and how much of it is the largest ones'
(INSEE, Manuel de protection des tableaux; Hundepool et al. 2012, « Statistical Disclosure
Control », 4.2). What they find is for reviewers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from shared.engine.database import columns, quoted
from shared.engine.release.alike import make_alike
from shared.engine.release.arithmetic.atoms import MOST_ATOMS, Atom, Undecided
from shared.engine.release.arithmetic.intervals import Piece
from shared.engine.release.following import KeyChoice
from shared.engine.release.populations import Population
from shared.engine.tables.release import ReleaseVerdict, RuleName, RuleOutcome
from shared.language.french import counted, french_list
from shared.language.french import quoted as french_quoted

_TOLD: Mapping[RuleName, str] = {
    "units": "trop peu d'unités derrière un chiffre",
    "dominance": "un chiffre tient presque tout entier à une seule unité",
    "p_percent": "un chiffre dirait à 10 % près ce que pèse la plus grande unité",
    "alike": "toutes les unités d'un groupe ont la même valeur",
    "margins": "d'autres chiffres du résultat permettraient de retrouver un chiffre masqué",
    "ledger": "des résultats déjà diffusés permettraient de retrouver un chiffre masqué",
    "selection": "le porteur a choisi lui-même les unités comptées, ou leur poids",
    "rows": "les lignes sortent telles que leur propriétaire les a accordées",
    "opaque": "figures, fichiers et pages d'un code propre ne peuvent être vérifiés",
    "untraced": "le traitement les mêle d'une façon que les règles ne suivent pas : ce qui en reste"
    " dans le résultat est à lire dans la requête et dans la table",
    "stops": "une étape s'arrête devant des valeurs qu'elle n'attend pas : le résultat dit si elle"
    " en a trouvé",
    "undecided": "le résultat est trop grand pour être vérifié en entier",
}

_DOMINANCE = 0.85
"""Of a cell, the part that its largest contributor has at most."""

P = 0.10
"""How closely the second contributor may tell the largest one's part: no closer than 10 %."""

PARTS, _ATOMS, _VALUES, _PLAY = "‹cellules›", "‹atomes›", "‹valeurs›", "‹en jeu›"
_ALIKE = "‹presque tous pareils›"
EARLIER = 1 << 40
"""Numbers of cells that left before begin here."""

COUNT = "count"
"""The figure that has no column."""

Hidden = dict[int, RuleName]
"""The cells to leave empty, and the first rule that says so."""


class Measure(NamedTuple):
    """What is behind a figure of a cell: units, the largest parts, and whether all are alike."""

    units: int
    total: float
    largest: float
    second: float
    is_alike: bool

    @property
    def is_dominated(self) -> bool:
        """Whether one unit has nearly all of the value."""
        return self.total > 0 and self.largest >= _DOMINANCE * self.total

    @property
    def is_close(self) -> bool:
        """Whether the second unit can estimate the largest unit's part within P."""
        return self.largest > 0 and self.total - self.largest - self.second < P * self.largest


class Earlier(NamedTuple):
    """Cells that left before: the query of `cell`, `row` and `figures`, and what each bit means.

    `columns` are those of the input that name them.
    """

    sql: str
    figures: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def cells(self, figure: str, number: int) -> str:
        """Return the query of the cells that show that figure, or any figure, and their rows."""
        bits = [at for at, other in enumerate(self.figures) if figure in ("", other)]
        mask = sum(1 << at for at in bits)
        first = EARLIER * (1 + number)
        where = f"figures & {mask} <> 0"
        return f"SELECT {first} + cell AS cell, row FROM ({self.sql}) WHERE {where}"


@dataclass(frozen=True)
class Cells:
    """The cells of one table, in `PARTS`, as far as they are of one input.

    `PARTS` has a `cell`, a `row` in it, the `unit` whose that is, and how often it counts as
    `weight`. `named` are the columns of the input that name them.
    """

    population: Population
    earlier: Sequence[Earlier]
    named: frozenset[str] = frozenset()

    def units(self) -> tuple[dict[int, int], set[int]]:
        """Count the units of each cell, and return the cells whose rows have unequal weights."""
        unit_counts = self.population.rows(f"""
            SELECT cell, count(DISTINCT unit), min(weight) <> max(weight)
            FROM {quoted(PARTS)} GROUP BY cell
        """)
        return {cell: n for cell, n, _ in unit_counts}, {
            cell for cell, _, uneven in unit_counts if uneven
        }

    def read_values(self, expression: str) -> bool:
        """Read the values of a column of the input; returns whether some are negative."""
        population = self.population
        self.population.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(_VALUES)} AS
            SELECT {quoted(population.row)} AS row, CAST({expression} AS DOUBLE) AS value
            FROM {quoted(population.base)}
        """)
        ((least,),) = self.population.rows(f"SELECT min(value) FROM {quoted(_VALUES)}")
        return least is not None and least < 0

    def measures(self) -> dict[int, Measure]:
        """Measure each cell's figure of the column that was read."""
        return self._measured(f"FROM {quoted(PARTS)}")

    def piece_measures(self) -> dict[int, Measure]:
        """Measure each atom's figure of that column, by the atom's number."""
        return self._measured(
            f"SELECT atom AS cell, row, unit, 1 AS weight FROM {quoted(_ATOMS)}"
            f" JOIN {quoted(self.population.units)} USING (row)"
        )

    def _measured(self, parts: str) -> dict[int, Measure]:
        measures = self.population.rows(f"""
            SELECT cell, count(*), sum(part), max(part), coalesce(max(part, 2)[2], 0),
                min(least) = max(most)
            FROM (
                SELECT cell, unit, sum(abs(value) * weight) AS part, min(value) AS least,
                    max(value) AS most
                FROM ({parts}) JOIN {quoted(_VALUES)} USING (row)
                WHERE value IS NOT NULL GROUP BY cell, unit
            ) GROUP BY cell
        """)
        return {cell: Measure(*rest) for cell, *rest in measures}

    @cached_property
    def are_apart(self) -> bool:
        """Whether no row is in two cells, whatever these show."""
        return self._are_apart(self._in_cells(""))

    def bring_into_play(self, figure: str = "", *, with_values: bool = False) -> bool:
        """Sort the rows of cells that show that figure, or any figure, into atoms.

        Returns whether some row is in two cells: else nothing follows from several together.
        Raises Undecided.
        """
        if self.are_apart:
            return False
        union = self._in_cells(figure)
        if with_values:
            union = (
                f"SELECT cell, row FROM ({union}) JOIN {quoted(_VALUES)} USING (row)"
                " WHERE value IS NOT NULL"
            )
        if (figure or with_values) and self._are_apart(union):
            return False
        self.population.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(_PLAY)} AS
            SELECT row, list(cell ORDER BY cell) AS cells FROM ({union}) GROUP BY row
        """)
        ((atoms,),) = self.population.rows(f"SELECT count(DISTINCT cells) FROM {quoted(_PLAY)}")
        if atoms > MOST_ATOMS:
            raise Undecided
        self.population.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(_ATOMS)} AS
            SELECT row, cells, atom FROM {quoted(_PLAY)} JOIN (
                SELECT cells, row_number() OVER () AS atom
                FROM (SELECT DISTINCT cells FROM {quoted(_PLAY)})
            ) USING (cells)
        """)
        return True

    def _in_cells(self, figure: str) -> str:
        """Return the query of the rows of cells that show that figure, or any figure."""
        earlier = (release.cells(figure, at) for at, release in enumerate(self.earlier))
        return " UNION ALL ".join((f"SELECT cell, row FROM {quoted(PARTS)}", *earlier))

    def _are_apart(self, rows: str) -> bool:
        ((cells, distinct),) = self.population.rows(
            f"SELECT count(*), count(DISTINCT row) FROM ({rows})"
        )
        return bool(cells == distinct)

    def atoms(self) -> list[Atom]:
        """Return the atoms of the rows that were brought into play.

        Rows of a group that is nearly all of a larger one, by all columns that name cells together,
        are atoms of their own.
        """
        enough = self.population.minimum
        atom_rows = self.population.rows(f"""
            SELECT cells, coalesce(alike, 0) AS alike, count(DISTINCT unit) AS n, count(*),
                CASE WHEN n < {enough} THEN list(DISTINCT unit) END
            FROM {quoted(_ATOMS)} JOIN {quoted(self.population.units)} USING (row)
            LEFT JOIN {quoted(self._alike)} USING (row) GROUP BY cells, alike
        """)
        return [
            Atom(frozenset(cells), None if units is None else frozenset(units), rows, alike)
            for cells, alike, _, rows, units in atom_rows
        ]

    @cached_property
    def _alike(self) -> str:
        """Return the name of the table of the rows in such groups.

        Raises Undecided where what left before names them by a column that is not given now.
        """
        named = self.named.union(*(release.columns for release in self.earlier))
        if named - columns(self.population.database, self.population.base).keys():
            raise Undecided
        make_alike(self.population, _ALIKE, named)
        return _ALIKE

    def pieces(self) -> Iterator[tuple[int, Piece]]:
        """Yield the atoms with their value of the column that was read, by number."""
        piece_rows = self.population.rows(f"""
            SELECT atom, any_value(cells), sum(value) FROM {quoted(_ATOMS)}
            JOIN {quoted(_VALUES)} USING (row) WHERE value IS NOT NULL GROUP BY atom
        """)
        for atom, cells, value in piece_rows:
            yield atom, Piece(frozenset(cells), value)


def outcome(
    rule: RuleName,
    verdict: ReleaseVerdict,
    title: str = "",
    *,
    cells: int = 0,
    failed: int = 0,
    words: str = "",
) -> RuleOutcome:
    """State in one sentence what a rule says, in `words` of its own where it has some."""
    about = f"Données {french_quoted(title)} : " if title else ""
    sentence = f"{about}{words or _TOLD[rule]}."
    sentence = sentence[0].upper() + sentence[1:]
    return RuleOutcome(rule=rule, verdict=verdict, cells=cells, failed=failed, told=sentence)


def outcomes(
    population: Population, cells: int, rows: Hidden, columns: Mapping[str, Hidden]
) -> Iterator[RuleOutcome]:
    """Yield one outcome for each rule under which cells are."""
    failed = Counter(
        [*rows.values(), *(rule for hidden in columns.values() for rule in hidden.values())]
    )
    title = population.terms.title or population.name
    for rule, number in sorted(failed.items()):
        yield outcome(rule, "suppressed", title, cells=cells, failed=number)
    if not failed:
        yield outcome("units", "released", title, cells=cells).model_copy(
            update={
                "told": f"Données {french_quoted(title)} : chaque chiffre compte assez d'unités."
            }
        )


def choice_outcome(choice: KeyChoice, population: Population) -> RuleOutcome:
    """State what a crossing with the holder's own table chooses, by all its keys together."""
    keys = french_list([french_quoted(name) for name in choice.columns])
    combinations = counted(choice.combinations, "combinaison", "combinaisons")
    words = (
        f"croisées avec une table du porteur sur {keys}, ensemble : {combinations} de valeurs, dont"
        f" {choice.few} de moins de {population.minimum} unités et {choice.single} d'une seule"
    )
    title = population.terms.title or population.name
    verdict: ReleaseVerdict = "held" if choice.few or choice.are_apart else "released"
    return outcome(
        "selection", verdict, title, cells=choice.combinations, failed=choice.few, words=words
    )
