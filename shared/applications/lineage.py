"""What a treatment reads of each dataset, and what of it comes out, found without running it.

A column is followed from its dataset through the steps: each step says which columns it looks at
and what it makes of them. Where the columns of a dataset are not known yet, a name that no other
table has is taken for its.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import Field

from shared.applications import APPLICATIONS, check_steps, parse_parameters
from shared.applications.aggregate import AggregateParameters
from shared.applications.cross import SUCCESSOR_COLUMNS, CrossParameters
from shared.events.event import Frozen, Step, Treatment
from shared.words import unique

Origin = str
"""A column of a dataset: `<dataset id>.<column>`."""


class Shown(Frozen):
    """Figures of one dataset that come out together.

    `by` are the origins that they are grouped by; None when they come out row by row. `beside` are
    the columns of other datasets that the same table shows or is grouped by.
    """

    by: tuple[Origin, ...] | None
    figures: tuple[str, ...] = Field(description="`column` as it is, `sum(column)`, `mean(column)`")
    beside: tuple[Origin, ...] = ()

    def covers(self, other: "Shown") -> bool:
        """Whether `other` shows nothing that this does not show, or allows to work out."""
        if not set(other.beside) <= set(self.beside):
            return False
        if self.by is None:
            groups = {column_of(one) for one in set(other.by or ()) - set(other.beside)}
            return groups | {_column_of(one) for one in other.figures} <= set(self.figures)
        return (
            other.by is not None
            and set(other.by) <= set(self.by)
            and set(other.figures) <= set(self.figures)
        )


class Key(Frozen):
    """A column by which a dataset is crossed with another's, each perhaps `via` a crosswalk."""

    column: str
    other: Origin
    via: str = ""
    other_via: str = ""


class Crossing(Frozen):
    """A crossing of the treatment: which rows are left, of whichever tables went into its two.

    An inner one leaves out the rows that meet nothing, and so does what is crossed later.
    """

    how: str
    left: tuple[Origin, ...]
    right: tuple[Origin, ...]


