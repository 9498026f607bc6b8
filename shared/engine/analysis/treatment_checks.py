"""Checks a treatment against what is known of its tables, before anything runs.

The steps are gone through with columns in place of rows: an unknown column is a fault; a warning
tells of figures that would not mean what their name says, and of crossings that multiply rows.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.misread_columns import misreadings, totals_told
from shared.engine.analysis.remarks import Findings, Remark, Types
from shared.engine.analysis.repetition import (
    Keys,
    Side,
    codes_told,
    crossing_told,
    grain_told,
    keys_told,
    rate_told,
    repeated_told,
)
from shared.engine.applications import (
    APPLICATIONS,
    check_steps,
    effect_of,
    parse_parameters,
    traits_of,
)
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.cross.application import CHOICE, SUCCESSOR_COLUMNS, CrossParameters
from shared.engine.applications.effect import Effect, MadeColumn, Named, Source
from shared.engine.applications.parameters import Parameters
from shared.engine.tables.column_names import near, unique
from shared.engine.tables.files import no_table
from shared.engine.tables.key_file import COARSE
from shared.engine.tables.multiplicity import ONCE, UNKNOWN, Multiplicity
from shared.events.event import Step, Treatment
from shared.language.french import quoted

_EXTREMES = ("min", "max")

FILES = "files"
"""The kind of a remark on files that are taken for a table."""

_KINDS = {"text": "du texte", "boolean": "oui ou non"}


class _StepColumn(NamedTuple):
    """A column of a table on the way: where it is from, and how often a row of that may stand.

    `is_bound` when that is a bound, which no row need reach.
    """

    profile: KnownColumn | None
    source: str
    multiplicity: Multiplicity = ONCE
    crossed: str = ""
    is_bound: bool = False


class _StepTable(NamedTuple):
    """A table on the way; one that `is_open` may have columns that nobody knows.

    What `is_files` is none. Of its `rows`, `totals` sum others: steps leave these out unless they
    keep them.
    """

    name: str
    dataset_id: str
    columns: Mapping[str, _StepColumn]
    rows: int | None = None
    is_open: bool = False
    is_files: bool = False
    totals: int = 0

    def rows_read(self, *, with_totals: bool) -> int | None:
        """Return how many rows a step reads."""
        return self.rows if self.rows is None or with_totals else self.rows - self.totals

    @property
    def types(self) -> Types | None:
        """Return the SQL types that a query gets; None where the table may have other columns."""
        profiles = {name: column.profile for name, column in self.columns.items()}
        types = {name: profile.query_type if profile else "" for name, profile in profiles.items()}
        return None if self.is_open else types

    @staticmethod
    def profiles_in(tables: Mapping[str, "_StepTable"]) -> dict[Source, KnownColumn]:
        """Return the columns of tables, by their roles, of which something is known."""
        return {
            Source(role, name): column.profile
            for role, table in tables.items()
            for name, column in table.columns.items()
            if column.profile
        }


def _grouped(column: _StepColumn, parameters: AggregateParameters) -> KnownColumn | None:
    """Return a column of groups; where it is the only one, each of its values stands once."""
    profile = column.profile
    if profile is None:
        return None
    once = profile.distinct if len(parameters.group_columns()) == 1 else None
    return profile.model_copy(update={"filled": once, "distinct": once})


def figure(name: str, column: MadeColumn, table: _StepTable) -> KnownColumn:
    """Return the profile of a figure of groups; the smallest or largest of dates is a date."""
    sources = [table.columns.get(part.source.column) for part in column.of if part.how in _EXTREMES]
    profiles = [source.profile for source in sources if source]
    is_day = any(profile and profile.kind == "date" for profile in profiles)
    return KnownColumn(name=name, kind="date" if is_day else column.kind, unit=column.unit)


def _met(
    column: _StepColumn, multiplicity: Multiplicity, step: Step, *, is_bound: bool
) -> _StepColumn:
    """Return a column after a crossing in which each of its rows may stand that often."""
    if multiplicity == ONCE:
        return column
    return column._replace(
        multiplicity=column.multiplicity * multiplicity,
        crossed=step.output,
        is_bound=is_bound or column.multiplicity != ONCE,
    )


def _handed_on(
    name: str, column: MadeColumn, input_tables: Mapping[str, _StepTable], step: Step
) -> _StepColumn:
    """Return a column of a step's result: as it was, or as one that is made there."""
    source = column.unchanged
    input_column = input_tables[source.role].columns.get(source.column) if source else None
    if input_column is None:
        key = None if column.code in COARSE else column.code or None
        profile = KnownColumn(name=name, kind=column.kind, type=column.code, key=key)
        return _StepColumn(profile, step.output)
    return input_column._replace(
        profile=input_column.profile and input_column.profile.model_copy(update={"name": name})
    )


