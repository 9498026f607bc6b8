"""Tells the codes of départements and régions by a column beside them that they follow from.

A few numbers of two digits may be anything; those that are the département or the région of the
commune in their row are just that.
"""

from collections.abc import Callable, Sequence
from functools import cache

from shared.engine.codes.cog import load_cog
from shared.engine.database import Database, filled, literal, quoted, trimmed
from shared.engine.reading.columns.cog import load_codes
from shared.engine.tables.manifest import Column, Meaning

_LEADING = ("departement", "commune", "iris", "postcode")
"""Kinds of columns whose values begin with a département; of postcodes nearly all do."""

_UNPROVEN = ("", "integer", "category")
"""What a column is called whose values alone prove nothing."""

_ENOUGH = 0.95
"""Share of the rows that must agree: real files have a few faults."""

_SURE = 0.95
_MANY = 20
"""Fewer rows may agree by chance."""

_MOST = 150
"""No column of such codes has more different values."""


def with_codes(database: Database, table: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns of `table`, with the codes of départements and régions recognised."""
    leading = leading_column(columns)
    if leading is None:
        return list(columns)
    return [
        _recognised(database, table, column, leading) if _may_be_codes(column) else column
        for column in columns
    ]


def leading_column(columns: Sequence[Column]) -> str | None:
    """Return the column whose values begin with the département of their row."""
    names_by_type = {
        column.type: column.name
        for column in columns
        if column.meaning and not column.meaning.repair
    }
    return next((names_by_type[kind] for kind in _LEADING if kind in names_by_type), None)


def departement_of(name: str) -> str:
    """Return, in SQL, the département that the column's values begin with."""
    text = trimmed(name)
    return f"nullif(left({text}, CASE WHEN {text} LIKE '97%' THEN 3 ELSE 2 END), '')"


def _may_be_codes(column: Column) -> bool:
    is_short = 0 < column.distinct <= _MOST and column.kind in ("text", "integer")
    return is_short and column.type in _UNPROVEN


def _recognised(database: Database, table: str, column: Column, leading: str) -> Column:
    pairs = database.execute(
        f"SELECT {departement_of(leading)} AS departement,"
        f" {filled(column.name)} AS code, count(*)"
        f" FROM {quoted(table)} WHERE departement IS NOT NULL AND code IS NOT NULL GROUP BY ALL"
    ).fetchall()
    meaning = meaning_by_departement(
        [(str(departement), str(code), int(n)) for departement, code, n in pairs]
    )
    return column.model_copy(update={"meaning": meaning}) if meaning else column


def meaning_by_departement(pairs: Sequence[tuple[str, str, int]]) -> Meaning | None:
    """Return what codes mean, from the département beside each and the rows they have.

    Codes that are all the same may be so by chance, unless several départements share them.
    """
    placed_pairs = [pair for pair in pairs if pair[0] in _regions()]
    rows = sum(count for *_, count in placed_pairs)
    if rows < _MANY:
        return None
    for kind, repair, follows in _FOLLOWING:
        fitting_pairs = [pair for pair in placed_pairs if follows(*pair[:2])]
        share = sum(count for *_, count in fitting_pairs) / rows
        if share >= _ENOUGH and len({departement for departement, *_ in fitting_pairs}) > 1:
            valid, confidence = 0.0 if repair else share, round(_SURE * share, 3)
            return Meaning(type=kind, confidence=confidence, valid=valid, repair=repair)
    return None


def lacks_zero(kind: str) -> str:
    """Return the SQL test for a value that becomes a code of that kind with a leading zero."""
    if kind == "postcode":
        # The list is without CEDEX: the shape is enough.
        return "SIMILAR TO '[1-9][0-9]{3}'"
    codes = load_codes()
    official_codes = codes.departements if kind == "departement" else codes.communes
    short = sorted(code.removeprefix("0") for code in official_codes if code.startswith("0"))
    return f"IN ({', '.join(map(literal, short))})"


@cache
def _regions() -> dict[str, str]:
    """The région of each département."""
    codes = load_cog().departements
    pairs = zip(codes["code"].tolist(), codes["region"].tolist(), strict=True)
    return {code.decode(): region.decode() for code, region in pairs}


_FOLLOWING: tuple[tuple[str, str | None, Callable[[str, str], bool]], ...] = (
    ("departement", None, lambda departement, code: code == departement),
    ("departement", "leading_zero", lambda departement, code: code.zfill(2) == departement),
    ("region", None, lambda departement, code: code == _regions()[departement]),
)
"""What codes may be, what would make them so, and whether one follows from a département."""
