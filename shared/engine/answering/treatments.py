"""Which treatments the protected tables of an input answer, and the steps that do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from sqlglot import exp, parse_one

from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.answering.aggregates import chart_of_aggregation, query_of_aggregation
from shared.engine.answering.cells import CELL_COLUMNS, CellTable, cells_sql, sum_name
from shared.engine.answering.needed_levels import needed_depth
from shared.engine.answering.queries import TABLES, AskedQuery, query_of_cells
from shared.engine.answering.source import Depths, NotInTables, ProtectedSource
from shared.engine.answering.sql_text import DIALECT, literal, quoted
from shared.engine.applications import APPLICATIONS, effect_of, parse_parameters
from shared.engine.applications.aggregate.application import AGGREGATE, AggregateParameters
from shared.engine.applications.cross.application import CROSS, CrossParameters
from shared.engine.applications.filter.application import FILTER, FilterParameters, read_value
from shared.engine.applications.query.application import QUERY
from shared.events.event import Step, Treatment
from shared.language.french import quoted as in_quotes

_TABLE, _LEFT = "table", "left"
_NUMBERS = ("integer", "decimal")


class UnansweredError(NotInTables):
    """The same, with the step's `field` that asks for what is in no table."""

    def __init__(self, message: str, field_name: str) -> None:
        super().__init__(message)
        self.field = field_name


def answering_steps(
    steps: Sequence[Step],
    names: Sequence[str],
    source: ProtectedSource,
    columns: Mapping[str, tuple[str, ...] | None],
) -> tuple[Step, ...]:
    """Return the steps that do the same on the protected tables of the inputs of these `names`.

    `columns` are those of all inputs, by name. Raises UnansweredError, in French, for a treatment
    that is no sum of cells; Invalid for one that cannot run.
    """
    answer = _Treatment(steps, source, {**columns, **dict.fromkeys(names, source.names)})
    answer.rows = {name: _Rows(name) for name in names}
    for number, step in enumerate(steps):
        try:
            answer.take(number, step)
        except UnansweredError:
            raise
        except NotInTables as error:
            raise UnansweredError(str(error), f"steps.{number}") from error
    if steps[-1].output in answer.rows:
        raise UnansweredError(
            "le résultat aurait des lignes une à une : comptez-les ou additionnez-les, par groupe",
            f"steps.{len(steps) - 1}",
        )
    return tuple(answer.answers)


@dataclass
class _Rows:
    """A table of restricted rows: its input, the steps that chose among them, and their needs."""

    name: str
    steps: tuple[Step, ...] = ()
    depths: Depths = field(default_factory=dict)


