"""Turns a SELECT that adds up restricted rows into one that adds up cells of their tables.

Each figure is made of the cells of the table that has its conditions and groups and nothing finer,
so that a cell hidden elsewhere takes nothing from it; it is empty where a cell of it is hidden.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp, parse_one
from sqlglot.optimizer.scope import Scope

from shared.engine.answering.cells import NUMBER, CellTable, is_incomplete_sql
from shared.engine.answering.figures import Figures, Part, no_measure
from shared.engine.answering.kept_values import scale_of
from shared.engine.answering.needed_levels import needed_depth
from shared.engine.answering.quantiles import (
    ClassCounts,
    Quantile,
    classes_of,
    quantile_of,
    quantile_sql,
)
from shared.engine.answering.source import Depths, ProtectedSource
from shared.engine.answering.sql_text import DIALECT, text_of
from shared.engine.answering.table_choice import Figure, Needs, TableChoice
from shared.engine.applications.application import NotInTables
from shared.engine.contract.policy import COUNT
from shared.language.french import quoted as in_quotes

_KINDS = ("", "INNER", "CROSS", "OUTER")
"""Kinds of joins in which each row meets the rows of the other table."""

_SINGLE_ROWS = (
    "des lignes une à une ne sont dans aucun tableau : comptez-les ou additionnez-les, par groupe"
)
_NO_SUM = (
    "ce calcul n'est ni un nombre, ni une somme, ni une moyenne : aucun tableau ne le contient"
)
_KEEPS_OTHERS = (
    "cette jointure garde aussi ce qui n'est pas dans ces données : comptez d'abord, puis joignez"
    " le résultat"
)
_OTHER_FIGURES: dict[type[exp.Expr], str] = {
    exp.Min: "une plus petite valeur est celle d'une seule ligne",
    exp.Max: "une plus grande valeur est celle d'une seule ligne",
}


class Reader(NamedTuple):
    """A SELECT that reads the data itself, which stands in it as `table`, called `alias`."""

    scope: Scope
    select: exp.Select
    table: exp.Table
    alias: str


def tables_of_select(
    reader: Reader,
    source: ProtectedSource,
    role: str,
    before: Needs,
    repeated: Collection[str] | None,
) -> list[CellTable]:
    """Make the figures of a SELECT on the data figures of cells.

    Returns the tables whose cells it then reads under that name; `before` is what steps before it
    need, `role` names the tables in it, `repeated` as in AskedQuery. Raises NotInTables for one
    that is no sum of cells.
    """
    answer = _Answer(*reader, source, role, before, repeated)
    answer.check()
    return answer.replace_figures()


@dataclass
class _Answer:
    """The figures of one SELECT."""

    scope: Scope
    select: exp.Select
    table: exp.Table
    alias: str
    source: ProtectedSource
    role: str
    before: Needs
    repeated: Collection[str] | None
    tables: list[CellTable] = field(default_factory=list)
    keeps_others: bool = False

    def __post_init__(self) -> None:
        self._figures = Figures(self.source, self.alias)
        self._choice = TableChoice(self.select, self._figures, self.before, self.repeated)
        self._aggregates = list(self._found_aggregates())

    def check(self) -> None:
        """Raise NotInTables for what has single rows, or the data twice or only beside others."""
        group = self.select.args.get("group")
        if any(join.args.get("method") for join in self.select.args.get("joins") or ()):
            raise NotInTables("cette jointure n'est pas suivie ici : écrivez JOIN … ON …")
        if not self._aggregates:
            raise NotInTables(_SINGLE_ROWS)
        if any(
            name in self.select.args and self.select.args[name] for name in ("qualify", "connect")
        ):
            raise NotInTables("QUALIFY n'est pas suivi ici : filtrez le résultat par un WITH")
        if group is not None and any(
            value for name, value in group.args.items() if name != "expressions"
        ):
            raise NotInTables("ce regroupement n'est pas suivi ici")
        if self.select.find(exp.Columns, exp.Rand):
            raise NotInTables("COLUMNS et random() ne sont pas suivis ici : nommez les colonnes")
        self._check_joins()

    def _check_joins(self) -> None:
        """Raise for a join that keeps rows of other tables which no row of the data meets."""
        is_first = self._reads(self.select.args.get("from_"))
        joins = self.select.args.get("joins") or ()
        for join in joins:
            is_own, side = self._reads(join), (join.side or "").upper()
            keeping = "LEFT" if is_first else "RIGHT" if is_own else ""
            is_kept = side in ("", keeping) and (join.kind or "").upper() in _KINDS
            self.keeps_others |= len(joins) == 1 and side == ("RIGHT" if is_first else "LEFT")
            if (not is_kept and not self.keeps_others) or join.args.get("using"):
                raise NotInTables(_KEEPS_OTHERS)

    def _reads(self, node: exp.Expr | None) -> bool:
        return node is not None and node.this is self.table

    def _found_aggregates(self) -> Iterator[exp.Expr]:
        """Yield the figures of this SELECT, each with its FILTER; windows are of figures."""
        for node in own_nodes(self.select):
            if isinstance(node, exp.AggFunc) and not is_window(node):
                outer = node.find_ancestor(exp.AggFunc, exp.Select)
                if outer is self.select or (isinstance(outer, exp.AggFunc) and is_window(outer)):
                    yield node.parent if isinstance(node.parent, exp.Filter) else node

    def replace_figures(self) -> list[CellTable]:
        """Replace each figure by the same of cells; returns the tables that they need."""
        inside = {id(node) for aggregate in self._aggregates for node in aggregate.walk()}
        outside = [
            column
            for column in self.scope.columns
            if column.table == self.alias
            and column.name.lower() in self.source.columns
            and id(column) not in inside
        ]
        base = self.source.finest(self.before.depths, self._depths(outside))
        keys = self._group_keys()
        self.tables.append(self._choice.base(base, keys))
        figures = [
            (aggregate, self._figure(aggregate, base, keys)) for aggregate in self._aggregates
        ]
        for aggregate, figure in figures:
            aggregate.replace(figure)
        return self.tables

    def _depths(self, columns: list[exp.Column]) -> Depths:
        depths: dict[str, int] = {}
        for column in columns:
            name, depth = needed_depth(self.source, column)
            depths[name] = max(depth, depths.get(name, 0))
        return depths

    def _figure(self, aggregate: exp.Expr, base: Depths, keys: list[exp.Expr]) -> exp.Expr:
        function = aggregate.this if isinstance(aggregate, exp.Filter) else aggregate
        condition = aggregate.expression.this if isinstance(aggregate, exp.Filter) else None
        if self.keeps_others and not self._is_of_own_column(function):
            # What no row of the data meets has no cell, and a row here.
            raise NotInTables(_KEEPS_OTHERS)
        if not self._figures.own(aggregate) and isinstance(function, _OPEN_FIGURES):
            return self._open_figure(function, condition, keys)
        if quantile := quantile_of(function):
            return self._quantile(quantile, condition, base, keys)
        function, condition = _conditional_count(function, condition)
        measured = {id(column) for column, _ in self._measured(function)}
        units = self._unit_columns(function)
        own = [*self._figures.own(function), *(self._figures.own(condition) if condition else [])]
        others = [column for column in own if id(column) not in measured | units]
        depths = self.source.finest(base, self._depths(others))
        figure = Figure(function, condition, keys)
        if figure.is_distinct:
            self._check_units(figure)
        texts = [self._written(figure, table) for table in self._choice.tables(figure, depths)]
        return parse_one(f"coalesce({', '.join(texts)})", dialect=DIALECT)

    def _is_of_own_column(self, function: exp.Expr) -> bool:
        """Whether a figure is of a column of the data alone: null where there is no row."""
        inner = function.this
        if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
            (inner,) = inner.expressions
        return isinstance(inner, exp.Column) and bool(self._figures.own(inner))

    def _quantile(
        self, quantile: Quantile, condition: exp.Expr | None, base: Depths, keys: list[exp.Expr]
    ) -> exp.Expr:
        """Return a quantile, from the counts of a table that has the classes of its column."""
        dimension = classes_of(self.source, quantile.column.name)
        count: exp.Expr = exp.Count(this=exp.Star())
        if condition is not None:
            count = exp.Filter(this=count, expression=exp.Where(this=condition.copy()))
        whole = self._figure(count, base, keys)
        uses = self._depths(self._figures.own(condition) if condition else [])
        classes = {dimension.column: dimension.levels.index("classes") + 1}
        depths = self.source.finest(base, uses, classes)
        if not self.source.is_made(depths):
            raise self.source.not_made(depths)
        table = CellTable(depths)
        where = self._figures.among(self._place(table), text_of(condition) if condition else "")
        value = text_of(quantile.column)

        def counted(test: str) -> str:
            return (
                f"coalesce({_sum(self._figures.units().amount, f'{where} AND {value} {test}')}, 0)"
            )

        counts = ClassCounts(
            total=f"{text_of(whole)} - {counted('IS NULL')}",
            counted=counted("IS NOT NULL"),
            below=tuple(counted(f"< {bound:.15g}") for bound in dimension.bounds),
            margin=self._margin(where),
        )
        return parse_one(quantile_sql(quantile.share, dimension.bounds, counts), dialect=DIALECT)

    def _margin(self, where: str) -> str:
        """Return by how much the counts of these cells together may be wrong, in SQL."""
        if not self.source.policy.is_noisy:
            return "0"
        _, most = self.source.facts.half_widths[COUNT]
        return f"{most} * sqrt(count(*) FILTER (WHERE {where}))"

    def _open_figure(
        self, function: exp.Expr, condition: exp.Expr | None, keys: list[exp.Expr]
    ) -> exp.Expr:
        """Return a figure of another table's column, empty where a hidden cell may be of nobody."""
        where = self._figures.among(0, text_of(condition) if condition else "")
        value = f"{text_of(function)} FILTER (WHERE {where})"
        hidden = self._figures.units().hidden
        text = self._or_hidden(hidden, where, value, self.tables[0], keys)
        return parse_one(f"({text})", dialect=DIALECT)

    def _measured(self, function: exp.Expr) -> list[tuple[exp.Column, object]]:
        if isinstance(function, exp.Sum | exp.Avg | exp.Count) and not isinstance(
            function.this, exp.Star
        ):
            inner = function.this
            return list(self._figures.measured(inner)) if inner is not None else []
        return []

    def _unit_columns(self, function: exp.Expr) -> set[int]:
        """Return the column of a count that names the unit, which is counted by it."""
        if not isinstance(function, exp.Count) or not self.source.unit:
            return set()
        counted = function.this
        nodes = counted.expressions if isinstance(counted, exp.Distinct) else [counted]
        own = {id(column) for column in self._figures.own(function)}
        return {
            id(node) for node in nodes if id(node) in own and node.name.lower() == self.source.unit
        }

    def _place(self, table: CellTable) -> int:
        if table not in self.tables:
            self.tables.append(table)
        return self.tables.index(table)

    def _written(self, figure: Figure, table: CellTable) -> str:
        """Return the figure in SQL, made of the cells of that table."""
        condition = text_of(figure.condition) if figure.condition else ""
        where = self._figures.among(self._place(table), condition)
        match figure.function:
            case exp.Count():
                part, add = self._count(figure, table)
                value = f"CAST(coalesce({add}({part.amount}) FILTER (WHERE {where}), 0) AS BIGINT)"
                hidden = part.hidden
            case exp.Sum():
                part = self._part(figure.function.this)
                value, hidden = _sum(part.amount, where), part.hidden
                if sum_type := self._sum_type(figure.function.this):
                    value = f"CAST(round({value}, {scale_of(sum_type)}) AS {text_of(sum_type)})"
            case exp.Avg():
                part = self._part(figure.function.this)
                if not part.rows or self.source.facts.has_repeated_units:
                    raise NotInTables(self._no_mean(figure.function))
                value = f"{_sum(part.amount, where)} / nullif({_sum(part.rows, where)}, 0)"
                hidden = f"({part.hidden}) OR ({part.rows_hidden})"
            case _:
                raise NotInTables(_OTHER_FIGURES.get(type(figure.function), _NO_SUM))
        if figure.is_distinct and self._choice.may_repeat_units:
            # A unit of several cells would count several times.
            cells = f"count(DISTINCT {self._figures.column(NUMBER)}) FILTER (WHERE {where})"
            value = f"CASE WHEN {cells} = 1 THEN {value} END"
        return self._or_hidden(hidden, where, value, table, figure.keys)

    def _sum_type(self, node: exp.Expr) -> exp.DataType | None:
        """Return the type of sums of an expression; None where they are DOUBLE."""
        to = node.args.get("to")
        if to is not None and to.is_type("decimal"):
            return exp.DataType.build(f"DECIMAL(38, {scale_of(to)})", dialect=DIALECT)
        numbers = [literal for literal in node.find_all(exp.Literal) if not literal.is_string]
        kinds = [self.source.sql_type(column.name) for column, _ in self._figures.measured(node)]
        are_whole = all(number.is_int for number in numbers) and {*kinds} <= {"BIGINT"}
        has_fractions = node.find(exp.Div) or any(
            not cast.to.is_type(*exp.DataType.INTEGER_TYPES) for cast in node.find_all(exp.Cast)
        )
        if has_fractions or not are_whole or self.source.policy.is_noisy:
            return None
        return exp.DataType.build("HUGEINT", dialect=DIALECT)

    def _part(self, node: exp.Expr) -> Part:
        if isinstance(node, exp.Distinct):
            raise NotInTables("des montants distincts ne sont dans aucun tableau")
        if not self._figures.measured(node):
            for column in self._figures.own(node):
                if not self.source.is_dimension(column.name):
                    raise no_measure(self.source, column.name)
            if self.source.facts.has_repeated_units:
                raise NotInTables(self._no_rows())
        return self._figures.part(node)

    def _count(self, figure: Figure, table: CellTable) -> tuple[Part, str]:
        """Return what a cell adds to a count, and by which function counts are put together."""
        counted = figure.function.this
        if isinstance(counted, exp.Distinct):
            # Of one cell that stands for its parts, these have equal shares of its units.
            is_of_parts = bool(table.parted) or not self._choice.has_joins
            return self._figures.units(), "sum" if is_of_parts else "max"
        if self.source.facts.has_repeated_units:
            raise NotInTables(self._no_rows())
        is_of_all = counted is None or isinstance(counted, exp.Star | exp.Literal)
        if is_of_all or self._unit_columns(figure.function):
            return self._figures.units(), "sum"
        return self._figures.counted(counted), "sum"

    def _check_units(self, figure: Figure) -> None:
        """Raise unless distinct units are counted."""
        counted = figure.function.this.expressions
        if not self._unit_columns(figure.function) or len(counted) > 1:
            name = in_quotes(", ".join(map(text_of, counted)))
            raise NotInTables(f"combien de {name} diffèrent n'est dans aucun tableau")
        if self.source.policy.is_noisy and self.source.policy.most_rows > 1:
            raise NotInTables(
                f"ces tableaux comptent des lignes, d'au plus {self.source.policy.most_rows} par"
                " unité : écrivez count(*)"
            )

    def _group_keys(self) -> list[exp.Expr]:
        group = self.select.args.get("group")
        return list(group.expressions) if group is not None else []

    def _or_hidden(
        self, hidden: str, where: str, value: str, table: CellTable, keys: list[exp.Expr]
    ) -> str:
        """Return the figure, empty where a cell is hidden, or may be, that adds to it."""
        conditions = [f"coalesce(bool_or({hidden}) FILTER (WHERE {where}), FALSE)"]
        # Of another table's row that meets no cell, the class may be one that is not there.
        plain = set() if self.keeps_others else self._choice.separated(keys)
        spread = {name: depth for name, depth in table.depths.items() if name not in plain}
        if incomplete := is_incomplete_sql(self.source, self.role, table._replace(depths=spread)):
            conditions.append(incomplete)
        if table.parted:
            conditions.append(f"NOT ({self._figures.has_all_parts(where, table.parted)})")
        return f"CASE WHEN {' OR '.join(conditions)} THEN NULL ELSE {value} END"

    def _no_mean(self, function: exp.Avg) -> str:
        names = ", ".join(in_quotes(column.name) for column in self._figures.own(function))
        if self.source.facts.has_repeated_units:
            return (
                f"la moyenne de {names} par ligne n'est dans aucun tableau : divisez la somme par"
                f" count(DISTINCT {self.source.unit})"
            )
        return (
            f"{names} n'a pas de valeur partout, et de combien elle manque n'est pas montré :"
            " demandez la somme"
        )

    def _no_rows(self) -> str:
        return (
            "une même unité a plusieurs lignes, et les tableaux comptent des unités : écrivez"
            f" count(DISTINCT {self.source.unit or '…'})"
        )


