"""Figures of rows as figures of cells: what a sum over rows is as a sum over cells.

A cell's part of a sum is hidden where what it adds is: of `sum(CASE WHEN sex = 'F' THEN 1 END)` the
cells of men are no matter.
"""

from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp

from shared.engine.answering.cells import HIDDEN, NUMBER, PLACE, SHARE, UNITS, sum_name
from shared.engine.answering.kept_values import keeps_amounts
from shared.engine.answering.source import ProtectedSource
from shared.engine.answering.sql_text import text_of
from shared.engine.applications.application import NotInTables
from shared.engine.applications.query.sql import quoted
from shared.engine.contract.policy import PolicyMeasure
from shared.language.french import quoted as in_quotes


class Part(NamedTuple):
    """What a cell adds to a sum over rows, whether that is hidden, and how many rows add to it.

    `rows` is empty where nobody knows how many rows have a value.
    """

    amount: str
    hidden: str
    rows: str
    rows_hidden: str

    def where(self, condition: str, other: "Part") -> "Part":
        """Return this part for cells of the condition, and the other for the rest."""
        pairs = zip(self, other, strict=True)
        return Part(
            *(
                f"CASE WHEN {condition} THEN {here} ELSE {there} END" if here and there else ""
                for here, there in pairs
            )
        )


_MORE_DIGITS = (exp.Mul, exp.Div)
"""What gives more digits than its amounts have."""

_NOTHING = Part("NULL", "FALSE", "0", "FALSE")