def check_tables(treatment: Treatment, inputs: KnownInputs) -> Findings:
    """Return everything that is to be said of a treatment, as far as its tables are known.

    Raises Invalid for one that cannot run, whatever they hold (`check_steps`).
    """
    check_steps(treatment.inputs, treatment.steps)
    return _Check(treatment, inputs).findings()


def crossed_rows(treatment: Treatment, inputs: KnownInputs) -> dict[str, int]:
    """Return how many rows each crossing makes of which that is known, by its output."""
    check = _Check(treatment, inputs)
    check.findings()
    crossed = (step.output for step in treatment.steps if traits_of(step).joins)
    rows = ((output, check.tables[output].rows) for output in crossed)
    return {output: number for output, number in rows if number is not None}


def result_of(treatment: Treatment, inputs: KnownInputs) -> tuple[Findings, KnownTable, bool]:
    """Return the findings, the table that comes out, and whether it may have unknown columns."""
    check_steps(treatment.inputs, treatment.steps)
    check = _Check(treatment, inputs)
    findings = check.findings()
    last = check.tables[treatment.steps[-1].output]
    columns = tuple(
        (column.profile or KnownColumn(name=name)).model_copy(update={"name": name})
        for name, column in last.columns.items()
    )
    table = KnownTable(dataset_id="", columns=columns, rows=last.rows)
    return findings, table, last.is_open


