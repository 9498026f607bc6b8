"""Keeps hidden what is made of figures some of which are hidden.

A hidden figure is null, and the rows of a hidden class may be missing or be of nobody, while SQL
takes a null for nothing: a sum leaves it out, `coalesce` makes it 0, `n > 10` drops its row. So
what is made of figures is empty where one of them is, and what no null can tell of is refused.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp, parse_one
from sqlglot.optimizer.scope import traverse_scope

from shared.engine.answering.selects import is_window, own_nodes
from shared.engine.answering.sql_text import DIALECT
from shared.engine.applications.application import NotInTables
from shared.engine.applications.query.sql.nodes import aggregate_of

_STRICT = (
    *(exp.Alias, exp.Paren, exp.Cast, exp.TryCast, exp.Neg, exp.Not, exp.And, exp.Or, exp.Between),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.DPipe),
    *(exp.Round, exp.Floor, exp.Ceil, exp.Abs, exp.Sqrt),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
)
"""What is null, or does not depend on it, where a part of it is."""

_READERS = "readers"
"""The mark of a condition under which a figure is hidden: the readers that it is made of."""

_EARLIER = 0
"""The reader of what earlier steps made: no SELECT of the query."""

_NEIGHBOURS = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
"""Figures of windows that are one of another row."""

_OF_ONE = (exp.Sum, exp.Max, exp.Min, exp.AnyValue, exp.First)
"""Figures that are, of one row, what stands there."""

_UNKNOWN = "ce calcul sur plusieurs lignes n'est pas suivi ici : nombre, somme ou moyenne le sont"
_CHOSEN = (
    "ce qui est choisi d'après un chiffre peut manquer, s'il est masqué : ne le comptez ni ne"
    " l'additionnez ensuite"
)
_GROUPED = "un groupe formé d'après un chiffre peut manquer de ce qui est masqué"
_WITHIN = (
    "IN et EXISTS sur des chiffres, dont certains peuvent être masqués, ne sont pas suivis ici :"
    " joignez ce résultat"
)
_PIVOTED = (
    "PIVOT n'est suivi ici que d'un regroupement dont il garde toutes les colonnes : sinon il"
    " additionne ce qui peut être masqué"
)
_LATERAL = (
    "LATERAL, unnest, VALUES et range ne sont pas suivis ici sur ce qu'un SELECT donne : joignez"
    " son résultat"
)
_SKIPPED = "IGNORE NULLS laisserait de côté ce qui est masqué"
_COMPARED = "EXCEPT et INTERSECT de chiffres, dont certains peuvent être masqués, n'ont pas de sens"


class _Made(NamedTuple):
    """What a SELECT makes of the figures of these readers, each the id of its SELECT.

    Its columns of these names, in lower case, come of figures. What `is_chosen` by them may lack
    rows; what `is_single` has one row.
    """

    figures: frozenset[str] = frozenset()
    readers: frozenset[int] = frozenset()
    is_chosen: bool = False
    is_single: bool = False


def keep_hidden(
    tree: exp.Expr, readers: Collection[int], answered: Mapping[str, Sequence[str]]
) -> None:
    """Change a query, whose figures are not yet those of cells. Raises NotInTables.

    `readers` are the ids of the SELECTs that read restricted data, `answered` tables of figures
    that were made before, with their columns.
    """
    before = {
        name.lower(): _Made(frozenset(map(str.lower, columns)), frozenset({_EARLIER}), True)
        for name, columns in answered.items()
    }
    for pivot in tree.find_all(exp.Pivot):
        if not _is_single(pivot) and (readers or before):
            raise NotInTables(_PIVOTED)
    if (readers or before) and _reads_within(tree):
        raise NotInTables(_LATERAL)
    outputs: dict[int, _Made] = {}
    for scope in traverse_scope(tree):
        node = scope.expression
        outputs[id(node)] = _Made()
        if isinstance(node, exp.SetOperation):
            branches = [outputs[id(branch.expression)] for branch in scope.set_operation_scopes]
            outputs[id(node)] = _united(node, branches)
        elif isinstance(node, exp.Select):
            sources = {
                alias: before.get(source.name.lower(), _Made())
                if isinstance(source, exp.Table)
                else outputs.get(id(source.expression), _Made())
                for alias, source in scope.sources.items()
            }
            sources |= dict(_pivoted(node, sources))
            within = {
                id(inner.expression): outputs[id(inner.expression)]
                for inner in scope.subquery_scopes
            }
            select = _Select(node, sources, within, id(node) in readers)
            # A WITH is in sight of all SELECTs, most of which have no row of it.
            select.rows_of = frozenset(scope.selected_sources)
            outputs[id(node)] = select.keep_hidden()


def add_incomplete(tree: exp.Expr, incomplete: Mapping[int, str]) -> None:
    """Hide, too, what is made of all rows of readers of which some may be missing, by its SQL."""
    for guard in [node for node in tree.find_all(exp.Paren) if _READERS in node.meta]:
        for condition in sorted(
            {incomplete.get(reader, "") for reader in guard.meta[_READERS]} - {""}
        ):
            missing = exp.paren(parse_one(condition, dialect=DIALECT))
            guard.set("this", exp.Or(this=guard.this, expression=missing))


def _is_single(pivot: exp.Pivot) -> bool:
    """Whether each figure of a PIVOT is one of the SELECT that it is made of, and no sum."""
    source = pivot.parent.this if isinstance(pivot.parent, exp.Subquery) else None
    if not isinstance(source, exp.Select):
        return False
    group = source.args.get("group")
    outputs = {output.unalias().sql() for output in source.expressions}
    keys = {key.sql() for key in group.expressions} if group is not None else set()
    figures = [output.unalias() for output in pivot.expressions]
    return (
        bool(keys)
        and keys <= outputs
        and all(isinstance(node, _OF_ONE) and isinstance(node.this, exp.Column) for node in figures)
    )


def _pivoted(select: exp.Select, sources: Mapping[str, _Made]) -> Iterator[tuple[str, _Made]]:
    """Yield what PIVOTs of a SELECT's tables are called, and what they make of their figures."""
    for pivot in select.find_all(exp.Pivot):
        source = sources.get(pivot.parent.alias if pivot.parent else "")
        if pivot.parent_select is select and source:
            columns = {column.name.lower() for column in pivot.args.get("columns") or ()}
            yield pivot.alias, source._replace(figures=source.figures | columns)