class Reading(Frozen):
    """What a treatment reads of one dataset, and what of it comes out.

    `columns` are those that it reads, None for all of a dataset whose columns are not known yet.
    `crossings` are all those of the treatment: each may choose which of the dataset's rows count.
    """

    columns: tuple[str, ...] | None
    keys: tuple[Key, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    shown: tuple[Shown, ...] = ()

    def covers(self, other: "Reading") -> bool:
        """Whether `other` reads no more of the dataset and shows nothing finer.

        Of other rows it may: so a crossing more or less, or of another kind, is not covered.
        """
        if self.columns is not None and not set(other.columns or ("*",)) <= set(self.columns):
            return False
        if other.crossings != self.crossings or not set(other.keys) <= set(self.keys):
            return False
        return all(any(mine.covers(one) for mine in self.shown) for one in other.shown)


def dataset_of(origin: Origin) -> str:
    """The dataset that a column is of."""
    return origin.partition(".")[0]


def column_of(origin: Origin) -> str:
    """The column's name."""
    return origin.partition(".")[2]


def _column_of(figure: str) -> str:
    """The column that a figure is made of: `x` of `sum(mean(x))`; names may hold parentheses."""
    while figure.startswith(_PREFIXES) and figure.endswith(")"):
        figure = figure.partition("(")[2][:-1]
    return figure


_PREFIXES = ("sum(", "mean(", "count(", "met(", "listed(")


@dataclass(frozen=True)
class _Trace:
    """What one column of a table is made of; `by` as in `Shown`."""

    origin: Origin
    figure: str
    by: tuple[Origin, ...] | None = None

    def made(self, how: str, by: tuple[Origin, ...]) -> "_Trace":
        return _Trace(self.origin, f"{how}({self.figure})", by)


_Traces = frozenset[_Trace]


@dataclass(frozen=True)
class _Table:
    """A table's known columns, and the datasets in it whose columns are not known."""

    columns: Mapping[str, _Traces]
    unknown: tuple[str, ...] = ()

    def of(self, name: str) -> _Traces:
        """What the column of that name is made of."""
        guessed = {_raw(dataset_id, name) for dataset_id in self.unknown}
        return self.columns.get(name, frozenset()) | guessed


@dataclass
class _Account:
    """What was seen of all datasets on the way through the steps."""

    read: dict[str, set[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    keys: dict[str, set[Key]] = field(default_factory=dict)
    crossings: list[Crossing] = field(default_factory=list)
    shown: dict[str, list[Shown]] = field(default_factory=dict)

    def look_at(self, traces: Iterable[_Trace]) -> None:
        """Note that these columns are read."""
        for trace in traces:
            self.read.setdefault(dataset_of(trace.origin), set()).add(column_of(trace.origin))

    def show(self, table: _Table) -> None:
        """Note that the whole table comes out."""
        traces = {trace for made_of in table.columns.values() for trace in made_of}
        self.look_at(traces)
        self.whole.update(table.unknown)
        for dataset_id in {dataset_of(trace.origin) for trace in traces}:
            mine = {trace for trace in traces if dataset_of(trace.origin) == dataset_id}
            others = {trace.origin for trace in traces - mine}
            for by in sorted({trace.by for trace in mine}, key=lambda one: one or ()):
                figures = {trace.figure for trace in mine if trace.by == by}
                foreign = {one for one in by or () if dataset_of(one) != dataset_id}
                beside = tuple(sorted(others | foreign))
                told = Shown(by=by, figures=tuple(sorted(figures)), beside=beside)
                self.shown.setdefault(dataset_id, []).append(told)


def readings_of(
    treatment: Treatment, columns: Mapping[str, tuple[str, ...] | None]
) -> dict[str, Reading]:
    """What `treatment` reads of each dataset; `columns` by dataset id, None where not known.

    Raises Invalid for a treatment that cannot run (`check_steps`).
    """
    check_steps(treatment.inputs, treatment.steps)
    account = _Account()
    tables = {name: _input(one, columns.get(one)) for name, one in treatment.inputs.items()}
    for number, step in enumerate(treatment.steps):
        parameters = parse_parameters(APPLICATIONS[step.application], step, f"steps.{number}")
        tables[step.output] = _TRACES[step.application](step, parameters, tables, account)
    account.show(tables[treatment.steps[-1].output])
    return {one: _reading(account, one, columns.get(one)) for one in set(treatment.inputs.values())}


def _reading(account: _Account, dataset_id: str, known: tuple[str, ...] | None) -> Reading:
    read = account.read.get(dataset_id, set())
    is_whole = known is None and dataset_id in account.whole
    # Names that the dataset does not have are the treatment's error: its trial says so.
    columns = sorted(read if known is None else read & set(known))
    return Reading(
        columns=None if is_whole else tuple(columns),
        keys=tuple(sorted(account.keys.get(dataset_id, ()), key=Key.model_dump_json)),
        crossings=tuple(account.crossings),
        shown=tuple(dict.fromkeys(account.shown.get(dataset_id, ()))),
    )


def _raw(dataset_id: str, column: str) -> _Trace:
    return _Trace(f"{dataset_id}.{column}", column)


def _input(dataset_id: str, columns: tuple[str, ...] | None) -> _Table:
    if columns is None:
        return _Table({}, (dataset_id,))
    return _Table({name: frozenset({_raw(dataset_id, name)}) for name in columns})


def _trace_aggregate(
    step: Step, parameters: AggregateParameters, tables: Mapping[str, _Table], account: _Account
) -> _Table:
    table = tables[step.inputs["table"]]
    groups = {name: table.of(name) for name in parameters.by}
    by = tuple(sorted({trace.origin for traces in groups.values() for trace in traces}))
    made = {
        name: frozenset(replace(trace, by=by) for trace in traces)
        for name, traces in groups.items()
    }
    figures = [
        *((name, "sum", name) for name in parameters.sums),
        *((f"{name}_moyenne", "mean", name) for name in parameters.means),
        *((f"{name}_nombre", "count", name) for name in parameters.counts),
    ]
    made |= {
        new: frozenset(trace.made(how, by) for trace in table.of(name))
        for new, how, name in figures
    }
    for traces in (*groups.values(), *(table.of(name) for _, _, name in figures)):
        account.look_at(traces)
    if ratio := parameters.ratio:
        made[ratio.name] = made[ratio.numerator] | made[ratio.denominator]
    if chart := parameters.chart:
        account.show(_Table({name: made[name] for name in (chart.label, chart.value)}))
    return _Table(made)


def _trace_cross(
    step: Step, parameters: CrossParameters, tables: Mapping[str, _Table], account: _Account
) -> _Table:
    left, right = (tables[step.inputs[role]] for role in ("left", "right"))
    left_key, right_key = left.of(parameters.left_key), right.of(parameters.right_key)
    weight = left.of(parameters.weight) if parameters.weight else frozenset()
    for traces in (left_key, right_key, weight):
        account.look_at(traces)
    successors = _successors(step, tables)
    account.look_at(successors)
    _note_keys(account, left_key, right_key | successors, parameters)
    account.crossings.append(
        Crossing(how=parameters.how, left=_origins(left_key), right=_origins(right_key))
    )
    _show_unmatched(account, left_key, right_key, weight, successors)
    renamed = zip(right.columns, unique(right.columns, left.columns), strict=True)
    added = {new: right.columns[old] for old, new in renamed}
    return _Table({**left.columns, **added}, (*left.unknown, *right.unknown))


def _note_keys(
    account: _Account, left: _Traces, right: _Traces, parameters: CrossParameters
) -> None:
    vias = (parameters.left_via or "", parameters.right_via or "")
    for mine, others, (via, other_via) in ((left, right, vias), (right, left, vias[::-1])):
        for one in mine:
            keys = account.keys.setdefault(dataset_of(one.origin), set())
            keys |= {
                Key(column=column_of(one.origin), other=it.origin, via=via, other_via=other_via)
                for it in others
            }


def _successors(step: Step, tables: Mapping[str, _Table]) -> _Traces:
    """The columns by which gone codes are led to those that follow them."""
    if "successors" not in step.inputs:
        return frozenset()
    communes = tables[step.inputs["successors"]]
    return frozenset().union(*(communes.of(name) for name in SUCCESSOR_COLUMNS))


def _origins(traces: _Traces) -> tuple[Origin, ...]:
    return tuple(sorted({trace.origin for trace in traces}))


def _show_unmatched(
    account: _Account, left: _Traces, right: _Traces, weight: _Traces, successors: _Traces
) -> None:
    """The report of a crossing lists the left keys that met nothing, each with its weight.

    And with the code that follows it, where a table says so.
    """
    by = _origins(left)
    listed = {trace.made("listed", by) for trace in left | successors}
    met = {trace.made("met", by) for trace in right}
    weighed = {trace.made("sum", by) for trace in weight}
    account.show(_Table({"keys": frozenset(listed | met | weighed)}))


_TRACES: Mapping[str, Any] = {"aggregate": _trace_aggregate, "cross": _trace_cross}
