"""Checks a treatment against what is known of its tables, before anything runs.

The steps are gone through with columns in place of rows: an unknown column is a fault; a warning
tells of figures that would not mean what their name says, and of crossings that multiply rows.
"""

from functools import partial
from typing import Any

from shared.engine.analysis.crossing_remarks import codes_told, crossing_told, keys_told
from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.left_out import totals_told
from shared.engine.analysis.misread_columns import misreadings
from shared.engine.analysis.remarks import Findings, Remark
from shared.engine.analysis.repetition import Keys, Side, grain_told, rate_told, repeated_told
from shared.engine.analysis.step_tables import (
    StepColumn,
    StepTable,
    figure,
    grouped,
    handed_on,
    met,
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
from shared.engine.applications.effect import Effect, Named
from shared.engine.applications.parameters import Parameters
from shared.engine.tables.files import no_table
from shared.events.event import Step, Treatment
from shared.words import near, quoted, unique

FILES = "files"
"""The kind of a remark on files that are taken for a table."""

_NUMBERS = ("integer", "decimal")
_TEMPORAL = ("date", "datetime", "month")
_KINDS = {"text": "du texte", "boolean": "oui ou non"}


def check_tables(treatment: Treatment, inputs: KnownInputs) -> Findings:
    """Everything that is to be said of a treatment, as far as its tables are known.

    Raises Invalid for one that cannot run, whatever they hold (`check_steps`).
    """
    check_steps(treatment.inputs, treatment.steps)
    return _Check(treatment, inputs).findings()


def crossed_rows(treatment: Treatment, inputs: KnownInputs) -> dict[str, int]:
    """How many rows each crossing makes of which that is known, by its output."""
    check = _Check(treatment, inputs)
    check.findings()
    crossed = (step.output for step in treatment.steps if traits_of(step).joins)
    rows = ((output, check.tables[output].rows) for output in crossed)
    return {output: number for output, number in rows if number is not None}


def result_of(treatment: Treatment, inputs: KnownInputs) -> tuple[Findings, KnownTable, bool]:
    """The same with the table that comes out, and whether it may have columns nobody knows."""
    check_steps(treatment.inputs, treatment.steps)
    check = _Check(treatment, inputs)
    found = check.findings()
    last = check.tables[treatment.steps[-1].output]
    columns = tuple(
        (one.known or KnownColumn(name=name)).model_copy(update={"name": name})
        for name, one in last.columns.items()
    )
    table = KnownTable(dataset_id="", columns=columns, rows=last.rows)
    return found, table, last.is_open


class _Check:
    """One treatment under check."""

    def __init__(self, treatment: Treatment, inputs: KnownInputs) -> None:
        self._treatment, self._inputs = treatment, inputs
        self._found = Findings([], [], [], {})
        self.tables: dict[str, StepTable] = {}

    def findings(self) -> Findings:
        """Go through the steps."""
        inputs = self._treatment.inputs.items()
        self.tables = {name: self._input(name, one) for name, one in inputs}
        for number, step in enumerate(self._treatment.steps):
            parameters = parse_parameters(APPLICATIONS[step.application], step, f"steps.{number}")
            if self._takes_files(number, step):
                self.tables[step.output] = StepTable(step.output, "", {}, is_open=True)
            else:
                self.tables[step.output] = self._checked(number, step, parameters)
                self._tell_misreadings(number, step, parameters)
        self._found.warnings.extend(totals_told(self._treatment, self._inputs))
        self._found.tables.update({name: one.types for name, one in self.tables.items()})
        return self._found

    def _checked(self, number: int, step: Step, parameters: Any) -> StepTable:  # noqa: ANN401 - its application's
        traits = traits_of(step)
        if traits.sums:
            return self.aggregate(number, step, parameters)
        return self.cross(number, step, parameters) if traits.joins else self._made(number, step)

    def _tell_misreadings(self, number: int, step: Step, told: Parameters) -> None:
        """Tell each once, where a step first takes it wrongly."""
        given, before = self._given(step), {one.message for one in self._found.warnings}
        about = (self._inputs.table(one.dataset_id).territory for one in given.values())
        places, effect = next(filter(None, about), ()), self._effect(number, step)
        known = StepTable.known_in(given)
        for field, kind, message in misreadings(step, told, effect, known, places):
            at = f"steps.{number}.parameters.{field}".removesuffix(".")
            self._warn(at, kind, message if message not in before else "")

    def _input(self, name: str, dataset_id: str) -> StepTable:
        known = self._inputs.table(dataset_id)
        if known.is_lost:
            self._note(self._found.faults, f"inputs.{name}", "unknown_dataset", known)
        elif known.columns is None or known.reason:
            self._note(self._found.unchecked, f"inputs.{name}", "not_known", known)
        columns = {one.name: StepColumn(one, name) for one in known.columns or ()}
        is_open = known.columns is None
        rows, totals = known.rows, known.totals
        return StepTable(name, dataset_id, columns, rows, is_open, known.is_files, totals)

    def _takes_files(self, number: int, step: Step) -> bool:
        """Whether a step takes files for a table: a fault for each role."""
        roles = {role: self.tables[name] for role, name in step.inputs.items()}
        files = {role: one for role, one in roles.items() if one.is_files}
        if traits_of(step).reads_files:
            return False
        for role, one in files.items():
            field = f"steps.{number}.inputs.{role}"
            self._fault(field, FILES, no_table(one.name), one.dataset_id)
        return bool(files)

    @staticmethod
    def _note(notes: list[Remark], field: str, kind: str, known: KnownTable) -> None:
        message = (
            known.reason or "Ses colonnes ne sont pas connues : elles n'ont pas été vérifiées."
        )
        notes.append(Remark(field=field, kind=kind, message=message, dataset_id=known.dataset_id))

    def _column(self, table: StepTable, name: str, field: str) -> StepColumn:
        """The column of that name; a fault when there can be none."""
        found = table.columns.get(name)
        if found is None and not table.is_open:
            message = f"la table {quoted(table.name)} n'a pas de colonne {quoted(name)}"
            message += near(name, table.columns)
            self._fault(field, "unknown_column", message, table.dataset_id)
        return found or StepColumn(None, table.name, times=None)

    def _fault(self, field: str, kind: str, message: str, dataset_id: str = "") -> None:
        told = Remark(field=field, kind=kind, message=message, dataset_id=dataset_id)
        self._found.faults.append(told)

    def _warn(self, field: str, kind: str, message: str) -> None:
        if message:
            self._found.warnings.append(Remark(field=field, kind=kind, message=message))

    def _given(self, step: Step) -> dict[str, StepTable]:
        return {role: self.tables[name] for role, name in step.inputs.items()}

    def _effect(self, number: int, step: Step) -> Effect:
        given = self._given(step).items()
        known = {role: None if it.is_open else tuple(it.columns) for role, it in given}
        return effect_of(step, f"steps.{number}", known)

    def _name(self, number: int, step: Step, named: Named) -> StepColumn:
        """A column that a step names; that there is none, or no number, is told."""
        field, name = f"steps.{number}.parameters.{named.field}", named.source.column
        column = self._column(self._given(step)[named.source.role], name, field)
        known = column.known
        is_day = known is not None and (known.kind == "date" or known.type in _TEMPORAL)
        if named.number_for and not (named.may_be_day and is_day):
            self._check_number(name, column, field, named.number_for)
        return column

    def _made(self, number: int, step: Step) -> StepTable:
        """The table that a step makes of which nothing but its effect is to be told."""
        effect = self._effect(number, step)
        for fault in effect.faults:
            field = f"steps.{number}.parameters.{fault.field}"
            self._fault(field, "unknown_column", fault.message)
        for caution in effect.cautions:
            self._warn(f"steps.{number}.parameters.{caution.field}", "uncertain", caution.message)
        for named in effect.named:
            self._name(number, step, named)
        return self._table(step, effect)

    def _table(self, step: Step, effect: Effect) -> StepTable:
        """What a step makes, as its effect says; one that keeps its rows has as many."""
        given = self._given(step)
        main = given[APPLICATIONS[step.application].main_role(step)]
        columns = {
            name: handed_on(name, made, given, step) for name, made in effect.columns.items()
        }
        is_open = effect.is_open or any(given[role].is_open for role in effect.passes)
        is_kept = step.parameters.get("totals") == "kept"
        rows = main.rows_read(with_totals=is_kept) if effect.rows == "kept" else None
        return StepTable(step.output, main.dataset_id, columns, rows, is_open)

    def _sides(self, number: int, step: Step, told: CrossParameters) -> list[tuple[Side, Side]]:
        """The sides of a crossing by each of its keys; what keeps a key from meeting is told."""
        given, at = self._given(step), f"steps.{number}.parameters"
        named = {one.field: one for one in self._effect(number, step).named}
        columns = {field: self._name(number, step, one) for field, one in named.items()}
        vias = {"left_key": told.left_via, "right_key": told.right_via}

        def side(field: str) -> Side:
            column, (role, key) = columns[field], named[field].source
            return Side(given[role].name, key, column.known, column.times, vias.get(field))

        fields = [("left_key", "right_key")]
        fields += [(f"keys.{place}.left", f"keys.{place}.right") for place in range(len(told.keys))]
        sides = [(side(left), side(right)) for left, right in fields]
        for both, (left, right) in zip(fields, sides, strict=True):
            self._warn(f"{at}.{both[0]}", "other_keys", keys_told(left, right))
            self._warn(f"{at}.{both[0]}", "no_codes", codes_told(left, right))
            self._warn(f"{at}.{both[1]}", "no_codes", codes_told(right, left))
        return sides

    def cross(self, number: int, step: Step, told: CrossParameters) -> StepTable:
        """The crossed table: whose rows may stand several times, and how many there may be."""
        at, given = f"steps.{number}", self._given(step)
        left, right, is_kept = given["left"], given["right"], told.totals == "kept"
        sides = self._sides(number, step, told)
        for name in SUCCESSOR_COLUMNS if "successors" in given else ():
            self._column(given["successors"], name, f"{at}.inputs.successors")
        if told.keys:  # nobody counted their rows together
            return self._table(step, self._effect(number, step))
        keys = Keys(
            *sides[0],
            left_rows=left.rows_read(with_totals=is_kept),
            right_rows=right.rows_read(with_totals=is_kept),
            counted=self._inputs.crossing(number),
            how=told.how,
            is_partial="successors" in given or (is_kept and bool(left.totals or right.totals)),
        )
        self._tell_rows(f"{at}.parameters.{CHOICE}", keys, told.many_to_many, left.dataset_id)
        table = left._replace(name=step.output, rows=keys.rows_out, totals=0)
        if told.how == "anti":
            return table
        met_here = partial(met, step=step, is_bound=not keys.is_exact)
        kept = {name: met_here(one, keys.left_times) for name, one in left.columns.items()}
        renamed = zip(right.columns.values(), unique(right.columns, kept), strict=True)
        added = {new: met_here(one, keys.right_times) for one, new in renamed}
        is_open = left.is_open or right.is_open
        return table._replace(columns={**kept, **added}, is_open=is_open)

    def _tell_rows(self, field: str, keys: Keys, choice: str | None, dataset_id: str) -> None:
        if not keys.is_many_to_many:
            return
        message = crossing_told(keys, is_kept=choice == "kept")
        is_refused = keys.counted is not None and choice != "kept"
        notes = self._found.faults if is_refused else self._found.warnings
        notes.append(
            Remark(field=field, kind="many_to_many", message=message, dataset_id=dataset_id)
        )

    def aggregate(self, number: int, step: Step, told: AggregateParameters) -> StepTable:
        """The table of groups: what is added up of rows that stand several times is told."""
        table, at = self._given(step)["table"], f"steps.{number}.parameters"
        columns: dict[str, StepColumn] = {}
        effect = self._effect(number, step)
        for named in effect.named:
            columns[named.field] = one = self._name(number, step, named)
            name, field, how = named.source.column, f"{at}.{named.field}", named.number_for
            what = named.field.partition(".")[0]
            if what in ("sums", "means"):
                told_of = repeated_told(
                    name, one.source, one.times, one.crossed, how, is_bound=one.is_bound
                )
                self._warn(field, "repeated_rows", told_of)
            if what == "sums" and one.known:
                self._warn(field, "sum_of_rates", rate_told(one.known))
        self._check_ratio(at, told, table)
        groups = {
            name: StepColumn(grouped(columns[f"by.{place}"], told), step.output)
            for place, name in enumerate(told.by)
        }
        groups |= {
            one.called: StepColumn(KnownColumn(name=one.called, kind="text"), step.output)
            for one in told.times
        }
        figures = {
            name: StepColumn(figure(name, effect.columns[name], table), step.output)
            for name in told.figures()
        }
        return StepTable(step.output, table.dataset_id, {**groups, **figures})

    def _check_number(self, name: str, column: StepColumn, field: str, how: str) -> None:
        known = column.known
        if known is None or not known.kind:
            return
        if known.key:
            kind = known.key
            self._warn(
                field,
                "not_a_number",
                f"{quoted(name)} contient des codes ({kind}) : {how} n'en dirait rien",
            )
        elif known.kind == "date":
            message = f"la colonne {quoted(name)} contient des dates : {how} demande des nombres"
            self._fault(field, "not_a_number", message)
        elif known.kind not in _NUMBERS and known.type not in _NUMBERS:
            kind = _KINDS.get(known.kind, known.kind)
            self._warn(
                field,
                "not_a_number",
                f"la colonne {quoted(name)} n'est pas lue comme des nombres ({kind}) : {how}"
                " échouera si une seule valeur n'en est pas un",
            )

    def _check_ratio(self, at: str, told: AggregateParameters, table: StepTable) -> None:
        """Tell of a ratio of figures that are not of the same rows."""
        if told.ratio is None:
            return
        parts = [told.made_of(figure) for figure in told.ratio.parts]
        columns = [table.columns.get(name) for _, name in parts]
        grains = {(one.source, one.times) for one in columns if one and one.times is not None}
        is_mixed = len(grains) > 1 and any(times != 1 for _, times in grains)
        self._warn(
            f"{at}.ratio", "other_grain", grain_told(told.ratio.name, parts, is_mixed=is_mixed)
        )
