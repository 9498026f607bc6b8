"""Tables on the way through a query: what each of their columns is made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from shared.engine.applications.effect import Met, Source
from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.statement import QueryPlace, SqlFault


class Trace(NamedTuple):
    """A column that something is made of, and how, as in `Part`.

    `by` are the groups that the figure is made for; None where it is of a row.
    """

    source: Source
    how: str = ""
    by: frozenset[Source] | None = None


Parts = frozenset[Trace]
"""What something is made of."""

NONE: Parts = frozenset()

MOST_UNKNOWN = 5
MOST_WORK = 20_000
"""Columns looked at in an analysis: about a tenth of a second."""

_ASSOCIATIVE = frozenset(("sum", "min", "max"))
"""Of these, the figure of figures is one of their values."""


def computed(how: str, parts: Iterable[Trace]) -> Parts:
    """Return the parts of a figure of figures, which is a calculation or one of the figures."""
    return frozenset(part._replace(how=_composed(how, part.how)) for part in parts)


def grouped(by: frozenset[Source] | None, parts: Iterable[Trace], *, anew: bool = True) -> Parts:
    """Return the parts as figures of the groups `by`; if `anew`, also parts that have groups."""
    return frozenset(part._replace(by=by) if anew or part.by is None else part for part in parts)


def _composed(outer: str, inner: str) -> str:
    if not outer or not inner:
        return outer or inner
    return outer if outer == inner and outer in _ASSOCIATIVE else "derived"


class QueryColumn(NamedTuple):
    """A column; `kind` as in `Made`."""

    name: str
    parts: Parts = NONE
    kind: str = ""


@dataclass(frozen=True)
class Relation:
    """A table's columns in order.

    open: roles whose columns, which nobody knows, stand in it.
    rest: what its columns are made of whose names only the run tells, if it `is_unsure` of any.
    """

    outputs: tuple[QueryColumn, ...] = ()
    open: tuple[str, ...] = ()
    rest: Parts = NONE
    is_unsure: bool = False

    def find(self, name: str) -> Parts | None:
        """Return what its columns of that name are made of; None where there is none."""
        return self._by_name.get(plain_lower(name))

    @cached_property
    def _by_name(self) -> dict[str, Parts]:
        parts_by_name: dict[str, Parts] = {}
        for output in self.outputs:
            name = plain_lower(output.name)
            parts_by_name[name] = (
                parts_by_name[name] | output.parts if name in parts_by_name else output.parts
            )
        return parts_by_name

    @cached_property
    def parts(self) -> Parts:
        """Return what all its columns are made of."""
        return self.rest.union(*(output.parts for output in self.outputs))

    def named(self, names: list[str]) -> "Relation":
        """Return the relation with its first columns renamed."""
        called = [
            output._replace(name=name) for output, name in zip(self.outputs, names, strict=False)
        ]
        more = names[len(self.outputs) :] if self.is_unsure or self.open else []
        called += [QueryColumn(name, self.rest) for name in more]
        return replace(self, outputs=(*called, *self.outputs[len(names) :]))


@dataclass
class ColumnsRead:
    """What a query was seen to read on the way; `unknown` are names that nothing has."""

    looks_at: set[Source] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    used: dict[str, tuple[str, ...]] = field(default_factory=dict)
    met: list[Met] = field(default_factory=list)
    unknown: list[SqlFault] = field(default_factory=list)
    work: int = 0

    def spend(self, work: int) -> None:
        """Note what was done; raises SqlFault when it gets too much for a service's process."""
        self.work += work
        if self.work > MOST_WORK:
            raise SqlFault("la requête est trop complexe pour être analysée : faites-en des étapes")

    def miss(self, message: str, place: QueryPlace | None) -> None:
        """Note a name that nothing has; few are told, as each takes a while."""
        self.unknown.append(SqlFault(message, place))
        if len(self.unknown) >= MOST_UNKNOWN:
            raise self.unknown[0]

    def read(self, parts: Iterable[Trace]) -> Parts:
        """Note that these columns are read; returns them."""
        kept = frozenset(parts)
        self.spend(len(kept))
        self.looks_at.update(part.source for part in kept)
        return kept

    def read_all(self, relation: Relation) -> Parts:
        """Note that every column is read, also those that nobody knows."""
        self.whole.update(relation.open)
        return self.read(relation.parts)

    def is_read(self, role: str) -> bool:
        """Return whether anything of the table in that role is read."""
        return role in self.whole or any(source.role == role for source in self.looks_at)