@dataclass(frozen=True)
class Figures:
    """Makes figures over the cells that a select reads as `alias`."""

    source: ProtectedSource
    alias: str

    def own(self, node: exp.Expr) -> list[exp.Column]:
        """Return the columns of the restricted data in an expression."""
        return [
            column
            for column in node.find_all(exp.Column)
            if column.table == self.alias and column.name.lower() in self.source.columns
        ]

    def measured(self, node: exp.Expr) -> list[tuple[exp.Column, PolicyMeasure]]:
        """Return those of them that are added up, each with its measure."""
        return [
            (column, measure)
            for column in self.own(node)
            if (measure := self.source.measure(column.name)) and _is_amount(column, node)
        ]

    def part(self, node: exp.Expr) -> Part:
        """Return what a cell adds to the sum of that expression. Raises NotInTables."""
        if not self.measured(node):
            return self._of_class(node)
        match node:
            case exp.Paren():
                part = self.part(node.this)
            case exp.Cast() | exp.TryCast() | exp.Round():
                part = self._unrounded(node)
            case exp.Column():
                ((_, measure),) = self.measured(node)
                part = self._of_measure(measure)
            case exp.Case():
                part = self._of_case(node)
            case exp.If():
                other = node.args.get("false")
                rest = self.part(other) if other else _NOTHING
                part = self.part(node.args["true"]).where(text_of(node.this), rest)
            case exp.Coalesce() if _is_zero(node.expressions):
                part = self.part(node.this)
            case exp.Mul() | exp.Div() if not self.measured(node.expression):
                part = self._scaled(node, node.this, node.expression)
            case exp.Mul() if not self.measured(node.this):
                part = self._scaled(node, node.expression, node.this)
            case _:
                raise NotInTables(f"« {text_of(node)} » est à sommer avant, et non ligne par ligne")
        return part

    def _unrounded(self, node: exp.Expr) -> Part:
        kinds = {self.source.columns[own.name.lower()].kind for own, _ in self.measured(node)}
        is_plain = not node.this.find(*_MORE_DIGITS) and all(
            literal.is_int for literal in node.this.find_all(exp.Literal) if not literal.is_string
        )
        # What is worked out has more digits than amounts have.
        if not all(keeps_amounts(node, kind if is_plain else "") for kind in kinds):
            raise NotInTables(f"« {text_of(node)} » arrondit chaque ligne : arrondissez la somme")
        return self.part(node.this)

    def _scaled(self, node: exp.Expr, measured: exp.Expr, factor: exp.Expr) -> Part:
        inner, sign = self.part(measured), "/" if isinstance(node, exp.Div) else "*"
        amount = f"({inner.amount}) {sign} ({text_of(factor)})"
        hidden = f"({inner.hidden}) AND ({text_of(factor)}) IS NOT NULL"
        is_number = isinstance(factor, exp.Literal) and not factor.is_string
        return Part(amount, hidden, *((inner.rows, inner.rows_hidden) if is_number else ("", "")))

    def _of_case(self, node: exp.Case) -> Part:
        if node.this:
            raise NotInTables("« CASE colonne WHEN … » d'un montant : écrivez CASE WHEN condition")
        default = node.args.get("default")
        part = self.part(default) if default else _NOTHING
        for branch in reversed(node.args["ifs"]):
            part = self.part(branch.args["true"]).where(text_of(branch.this), part)
        return part

    def _of_measure(self, measure: PolicyMeasure) -> Part:
        total = self.column(sum_name(measure.column))
        units = self.column(UNITS) if self.source.is_full(measure) else ""
        return Part(total, f"{total} IS NULL", units, self.column(HIDDEN) if units else "")

    def _of_class(self, node: exp.Expr) -> Part:
        """Return the part of an expression that is the same for all rows of a cell."""
        value, units, hidden = text_of(node), self.column(UNITS), self.column(HIDDEN)
        is_there = f"{hidden} AND ({value}) IS NOT NULL"
        return Part(
            amount=f"CAST({value} AS DOUBLE) * {units}" if value != "1" else units,
            hidden=f"{is_there} AND ({value}) <> 0" if value != "1" else hidden,
            rows=f"CASE WHEN ({value}) IS NOT NULL THEN {units} ELSE 0 END",
            rows_hidden=is_there,
        )

    def counted(self, node: exp.Expr) -> Part:
        """Return the part of the count of rows in which an expression has a value."""
        if self.measured(node):
            part = self.part(node)
        else:
            value = text_of(node)
            there, hidden = f"({value}) IS NOT NULL", self.column(HIDDEN)
            rows = f"CASE WHEN {there} THEN {self.column(UNITS)} ELSE 0 END"
            part = Part(rows, "", rows, f"{hidden} AND {there}")
        if not part.rows:
            raise NotInTables(f"combien de lignes ont « {text_of(node)} » n'est dans aucun tableau")
        return Part(part.rows, part.rows_hidden, part.rows, part.rows_hidden)

    def units(self) -> Part:
        """Return the part of the count of all."""
        units, hidden = self.column(UNITS), self.column(HIDDEN)
        return Part(units, hidden, units, hidden)

    def has_all_parts(self, where: str, parted: str) -> str:
        """Return whether cells that stand for their parts are there with all of them, once."""
        number, part = self.column(NUMBER), self.column(parted)
        cells = f"count(DISTINCT {number}) FILTER (WHERE {where})"
        parts = f"count(DISTINCT concat({number}, ' ', {part})) FILTER (WHERE {where})"
        return (
            f"abs(coalesce(sum({self.column(SHARE)}) FILTER (WHERE {where}), 0) - {cells}) < 1e-6"
            f" AND count(*) FILTER (WHERE {where}) = {parts} AND {cells} > 0"
        )

    def column(self, name: str) -> str:
        """Return a column of the cells."""
        return f"{quoted(self.alias)}.{quoted(name)}"

    def among(self, place: int, condition: str) -> str:
        """Return the condition on the cells of one table."""
        own = f"{self.column(PLACE)} = {place}"
        return f"{own} AND ({condition})" if condition else own


def _is_amount(column: exp.Column, top: exp.Expr) -> bool:
    """Whether what stands there is added up, and no condition."""
    node: exp.Expr = column
    while node is not top and node.parent is not None:
        is_condition = isinstance(node.parent, exp.If) and node.arg_key == "this"
        if is_condition or isinstance(node.parent, exp.Predicate | exp.Connector):
            return False
        node = node.parent
    return True


def _is_zero(nodes: list[exp.Expr]) -> bool:
    """Whether there is one constant, 0."""
    is_number = len(nodes) == 1 and isinstance(nodes[0], exp.Literal) and not nodes[0].is_string
    return is_number and float(nodes[0].name) == 0


def no_measure(source: ProtectedSource, name: str) -> NotInTables:
    """Return why a column is not added up."""
    shown = ", ".join(in_quotes(measure.column) for measure in source.policy.measures)
    return NotInTables(
        f"{in_quotes(name)} n'est pas additionné ; le sont : {shown}"
        if shown
        else f"{in_quotes(name)} n'est pas additionné : ces tableaux comptent seulement"
    )
