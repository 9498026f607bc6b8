"""Which tables answer for a figure, by what its groups are made of.

The classes of a group add up where they are cells of one table; where units may be in several of
them, a group has to be one cell.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, permutations
from typing import NamedTuple

from sqlglot import exp

from shared.engine.answering.cells import CellTable
from shared.engine.answering.figures import Figures
from shared.engine.answering.needed_levels import is_departement, level_of_format, needed_depth
from shared.engine.answering.single_classes import is_single_class
from shared.engine.answering.source import Depths
from shared.engine.applications.application import NotInTables
from shared.language.french import quoted as in_quotes


class Needs(NamedTuple):
    """What steps before a SELECT need of tables, and dimensions of which they keep one class."""

    depths: Depths
    single: frozenset[str] = frozenset()


class Figure(NamedTuple):
    """A figure, with the condition on the rows that it is made of, and its groups."""

    function: exp.Expr
    condition: exp.Expr | None
    keys: list[exp.Expr]

    @property
    def is_distinct(self) -> bool:
        """Whether it counts distinct values."""
        return isinstance(self.function, exp.Count) and isinstance(self.function.this, exp.Distinct)


@dataclass(frozen=True)
class TableChoice:
    """Chooses the tables of a SELECT's figures; `repeated` is as in AskedQuery."""

    select: exp.Select
    figures: Figures
    before: Needs
    repeated: Collection[str] | None

    def base(self, depths: Depths, keys: list[exp.Expr]) -> CellTable:
        """Return the table that tells which groups there are. Raises NotInTables."""
        if self.figures.source.is_made(depths):
            return CellTable(depths)
        return self._in_larger_areas(keys, depths, self.figures.source.not_made(depths))[0]

    def tables(self, figure: Figure, depths: Depths) -> list[CellTable]:
        """Return the table of a figure, and those of larger areas, which answer for their parts.

        They do where a group has all parts of an area, and the figure is the same for each of them:
        its own cell is shown more often than these. Raises NotInTables.
        """
        source = self.figures.source
        loose = self._loose(figure, depths) if figure.is_distinct else []
        columns = figure.function.find_all(exp.Column)
        is_alike = all(column.table == self.figures.alias for column in columns)
        if source.is_made(depths) and not loose:
            own = {column.name.lower() for column in self.figures.own(figure.function)}
            is_shared = is_alike and not figure.is_distinct
            larger = self._larger(figure.keys, depths) if is_shared else ()
            return [
                CellTable(depths),
                *(table for table in larger if table.parted.lower() not in own),
            ]
        why = _twice(loose) if source.is_made(depths) else source.not_made(depths)
        if not is_alike or len(loose) > 1:
            raise why
        return self._in_larger_areas(figure.keys, depths, why)

    def _larger(self, keys: list[exp.Expr], depths: Depths) -> Iterator[CellTable]:
        """Yield the tables of larger areas, where the groups are not of one of these areas each."""
        plain = self.separated(keys)
        for parted, coarse in self.figures.source.coarser(depths):
            if parted not in plain:
                yield CellTable(coarse, parted, depths[parted])

    def _in_larger_areas(
        self, keys: list[exp.Expr], depths: Depths, why: NotInTables
    ) -> list[CellTable]:
        """Return the tables of larger areas alone; raises `why` where groups may be no such areas.

        They are where another table's column makes or chooses them that has a value several times.
        """
        names = {
            column.name.lower()
            for node in filter(None, (*keys, _where(self.select)))
            for column in node.find_all(exp.Column)
            if column not in self.figures.own(node)
        }
        larger = list(self._larger(keys, depths))
        area_names = names if self.repeated is None else names & {*self.repeated}
        if not larger or not area_names:
            raise why
        return larger

    def _loose(self, figure: Figure, depths: Depths) -> list[str]:
        """Return the dimensions of which a unit may be in several classes of a group."""
        if not self.may_repeat_units:
            return []
        conditions = list(_parts(figure.condition, _where(self.select)))
        keys = [*figure.keys, *_compared_with_constants(conditions)]
        fixed = self.separated(keys) | self.before.single | set(self._nearly_separated(keys))
        source = self.figures.source
        return [
            dimension.column
            for dimension, level in source.keys(depths)
            if dimension.column not in fixed
            and not is_single_class(dimension, level, self._on(dimension.column, conditions))
        ]

    def _on(self, name: str, conditions: Iterable[exp.Expr]) -> list[exp.Expr]:
        """Return the conditions that are on that column alone."""
        return [
            condition
            for condition in conditions
            if not condition.find(exp.Query)
            and (columns := list(condition.find_all(exp.Column)))
            and len(self.figures.own(condition)) == len(columns)
            and {column.name.lower() for column in columns} == {name.lower()}
        ]

    def _equated(self, keys: list[exp.Expr]) -> Iterator[exp.Column]:
        """Yield the columns of the data that a join has equal to a group's key.

        Rows of the data that meet nothing are of any class, in the group without a key.
        """
        listed = {key.sql() for key in keys}
        is_first = self.select.args["from_"].this.alias_or_name == self.figures.alias
        for join in self.select.args.get("joins") or ():
            if (join.side or "").upper() not in ("", "RIGHT" if is_first else "LEFT"):
                continue
            on = join.args.get("on")
            for part in on.flatten() if isinstance(on, exp.And) else [on]:
                if isinstance(part, exp.EQ):
                    for own, other in permutations((part.this, part.expression)):
                        if own in self.figures.own(own) and other.sql() in listed:
                            yield own

    def _nearly_separated(self, keys: list[exp.Expr]) -> Iterator[str]:
        """Yield the dimensions of which groups are mostly of one class.

        They are made by the first characters of areas, or by so many cases as there are classes.
        """
        for key in keys:
            columns = self.figures.own(key)
            names = {column.name.lower() for column in columns}
            if len(names) != 1:
                continue
            dimension = self.figures.source.dimension(columns[0].name)
            cases = _cases(key) if dimension.bounds else 0
            if is_departement(key) or cases > len(dimension.bounds):
                yield dimension.column

    @property
    def has_joins(self) -> bool:
        """Whether a row of the data may stand there several times."""
        return bool(self.select.args.get("joins"))

    @property
    def may_repeat_units(self) -> bool:
        """Whether a unit may stand there in several rows."""
        return self.figures.source.facts.has_repeated_units or self.has_joins

    def separated(self, keys: list[exp.Expr]) -> set[str]:
        """Return the dimensions of which each group has one class alone."""
        separated = {
            self.figures.source.dimension(column.name).column for column in self._equated(keys)
        }
        parts: dict[str, set[str]] = {}
        for key in chain.from_iterable(map(_joined_parts, keys)):
            columns = self.figures.own(key)
            if len(columns) != 1:
                continue
            name, depth = needed_depth(self.figures.source, columns[0])
            dimension = self.figures.source.dimension(name)
            if key is columns[0]:
                separated.add(name)
            parts.setdefault(name, set()).add(_date_part(key))
            level = dimension.levels[depth - 1]
            if parts[name] & _WHOLE.get(level, set()) or parts[name] >= {"year", level}:
                separated.add(name)
        return separated