_OPEN_FIGURES = (exp.Min, exp.Max, exp.AnyValue, exp.First)
"""Figures of other tables' columns that are the same however often a row stands there."""


def _conditional_count(
    function: exp.Expr, condition: exp.Expr | None
) -> tuple[exp.Expr, exp.Expr | None]:
    """Return `count(CASE WHEN c THEN x END)` and count_if(c) as counts where c, DISTINCT or not."""
    counted = function.this if isinstance(function, exp.Count) else None
    inner = next(iter(counted.expressions), None) if isinstance(counted, exp.Distinct) else counted
    if (
        isinstance(inner, exp.Case)
        and len(inner.args["ifs"]) == 1
        and not inner.args.get("default")
        and not inner.this
    ):
        (branch,) = inner.args["ifs"]
        value = branch.args["true"]
        is_distinct = isinstance(counted, exp.Distinct)
        of = exp.Count(this=exp.Distinct(expressions=[value]) if is_distinct else value)
        return of, _both(branch.this, condition)
    if isinstance(function, exp.CountIf):
        return exp.Count(this=exp.Star()), _both(function.this, condition)
    return function, condition


def _both(one: exp.Expr, other: exp.Expr | None) -> exp.Expr:
    return (
        one
        if other is None
        else exp.And(this=exp.paren(one, copy=True), expression=exp.paren(other, copy=True))
    )


def _sum(amount: str, where: str) -> str:
    return f"sum({amount}) FILTER (WHERE {where})"


def own_nodes(select: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the nodes of a SELECT, without those of others within it."""
    yield from select.walk(prune=lambda node: isinstance(node, exp.Query) and node is not select)


def is_window(node: exp.Expr) -> bool:
    """Whether a function is that of a window."""
    parent = node.parent.parent if isinstance(node.parent, exp.Filter) else node.parent
    return isinstance(parent, exp.Window)
