"""The tables that a SELECT sees, and the columns by which they are joined."""

from typing import Protocol

from sqlglot import exp

from shared.applications.effect import Met
from shared.applications.sql.expressions import Expressions, descend
from shared.applications.sql.relations import NONE, Account, Parts, Relation, made
from shared.applications.sql.scope import Scope


class Analyst(Protocol):
    """What a SELECT needs of the analysis that it is part of."""

    expressions: Expressions
    account: Account

    def relation(self, node: exp.Expr, scope: Scope) -> Relation:
        """The table that a source makes."""


def add_sources(analyst: Analyst, select: exp.Expr, scope: Scope) -> None:
    """Let `scope` see the tables of FROM; what they are joined by is read."""
    _Sources(analyst, select, scope).add_all()


def note_met(analyst: Analyst, scope: Scope, condition: exp.Expr, how: str) -> None:
    """Note the columns of two tables that a condition sets equal."""
    for one in descend(condition):
        if isinstance(one, exp.EQ):
            left, right = (
                analyst.expressions.parts(it, scope) for it in (one.this, one.expression)
            )
            _meet(analyst.account, left, right, how)


def _meet(account: Account, left: Parts, right: Parts, how: str) -> None:
    mine, others = ({one.source for one in parts} for parts in (left, right))
    for one in sorted(mine - others):
        if others and all(it.role != one.role for it in others):
            account.met.append(Met(how, one, tuple(sorted(others))))


class _Sources:
    """The FROM of one SELECT."""

    def __init__(self, analyst: Analyst, select: exp.Expr, scope: Scope) -> None:
        self._analyst, self._select, self._scope = analyst, select, scope
        self._parts, self._account = analyst.expressions.parts, analyst.account

    def add_all(self) -> None:
        """Add every table."""
        source = self._select.args.get("from_")
        if source is not None:
            self._add(source.this)
        for join in self._select.args.get("joins") or ():
            self._join(join)
        for lateral in self._select.args.get("laterals") or ():
            self._add(lateral)

    def _add(self, node: exp.Expr, *, is_aside: bool = False) -> str:
        relation = self._analyst.relation(node, self._scope)
        pivots = node.args.get("pivots") or ()
        alias = (pivots[-1].alias if pivots else "") or node.alias_or_name
        return self._scope.add(alias, relation, is_aside=is_aside)

    def _join(self, join: exp.Join) -> None:
        before = list(self._scope.shown())
        side, kind = join.side.lower(), join.kind.lower()
        is_aside = kind in ("semi", "anti") or side in ("semi", "anti")
        name = self._add(join.this, is_aside=is_aside)
        right = self._scope.sources[name]
        how = kind if is_aside and kind else side or "inner"
        using = [one.name for one in join.args.get("using") or ()]
        if join.method == "NATURAL":
            using = self._common(before, right)
        for column in using:
            self._merge(column, before, name, how)
        if on := join.args.get("on"):
            self._account.read(self._parts(on, self._scope))
            note_met(self._analyst, self._scope, on, how)

    def _common(self, before: list[tuple[str, Relation]], right: Relation) -> list[str]:
        """The names that both sides of a NATURAL JOIN have; all are read where some are unknown."""
        relations = [one for _, one in before]
        self._account.spend(len(right.outputs) * len(relations))
        if right.open or right.is_unsure or any(one.open or one.is_unsure for one in relations):
            for one in (*relations, right):
                self._account.read_all(one)
        return [
            one.name
            for one in right.outputs
            if any(it.find(one.name) is not None for it in relations)
        ]

    def _merge(self, column: str, before: list[tuple[str, Relation]], name: str, how: str) -> None:
        """One column of USING: it stands once, where the left table has it."""
        lower, scope = column.lower(), self._scope
        self._account.spend(len(before))
        node = exp.column(column)
        sides = [scope.qualified(alias, column) for alias, _ in before]
        left = scope.merged.get(lower) or NONE.union(*(one for one in sides if one))
        right = scope.qualified(name, column) or NONE
        if not left or not right:
            missing = Scope({}, sources=dict(before) if not left else {name: scope.sources[name]})
            self._parts(node, missing)
        self._account.read(left | right)
        merged = {"right": right, "full": made("derived", left | right)}.get(how, left)
        scope.merged[lower] = merged
        scope.hidden.setdefault(name, set()).add(lower)
        _meet(self._account, left, right, how)
