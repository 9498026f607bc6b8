"""Rewrites a query over restricted data so that it reads the protected tables of that data."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, combinations, product
from math import prod
from typing import NamedTuple

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.merge_subqueries import merge_subqueries
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.transforms import eliminate_qualify

from shared.engine.answering.cells import CellTable, cells_sql, is_incomplete_sql
from shared.engine.answering.hidden_figures import add_incomplete, keep_hidden
from shared.engine.answering.pivots import with_plain_pivots
from shared.engine.answering.selects import Reader, own_nodes, tables_of_select
from shared.engine.answering.source import ProtectedSource
from shared.engine.answering.sql_text import DIALECT, put, text_of
from shared.engine.answering.table_choice import Needs
from shared.engine.applications.application import NotInTables
from shared.engine.applications.query.sql.statement import SqlFault, parse

Schema = Mapping[str, Sequence[str]]
"""The columns of each table of a query, by its name there."""

TABLES = "tableaux_proteges"
"""How a query on cells that steps before it hand on calls their tables."""


class AskedQuery(NamedTuple):
    """A query that reads the data as `role`, with the columns of its tables and of its result.

    Tables of the names `answered` are what earlier steps made of figures. `repeated` are columns of
    other tables that have a value in several rows, None where nobody knows.
    """

    sql: str
    role: str
    schema: Schema
    names: Sequence[str]
    answered: Collection[str] = ()
    repeated: Collection[str] | None = None


class AnsweredQuery(NamedTuple):
    """A query on cells; of steps before it, the tables whose cells these have to hand on."""

    sql: str
    tables: tuple[CellTable, ...]


def query_of_cells(
    asked: AskedQuery, source: ProtectedSource, before: Needs | None = None
) -> AnsweredQuery:
    """Return the query that does the same on the protected tables of the data.

    With `before`, what steps before it need, these hand on cells in place of the data. Raises
    NotInTables for a query that is no sum of cells.
    """
    tree = _qualified(asked)
    for reader in _readers(tree, asked.role):
        tree = _with_plain_groups(tree, reader.select)
    if before is None:
        # What steps before it hand on is read once.
        for reader in _readers(tree, asked.role):
            _share_in_whole(reader)
    _keep_hidden(tree, asked)
    role = asked.role if before is None else TABLES
    incomplete: dict[int, str] = {}
    tables: list[CellTable] = []
    for reader in _readers(tree, asked.role):
        tables = tables_of_select(reader, source, role, before or Needs({}), asked.repeated)
        incomplete[id(reader.select)] = is_incomplete_sql(source, role, tables[0])
        if before is None:
            used = {
                column.name.lower()
                for column in reader.select.find_all(exp.Column)
                if column.table == reader.alias
            }
            cells = parse_one(cells_sql(source, role, tables, used), dialect=DIALECT)
            name = exp.to_identifier(reader.alias, quoted=True)
            reader.table.replace(exp.Subquery(this=cells, alias=name))
    if before is not None and len(incomplete) != 1:
        raise NotInTables("après un filtre ou un croisement, lisez ces lignes une seule fois")
    add_incomplete(tree, incomplete)
    return AnsweredQuery(_bounded(text_of(tree)), tuple(tables))


def _bounded(sql: str) -> str:
    """Return the query; raises NotInTables for one that is longer than any query may be."""
    try:
        parse(sql)
    except SqlFault as error:
        raise NotInTables("cette requête demande trop de chiffres : faites-en plusieurs") from error
    return sql


def query_of_figures(asked: AskedQuery) -> str:
    """Return a query on `answered` tables alone that shows nothing but what they show.

    Raises NotInTables for one that adds up, or picks by, figures of which some may be hidden.
    """
    tree = _qualified(asked)
    before = text_of(tree)
    _keep_hidden(tree, asked)
    after = text_of(tree)
    return asked.sql if after == before else after


def _keep_hidden(tree: exp.Expr, asked: AskedQuery) -> None:
    readers = [id(reader.select) for reader in _readers(tree, asked.role)]
    keep_hidden(tree, readers, {name: asked.schema[name] for name in asked.answered})


def _qualified(asked: AskedQuery) -> exp.Expr:
    """Return the query with the table of each column, and SELECTs that only choose rows merged."""
    tree = with_plain_pivots(parse(asked.sql).copy(), asked.role)
    _name_outputs(tree, asked.names)
    _spell_out(tree)
    tree = _without_qualify(tree)
    spelled = {node.name.lower(): node.name for node in tree.find_all(exp.Identifier)}
    types: dict[str, object] = {
        name: dict.fromkeys(columns, "VARCHAR") for name, columns in asked.schema.items()
    }
    try:
        qualified = qualify(tree, schema=types, dialect=DIALECT, quote_identifiers=True)
        _inline_rows(qualified)
        merged: exp.Expr = merge_subqueries(qualified)
    except SqlglotError as error:
        raise NotInTables(
            "cette requête n'est pas suivie ici : écrivez-la plus simplement"
        ) from error
    # All names are in lower case now.
    spelled |= {name.lower(): name for name in asked.names}
    for output in merged.selects if isinstance(merged, exp.Query) else []:
        if isinstance(output, exp.Alias):
            name = spelled.get(output.alias.lower(), output.alias)
            output.set("alias", exp.to_identifier(name, quoted=True))
    return merged


def _inline_rows(tree: exp.Expr) -> None:
    """Write each WITH that only chooses rows where it is read, if it is read several times."""
    scopes = traverse_scope(tree)
    for cte in [scope for scope in scopes if scope.is_cte and _only_chooses(scope.expression)]:
        readings = [
            (node, alias)
            for scope in scopes
            for alias, (node, source) in scope.selected_sources.items()
            if source is cte
        ]
        definition = cte.expression.parent
        if len(readings) > 1 and isinstance(definition, exp.CTE):
            for node, alias in readings:
                name = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
                node.replace(exp.Subquery(this=cte.expression.copy(), alias=name))
            whole = definition.parent
            definition.pop()
            if whole is not None and not whole.expressions:
                whole.pop()


def _only_chooses(select: exp.Expr) -> bool:
    """Whether a SELECT has the rows and columns of a table, and nothing made of several rows."""
    cut = ("group", "having", "distinct", "order", "limit", "offset", "with_")
    is_plain = isinstance(select, exp.Select) and not any(map(select.args.get, cut))
    return is_plain and not select.find(exp.AggFunc, exp.Window, exp.Rand)


def _spell_out(tree: exp.Expr) -> None:
    """Write what is said in several ways in one: dates, quantiles, named windows, FROM first."""
    for ordered in list(tree.find_all(exp.WithinGroup)):
        _write_quantile(ordered)
    for call in list(tree.find_all(exp.Anonymous)):
        part, *days = call.expressions or [None]
        if call.name.lower() in _DATE_PARTS and isinstance(part, exp.Literal) and len(days) == 1:
            call.replace(exp.Extract(this=exp.var(part.name.upper()), expression=days[0].copy()))
    for select in tree.find_all(exp.Select):
        _move_joins(select)
        named = {window.name.lower(): window for window in select.args.get("windows") or ()}
        for window in [node for node in own_nodes(select) if isinstance(node, exp.Window)]:
            if whole := named.get(window.alias.lower()):
                if whole.args.get("alias"):
                    raise NotInTables("écrivez en entier une fenêtre faite d'une autre")
                for name in ("partition_by", "order", "spec"):
                    part = whole.copy().args.get(name)
                    window.set(name, window.args.get(name) or part)
                window.set("alias", None)
        select.set("windows", None)


def _without_qualify(tree: exp.Expr) -> exp.Expr:
    """Return the query with a SELECT around each that has a QUALIFY, in its place."""
    for select in [node for node in tree.find_all(exp.Select) if node.args.get("qualify")]:
        parts = {name: select.args.get(name) for name in ("order", "limit", "offset")}
        outputs = {output.alias_or_name.lower() for output in select.expressions}
        ordering = parts["order"].find_all(exp.Column) if parts["order"] else ()
        if any(column.name.lower() not in outputs for column in ordering):
            raise NotInTables("triez ce que QUALIFY choisit par les colonnes du résultat")
        has_all = any(output.is_star for output in select.expressions)
        if has_all or len(outputs) < len(select.expressions) or select.args.get("distinct"):
            raise NotInTables("nommez les colonnes de ce que QUALIFY choisit, chacune une fois")
        for name in parts:
            select.set(name, None)
        # It puts one node in several places.
        around = eliminate_qualify(select.copy()).copy()
        for name, part in parts.items():
            around.set(name, part)
        tree = put(tree, select, around)
    return tree


def _move_joins(select: exp.Select) -> None:
    """Put joins where they stand after SELECT … FROM; those of `FROM … SELECT` are the table's.

    So are those in brackets.
    """
    start = select.args.get("from_")
    while start is not None and isinstance(start.this, exp.Subquery) and _is_bracket(start.this):
        start.set("this", start.this.this)
    if start is not None and (joins := start.this.args.get("joins")):
        start.this.set("joins", None)
        select.set("joins", [*joins, *(select.args.get("joins") or ())])


def _is_bracket(table: exp.Subquery) -> bool:
    """Whether nothing but brackets stands around a table."""
    is_alone = not any(value for name, value in table.args.items() if name != "this")
    return is_alone and isinstance(table.this, exp.Table | exp.Subquery)


_DATE_PARTS = ("date_part", "datepart")


def _write_quantile(ordered: exp.WithinGroup) -> None:
    """Write `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)` as quantile_cont(x, 0.5)."""
    function, order = ordered.this, ordered.expression
    is_quantile = isinstance(function, exp.PercentileCont | exp.PercentileDisc)
    if is_quantile and len(order.expressions) == 1 and not order.expressions[0].args.get("desc"):
        value = order.expressions[0].this
        ordered.replace(type(function)(this=value.copy(), expression=function.this.copy()))


def _name_outputs(tree: exp.Expr, names: Sequence[str]) -> None:
    """Call the columns of the result what they were called before."""
    selects = [tree]
    while selects:
        node = selects.pop()
        if isinstance(node, exp.SetOperation):
            selects += [node.left, node.right]
        elif isinstance(node, exp.Subquery):
            selects.append(node.this)
        elif isinstance(node, exp.Select) and len(node.expressions) == len(names):
            for output, name in zip(list(node.expressions), names, strict=True):
                if not isinstance(output, exp.Alias | exp.Column | exp.Star):
                    output.replace(exp.alias_(output.copy(), name, quoted=True))


def _readers(tree: exp.Expr, role: str) -> list[Reader]:
    """Return the SELECTs that read the data themselves.

    Raises NotInTables for one that reads it twice.
    """
    readers = []
    for scope in traverse_scope(tree):
        tables = [
            (table, alias)
            for alias, table in scope.sources.items()
            if isinstance(table, exp.Table) and table.name.lower() == role.lower()
        ]
        select = scope.expression
        if isinstance(select, exp.UDTF):
            continue  # it only sees the tables beside it
        if len(tables) > 1 or (tables and not isinstance(select, exp.Select)):
            raise NotInTables("ces données croisées avec elles-mêmes ne sont dans aucun tableau")
        if isinstance(select, exp.Select):
            readers += [Reader(scope, select, table, alias) for table, alias in tables]
    return readers


def _with_plain_groups(tree: exp.Expr, select: exp.Select) -> exp.Expr:
    """Return the query with a SELECT for each grouping set of this one, and no GROUP BY ALL."""
    group = select.args.get("group")
    if group is None:
        return tree
    if group.args.get("all"):
        plain = [output.unalias() for output in select.expressions if not output.find(exp.AggFunc)]
        group.replace(exp.Group(expressions=[node.copy() for node in plain]))
        return tree
    sets = [node for node in group.expressions if isinstance(node, _SETS)]
    if not sets:
        return tree
    if any(isinstance(node, exp.Window) for node in own_nodes(select)):
        raise NotInTables(
            "CUBE, ROLLUP ou GROUPING SETS sous une fenêtre n'est pas suivi ici : regroupez d'abord"
            " dans un WITH"
        )
    if prod(map(_number_of_sets, sets)) > _MOST_SETS:
        raise NotInTables("ce CUBE ou ROLLUP fait trop de regroupements : prenez moins de colonnes")
    plain = [node for node in group.expressions if node not in sets]
    keys = [
        [*plain, *chain.from_iterable(combination)]
        for combination in product(*map(_grouping_sets, sets))
    ]
    every = {node.sql(): node for chosen in keys for node in chosen}
    with_sorting, sorting = _with_sorting_columns(select)
    selects = [_of_set(with_sorting, list(every.values()), chosen) for chosen in keys]
    return _replaced(tree, select, selects, sorting)


def _with_sorting_columns(select: exp.Select) -> tuple[exp.Select, exp.Order | None]:
    """Return a SELECT with what it sorts by as columns, and the order of these columns."""
    select, order = select.copy(), select.args.get("order")
    if order is None:
        return select, None
    order = order.copy()
    outputs = {output.alias_or_name.lower() for output in select.expressions}
    for number, ordered in enumerate(order.expressions):
        node = ordered.this
        is_output = isinstance(node, exp.Column) and not node.table and node.name.lower() in outputs
        if is_output or isinstance(node, exp.Literal | exp.Var):
            continue
        name = f"{_SORTING} {number}"
        select.select(exp.alias_(node.copy(), name, quoted=True), copy=False)
        node.replace(exp.column(exp.to_identifier(name, quoted=True)))
    return select, order


_SORTING = "tri"
_MOST_SETS = 32
_SETS = (exp.Cube, exp.Rollup, exp.GroupingSets)


def _number_of_sets(node: exp.Expr) -> int:
    """Return how many groupings a CUBE, a ROLLUP or GROUPING SETS stand for."""
    parts = len(node.expressions)
    if isinstance(node, exp.Cube):
        return 1 << parts
    return parts + isinstance(node, exp.Rollup)


def _grouping_sets(node: exp.Expr) -> Iterator[list[exp.Expr]]:
    """Yield the groups that a CUBE, a ROLLUP or GROUPING SETS stand for."""
    parts = [_columns(part) for part in node.expressions]
    match node:
        case exp.Cube():
            sizes = range(len(parts), -1, -1)
            chosen = chain.from_iterable(combinations(parts, size) for size in sizes)
            yield from (list(chain.from_iterable(some)) for some in chosen)
        case exp.Rollup():
            for size in range(len(parts), -1, -1):
                yield list(chain.from_iterable(parts[:size]))
        case _:
            for part, inner in zip(parts, node.expressions, strict=True):
                yield from _grouping_sets(inner) if isinstance(inner, _SETS) else [part]


def _columns(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Tuple):
        return list(node.expressions)
    return [node.this] if isinstance(node, exp.Paren) else [node]


def _of_set(select: exp.Select, keys: list[exp.Expr], chosen: list[exp.Expr]) -> exp.Select:
    """Return the SELECT of one grouping set; other keys are null in it."""
    names = {node.sql() for node in chosen}
    copy = select.copy()
    for name in ("order", "limit", "offset", "with_"):
        copy.set(name, None)
    copy.set("group", exp.Group(expressions=[node.copy() for node in chosen]) if chosen else None)
    missing = {node.sql() for node in keys} - names
    for node in list(own_nodes(copy)):
        if node.find_ancestor(exp.Group) or node.find_ancestor(exp.Where, exp.Join, exp.AggFunc):
            continue
        if _is_within(node, names):
            continue
        if isinstance(node, exp.Grouping | exp.GroupingId):
            shown = [key.sql() in names for key in node.expressions]
            bits = "".join("0" if is_shown else "1" for is_shown in shown)
            node.replace(exp.Literal.number(int(bits or "0", 2)))
        elif node.sql() in missing:
            node.replace(exp.Null())
    return copy


def _is_within(node: exp.Expr, names: Collection[str]) -> bool:
    """Whether a node is a part of an expression of these."""
    outer = node.parent
    while outer is not None and not isinstance(outer, exp.Query):
        if outer.sql() in names:
            return True
        outer = outer.parent
    return False


def _replaced(
    tree: exp.Expr, select: exp.Select, selects: list[exp.Select], order: exp.Order | None
) -> exp.Expr:
    """Return the query with these SELECTs, one below the other, in place of one."""
    union = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False)
    outputs = [
        exp.column(exp.to_identifier(output.alias_or_name, quoted=True), table="u")
        for output in select.expressions
    ]
    outer = exp.select(*outputs).from_(union.subquery("u"))
    outer.set("order", order)
    for name in ("limit", "offset", "with_"):
        if part := select.args.get(name):
            outer.set(name, part.copy())
    return put(tree, select, outer)


def _share_in_whole(reader: Reader) -> None:
    """Make the total of a window of sums of figures a figure of its own: it is a larger cell."""
    select = reader.select
    group = select.args.get("group")
    if select.args.get("having"):
        return
    keys = {key.sql() for key in group.expressions} if group is not None else set()
    for window in [node for node in own_nodes(select) if isinstance(node, exp.Window)]:
        parts = window.args.get("partition_by") or []
        figure = window.this.this if isinstance(window.this, exp.Sum) else None
        is_added_up = isinstance(figure, exp.Sum | exp.Count | exp.CountIf) and not isinstance(
            figure.this, exp.Distinct
        )
        is_total = is_added_up and not window.args.get("order") and not window.args.get("spec")
        if is_total and {part.sql() for part in parts} <= keys:
            window.replace(_whole(reader, window.this.this, parts).subquery(copy=False))


def _whole(reader: Reader, figure: exp.Expr, parts: list[exp.Expr]) -> exp.Select:
    """Return the SELECT of a figure for all rows that are alike in these parts of the groups."""
    select = reader.select
    total = exp.Select(expressions=[exp.alias_(figure.copy(), "total", quoted=True)])
    for name in ("from_", "joins", "where"):
        part = select.args.get(name)
        total.set(
            name, [node.copy() for node in part] if isinstance(part, list) else part and part.copy()
        )
    inner_parts = [part.copy() for part in parts]
    renamed = {name: f"{name} ‹ensemble›" for name in reader.scope.sources}
    for node in chain(total.walk(), *(part.walk() for part in inner_parts)):
        if isinstance(node, exp.Column) and node.table in renamed:
            node.set("table", exp.to_identifier(renamed[node.table], quoted=True))
        elif isinstance(node, exp.Table | exp.Subquery) and node.alias in renamed:
            node.set(
                "alias", exp.TableAlias(this=exp.to_identifier(renamed[node.alias], quoted=True))
            )
    for inner, outer in zip(inner_parts, parts, strict=True):
        total.where(exp.NullSafeEQ(this=inner, expression=outer.copy()), copy=False)
    return total
