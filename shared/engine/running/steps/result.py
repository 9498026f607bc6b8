"""The last table of a treatment: what it tells about persons, what it lost, and its files."""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from shared.engine.applications import APPLICATIONS, traits_of
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.aggregate.run import smallest_group
from shared.engine.applications.application import Equality
from shared.engine.contract.result import IS_EMPTY, LOST, NEAR, SECRET_VALUES, OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, columns, filled, folded, literal, quoted
from shared.engine.reading.columns.profile import describe
from shared.engine.reading.columns.typed_values import typed_table
from shared.engine.reading.privacy.column_sample import SAMPLE
from shared.engine.reading.privacy.disclosure import is_about_persons, small_groups
from shared.engine.reading.privacy.screening import screen
from shared.engine.reading.values.column_units import units_option
from shared.engine.reading.values.formulas import harmless_table
from shared.engine.reading.values.numbers import told_double
from shared.engine.reading.values.withheld_values import WITHHELD
from shared.engine.release.hidden_cells import EMPTY
from shared.engine.running.steps.input_tables import sample_of, with_empty_told
from shared.engine.running.steps.workbench import TABLE, InputTable, few
from shared.engine.tables.manifest import DESCRIBED, PARQUET, RESULT, Column
from shared.engine.tables.privacy import K_ENOUGH, Privacy
from shared.events.event import Step
from shared.language.french import french_list, grouped
from shared.language.french import quoted as french_quoted

_ALIKE = 0.85
"""Jaro-Winkler similarity from which a value is close to another: most letters, the first first."""

_MOST = 5
_SUFFIX = re.compile(r"_\d+$")
"""What a crossing adds to the second of two columns of one name."""

_COLUMNS = 4
_AND_OTHERS = "et de même dans d'autres colonnes"


@dataclass(frozen=True)
class Screening:
    """What the tables of a treatment tell about persons.

    `as_read` names those that are made as they are read.
    """

    database: Database
    work: Work
    tables: Mapping[str, InputTable]
    as_read: Collection[str]

    def of(self, result: InputTable) -> tuple[Sequence[Column], Report]:
        """Return the result's columns, and what it tells about persons.

        That is more than its inputs did, where they met.
        """
        rows, described = describe(self.database, result.name, lambda _share, _what: None)
        is_summed = result.name in (step.output for step in self.work.steps if traits_of(step).sums)
        if self.work.invented:
            # What invented rows say of nobody, or lose, is no fault of the treatment.
            privacy = Privacy(verdict="none", subject="other")
            return described, {"privacy": privacy.model_dump(mode="json"), "warning": ""}
        privacy = screen(self.database, result.name, described, rows, is_summed=is_summed)
        if privacy.verdict == "none" and rows and not self.work.protected:
            privacy = self._of_sums([column.name for column in described]) or privacy
        screening = {"privacy": privacy.model_dump(mode="json"), "warning": privacy.warning}
        return described, screening | ({} if rows else {IS_EMPTY: True})

    def _of_sums(self, names: list[str]) -> Privacy | None:
        """Return the verdict on the last sums of persons that the result shows.

        Those of an input are judged by all of it in a trial too.
        """
        step = self._last_sums
        if step is None or not self.needs_source(step):
            return None
        parameters = AggregateParameters.model_validate(step.parameters)
        figures = [name for name in parameters.figures() if name in names]
        persons = self.tables[step.inputs[TABLE]].whole
        return small_groups(self.database, persons, parameters.group_columns(), figures)

    @property
    def _last_sums(self) -> Step | None:
        summed = (step for step in self.work.steps if traits_of(step).sums)
        return max(summed, key=self.work.steps.index, default=None)

    def needs_source(self, step: Step) -> bool:
        """Return whether a step makes sums of persons, whose groups may be small."""
        if not traits_of(step).sums:
            return False
        cached = self.work.cached.get(step.inputs[TABLE])
        if cached and not cached.table:
            # Such sums are never taken over without the table that they are made of.
            return False
        source = self.tables[step.inputs[TABLE]]
        if self._are_groups_large(step, source):
            return False
        return is_about_persons(self.database, self._some(source))

    def _are_groups_large(self, step: Step, source: InputTable) -> bool:
        """Return whether the last sums, if made by this job, surely have many rows each."""
        parameters = AggregateParameters.model_validate(step.parameters)
        # Cells that differ by spaces alone make one group here: no smaller one than there.
        are_as_made = self.work.sample_rows is None and not parameters.times and not source.totals
        is_made = step == self._last_sums and step.output not in self.work.cached
        return are_as_made and is_made and smallest_group(self.database) >= K_ENOUGH

    def _some(self, table: InputTable) -> str:
        """Return the rows by which a table is judged, without making a whole crossing for them."""
        if table.name not in self.as_read:
            return sample_of(self.database, table, SAMPLE).name
        some = quoted(f"{few(table.name)} (faites)")
        statement = f"CREATE TABLE IF NOT EXISTS {some} AS FROM {quoted(few(table.name))}"
        self.database.execute(statement)
        return f"{few(table.name)} (faites)"