def _twice(loose: Iterable[str]) -> NotInTables:
    """Return why distinct units of several classes of these dimensions do not add up."""
    listed = ", ".join(map(in_quotes, loose))
    return NotInTables(
        f"une même unité peut être dans plusieurs classes de {listed} : elle compterait deux fois"
    )


_WHOLE = {"year": {"year"}, "quarter": {"quarter of year"}, "month": {"month of year"}}


def _date_part(key: exp.Expr) -> str:
    """Return what of a date a group is made by; `of year` where that tells the year as well."""
    name = type(key).__name__.lower()
    match key:
        case exp.Extract():
            name = key.name.lower()
        case exp.DateTrunc() | exp.TimestampTrunc():
            unit = key.args["unit"].name.lower()
            name = unit if unit == "year" else f"{unit} of year"
        case exp.TimeToStr():
            # Two digits of a year are those of several.
            text = key.args["format"].name
            has_parts = {"month": level_of_format(text) == "month", "year": "%Y" in text}
            name = " of ".join(part for part, is_there in has_parts.items() if is_there)
        case exp.LastDay():
            name = "month of year"
    return name


def _joined_parts(key: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the parts of a text made of one day, such as year and quarter, and else the key."""
    parts = list(_leaves(key)) if isinstance(key, _JOINS) else [key]
    is_of_one_column = len({column.name.lower() for column in key.find_all(exp.Column)}) == 1
    yield from parts if is_of_one_column else [key]


_JOINS = (exp.DPipe, exp.Concat, exp.ConcatWs)


def _leaves(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, (*_JOINS, exp.Paren, exp.Cast)):
        for part in node.iter_expressions():
            yield from _leaves(part)
    else:
        yield node


def _cases(key: exp.Expr) -> int:
    """Return how many values a CASE tells apart."""
    if not isinstance(key, exp.Case):
        return 0
    return len(key.args["ifs"]) + (key.args.get("default") is not None)


def _where(select: exp.Select) -> exp.Expr | None:
    where = select.args.get("where")
    return where.this if where is not None else None


def _parts(*conditions: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the parts of conditions that hold together, all of which have to hold."""
    for condition in filter(None, conditions):
        inner = condition.unnest()
        yield from inner.flatten() if isinstance(inner, exp.And) else [inner]


def _compared_with_constants(conditions: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    """Yield what conditions find equal to a constant."""
    for condition in conditions:
        match condition.unnest():
            case exp.EQ(this=own, expression=exp.Literal()):
                yield own
            case exp.EQ(this=exp.Literal(), expression=own):
                yield own
            case exp.In(this=own, expressions=[exp.Literal()]):
                yield own
