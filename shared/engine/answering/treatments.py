"""Which treatments the protected tables of an input answer, and the steps that do."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlglot import exp, parse_one

from shared.engine.analysis.answers import UnansweredError
from shared.engine.analysis.known_tables import KnownTable
from shared.engine.answering.cells import CELL_COLUMNS, CellTable, cells_sql, sum_name
from shared.engine.answering.needed_levels import needed_depth
from shared.engine.answering.queries import TABLES, AskedQuery, query_of_cells, query_of_figures
from shared.engine.answering.source import Depths, ProtectedSource
from shared.engine.answering.sql_text import DIALECT, literal
from shared.engine.answering.table_choice import Needs
from shared.engine.applications import APPLICATIONS, effect_of, parse_parameters
from shared.engine.applications.application import Choice, NotInTables
from shared.engine.applications.chart.application import CHART
from shared.engine.applications.effect import Effect
from shared.engine.applications.query.application import QUERY
from shared.engine.applications.query.sql import quoted
from shared.events.event import Step
from shared.language.french import quoted as in_quotes

_TABLE = "table"
_NUMBERS = ("integer", "decimal")


def answering_steps(
    steps: Sequence[Step],
    names: Sequence[str],
    table: KnownTable,
    columns: Mapping[str, tuple[str, ...] | None],
    repeated: Collection[str] | None,
) -> tuple[Step, ...]:
    """Return the steps that answer, as shared.engine.analysis.answers, which calls this, says."""
    source = ProtectedSource.of(table)
    known = {**columns, **dict.fromkeys(names, source.names)}
    answer = _Treatment(steps, source, known, repeated)
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
    needs: Needs = field(default_factory=lambda: Needs({}))


@dataclass
class _Treatment:
    """A treatment under way; `columns` are those of its tables, None where nobody knows them.

    Tables that are `answered` have figures, some of which may be hidden; `groups` are the columns
    that no two rows of one are alike in.
    """

    steps: Sequence[Step]
    source: ProtectedSource
    columns: dict[str, tuple[str, ...] | None]
    repeated: Collection[str] | None
    rows: dict[str, _Rows] = field(default_factory=dict)
    answers: list[Step] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        taken = {*self.columns, *(step.output for step in self.steps)}
        self._free_names = (
            name for number in count(1) if (name := f"cellules_{number}") not in taken
        )

    def take(self, number: int, step: Step) -> None:
        """Take a step as it is, or what does the same on tables. Raises NotInTables."""
        at = f"steps.{number}"
        roles = [role for role, table in step.inputs.items() if table in self.rows]
        columns_by_role = {role: self.columns[table] for role, table in step.inputs.items()}
        is_known = None not in columns_by_role.values()
        effect = effect_of(step, at, columns_by_role) if is_known else None
        self.columns[step.output] = tuple(effect.columns) if effect else None
        groups = _groups_of(step, effect)
        answered = [role for role, table in step.inputs.items() if table in self.answered]
        if not roles:
            self.answers.append(self._of_figures(at, step, answered, groups))
            self.answered |= {step.output} if answered else set()
            return
        if len(roles) > 1:
            raise NotInTables("ces données croisées avec elles-mêmes ne sont dans aucun tableau")
        self._of_rows(at, step, roles[0])
        self.groups[step.output] = groups

    def _of_rows(self, at: str, step: Step, role: str) -> None:
        """Take a step that reads restricted rows in that role. Raises NotInTables."""
        rows = self.rows[step.inputs[role]]
        application = APPLICATIONS[step.application]
        parameters = parse_parameters(application, step, at)
        if application.choices and role == application.main_role(step):
            if self.answered & {*step.inputs.values()}:
                raise NotInTables(
                    "ces lignes seraient choisies par des chiffres dont certains sont masqués"
                )
            kinds = {column.name: column.kind for column in self.source.columns.values()}
            choices = application.choices(parameters, kinds)
            if choices is None:
                raise NotInTables(
                    "ce croisement garde aussi ce qui n'est pas dans ces données : comptez"
                    " d'abord, puis croisez le résultat"
                )
            self.rows[step.output] = self._chosen_by(step, rows, choices)
        elif application.as_query:
            sql, output = application.as_query(parameters, role), step.output
            if application.after_query:
                output = next(self._free_names)
            self._query(step, rows, self._asked(step, role, sql), output)
            if application.after_query:
                left = {"parameters": application.after_query(parameters)}
                self.answers.append(step.model_copy(update={"inputs": {role: output}, **left}))
            if chart := step.parameters.get("chart"):
                self._draw(output, chart)
        else:
            title = in_quotes(application.title)
            raise NotInTables(f"{title} lit des lignes une à une, et non des tableaux")

    def _chosen_by(self, step: Step, rows: _Rows, choices: Iterable[Choice]) -> _Rows:
        """Return the rows that a step hands on, which it chooses by these columns."""
        depths, single = rows.needs
        for column, comparison, value in choices:
            if own := self.source.columns.get(column.lower()):
                text = value if own.kind in _NUMBERS else literal(value)
                condition = f" {comparison} {text}" if comparison else ""
                depths = self._with(depths, quoted(column) + condition)
                single |= {own.name} if comparison == "=" else set()
        parameters = dict(step.parameters)
        if parameters.get("columns"):
            figures = (*CELL_COLUMNS, *map(sum_name, self.source.measures))
            parameters["columns"] = [*parameters["columns"], *figures]
        handing = step.model_copy(update={"parameters": parameters})
        return _Rows(rows.name, (*rows.steps, handing), Needs(depths, single))

    def _draw(self, table: str, chart: Mapping[str, Any]) -> None:
        """Add the step that draws what an aggregation draws."""
        output = next(self._free_names)
        self.answers.append(
            Step(
                application=CHART.name,
                inputs={_TABLE: table},
                output=output,
                parameters=dict(chart),
            )
        )

    def _with(self, depths: Depths, expression: str) -> Depths:
        """Return what a table needs for the columns of an expression besides."""
        tree = parse_one(f"SELECT {expression}", dialect=DIALECT)
        needs = [needed_depth(self.source, column) for column in tree.find_all(exp.Column)]
        return self.source.finest(depths, *({name: depth} for name, depth in needs))

    def _of_figures(
        self, at: str, step: Step, answered: Sequence[str], groups: frozenset[str]
    ) -> Step:
        """Return a step that shows nothing of hidden figures. Raises NotInTables."""
        application = APPLICATIONS[step.application]
        if not answered or not application.as_query:
            return step
        parameters = parse_parameters(application, step, at)
        own_groups = self.groups.get(step.inputs[answered[0]])
        if application.after_query and own_groups and own_groups <= groups:
            # What it would add up is one row each.
            return step.model_copy(update={"parameters": application.after_query(parameters)})
        try:
            sql = application.as_query(parameters, answered[0])
        except NotInTables:
            if application.after_query:
                return step  # one that puts figures elsewhere, and adds none up
            raise
        sql = query_of_figures(self._asked(step, "", sql))
        if not application.traits.runs_sql:
            return step
        return step.model_copy(update={"parameters": {**step.parameters, "sql": sql}})

    def _asked(self, step: Step, role: str, sql: str) -> AskedQuery:
        """Return a step's query, with the columns of its tables and of its result."""
        columns = {}
        for other, table in step.inputs.items():
            names = self.columns[table]
            if names is None:
                raise NotInTables(f"les colonnes de {in_quotes(table)} ne sont pas encore connues")
            columns[other] = names
        answered = [other for other, table in step.inputs.items() if table in self.answered]
        names = self.columns[step.output] or ()
        return AskedQuery(sql, role, columns, names, answered, self.repeated)

    def _query(self, step: Step, rows: _Rows, asked: AskedQuery, output: str) -> None:
        """Add the query on cells, behind what chose among the rows."""
        before = rows.needs if rows.steps else None
        answered = query_of_cells(asked, self.source, before)
        self.answered.add(step.output)
        inputs = {**step.inputs, asked.role: rows.name}
        if rows.steps:
            inputs[asked.role] = self._chosen(rows, answered.tables)
            inputs |= {TABLES: rows.name} if TABLES in answered.sql else {}
        parameters = {"sql": answered.sql}
        self.answers.append(
            Step(application=QUERY.name, inputs=inputs, output=output, parameters=parameters)
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
        tables_by_name = {rows.name: cells}
        for step in rows.steps:
            tables_by_name[step.output] = next(self._free_names)
            inputs = {role: tables_by_name.get(table, table) for role, table in step.inputs.items()}
            self.answers.append(
                step.model_copy(update={"inputs": inputs, "output": tables_by_name[step.output]})
            )
        return tables_by_name[rows.steps[-1].output]


def _groups_of(step: Step, effect: Effect | None) -> frozenset[str]:
    """Return the columns that no two rows of a step's result are alike in; none if not known.

    What a query reads in each group, it may call otherwise; what counts rows adds them up.
    """
    if effect is None or not effect.by or APPLICATIONS[step.application].traits.runs_sql:
        return frozenset()
    parts = (part for table in effect.shows for made in table.columns.values() for part in made.of)
    if any(part.how == "count" for part in parts):
        return frozenset()
    names = {
        part.source: {name for name, made in effect.columns.items() if part in made.of}
        for column in effect.columns.values()
        for part in column.of
        if part.how in _OF_GROUPS
    }
    return frozenset().union(*(names.get(source, {source.column}) for source in effect.by))


_OF_GROUPS = ("", "derived")
"""How columns are made that are alike in each group: as they are, or the periods of a date."""