def write_result(
    database: Database, out: Path, table: InputTable, columns: Sequence[Column], report: Report
) -> list[OutputFile]:
    """Write the last table as Parquet, and as CSV: UTF-8, `;` between fields, decimal points.

    Programs read that CSV as it is; a person may open it all the same, so no text is a formula.
    Its columns have the types that their source was read to hold, or those found in it where
    no source is known: a few codes alone look like numbers. The Parquet file tells their units.
    """
    profiles = [table.described.get(column.name, column) for column in columns]
    typed = typed_table(database, table.name, profiles)
    parquet, text = (literal(str(out / name)) for name in (RESULT, "result.csv"))
    select = _told(database, typed.select)
    options = f"FORMAT parquet, COMPRESSION zstd{units_option(profiles)}"
    database.execute(f"COPY ({select}) TO {parquet} ({options})")
    written = f"read_parquet({parquet})"
    database.execute(f"CREATE OR REPLACE VIEW {quoted(RESULT)} AS FROM {written}")
    harmless = harmless_table(database, RESULT)
    database.execute(f"COPY ({harmless}) TO {text} (FORMAT csv, HEADER, DELIMITER ';')")
    report |= with_empty_told(report, typed.lost(database, written), "left_empty")
    return [
        OutputFile(name=RESULT, path=f"out/{RESULT}", media_type=PARQUET),
        OutputFile(name="result.csv", path="out/result.csv", media_type="text/csv; charset=utf-8"),
    ]


def _told(database: Database, select: str) -> str:
    """Return the rows of a query, figures of binary fractions as people write them."""
    kinds = database.execute(f"DESCRIBE {select}").fetchall()
    doubles = [quoted(str(row[0])) for row in kinds if row[1] == "DOUBLE"]
    replaced = ", ".join(f"{told_double(column)} AS {column}" for column in doubles)
    return f"SELECT * REPLACE ({replaced}) FROM ({select})" if doubles else select


def secrets_told(
    table: InputTable, columns: Sequence[Column], reports: Sequence[Report], hidden: str
) -> Report:
    """Return what is said of secret values, on the whole and by column of the result, in French.

    `hidden` is what is said of figures that the rules left empty.
    """
    warnings = (warning for report in reports for warning in report.get("warnings", ()))
    sentences = list(
        dict.fromkeys(warning["told"] for warning in warnings if warning["kind"] == WITHHELD)
    )
    last = (warning for warning in reports[-1].get("warnings", ()) if warning["kind"] == WITHHELD)
    sentences_by_column = {warning["column"]: warning["told"] for warning in last} | dict(
        table.secret
    )
    described = {name: _sentence(text) for name, text in sentences_by_column.items()}
    if hidden:
        described[EMPTY] = f"Nomme, ligne par ligne, les chiffres masqués ou sans valeur. {hidden}"
    names = [column.name for column in columns if column.name in described]
    some = " ; ".join(sentences[:_COLUMNS])
    more = f" ; {_AND_OTHERS}" if len(sentences) > _COLUMNS else ""
    return {
        DESCRIBED: [{"name": name, "description": described[name]} for name in names],
        SECRET_VALUES: _sentence(f"{some}{more}") if sentences else "",
    }


