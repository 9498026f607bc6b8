"""One SELECT: its tables and joins, what it chooses, groups and orders by."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sqlglot import exp

from shared.engine.applications.effect import Source
from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.joins import Analyst, add_sources, note_met
from shared.engine.applications.query.sql.nodes import (
    bare,
    is_aggregated,
    is_star,
    kind_of,
    spreads,
)
from shared.engine.applications.query.sql.relations import (
    NONE,
    Parts,
    QueryColumn,
    Relation,
    Trace,
    computed,
    grouped,
)
from shared.engine.applications.query.sql.scope import Scope

_LONGEST_NAME = 60


def selected(analyst: Analyst, select: exp.Select, scope: Scope) -> Relation:
    """Return the table that a SELECT makes; what it filters, groups and orders by is read."""
    return _Select(analyst, select, scope).relation()


class _Select:
    """One SELECT under analysis."""

    def __init__(self, analyst: Analyst, select: exp.Select, scope: Scope) -> None:
        self._analyst, self._select, self._scope = analyst, select, scope
        self._parts, self._account = analyst.expressions.parts, analyst.account

    def relation(self) -> Relation:
        select, scope = self._select, self._scope
        add_sources(self._analyst, self._select, scope)
        scope.at = self._at
        scope.windows = {
            plain_lower(window.name): window
            for window in select.args.get("windows") or ()
            if window.name
        }
        chosen = select.expressions
        for expression in chosen:
            if isinstance(expression, exp.Alias):
                scope.aliases.setdefault(plain_lower(expression.alias), _Alias(self, expression))
        self._read(select.args.get("where"))
        for expression in chosen:
            # The engine reads these for every row, also where nobody asks for what comes of it.
            if expression.find(exp.Query):
                self._read(expression)
        keys = self._keys()
        is_grouped = bool(select.args.get("group")) or self._is_aggregated()
        by = frozenset(part.source for part in self._account.read(keys)) if is_grouped else None
        scope.counted = self._counted(by)
        relation = self._outputs(chosen)
        if by is not None:
            relation = _of_groups(relation, by, anew=True)
        for clause in ("having", "qualify", "order", "limit", "offset"):
            self._read(select.args.get(clause), relation)
        return self._distinct(relation)

    # Groups.

    def _is_aggregated(self) -> bool:
        clauses = (self._select.args.get(clause) for clause in ("having", "qualify", "order"))
        nodes = [*self._select.expressions, *(clause for clause in clauses if clause)]
        return bool(self._select.args.get("having")) or any(map(is_aggregated, nodes))

    def _keys(self) -> Parts:
        group = self._select.args.get("group")
        if group is None:
            return NONE
        keys: list[Parts] = []
        if group.args.get("all"):
            chosen = self._select.expressions
            keys += [
                self._chosen(expression) for expression in chosen if not is_aggregated(expression)
            ]
        for key in ("expressions", "grouping_sets", "cube", "rollup"):
            nodes = (
                node for expression in group.args.get(key) or () for node in _leaves(expression)
            )
            keys += map(self._key, nodes)
        return NONE.union(*keys)

    def _key(self, node: exp.Expr) -> Parts:
        if isinstance(node, exp.Literal) and not node.is_string:
            return self._at(int(node.name) - 1 if node.name.isdigit() else -1)
        return self._parts(node, self._scope)

    def _at(self, place: int) -> Parts:
        """Return what the column of that place is made of."""
        chosen = self._select.expressions
        if any(is_star(expression) or spreads(expression) for expression in chosen):
            return self._analyst.expressions.everything(self._scope)
        return self._chosen(chosen[place]) if 0 <= place < len(chosen) else NONE

    def _chosen(self, node: exp.Expr) -> Parts:
        if is_star(node):
            return self._analyst.expressions.everything(self._scope)
        return self._parts(node, self._scope)

    def _counted(self, by: frozenset[Source] | None) -> Parts:
        """Return what `count(*)` counts: rows by their groups, or those of the tables."""
        if by:
            return frozenset(Trace(source, "count") for source in by)
        traces: set[Trace] = set()
        for relation in self._scope.relations:
            first = relation.outputs[0].parts if relation.outputs else relation.rest
            read = [part for part in relation.parts if part.source in self._account.looks_at]
            traces |= computed("count", read or first)
            if not relation.outputs and relation.open:
                self._account.read_all(relation)
        return frozenset(traces)

    # What comes out.

    def alias_parts(self, node: exp.Alias) -> Parts:
        """Return what the value under an alias is made of."""
        return self._parts(node.this, self._scope)

    def _outputs(self, chosen: Iterable[exp.Expr]) -> Relation:
        outputs: list[QueryColumn] = []
        opened: list[str] = []
        rest, is_unsure = NONE, False
        for expression in chosen:
            if is_star(expression) and not self._is_of_fields(expression):
                star = self._star(expression)
                outputs += star.outputs
                opened += star.open
                rest, is_unsure = rest | star.rest, is_unsure or star.is_unsure
            elif is_star(expression) or spreads(expression):
                rest, is_unsure = rest | self._parts(expression, self._scope), True
                opened += [role for relation in self._scope.relations for role in relation.open]
            else:
                outputs.append(
                    QueryColumn(
                        name_of(expression),
                        self._parts(expression, self._scope),
                        kind_of(expression),
                    )
                )
                if isinstance(bare(expression), exp.Explode | exp.Unnest):
                    is_unsure = is_unsure or not isinstance(expression, exp.Alias)
        return Relation(tuple(outputs), tuple(dict.fromkeys(opened)), rest, is_unsure)

    def _is_of_fields(self, node: exp.Expr) -> bool:
        """Return whether `x.*` stands for the fields of a column."""
        return isinstance(node, exp.Column) and self._scope.table(node.parts[0].name) is None

    def _star(self, node: exp.Expr) -> Relation:
        """Return the columns that `*` or `t.*` shows, without those of EXCLUDE."""
        star = node if isinstance(node, exp.Star) else node.this
        table = plain_lower(node.parts[0].name) if isinstance(node, exp.Column) else ""
        sources = [
            (n, relation) for n, relation in self._scope.starred() if not table or n == table
        ]
        left_out = {plain_lower(identifier.name) for identifier in star.args.get("except_") or ()}
        replaced = {
            plain_lower(alias.alias): alias.this for alias in star.args.get("replace") or ()
        }
        names = {
            plain_lower(alias.this.name): alias.alias for alias in star.args.get("rename") or ()
        }
        outputs = []
        for alias, relation in sources:
            hidden = left_out | (set() if table else self._scope.hidden.get(alias, set()))
            self._account.spend(len(relation.outputs))
            for output in relation.outputs:
                lower = plain_lower(output.name)
                if lower in hidden:
                    continue
                parts = output.parts if table else self._scope.merged.get(lower, output.parts)
                if lower in replaced:
                    parts = self._parts(replaced[lower], self._scope)
                outputs.append(QueryColumn(names.get(lower, output.name), parts, output.kind))
        opened = tuple(role for _, relation in sources for role in relation.open)
        rest = NONE.union(*(relation.rest for _, relation in sources))
        return Relation(
            tuple(outputs), opened, rest, any(relation.is_unsure for _, relation in sources)
        )

    def _distinct(self, relation: Relation) -> Relation:
        distinct = self._select.args.get("distinct")
        if distinct is None:
            return relation
        if on := distinct.args.get("on"):
            self._account.read(self._parts(on, self._scope))
            return relation
        by = frozenset(part.source for part in self._account.read_all(relation))
        return _of_groups(relation, by, anew=False)

    def _read(self, node: exp.Expr | None, relation: Relation | None = None) -> None:
        if node is None:
            return
        others: list[exp.Expr] = []
        for expression in node.expressions if isinstance(node, exp.Order) else [node]:
            leaf = bare(expression.this) if isinstance(expression, exp.Ordered) else expression
            if isinstance(leaf, exp.Var) and leaf.name.upper() == "ALL" and relation:
                self._account.read_all(relation)
            elif isinstance(leaf, exp.Literal) and leaf.name.isdigit():
                self._account.read(self._at(int(leaf.name) - 1))
            elif leaf is not expression and (alias := self._alias(leaf)):
                self._account.read(alias())  # in an order it comes before a column of that name
            else:
                others.append(expression)
        self._account.read(self._analyst.expressions.derived(others, self._scope))
        if isinstance(node, exp.Where):
            note_met(self._analyst, self._scope, node, "inner")

    def _alias(self, node: exp.Expr) -> Callable[[], Parts] | None:
        is_plain = isinstance(node, exp.Column) and len(node.parts) == 1
        return self._scope.aliases.get(plain_lower(node.name)) if is_plain else None


class _Alias:
    """What an alias stands for, worked out when it is asked; one that names itself is nothing."""

    def __init__(self, select: _Select, node: exp.Alias) -> None:
        self._select, self._node = select, node
        self._parts: Parts | None = None

    def __call__(self) -> Parts:
        if self._parts is None:
            self._parts = NONE
            self._parts = self._select.alias_parts(self._node)
        return self._parts


def name_of(node: exp.Expr) -> str:
    """Return the name of a result's column: its alias or name, else the expression's text."""
    if isinstance(node, exp.Alias):
        return node.alias
    node = bare(node)
    if isinstance(node, exp.Column | exp.Dot):
        return node.name if isinstance(node, exp.Column) else node.expression.name
    written = node.sql("duckdb", normalize_functions="lower", comments=False)
    return written if len(written) <= _LONGEST_NAME else written[: _LONGEST_NAME - 1] + "…"


def _of_groups(relation: Relation, by: frozenset[Source], *, anew: bool) -> Relation:
    outputs = tuple(
        output._replace(parts=grouped(by, output.parts, anew=anew)) for output in relation.outputs
    )
    return replace(relation, outputs=outputs, rest=grouped(by, relation.rest, anew=anew))


def _leaves(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the keys of nested GROUPING SETS, CUBE and ROLLUP."""
    if isinstance(node, exp.GroupingSets | exp.Cube | exp.Rollup | exp.Tuple):
        for expression in node.expressions:
            yield from _leaves(expression)
    elif isinstance(node, exp.Paren):
        yield from _leaves(node.this)
    else:
        yield node