class _Check:
    """One treatment under check."""

    def __init__(self, treatment: Treatment, inputs: KnownInputs) -> None:
        self._treatment, self._inputs = treatment, inputs
        self._findings = Findings([], [], [], {})
        self.tables: dict[str, _StepTable] = {}

    def findings(self) -> Findings:
        """Check every step; return what was found."""
        inputs = self._treatment.inputs.items()
        self.tables = {name: self._input(name, dataset_id) for name, dataset_id in inputs}
        for number, step in enumerate(self._treatment.steps):
            parameters = parse_parameters(APPLICATIONS[step.application], step, f"steps.{number}")
            if self._takes_files(number, step):
                self.tables[step.output] = _StepTable(step.output, "", {}, is_open=True)
            else:
                self.tables[step.output] = self._checked(number, step, parameters)
                self._tell_misreadings(number, step, parameters)
        self._findings.warnings.extend(totals_told(self._treatment, self._inputs))
        self._findings.tables.update({name: table.types for name, table in self.tables.items()})
        return self._findings

    def _checked(self, number: int, step: Step, parameters: Any) -> _StepTable:  # noqa: ANN401
        """Check the step; its parameters are of its application's own type."""
        traits = traits_of(step)
        if traits.sums:
            return self.aggregate(number, step, parameters)
        return self.cross(number, step, parameters) if traits.joins else self._made(number, step)

    def _tell_misreadings(self, number: int, step: Step, parameters: Parameters) -> None:
        """Warn of each misreading once, at the first step that makes it."""
        input_tables = self._input_tables(step)
        before = {warning.message for warning in self._findings.warnings}
        about = (self._inputs.table(table.dataset_id).territory for table in input_tables.values())
        places, effect = next(filter(None, about), ()), self._effect(number, step)
        profiles = _StepTable.profiles_in(input_tables)
        for field, kind, message in misreadings(step, parameters, effect, profiles, places):
            at = f"steps.{number}.parameters.{field}".removesuffix(".")
            self._warn(at, kind, message if message not in before else "")

    def _input(self, name: str, dataset_id: str) -> _StepTable:
        dataset = self._inputs.table(dataset_id)
        if dataset.is_lost:
            self._note(self._findings.faults, f"inputs.{name}", "unknown_dataset", dataset)
        elif dataset.columns is None or dataset.reason:
            self._note(self._findings.unchecked, f"inputs.{name}", "not_known", dataset)
        columns = {column.name: _StepColumn(column, name) for column in dataset.columns or ()}
        is_open = dataset.columns is None
        rows, totals = dataset.rows, dataset.totals
        return _StepTable(name, dataset_id, columns, rows, is_open, dataset.is_files, totals)

    def _takes_files(self, number: int, step: Step) -> bool:
        """Return whether a step takes files for a table; note a fault for each such role."""
        roles = {role: self.tables[name] for role, name in step.inputs.items()}
        files = {role: table for role, table in roles.items() if table.is_files}
        if traits_of(step).reads_files:
            return False
        for role, table in files.items():
            field = f"steps.{number}.inputs.{role}"
            self._fault(field, FILES, no_table(table.name), table.dataset_id)
        return bool(files)

    @staticmethod
    def _note(notes: list[Remark], field: str, kind: str, dataset: KnownTable) -> None:
        message = (
            dataset.reason or "Ses colonnes ne sont pas connues : elles n'ont pas été vérifiées."
        )
        notes.append(Remark(field=field, kind=kind, message=message, dataset_id=dataset.dataset_id))

    def _column(self, table: _StepTable, name: str, field: str) -> _StepColumn:
        """Return the column of that name; note a fault where the table cannot have it."""
        column = table.columns.get(name)
        if column is None and not table.is_open:
            message = f"la table {quoted(table.name)} n'a pas de colonne {quoted(name)}"
            message += near(name, table.columns)
            self._fault(field, "unknown_column", message, table.dataset_id)
        return column or _StepColumn(None, table.name, UNKNOWN)

    def _fault(self, field: str, kind: str, message: str, dataset_id: str = "") -> None:
        remark = Remark(field=field, kind=kind, message=message, dataset_id=dataset_id)
        self._findings.faults.append(remark)

    def _warn(self, field: str, kind: str, message: str) -> None:
        if message:
            self._findings.warnings.append(Remark(field=field, kind=kind, message=message))

    def _input_tables(self, step: Step) -> dict[str, _StepTable]:
        return {role: self.tables[name] for role, name in step.inputs.items()}

    def _effect(self, number: int, step: Step) -> Effect:
        input_tables = self._input_tables(step).items()
        columns_by_role = {
            role: None if table.is_open else tuple(table.columns) for role, table in input_tables
        }
        return effect_of(step, f"steps.{number}", columns_by_role)

    def _name(self, number: int, step: Step, named: Named) -> _StepColumn:
        """Return a column that a step names; note a fault where it is missing or no number."""
        field, name = f"steps.{number}.parameters.{named.field}", named.source.column
        column = self._column(self._input_tables(step)[named.source.role], name, field)
        profile = column.profile
        if named.number_for and profile and not profile.does_for_numbers(days_do=named.may_be_day):
            self._tell_no_number(name, profile, field, named.number_for)
        return column

    def _made(self, number: int, step: Step) -> _StepTable:
        """Return the table that a step makes, by its effect alone; note faults and cautions."""
        effect = self._effect(number, step)
        for fault in effect.faults:
            field = f"steps.{number}.parameters.{fault.field}"
            self._fault(field, "unknown_column", fault.message)
        for caution in effect.cautions:
            self._warn(f"steps.{number}.parameters.{caution.field}", "uncertain", caution.message)
        for named in effect.named:
            self._name(number, step, named)
        return self._table(step, effect)

    def _table(self, step: Step, effect: Effect) -> _StepTable:
        """Return the table that a step makes by its effect, with as many rows if it keeps them."""
        input_tables = self._input_tables(step)
        main = input_tables[APPLICATIONS[step.application].main_role(step)]
        columns = {
            name: _handed_on(name, column, input_tables, step)
            for name, column in effect.columns.items()
        }
        is_open = effect.is_open or any(input_tables[role].is_open for role in effect.passes)
        is_kept = step.parameters.get("totals") == "kept"
        rows = main.rows_read(with_totals=is_kept) if effect.rows == "kept" else None
        return _StepTable(step.output, main.dataset_id, columns, rows, is_open)

    def _sides(
        self, number: int, step: Step, parameters: CrossParameters
    ) -> list[tuple[Side, Side]]:
        """Return both sides of a crossing for each key; warn of what keeps keys from meeting."""
        input_tables, at = self._input_tables(step), f"steps.{number}.parameters"
        named = {
            named_column.field: named_column for named_column in self._effect(number, step).named
        }
        columns = {
            field: self._name(number, step, named_column) for field, named_column in named.items()
        }
        vias = {"left_key": parameters.left_via, "right_key": parameters.right_via}

        def side(field: str) -> Side:
            column, (role, key) = columns[field], named[field].source
            return Side(
                input_tables[role].name, key, column.profile, column.multiplicity, vias.get(field)
            )

        fields = [("left_key", "right_key")]
        fields += [
            (f"keys.{place}.left", f"keys.{place}.right") for place in range(len(parameters.keys))
        ]
        sides = [(side(left), side(right)) for left, right in fields]
        for both, (left, right) in zip(fields, sides, strict=True):
            self._warn(f"{at}.{both[0]}", "other_keys", keys_told(left, right))
            self._warn(f"{at}.{both[0]}", "no_codes", codes_told(left, right))
            self._warn(f"{at}.{both[1]}", "no_codes", codes_told(right, left))
        return sides

    def cross(self, number: int, step: Step, parameters: CrossParameters) -> _StepTable:
        """Return the crossed table, with how often its rows may stand and how many it has."""
        at, input_tables = f"steps.{number}", self._input_tables(step)
        left, right = input_tables["left"], input_tables["right"]
        is_kept = parameters.totals == "kept"
        sides = self._sides(number, step, parameters)
        for name in SUCCESSOR_COLUMNS if "successors" in input_tables else ():
            self._column(input_tables["successors"], name, f"{at}.inputs.successors")
        if parameters.keys:  # nobody counted their rows together
            return self._table(step, self._effect(number, step))
        keys = Keys(
            *sides[0],
            left_rows=left.rows_read(with_totals=is_kept),
            right_rows=right.rows_read(with_totals=is_kept),
            counted=self._inputs.crossing(number),
            how=parameters.how,
            is_partial="successors" in input_tables
            or (is_kept and bool(left.totals or right.totals)),
        )
        self._tell_rows(f"{at}.parameters.{CHOICE}", keys, parameters.many_to_many, left.dataset_id)
        table = left._replace(name=step.output, rows=keys.rows_out, totals=0)
        if parameters.how == "anti":
            return table
        relation = keys.relation
        met_here = partial(_met, step=step, is_bound=not keys.is_exact)
        kept = {name: met_here(column, relation.left) for name, column in left.columns.items()}
        renamed = zip(right.columns.values(), unique(right.columns, kept), strict=True)
        added = {new: met_here(column, relation.right) for column, new in renamed}
        is_open = left.is_open or right.is_open
        return table._replace(columns={**kept, **added}, is_open=is_open)

    def _tell_rows(self, field: str, keys: Keys, choice: str | None, dataset_id: str) -> None:
        if not keys.relation.is_many_to_many:
            return
        message = crossing_told(keys, is_kept=choice == "kept")
        is_refused = keys.counted is not None and choice != "kept"
        notes = self._findings.faults if is_refused else self._findings.warnings
        notes.append(
            Remark(field=field, kind="many_to_many", message=message, dataset_id=dataset_id)
        )

    def aggregate(self, number: int, step: Step, parameters: AggregateParameters) -> _StepTable:
        """Return the table of groups; warn of figures that count repeated rows."""
        table, at = self._input_tables(step)["table"], f"steps.{number}.parameters"
        columns: dict[str, _StepColumn] = {}
        effect = self._effect(number, step)
        for named in effect.named:
            columns[named.field] = column = self._name(number, step, named)
            name, field, how = named.source.column, f"{at}.{named.field}", named.number_for
            what = named.field.partition(".")[0]
            if what in ("sums", "means"):
                message = repeated_told(
                    name,
                    column.source,
                    column.multiplicity,
                    column.crossed,
                    how,
                    is_bound=column.is_bound,
                )
                self._warn(field, "repeated_rows", message)
            if what == "sums" and column.profile:
                self._warn(field, "sum_of_rates", rate_told(column.profile))
        self._check_ratio(at, parameters, table)
        groups = {
            name: _StepColumn(_grouped(columns[f"by.{place}"], parameters), step.output)
            for place, name in enumerate(parameters.by)
        }
        groups |= {
            time_grain.called: _StepColumn(
                KnownColumn(name=time_grain.called, kind="text"), step.output
            )
            for time_grain in parameters.times
        }
        figures = {
            name: _StepColumn(figure(name, effect.columns[name], table), step.output)
            for name in parameters.figures()
        }
        return _StepTable(step.output, table.dataset_id, {**groups, **figures})

    def _tell_no_number(self, name: str, profile: KnownColumn, field: str, how: str) -> None:
        if profile.key:
            kind = profile.key
            self._warn(
                field,
                "not_a_number",
                f"{quoted(name)} contient des codes ({kind}) : {how} n'en dirait rien",
            )
        elif profile.kind == "date":
            message = f"la colonne {quoted(name)} contient des dates : {how} demande des nombres"
            self._fault(field, "not_a_number", message)
        else:
            kind = _KINDS.get(profile.kind, profile.kind)
            self._warn(
                field,
                "not_a_number",
                f"la colonne {quoted(name)} n'est pas lue comme des nombres ({kind}) : {how}"
                " échouera si une seule valeur n'en est pas un",
            )

    def _check_ratio(self, at: str, parameters: AggregateParameters, table: _StepTable) -> None:
        """Warn of a ratio of figures that are not of the same rows."""
        if parameters.ratio is None:
            return
        parts = [parameters.made_of(figure) for figure in parameters.ratio.parts]
        columns = [table.columns.get(name) for _, name in parts]
        grains = {
            (column.source, column.multiplicity)
            for column in columns
            if column and column.multiplicity.is_known
        }
        is_mixed = len(grains) > 1 and any(multiplicity != ONCE for _, multiplicity in grains)
        self._warn(
            f"{at}.ratio",
            "other_grain",
            grain_told(parameters.ratio.name, parts, is_mixed=is_mixed),
        )