@dataclass
class _Treatment:
    """A treatment under way; `columns` are those of its tables, None where nobody knows them."""

    steps: Sequence[Step]
    source: ProtectedSource
    columns: dict[str, tuple[str, ...] | None]
    rows: dict[str, _Rows] = field(default_factory=dict)
    answers: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        taken = {*self.columns, *(step.output for step in self.steps)}
        self._free_names = (
            name for number in count(1) if (name := f"cellules_{number}") not in taken
        )

    def take(self, number: int, step: Step) -> None:
        """Take a step as it is, or what does the same on tables. Raises NotInTables."""
        at = f"steps.{number}"
        roles = [role for role, table in step.inputs.items() if table in self.rows]
        known = {role: self.columns[table] for role, table in step.inputs.items()}
        made = effect_of(step, at, known).columns if None not in known.values() else None
        self.columns[step.output] = tuple(made) if made is not None else None
        if not roles:
            self.answers.append(step)
            return
        if len(roles) > 1:
            raise NotInTables("ces données croisées avec elles-mêmes ne sont dans aucun tableau")
        rows = self.rows[step.inputs[roles[0]]]
        match step.application:
            case FILTER.name:
                self.rows[step.output] = self._filtered(at, step, rows)
            case CROSS.name:
                self.rows[step.output] = self._crossed(at, step, rows, roles[0])
            case AGGREGATE.name:
                self._aggregate(at, step, rows)
            case QUERY.name:
                self._query(step, rows, roles[0], step.parameters["sql"])
            case _:
                title = in_quotes(APPLICATIONS[step.application].title)
                raise NotInTables(f"{title} lit des lignes une à une, et non des tableaux")

    def _filtered(self, at: str, step: Step, rows: _Rows) -> _Rows:
        parse_parameters(FILTER, step, at)
        parameters = FilterParameters.model_validate(step.parameters)
        depths = rows.depths
        if column := self.source.columns.get(parameters.column.lower()):
            value = read_value(parameters.value, column.kind)
            shown = value if column.kind in _NUMBERS else literal(value)
            condition = f"{quoted(column.name)} {parameters.comparison} {shown}"
            depths = self._with(depths, condition)
        kept = dict(step.parameters)
        if parameters.columns:
            figures = (*CELL_COLUMNS, *map(sum_name, self.source.measures))
            kept["columns"] = [*parameters.columns, *figures]
        chosen = step.model_copy(update={"parameters": kept})
        return _Rows(rows.name, (*rows.steps, chosen), depths)

    def _crossed(self, at: str, step: Step, rows: _Rows, role: str) -> _Rows:
        parse_parameters(CROSS, step, at)
        parameters = CrossParameters.model_validate(step.parameters)
        if role != _LEFT or parameters.how not in ("left", "inner", "anti"):
            raise NotInTables(
                "ce croisement garde aussi ce qui n'est pas dans ces données : comptez d'abord,"
                " puis croisez le résultat"
            )
        depths = rows.depths
        used = (parameters.left_key, *(key.left for key in parameters.keys))
        for name in (*used, *filter(None, [parameters.weight])):
            if name.lower() in self.source.columns:
                depths = self._with(depths, quoted(name))
        return _Rows(rows.name, (*rows.steps, step), depths)

    def _with(self, depths: Depths, expression: str) -> Depths:
        """Return what a table needs for the columns of an expression besides."""
        tree = parse_one(f"SELECT {expression}", dialect=DIALECT)
        needs = [needed_depth(self.source, column) for column in tree.find_all(exp.Column)]
        return self.source.finest(depths, *({name: depth} for name, depth in needs))

    def _aggregate(self, at: str, step: Step, rows: _Rows) -> None:
        parse_parameters(AGGREGATE, step, at)
        parameters = AggregateParameters.model_validate(step.parameters)
        sql = query_of_aggregation(parameters, _TABLE)
        self._query(step, rows, _TABLE, sql)
        if drawn := chart_of_aggregation(parameters, step.output, next(self._free_names)):
            self.answers.append(drawn)

    def _query(self, step: Step, rows: _Rows, role: str, sql: str) -> None:
        """Add the query on cells, behind what chose among the rows."""
        schema = {}
        for other, table in step.inputs.items():
            columns = self.columns[table]
            if columns is None:
                raise NotInTables(f"les colonnes de {in_quotes(table)} ne sont pas encore connues")
            schema[other] = columns
        names = self.columns[step.output] or ()
        before = rows.depths if rows.steps else None
        answered = query_of_cells(AskedQuery(sql, role, schema, names), self.source, before)
        inputs = {**step.inputs, role: rows.name}
        if rows.steps:
            inputs[role] = self._chosen(rows, answered.tables)
            inputs |= {TABLES: rows.name} if TABLES in answered.sql else {}
        self.answers.append(
            Step(
                application=QUERY.name,
                inputs=inputs,
                output=step.output,
                parameters={"sql": answered.sql},
            )
        )

    def _chosen(self, rows: _Rows, tables: Sequence[CellTable]) -> str:
        """Add the steps that choose among rows, for cells; return the table that they make."""
        cells = next(self._free_names)
        self.answers.append(
            Step(
                application=QUERY.name,
                inputs={_TABLE: rows.name},
                output=cells,
                parameters={"sql": cells_sql(self.source, _TABLE, tables)},
            )
        )
        made = {rows.name: cells}
        for step in rows.steps:
            made[step.output] = next(self._free_names)
            inputs = {role: made.get(table, table) for role, table in step.inputs.items()}
            self.answers.append(
                step.model_copy(update={"inputs": inputs, "output": made[step.output]})
            )
        return made[rows.steps[-1].output]


def answers_of(
    treatment: Treatment, inputs: KnownInputs
) -> dict[str, tuple[Step, ...] | UnansweredError]:
    """Return of each dataset with protected tables what answers for it, or why nothing does.

    `inputs` are the tables that the treatment reads, as the asker may know them.
    """
    columns = {
        name: inputs.table(dataset_id).names for name, dataset_id in treatment.inputs.items()
    }
    answers: dict[str, tuple[Step, ...] | UnansweredError] = {}
    for table in inputs.tables:
        names = [name for name, of in treatment.inputs.items() if of == table.dataset_id]
        if source := ProtectedSource.of(table):
            try:
                answers[table.dataset_id] = answering_steps(treatment.steps, names, source, columns)
            except UnansweredError as error:
                answers[table.dataset_id] = error
    return answers
