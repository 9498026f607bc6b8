"""What a treatment reads of each dataset, and what of it comes out, found without running it.

A column is followed from its dataset through the steps: each step says which columns it looks at
and what it makes of them. Where the columns of a dataset are not known yet, a name that no other
table has is taken for its.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from shared.engine.applications import check_steps, effect_of
from shared.engine.applications.effect import FIGURES, Effect, MadeColumn, Met, Source
from shared.events.event import Frozen, Step, Treatment

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
        """Return whether `other` shows nothing that this does not show, or allows to work out."""
        if not set(other.beside) <= set(self.beside):
            return False
        if self.by is None:
            groups = {column_of(group) for group in set(other.by or ()) - set(other.beside)}
            rows = set(self.figures)
            return groups <= rows and all(rows & set(_made_of(figure)) for figure in other.figures)
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
    So may its `code`, told by its SHA-256, as are ways to work out: another is another request.
    """

    columns: tuple[str, ...] | None
    keys: tuple[Key, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    shown: tuple[Shown, ...] = ()
    # What was asked without any has the fingerprint that it had before there was code.
    code: tuple[str, ...] = Field(default=(), exclude_if=lambda code: not code)

    def covers(self, other: "Reading") -> bool:
        """Return whether `other` reads no more of the dataset and shows nothing finer.

        Of other rows it may: so a crossing more or less, or of another kind, is not covered.
        """
        if self.columns is not None and not set(other.columns or ("*",)) <= set(self.columns):
            return False
        if other.crossings != self.crossings or not set(other.keys) <= set(self.keys):
            return False
        if not set(other.code) <= set(self.code):
            return False
        return all(any(mine.covers(showing) for mine in self.shown) for showing in other.shown)


def dataset_of(origin: Origin) -> str:
    """Return the dataset that a column is of."""
    return origin.partition(".")[0]


def column_of(origin: Origin) -> str:
    """Return the column's name."""
    return origin.partition(".")[2]


def figured_column(figure: str) -> str:
    """Return the column that a figure is made of: `x` of `sum(mean(x))`."""
    return list(_made_of(figure))[-1]


def _made_of(figure: str) -> Iterator[str]:
    """Yield the figure, what it is made of, and so on to its column."""
    yield figure
    while figure.startswith(_PREFIXES) and figure.endswith(")"):
        figure = figure.partition("(")[2][:-1]
        yield figure


_PREFIXES = tuple(f"{how}(" for how in FIGURES)


@dataclass(frozen=True)
class _Trace:
    """What one column of a table is made of; `by` as in `Shown`."""

    origin: Origin
    figure: str
    by: tuple[Origin, ...] | None = None

    def after_step(self, how: str, by: tuple[Origin, ...] | None) -> "_Trace":
        """Return the trace after a step; it keeps its own groups where the step makes none."""
        figure = f"{how}({self.figure})" if how else self.figure
        return _Trace(self.origin, figure, self.by if by is None else by)


_Traces = frozenset[_Trace]


@dataclass(frozen=True)
class _Table:
    """A table's known columns, and the datasets in it whose columns are not known."""

    columns: Mapping[str, _Traces]
    unknown: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the columns' names; None where a dataset in it has some that are not known."""
        return None if self.unknown else tuple(self.columns)

    def of(self, name: str) -> _Traces:
        """Return what the column of that name is made of."""
        guessed = {_raw(dataset_id, name) for dataset_id in self.unknown}
        return self.columns.get(name, frozenset()) | guessed


@dataclass
class _Account:
    """What was seen of all datasets on the way through the steps."""

    read: dict[str, set[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    keys: dict[str, set[Key]] = field(default_factory=dict)
    crossings: list[Crossing] = field(default_factory=list)
    showings: dict[str, list[Shown]] = field(default_factory=dict)
    code: list[str] = field(default_factory=list)

    def look_at(self, traces: Iterable[_Trace]) -> None:
        """Note that these columns are read."""
        for trace in traces:
            self.read.setdefault(dataset_of(trace.origin), set()).add(column_of(trace.origin))

    def read_all(self, table: _Table) -> None:
        """Note that all columns of the table are read."""
        self.look_at(trace for traces in table.columns.values() for trace in traces)
        self.whole.update(table.unknown)

    def show(self, table: _Table) -> None:
        """Note that the whole table comes out."""
        self.read_all(table)
        traces = {trace for column_traces in table.columns.values() for trace in column_traces}
        for dataset_id in {dataset_of(trace.origin) for trace in traces}:
            mine = {trace for trace in traces if dataset_of(trace.origin) == dataset_id}
            others = {trace.origin for trace in traces - mine}
            for by in sorted({trace.by for trace in mine}, key=lambda groups: groups or ()):
                figures = {trace.figure for trace in mine if trace.by == by}
                foreign = {group for group in by or () if dataset_of(group) != dataset_id}
                beside = tuple(sorted(others | foreign))
                showing = Shown(by=by, figures=tuple(sorted(figures)), beside=beside)
                self.showings.setdefault(dataset_id, []).append(showing)


def readings_of(
    treatment: Treatment, columns: Mapping[str, tuple[str, ...] | None]
) -> dict[str, Reading]:
    """Return what `treatment` reads of each dataset; `columns` by dataset id, None where not known.

    Raises Invalid for a treatment that cannot run (`check_steps`).
    """
    check_steps(treatment.inputs, treatment.steps)
    account = _Account()
    tables = {
        name: _input(dataset_id, columns.get(dataset_id))
        for name, dataset_id in treatment.inputs.items()
    }
    for number, step in enumerate(treatment.steps):
        columns_by_role = {role: tables[name].names for role, name in step.inputs.items()}
        effect = effect_of(step, f"steps.{number}", columns_by_role)
        tables[step.output] = _Step(step, tables, effect, account).trace()
        account.code += [effect.code] if effect.code else []
    account.show(tables[treatment.steps[-1].output])
    return {
        dataset_id: _reading(account, dataset_id, columns.get(dataset_id))
        for dataset_id in set(treatment.inputs.values())
    }


def _reading(account: _Account, dataset_id: str, known_columns: tuple[str, ...] | None) -> Reading:
    read = account.read.get(dataset_id, set())
    is_whole = known_columns is None and dataset_id in account.whole
    # Names that the dataset does not have are the treatment's error: its trial says so.
    columns = sorted(read if known_columns is None else read & set(known_columns))
    return Reading(
        columns=None if is_whole else tuple(columns),
        keys=tuple(sorted(account.keys.get(dataset_id, ()), key=Key.model_dump_json)),
        crossings=tuple(account.crossings),
        shown=tuple(dict.fromkeys(account.showings.get(dataset_id, ()))),
        code=tuple(account.code),
    )


def _raw(dataset_id: str, column: str) -> _Trace:
    return _Trace(f"{dataset_id}.{column}", column)


def _input(dataset_id: str, columns: tuple[str, ...] | None) -> _Table:
    if columns is None:
        return _Table({}, (dataset_id,))
    return _Table({name: frozenset({_raw(dataset_id, name)}) for name in columns})


@dataclass
class _Step:
    """A step on tables whose columns are traced."""

    step: Step
    tables: Mapping[str, _Table]
    effect: Effect
    account: _Account

    def trace(self) -> _Table:
        """Return the table that the step makes; note what it reads, meets and shows."""
        self.account.look_at(trace for source in self.effect.reads for trace in self._of(source))
        for role in self.effect.whole:
            self.account.read_all(self._table(role))
        for met in self.effect.met:
            self._meet(met)
        for showing in self.effect.shows:
            self.account.show(_Table(self._made(showing.columns, showing.by)))
        unknown = [
            dataset_id for role in self.effect.passes for dataset_id in self._table(role).unknown
        ]
        columns = self._made(self.effect.columns, self.effect.by)
        return _Table(columns, tuple(dict.fromkeys(unknown)))

    def _table(self, role: str) -> _Table:
        return self.tables[self.step.inputs[role]]

    def _of(self, source: Source) -> _Traces:
        return self._table(source.role).of(source.column)

    def _origins(self, sources: Iterable[Source]) -> tuple[Origin, ...]:
        return tuple(sorted({trace.origin for source in sources for trace in self._of(source)}))

    def _made(
        self, columns: Mapping[str, MadeColumn], by: tuple[Source, ...] | None
    ) -> dict[str, _Traces]:
        return {
            name: frozenset(
                trace.after_step(part.how, self._groups(by if column.by is None else column.by))
                for part in column.of
                for trace in self._of(part.source)
            )
            for name, column in columns.items()
        }

    def _groups(self, by: tuple[Source, ...] | None) -> tuple[Origin, ...] | None:
        return None if by is None else self._origins(by)

    def _meet(self, met: Met) -> None:
        left = self._of(met.left)
        right = frozenset[_Trace]().union(*map(self._of, met.right))
        for mine, others, (via, other_via) in (
            (left, right, (met.left_via, met.right_via)),
            (right, left, (met.right_via, met.left_via)),
        ):
            for trace in mine:
                keys = self.account.keys.setdefault(dataset_of(trace.origin), set())
                keys |= {
                    Key(
                        column=column_of(trace.origin),
                        other=other.origin,
                        via=via,
                        other_via=other_via,
                    )
                    for other in others
                }
        # What a gone code leads to is no key that is crossed.
        crossed = (self._origins([met.left]), self._origins(met.right[:1]))
        self.account.crossings.append(Crossing(how=met.how, left=crossed[0], right=crossed[1]))
