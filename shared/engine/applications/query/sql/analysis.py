"""Follows the columns of named tables through a query, without running it.

Whatever is not sure is answered by more: a name that two tables may have counts for both, a whole
row and `COLUMNS(...)` for all columns. `effect` is what those learn who ask for data and check it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial

from sqlglot import exp

from shared.engine.applications.effect import Columns, Effect, Fault, MadeColumn, Part, Source
from shared.engine.applications.query.sql import OTHERS, plain_lower
from shared.engine.applications.query.sql.expressions import Expressions
from shared.engine.applications.query.sql.pivots import pivoted
from shared.engine.applications.query.sql.relations import (
    NONE,
    ColumnsRead,
    Parts,
    QueryColumn,
    Relation,
    Trace,
    computed,
)
from shared.engine.applications.query.sql.scope import CommonTables, Scope
from shared.engine.applications.query.sql.selects import selected
from shared.engine.applications.query.sql.statement import SqlFault, parse, place_of
from shared.engine.tables.column_names import near, unique
from shared.errors import Invalid
from shared.language.french import quoted


def _parts(names: str) -> frozenset[str]:
    return frozenset(names.split())


_UNION = _parts("this expression distinct by_name with_ order limit offset")

_SOURCES: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Select: _parts(
        "with_ expressions distinct from_ joins laterals where group having qualify windows order"
        " limit offset"
    ),
    exp.Union: _UNION,
    exp.Except: _UNION,
    exp.Intersect: _UNION,
    exp.Subquery: _parts("this alias with_ joins pivots order limit offset"),
    exp.Table: _parts("this alias joins pivots"),
    exp.Pivot: _parts(
        "this alias expressions fields unpivot using group into with_ include_nulls columns"
        " pivot_column_naming"
    ),
    exp.Join: _parts("this on side kind using method"),
    exp.Lateral: _parts("this alias"),
    exp.Unnest: _parts("expressions alias offset"),
    exp.Values: _parts("expressions alias"),
    exp.From: _parts("this"),
    exp.With: _parts("expressions recursive"),
    exp.CTE: _parts("this alias materialized key_expressions"),
    exp.TableAlias: _parts("this columns"),
    exp.Group: _parts("expressions grouping_sets cube rollup all"),
    exp.Star: _parts("except_ replace rename"),
}
"""What stands around expressions, and the parts of each that are gone through."""

_VALUES = (
    *(exp.Condition, exp.Func, exp.Alias, exp.Identifier, exp.Var, exp.DataType, exp.Interval),
    *(exp.Tuple, exp.Distinct, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Where),
    *(exp.Having, exp.Qualify, exp.WindowSpec, exp.Filter, exp.WithinGroup, exp.Comprehension),
    *(
        exp.Lambda,
        exp.PositionalColumn,
        exp.Cube,
        exp.Rollup,
        exp.GroupingSets,
        exp.UnpivotColumns,
        exp.DataTypeParam,
    ),
    *(exp.IgnoreNulls, exp.RespectNulls, exp.Fetch, exp.LimitOptions, exp.AtTimeZone, exp.Slice),
    *(exp.ColumnDef, exp.JSONPath, exp.JSONPathPart, exp.JSONKeyValue),
)
"""Of these every part is gone through, as one that is read."""


def is_understood(tree: exp.Expr) -> bool:
    """Return whether all of a query is of forms whose parts the analysis goes through."""
    return all(map(_is_form, tree.walk()))


def _is_form(node: exp.Expr) -> bool:
    parts = _SOURCES.get(type(node))
    if parts is None:
        return isinstance(node, _VALUES) and not isinstance(node, exp.Query)
    return all(key in parts for key, value in node.args.items() if value)


_SERIES = {"generate_series": "generate_series", "range": "range"}
_FUNCTIONS = frozenset(("unnest", "generate_series", "range", "json_each", "json_tree"))
"""Functions that may stand in place of a table: what they read is in their arguments."""

_ROUNDS = 4
"""So often a recursive table is gone through; each adds what its last columns are made of."""


class _Analysis:
    """A query on tables of these columns, by role; None where nobody knows them."""

    def __init__(self, sql: str, tables: Mapping[str, Columns]) -> None:
        self.sql, self.tree, self.account = sql, parse(sql), ColumnsRead()
        self._tables = {plain_lower(role): (role, columns) for role, columns in tables.items()}
        self._relations = {role: _base(role, columns) for role, columns in tables.items()}
        self.expressions = Expressions(sql, self.account, self.relation)
        try:
            self.result = self.relation(self.tree, Scope({}))
            if not is_understood(self.tree):
                self.result = self._all_rows()
            self.account.read_all(self.result)
            self._read_rows()
        except RecursionError as error:
            raise SqlFault("la requête a trop de niveaux imbriqués") from error

    def _all_rows(self) -> Relation:
        """Return the result of a query that is not understood: anything of every row."""
        tables = self._relations.values()
        rest = computed("derived", NONE.union(*(table.parts for table in tables)))
        return Relation((), tuple(self._relations), rest, is_unsure=True)

    def _read_rows(self) -> None:
        """Note the first column of each table of which only the rows are read."""
        for role, columns in self.account.used.items():
            if not self.account.is_read(role):
                self.account.read(self.first_of(role, columns))
                if not columns:
                    self.account.whole.add(role)

    @staticmethod
    def first_of(role: str, columns: tuple[str, ...]) -> Parts:
        """Return the column that stands for a table's rows."""
        return frozenset(Trace(Source(role, name), "count") for name in columns[:1])

    def relation(self, node: exp.Expr, scope: Scope) -> Relation:  # noqa: PLR0911 - one for each form
        """Return the table that a query or another source of FROM makes."""
        self.account.spend(10)
        match node:
            case exp.Subquery():
                inner = _replace_scope(scope, self.ctes(node, scope.ctes))
                subquery = self.relation(node.this, inner)
                subquery = self._pivots(node, self.joined(node, subquery, inner), inner)
                return self._ordered(node, _renamed(subquery, node), Scope(inner.ctes, scope))
            case exp.SetOperation():
                return self._union(node, scope)
            case exp.Select():
                inside = Scope(self.ctes(node, scope.ctes), parent=scope)
                return selected(self, node, inside)
            case exp.Table():
                relation = self._pivots(node, self._table(node, scope), scope)
                return self.joined(node, _renamed(relation, node), scope)
            case exp.Pivot():
                inner = _replace_scope(scope, self.ctes(node, scope.ctes))
                return pivoted(self, node, self.relation(node.this, inner), inner)
            case exp.Values():
                return _renamed(self._values(node, scope), node)
            case exp.Lateral():
                return _renamed(self.relation(node.this, scope), node)
            case exp.Unnest():
                return _renamed(self._function(node, "unnest", scope), node)
            case _:
                raise SqlFault("cette forme de requête n'est pas lue ici", place_of(self.sql, node))

    def joined(self, node: exp.Expr, relation: Relation, scope: Scope) -> Relation:
        """Return a source with the joins that are written inside its brackets."""
        joins = node.args.get("joins")
        if not joins:
            return relation
        inner = Scope(scope.ctes, parent=scope)
        select = exp.Select(expressions=[exp.Star()], joins=[join.copy() for join in joins])
        inner.add(node.alias_or_name, relation)
        return selected(self, select, inner)

    def ctes(self, node: exp.Expr, around: CommonTables) -> CommonTables:
        """Return what WITH defines: each sees those before it, and itself where it is recursive."""
        ctes: dict[str, Callable[[], Relation]] = dict(around)
        clause = node.args.get("with_")
        is_recursive = bool(clause and clause.args.get("recursive"))
        for cte in clause.expressions if clause else ():
            name, seen = plain_lower(cte.alias), dict(ctes)
            ctes[name] = cache(partial(self._cte, cte, seen, is_recursive=is_recursive))
        return ctes

    def _cte(self, node: exp.CTE, seen: CommonTables, *, is_recursive: bool) -> Relation:
        names, body = _column_names(node), node.this
        if not is_recursive or not isinstance(body, exp.SetOperation):
            return self.relation(body, Scope(seen)).named(names)
        last = self.relation(body.this, Scope(seen)).named(names)
        for _ in range(_ROUNDS):
            own: CommonTables = {**seen, plain_lower(node.alias): partial(_given, last)}
            step = self.relation(body.expression, Scope(own))
            # Which rows it makes again depends on all that it reads.
            last = _merged(last, step, by_name=False)
            self.account.read_all(last)
        return last

    def _table(self, node: exp.Table, scope: Scope) -> Relation:
        if not isinstance(node.this, exp.Identifier):
            return self._table_function(node, scope)
        name = node.name
        if (common := scope.ctes.get(plain_lower(name))) is not None:
            return common()
        if plain_lower(name) not in self._tables:
            names = {table_name: table_name for table_name, _ in self._tables.values()}
            message = f"aucune table ne s'appelle {quoted(name)}{near(name, names, 'les tables')}"
            self.account.miss(message, place_of(self.sql, node))
            return Relation(is_unsure=True)
        role, columns = self._tables[plain_lower(name)]
        self.account.used[role] = columns or ()
        return self._relations[role]

    def _table_function(self, node: exp.Table, scope: Scope) -> Relation:
        function = node.this
        name = str(function.this) if isinstance(function, exp.Anonymous) else function.sql_name()
        if isinstance(function, exp.GenerateSeries):
            name = "range" if function.args.get("is_end_exclusive") else "generate_series"
        name = plain_lower(name)
        if name not in _FUNCTIONS:
            message = f"la fonction {quoted(name)} ne peut pas tenir lieu de table"
            raise SqlFault(message, place_of(self.sql, function))
        return self._function(function, name, scope)

    def _function(self, node: exp.Expr, name: str, scope: Scope) -> Relation:
        parts = self.account.read(self.expressions.derived([*node.iter_expressions()], scope))
        if name in _SERIES:
            return Relation((QueryColumn(_SERIES[name], parts, "integer"),))
        return Relation((QueryColumn(name, parts),), rest=parts, is_unsure=True)

    def _values(self, node: exp.Values, scope: Scope) -> Relation:
        rows = [
            row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions
        ]
        width = max(map(len, rows), default=0)
        columns = [[row[at] for row in rows if at < len(row)] for at in range(width)]
        parts_by_column = [self.expressions.derived(column, scope) for column in columns]
        return Relation(
            tuple(QueryColumn(f"col{at}", parts) for at, parts in enumerate(parts_by_column))
        )

    def _pivots(self, node: exp.Expr, relation: Relation, scope: Scope) -> Relation:
        for pivot in node.args.get("pivots") or ():
            relation = _renamed(pivoted(self, pivot, relation, scope), pivot)
        return relation

    def _union(self, node: exp.SetOperation, scope: Scope) -> Relation:
        inner = Scope(self.ctes(node, scope.ctes), parent=scope)
        sides = [self.relation(side, inner) for side in _sides(node)]
        by_name = bool(node.args.get("by_name"))
        last = sides[0]
        for side in sides[1:]:
            self.account.spend(len(side.outputs) + len(last.outputs))
            last = _merged(last, side, by_name=by_name)
        if not (isinstance(node, exp.Union) and all(_keeps_all(union) for union in _unions(node))):
            self.account.read_all(last)
        return self._ordered(node, last, inner)

    def _ordered(self, node: exp.Expr, relation: Relation, scope: Scope) -> Relation:
        """Return the same rows; note as read what they are ordered and cut by."""
        scope.add("", relation)
        for clause in ("order", "limit", "offset"):
            if clause_node := node.args.get(clause):
                self.account.read(self.expressions.derived([clause_node], scope))
        return relation