def _sentence(text: str) -> str:
    """Return a text with its capital and its full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def lost(database: Database, steps: tuple[Step, ...], tables: Mapping[str, InputTable]) -> Report:
    """Report in French what is wrong with the last table, and a value that may have been meant.

    Empty where it has rows, and a value in every column that the treatment made. What an input has
    empty is no fault of the treatment.
    """
    result = steps[-1].output
    if tables[result].rows == 0:
        return _lost_rows(database, steps, tables)
    sentence = _made_empty(database, steps, tables, result)
    return {LOST: sentence} if sentence else {}


def _lost_rows(
    database: Database, steps: tuple[Step, ...], tables: Mapping[str, InputTable]
) -> Report:
    for step in steps:
        input_tables = [tables[name] for name in step.inputs.values()]
        if none := [table for table in input_tables if table.rows == 0]:
            return {LOST: f"la table {french_quoted(none[0].called)} n'a aucune ligne"}
        if tables[step.output].rows == 0:
            return _emptied(database, step, input_tables)
    return {}


def _emptied(database: Database, step: Step, input_tables: list[InputTable]) -> Report:
    """Report a step that got rows and left none."""
    before = french_list([_lines(table) for table in input_tables])
    roles = dict(zip(step.inputs, input_tables, strict=True))
    # Of a step that an earlier job did, the tables need not be here.
    with suppress(duckdb.Error):
        columns_by_role = {role: columns(database, table.name) for role, table in roles.items()}
        application = APPLICATIONS[step.application]
        for equality in application.equalities(step.parameters, columns_by_role):
            table = roles[equality.role]
            if not _kept(database, equality, table):
                sentence = f"le filtre « {equality.column} = {equality.text} » garde 0 des"
                value = _near(database, equality, table)
                hint = {NEAR: f"valeur proche : {value}"} if value else {}
                return {LOST: f"{sentence} {grouped(table.rows)} lignes"} | hint
    title = APPLICATIONS[step.application].title
    return {LOST: f"l'étape {french_quoted(step.output)} ({title}) reçoit {before} et n'en garde 0"}


def _lines(table: InputTable) -> str:
    lines = "ligne" if table.rows == 1 else "lignes"
    return f"{grouped(table.rows)} {lines} de {french_quoted(table.called)}"


def _kept(database: Database, equality: Equality, table: InputTable) -> bool:
    value, text = filled(equality.column), literal(equality.text.strip())
    if equality.is_folded:
        value, text = folded(value), folded(text)
    return bool(
        _rows(database, f"SELECT 1 FROM {quoted(table.name)} WHERE {value} = {text} LIMIT 1")
    )


def _near(database: Database, equality: Equality, table: InputTable) -> str:
    """Return the value of the column that is most like the one that none has; empty without any."""
    text, value = folded(literal(equality.text)), folded("value")
    holds = f"contains({value}, {text}) OR contains({text}, {value})"
    alike = f"jaro_winkler_similarity({value}, {text})"
    rows = _rows(
        database,
        f"SELECT value FROM (SELECT DISTINCT {filled(equality.column)} AS value"
        f" FROM {quoted(table.name)}) WHERE {holds} OR {alike} >= {_ALIKE}"
        f" ORDER BY ({holds}) DESC, {alike} DESC, value LIMIT 1",
    )
    return str(rows[0][0])[:100] if rows else ""


def _rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    return database.execute(sql).fetchall()


def _made_empty(
    database: Database, steps: tuple[Step, ...], tables: Mapping[str, InputTable], result: str
) -> str:
    """State which columns of the result lost all values, though no input has them empty."""
    empty = _without_value(database, tables[result].name)
    if not empty:
        return ""
    inputs = {name for step in steps for name in step.inputs.values()} - {
        step.output for step in steps
    }
    as_read = {column for name in inputs for column in _without_value(database, tables[name].whole)}
    new_columns = [
        column
        for column in empty
        if _SUFFIX.sub("", column) not in as_read and column not in as_read
    ]
    if not new_columns:
        return ""
    of = french_list([french_quoted(column) for column in new_columns[:_MOST]])
    many = "les colonnes" if len(new_columns) > 1 else "la colonne"
    has, rows = "ont" if len(new_columns) > 1 else "a", grouped(tables[result].rows)
    return f"{many} {of} du résultat n'{has} aucune valeur (lignes : {rows})"


def _without_value(database: Database, table: str) -> list[str]:
    """Return the columns of a table none of whose rows has a value."""
    names = list(columns(database, table))
    if not names:
        return []
    chosen = ", ".join(f"count({filled(name)})" for name in names)
    ((*filled_rows,),) = _rows(database, f"SELECT {chosen} FROM {quoted(table)}")
    return [name for name, rows in zip(names, filled_rows, strict=True) if not rows]
