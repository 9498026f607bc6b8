"""What an expression of a query is made of."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.nodes import aggregate_of, bare
from shared.engine.applications.query.sql.relations import (
    NONE,
    ColumnsRead,
    Parts,
    Relation,
    computed,
)
from shared.engine.applications.query.sql.scope import Scope
from shared.engine.applications.query.sql.statement import place_of
from shared.engine.tables.column_names import near
from shared.language.french import quoted

Subquery = Callable[[exp.Expr, Scope], Relation]

_SPECIAL = (
    exp.Column,
    exp.Query,
    exp.Window,
    exp.Filter,
    exp.WithinGroup,
    exp.Lambda,
    exp.Comprehension,
    exp.Star,
    exp.Columns,
    exp.Exists,
    exp.PositionalColumn,
)


class Expressions:
    """Finds what expressions are made of, and notes names that nothing has."""

    def __init__(self, sql: str, account: ColumnsRead, subquery: Subquery) -> None:
        self._sql, self._account, self._subquery = sql, account, subquery

    def parts(self, node: exp.Expr | None, scope: Scope) -> Parts:
        """Return what the value of `node` is made of; a column alone is as it is."""
        if node is None:
            return NONE
        node = bare(node)
        how = aggregate_of(node)
        if how:
            return self._aggregate(node, how, scope)
        if isinstance(node, _SPECIAL):
            return self._special(node, scope)
        return self.derived(list(node.iter_expressions()), scope)

    def derived(self, nodes: list[exp.Expr], scope: Scope) -> Parts:
        """Return what a calculation on all of them is made of."""
        parts: set[Parts] = set()
        stack = list(nodes)
        while stack:
            node = stack.pop()
            if isinstance(node, _SPECIAL) or aggregate_of(node):
                parts.add(self.parts(node, scope))
            else:
                stack.extend(node.iter_expressions())
        return computed("derived", NONE.union(*parts))

    def _special(self, node: exp.Expr, scope: Scope) -> Parts:  # noqa: PLR0911 - one for each form
        match node:
            case exp.Column():
                return self.column(node, scope)
            case exp.Exists():
                return self._exists(node, scope)
            case exp.Query():
                return self._account.read(self._subquery(node, scope).parts)
            case exp.Window():
                return self._window(node, scope)
            case exp.Filter():
                condition = self.derived([node.expression], scope)
                return self.parts(node.this, scope) | condition
            case exp.WithinGroup():
                how = aggregate_of(bare(node.this)) or "derived"
                ordered = self.derived([node.expression], scope)
                return computed("", self.parts(node.this, scope)) | _as(how, ordered)
            case exp.PositionalColumn() if scope.at and node.this.name.isdigit():
                return scope.at(int(node.this.name) - 1)
            case exp.Lambda() | exp.Comprehension():
                return self._lambda(node, scope)
            case _:
                return self.everything(scope)

    def everything(self, scope: Scope) -> Parts:
        """Return all columns of all its tables, whichever of them `COLUMNS(...)` chooses."""
        return NONE.union(*(self._account.read_all(relation) for relation in scope.relations))

    def _exists(self, node: exp.Expr, scope: Scope) -> Parts:
        # Which columns it would select does not matter: whether there are rows does.
        self._subquery(node.this, scope)
        return NONE

    def _aggregate(self, node: exp.Expr, how: str, scope: Scope) -> Parts:
        if _is_count_star(node):
            return scope.counted or NONE
        is_unknown = isinstance(node, exp.Anonymous)
        arguments = node.expressions if is_unknown else [*node.iter_expressions()]
        first = arguments[0] if arguments else None
        others = arguments[1:]
        ordered: list[exp.Expr] = []
        while isinstance(first, exp.Order | exp.Distinct | exp.Limit):
            is_distinct = isinstance(first, exp.Distinct)
            inner = next(iter(first.expressions), None) if is_distinct else first.this
            rest = first.expressions if isinstance(first, exp.Order) else first.expressions[1:]
            ordered, first = [*ordered, *rest], inner
        figure = computed(how, self.parts(first, scope))
        return figure | self.derived([*ordered, *others], scope)

    def _window(self, node: exp.Window, scope: Scope) -> Parts:
        inner = node.this.this if isinstance(node.this, exp.Filter) else node.this
        used = [*inner.iter_expressions()] if not _is_count_star(inner) else []
        if isinstance(node.this, exp.Filter):
            used.append(node.this.expression)
        used += [argument for key, argument in _arguments(node) if key != "this"]
        named = [scope.windows[name] for name in _window_names(node) if name in scope.windows]
        counted = computed("derived", scope.counted or NONE) if _is_count_star(inner) else NONE
        return self.derived([*used, *named], scope) | counted

    def _lambda(self, node: exp.Expr, scope: Scope) -> Parts:
        if isinstance(node, exp.Lambda):
            names = {plain_lower(name.name) for name in node.expressions}
        else:
            names = {
                plain_lower(identifier.name)
                for identifier in node.expression.find_all(exp.Identifier)
            }
            outer = self.derived([node.args["iterator"]], scope)
        scope.lambdas.append(names)
        inside = [part for part in (node.this, node.args.get("condition")) if part is not None]
        parts = self.derived(inside, scope)
        scope.lambdas.pop()
        return parts if isinstance(node, exp.Lambda) else parts | outer

    def column(self, node: exp.Column, scope: Scope) -> Parts:
        """Return what a name stands for: a column, a field of one, or a table's whole row."""
        words = [part.name for part in node.parts]
        self._account.spend(len(words) + len(scope.sources))
        if isinstance(node.this, exp.Star):
            return self._star(node, words[0], scope)
        readings = [self._path(words, scope)]
        is_table = readings[0] is not None and scope.table(words[0]) is not None
        field = None if is_table else scope.column(words[0], is_row=False)
        if len(words) > 1 and field is not None:
            readings.append(computed("derived", field))
        known_readings = [reading for reading in readings if reading is not None]
        if known_readings:
            self._note_row(words, scope)
            return NONE.union(*known_readings)
        self._note_unknown(node, words, scope)
        return NONE

    def _star(self, node: exp.Column, name: str, scope: Scope) -> Parts:
        """Return all columns of a table, or all fields of a column."""
        if relation := scope.table(name):
            return self._account.read_all(relation)
        field = scope.column(name, is_row=False)
        if field is None:
            self._note_unknown(node, [name, "*"], scope)
        return computed("derived", field or NONE)

    @staticmethod
    def _path(words: list[str], scope: Scope) -> Parts | None:
        if len(words) == 1:
            return scope.column(words[0])
        parts = scope.qualified(words[0], words[1])
        return parts if parts is None or len(words) == 2 else computed("derived", parts)  # noqa: PLR2004

    def _note_row(self, words: list[str], scope: Scope) -> None:
        """Note that every column is read where a table's name stands for its whole row."""
        relation = scope.table(words[0]) if len(words) == 1 else None
        is_column = any(relation.find(words[0]) is not None for relation in scope.relations)
        if relation is not None and not is_column:
            self._account.read_all(relation)

    def _note_unknown(self, node: exp.Column, words: list[str], scope: Scope) -> None:
        name, place = words[-1], place_of(self._sql, node)
        relation = scope.table(words[0]) if len(words) > 1 else None
        if len(words) > 1 and relation is None:
            message = f"aucune table ne s'appelle {quoted(words[0])} ici"
        elif relation is not None:
            names = {output.name: output for output in relation.outputs}
            reason = f"la table {quoted(words[0])} n'a pas de colonne {quoted(words[1])}"
            message = reason + near(words[1], names)
        else:
            others = near(name, scope.names, "les colonnes")
            message = f"aucune colonne ne s'appelle {quoted(name)}{others}"
        self._account.miss(message, place)


def _as(how: str, parts: Parts) -> Parts:
    return frozenset(part._replace(how=how) for part in parts)


def _is_count_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Count) and (node.this is None or isinstance(node.this, exp.Star))


def _arguments(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for key, value in node.args.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                yield key, child


def _window_names(node: exp.Window) -> Iterator[str]:
    alias = node.args.get("alias")
    if alias is not None:
        yield plain_lower(str(alias.name))