def _base(role: str, columns: Columns) -> Relation:
    """Return the table in that role."""
    named = ((name, Trace(Source(role, name))) for name in columns or ())
    outputs = tuple(QueryColumn(name, frozenset({trace})) for name, trace in named)
    return Relation(outputs, () if columns is not None else (role,))


def _merged(left: Relation, right: Relation, *, by_name: bool) -> Relation:
    """Return a relation of both tables' rows, whose columns are matched by place or by name."""
    is_unsure = left.is_unsure or right.is_unsure
    common = Relation((), (*left.open, *right.open), left.rest | right.rest, is_unsure)
    is_blurred = bool(common.open) or common.is_unsure
    if by_name:
        added = [output for output in right.outputs if left.find(output.name) is None]
        kept = [
            output._replace(parts=output.parts | (right.find(output.name) or NONE))
            for output in left.outputs
        ]
        return replace(common, outputs=(*kept, *added))
    if is_blurred:
        # Which column of one stands under which of the other is not known.
        all_of = left.parts | right.parts
        outputs = tuple(output._replace(parts=all_of, kind="") for output in left.outputs)
        return replace(common, rest=all_of, outputs=outputs, is_unsure=True)
    pairs = zip(left.outputs, right.outputs, strict=False)
    return replace(
        common,
        outputs=tuple(
            QueryColumn(
                column.name,
                column.parts | other.parts,
                column.kind if column.kind == other.kind else "",
            )
            for column, other in pairs
        ),
    )