def _reads_within(tree: exp.Expr) -> bool:
    """Whether a table is made row by row, or of values, of what a SELECT in it gives."""
    makers: list[exp.Expr] = [*tree.find_all(exp.Lateral, exp.Unnest, exp.Values)]
    makers += [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Func)]
    return any(maker.find(exp.Select) for maker in makers)


def _united(node: exp.SetOperation, branches: Sequence[_Made]) -> _Made:
    readers = frozenset[int]().union(*(branch.readers for branch in branches))
    if readers and not isinstance(node, exp.Union):
        raise NotInTables(_COMPARED)
    names = [output.alias_or_name.lower() for output in node.selects]
    figures = {
        name
        for side in (node.left, node.right)
        for name, output in zip(names, side.selects, strict=False)
        for branch in branches
        if output.alias_or_name.lower() in branch.figures
    }
    return _Made(frozenset(figures), readers, any(branch.is_chosen for branch in branches))


class _Select:
    """A SELECT, of restricted data itself or of what others made of it."""

    def __init__(
        self,
        select: exp.Select,
        sources: Mapping[str, _Made],
        within: Mapping[int, _Made],
        is_reader: bool,
    ) -> None:
        self._select, self._is_reader = select, is_reader
        self.rows_of: Collection[str] = sources
        self._sources = {name: outputs for name, outputs in sources.items() if outputs.readers}
        self._within = {select: outputs for select, outputs in within.items() if outputs.readers}
        self._readers = frozenset[int]().union(
            *(source.readers for source in (*self._sources.values(), *self._within.values())),
            {id(select)} if is_reader else (),
        )

    def keep_hidden(self) -> _Made:
        """Make what is made of figures empty where one is; return what this makes."""
        if not self._readers:
            return _Made()
        is_chosen = any(map(self._leaves, self._conditions()))
        is_chosen |= any(source.is_chosen for source in self._sources.values())
        is_had = self._has_figure(self._select.args.get("having"))
        windows = [node for node in own_nodes(self._select) if isinstance(node, exp.Window)]
        if (is_chosen and self._aggregates()) or ((is_chosen or is_had) and windows):
            raise NotInTables(_CHOSEN)
        self._check_parts()
        for window in windows:
            self._keep_in_window(window)
        for aggregate in self._aggregates() if not self._is_reader else ():
            self._keep_in_sum(aggregate)
        if any(aggregate_of(node) and not _is_followed(node) for node in own_nodes(self._select)):
            raise NotInTables(_UNKNOWN)
        figures = {
            output.alias_or_name.lower()
            for output in self._select.expressions
            if self._leaves(output)
        }
        for part in (*self._select.expressions, *self._conditions(), self._part("having")):
            self._make_strict(part)
        is_cut = any(self._select.args.get(name) for name in ("limit", "offset"))
        is_single = not self._select.args.get("group") and any(self._aggregates())
        return _Made(frozenset(figures), self._readers, is_chosen or is_had or is_cut, is_single)

    def _part(self, name: str) -> exp.Expr | None:
        part = self._select.args.get(name)
        return part.this if part is not None else None

    def _conditions(self) -> Iterator[exp.Expr]:
        """Yield what chooses rows."""
        joins = self._select.args.get("joins") or ()
        yield from filter(None, (self._part("where"), *(join.args.get("on") for join in joins)))

    def _check_parts(self) -> None:
        group = self._select.args.get("group")
        for key in group.expressions if group is not None else ():
            if self._leaves(key, but=lambda outputs: outputs.is_single):
                raise NotInTables(_GROUPED)
        for node in own_nodes(self._select):
            if isinstance(node, exp.In | exp.Exists | exp.Any | exp.All) and any(
                id(inner) in self._within for inner in node.walk()
            ):
                raise NotInTables(_WITHIN)
        if self._is_reader:
            inside = [
                column
                for aggregate in self._aggregates()
                for column in aggregate.find_all(exp.Column)
                if (source := self._sources.get(column.table)) and not source.is_single
            ]
            if inside:
                raise NotInTables(_CHOSEN)

    def _aggregates(self) -> list[exp.Expr]:
        """Return the sums and the like of rows, each with its FILTER."""
        return [
            node.parent if isinstance(node.parent, exp.Filter) else node
            for node in own_nodes(self._select)
            if isinstance(node, exp.AggFunc) and not _is_of_window(node)
        ]

    def _has_figure(self, node: exp.Expr | None) -> bool:
        return node is not None and bool(self._leaves(node))

    def _leaves(
        self, node: exp.Expr | None, but: Callable[[_Made], bool] = lambda _made: False
    ) -> list[exp.Expr]:
        """Return the figures in an expression: columns, sums, windows and SELECTs of one value."""
        leaves: list[exp.Expr] = []

        def is_leaf(inner: exp.Expr) -> bool:
            source = self._sources.get(inner.table) if isinstance(inner, exp.Column) else None
            if source is not None and not but(source):
                return inner.name.lower() in source.figures
            if isinstance(inner, exp.Subquery):
                return id(inner.this) in self._within
            if isinstance(inner, exp.Case) and _READERS in inner.args["ifs"][0].this.meta:
                return True
            is_sum = isinstance(inner, exp.AggFunc | exp.Filter) and not _is_of_window(inner)
            return is_sum or isinstance(inner, exp.Window)

        def ends(inner: exp.Expr) -> bool:
            if is_leaf(inner):
                leaves.append(inner)
                return True
            return isinstance(inner, exp.Query)

        for _ in node.walk(prune=ends) if node is not None else ():
            pass
        return leaves

    def _marks(self, node: exp.Expr) -> list[exp.Expr]:
        """Return the figures within a sum or window; or all, as it counts or numbers their rows."""
        function = node.this if isinstance(node, exp.Filter) else node
        parts = [*function.iter_expressions(), *([] if function is node else [node.expression])]
        within = [leaf for part in parts for leaf in self._leaves(part)]
        if within:
            return within
        if self._is_reader:
            return self._aggregates()
        return [
            exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(alias, True))
            for alias, source in self._sources.items()
            if alias in self.rows_of
            for name in sorted(source.figures)
        ]

    def _keep_in_window(self, window: exp.Window) -> None:
        parts, order = window.args.get("partition_by") or [], window.args.get("order")
        if any(map(self._leaves, parts)):
            raise NotInTables(_GROUPED)
        if window.find(exp.IgnoreNulls):
            raise NotInTables(_SKIPPED)
        function = window.this.this if isinstance(window.this, exp.Filter) else window.this
        hidden: exp.Expr = exp.false()
        if isinstance(function, _NEIGHBOURS):
            self._make_strict(function.this)
        else:
            other = exp.Window(this=_any_null(self._marks(window)))
            other.set("partition_by", [part.copy() for part in parts])
            if isinstance(function, exp.AggFunc) and not self._has_figure(order):
                is_running = isinstance(function, exp.Sum | exp.Avg | exp.Count | exp.Min | exp.Max)
                for name in ("order", "spec") if is_running else ():
                    if part := window.args.get(name):
                        other.set(name, part.copy())
            hidden = other
        self._guard(window, hidden)

    def _keep_in_sum(self, aggregate: exp.Expr) -> None:
        hidden: exp.Expr = _any_null(self._marks(aggregate))
        condition = aggregate.expression if isinstance(aggregate, exp.Filter) else None
        if condition is not None and not self._leaves(condition):
            hidden = exp.Filter(this=hidden, expression=condition.copy())
        self._guard(aggregate, exp.Coalesce(this=hidden, expressions=[exp.false()]))

    def _guard(self, whole: exp.Expr, hidden: exp.Expr) -> None:
        """Make a figure empty where it is hidden."""
        guard = exp.paren(hidden)
        guard.meta[_READERS] = self._readers
        strict = exp.Case(ifs=[exp.If(this=guard, true=exp.Null())], default=whole.copy())
        whole.replace(exp.paren(strict, copy=False))

    def _make_strict(self, part: exp.Expr | None) -> None:
        """Make an expression empty where one of its figures is, unless SQL does."""
        whole = part.this if isinstance(part, exp.Alias) else part
        if whole is None:
            return
        leaves = self._leaves(whole)
        if all(_is_strict(leaf, whole) for leaf in leaves):
            return
        hidden = exp.or_(*(_is_null(leaf) for leaf in leaves))
        whole.replace(exp.Case(ifs=[exp.If(this=hidden, true=exp.Null())], default=whole.copy()))


def _is_followed(node: exp.Expr) -> bool:
    """Whether an aggregate is one whose hidden parts are looked for."""
    return isinstance(node, exp.AggFunc | exp.Filter | exp.Window)


def _is_of_window(node: exp.Expr) -> bool:
    inner = node.parent if isinstance(node.parent, exp.IgnoreNulls | exp.RespectNulls) else node
    return is_window(inner)


def _is_null(node: exp.Expr) -> exp.Expr:
    return exp.Is(this=exp.paren(node.copy()), expression=exp.Null())


def _any_null(nodes: Iterable[exp.Expr]) -> exp.Expr:
    """Return the aggregate that says whether one of these is null in any row."""
    return exp.LogicalOr(this=exp.or_(exp.false(), *map(_is_null, nodes)))


def _is_strict(leaf: exp.Expr, whole: exp.Expr) -> bool:
    """Whether an expression is null, or as it would be, where a figure in it is."""
    node = leaf
    while node is not whole:
        parent = node.parent
        is_divisor = isinstance(parent, exp.Nullif) and node.arg_key == "this"
        if parent is None or not (is_divisor or isinstance(parent, _STRICT)):
            return False
        node = parent
    return True