def _replace_scope(scope: Scope, ctes: CommonTables) -> Scope:
    """Return a copy of the scope with these tables of WITH."""
    return scope if ctes is scope.ctes else replace(scope, ctes=ctes)


def _sides(node: exp.Expr) -> list[exp.Expr]:
    """Return the queries of a chain of set operations, which may be long, from left to right."""
    sides: list[exp.Expr] = []
    while isinstance(node, exp.SetOperation):
        sides.append(node.expression)
        left = node.this
        if not isinstance(left, exp.SetOperation) or left.args.get("with_"):
            sides.append(left)
            break
        node = left
    return sides[::-1]


def _unions(node: exp.Expr) -> list[exp.Expr]:
    unions: list[exp.Expr] = []
    while isinstance(node, exp.SetOperation):
        unions.append(node)
        node = node.this
    return unions


def _keeps_all(node: exp.Expr) -> bool:
    return isinstance(node, exp.Union) and not node.args.get("distinct")


def _column_names(node: exp.Expr) -> list[str]:
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return [column.name for column in columns or ()]


def _renamed(relation: Relation, node: exp.Expr) -> Relation:
    names = _column_names(node)
    return relation.named(names) if names else relation


def _given(relation: Relation) -> Relation:
    return relation


def effect(sql: str, tables: Mapping[str, Columns]) -> Effect:
    """Return what a query makes of tables with these columns; its names are those of the roles.

    Raises Invalid for one that cannot run, whatever they hold.
    """
    try:
        analysis = _Analysis(sql, tables)
    except SqlFault as fault:
        raise Invalid(str(fault), "sql") from fault
    account, result = analysis.account, analysis.result
    names = unique(output.name for output in result.outputs)
    columns = {name: _made(output) for name, output in zip(names, result.outputs, strict=True)}
    if result.rest:
        columns[unique([OTHERS], columns)[0]] = _made(QueryColumn(OTHERS, result.rest))
    groups = [column.by for column in columns.values() if column.of]
    rows = None if any(by is None for by in groups) else _sorted(*(by or () for by in groups))
    return Effect(
        columns,
        by=rows,
        faults=tuple(Fault("sql", str(unknown_name)) for unknown_name in account.unknown),
        looks_at=frozenset(account.looks_at),
        whole=tuple(sorted(account.whole)),
        passes=result.open,
        met=tuple(dict.fromkeys(account.met)),
        is_open=result.is_unsure,
    )


def _made(output: QueryColumn) -> MadeColumn:
    parts = sorted({Part(part.source, part.how) for part in output.parts})
    return MadeColumn(tuple(parts), output.kind, by=_groups(output.parts))


def _groups(parts: Parts) -> tuple[Source, ...] | None:
    if any(part.by is None for part in parts):
        return None
    return _sorted(*(part.by or () for part in parts))


def _sorted(*sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(sorted({source for group in sources for source in group}))
