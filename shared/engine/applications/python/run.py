"""Runs a holder's own code on the tables of a step, and keeps what it returns."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import duckdb

from shared.engine.applications.python.application import PythonParameters, library_versions
from shared.engine.contract.folder_tree import remove
from shared.engine.contract.result import OutputFile, Report
from shared.engine.database import columns, count, literal, quoted
from shared.engine.reading.columns.typed_values import typed_table
from shared.engine.reading.values.formulas import harmless_table
from shared.engine.running.own_code import process
from shared.engine.running.own_code.failures import CodeFailed, NotLoaded, reason
from shared.engine.running.own_code.left import (
    FILE_BYTES,
    MOST_COLUMNS,
    MOST_OUTPUTS,
    PAGE_HEAD,
    Left,
    has_left,
    read_failure,
    read_left,
)
from shared.engine.running.own_code.process import FILES, CodeFolder
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid, Rejected
from shared.language.french import counted, french_list

_KINDS = {
    "frame": ("tableau", "tableaux"),
    "figure": ("figure", "figures"),
    "file": ("fichier", "fichiers"),
    "html": ("page HTML", "pages HTML"),
}
_PLAIN = frozenset(("BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP"))
_WHOLE = frozenset(("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"))
_BEYOND = ("HUGEINT", "UHUGEINT", "UBIGINT", "DECIMAL")
"""Numbers that pandas has no plain type for."""

_NAME_LENGTH = 200


def run(workbench: Workbench, parameters: PythonParameters) -> Report:
    """Make the table that the code returned first, or one that lists what else it returned.

    Where others' restricted data go in, the code is loaded without them first: what is wrong with
    it by itself may be told (NotLoaded). Raises CodeFailed, in French, when the code fails, does
    what it may not, or returns nothing.
    """
    try:
        return _run(workbench, parameters)
    except (Invalid, NotLoaded):
        raise
    except Rejected as error:
        failed = CodeFailed(str(error), workbench.output)
        for note in getattr(error, "__notes__", ()):
            failed.add_note(note)
        raise failed from error


def _run(workbench: Workbench, parameters: PythonParameters) -> Report:
    if workbench.is_protected and parameters.code:
        with _code_folder(workbench) as folder, _Log(None) as log:
            _request(workbench, parameters, folder, {}, is_load=True)
            _execute(parameters, folder, log, NotLoaded)
    journal = f"{workbench.output}-journal.txt" if workbench.is_protected else ""
    with (
        _code_folder(workbench) as folder,
        _Log(workbench.out / journal if journal else None) as log,
    ):
        if journal:
            workbench.output_files.append(
                OutputFile(
                    name=journal, path=f"out/{journal}", media_type="text/plain", opaque="log"
                )
            )
        workbench.say(0.1, "donne les tables au code")
        _give(workbench, parameters, folder)
        workbench.say(0.2, "exécute le code")
        _execute(parameters, folder, log, Rejected)
        left = read_left(folder.left, is_notebook=bool(parameters.notebook))
        try:
            _keep(workbench, folder, left)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise Rejected("un tableau rendu par le code est illisible") from error
    return _report(workbench, parameters, left)


@contextmanager
def _code_folder(workbench: Workbench) -> Iterator[CodeFolder]:
    files = {role: table.files for role, table in workbench.tables.items() if table.files}
    folder = CodeFolder(workbench.out / f"code-{workbench.output}", files)
    folder.make()
    try:
        yield folder
    finally:
        remove(folder.path)


def _execute(
    parameters: PythonParameters, folder: CodeFolder, log: "_Log", refusal: type[Rejected]
) -> None:
    """Run the request in the folder; raises `refusal`, and leaves the trace in the log."""
    is_notebook = bool(parameters.notebook)
    status = process.run(folder, log.write, seed=parameters.seed, is_notebook=is_notebook)
    if status == 0 and has_left(folder.left):
        return
    failure = read_failure(folder.left)
    refused = refusal(reason(failure, status, parameters.text))
    if failure:
        log.write(failure.trace.encode())
        refused.add_note(failure.message)
    raise refused


class _Log:
    """Where what the code prints goes: to the job's log, or to a file that a reviewer looks at."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("wb") if path else None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_in_line = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file:
            if not self._file.tell():
                # No file of a job is empty: an empty one is what a fault leaves.
                self._file.write("Le code n'a rien écrit.\n".encode())
            self._file.close()
        elif self._is_in_line:
            # What the engine says next stands in a line of its own.
            print(flush=True)  # noqa: T201 - the log's reader is the code's author

    def write(self, chunk: bytes) -> None:
        if self._file:
            self._file.write(chunk)
            return
        # A line that begins with a brace could be taken for the engine's own news.
        text = re.sub(r"(?m)^\{", " {", self._decoder.decode(chunk))
        self._is_in_line = not text.endswith("\n") if text else self._is_in_line
        print(text, end="", flush=True)  # noqa: T201 - the log's reader is the code's author


def _give(workbench: Workbench, parameters: PythonParameters, folder: CodeFolder) -> None:
    file_by_role = {}
    for number, (role, table) in enumerate(workbench.tables.items()):
        if table.files:
            if role in parameters.columns:
                reason = f"« {role} » est un jeu de fichiers : il n'a pas de colonnes"
                raise Invalid(reason, f"columns.{role}")
            continue
        types = columns(workbench.database, table.name)
        names = parameters.columns.get(role, tuple(types))
        for name in names:
            workbench.column(role, name, f"columns.{role}")
        described = [workbench.described(role, name) for name in names if types[name] == "VARCHAR"]
        typed = typed_table(workbench.database, table.name, described)
        file_by_role[role] = f"{number}.parquet"
        target = literal(str(folder.inputs / file_by_role[role]))
        workbench.database.execute(f"CREATE OR REPLACE TEMP VIEW given AS {typed.select}")
        kinds = columns(workbench.database, "given")
        chosen = [_for_pandas(name, kinds[name]) for name in names]
        workbench.database.execute(
            f"COPY (SELECT {', '.join(chosen)} FROM given) TO {target} (FORMAT parquet)"
        )
    _request(workbench, parameters, folder, file_by_role, is_load=False)


def _request(
    workbench: Workbench,
    parameters: PythonParameters,
    folder: CodeFolder,
    tables: Mapping[str, str],
    *,
    is_load: bool,
) -> None:
    """Write what the code's process is asked: to run it on these files, or only to load it."""
    limits = {
        "rows": workbench.crossing_rows,
        "columns": MOST_COLUMNS,
        "outputs": MOST_OUTPUTS,
        "bytes": FILE_BYTES,
    }
    request_parts = parameters.model_dump(include={"code", "notebook", "parameters", "seed"})
    request_parts |= {"tables": tables, "files": {role: f"{FILES}/{role}" for role in folder.files}}
    request = json.dumps({**request_parts, "limits": limits, "is_load": is_load})
    (folder.inputs / "request.json").write_text(request)


def _for_pandas(name: str, kind: str) -> str:
    column = quoted(name)
    if kind.startswith(_BEYOND):
        return f"CAST({column} AS DOUBLE) AS {column}"
    return column


def _keep(workbench: Workbench, folder: CodeFolder, left: Sequence[Left]) -> None:
    """Make the step's table of the first frame; the rest become files of the job."""
    frames = [output for output in left if output.kind == "frame"]
    for output in frames:
        _check_size(workbench, folder.left / output.file)
    if frames:
        workbench.make(_rows(workbench, folder.left / frames[0].file))
    else:
        listed = ", ".join(
            f"({literal(output.name)}, {literal(_KINDS[output.kind][0])})" for output in left
        )
        workbench.make(f"SELECT * FROM (VALUES {listed}) AS made (sortie, nature)")
    for number, output in enumerate(left):
        if output not in frames[:1]:
            workbench.output_files.append(_kept(workbench, folder, number, output))


def _kept(workbench: Workbench, folder: CodeFolder, number: int, output: Left) -> OutputFile:
    """Return a file of the job beside its table; no rule of release can look into it."""
    path = workbench.out / f"{workbench.output}-{number}.bin"
    name, source = f"{workbench.output}-{output.name}", folder.left / output.file
    if output.kind != "frame":
        if output.kind == "html":
            path.write_bytes(PAGE_HEAD + source.read_bytes())
        else:
            source.rename(path)
        ending = ".png" if output.kind == "figure" and not name.endswith(".png") else ""
        return OutputFile(
            name=name + ending,
            path=f"out/{path.name}",
            media_type=output.media_type,
            opaque=output.kind,
        )
    database = workbench.database
    database.execute(f"CREATE OR REPLACE TEMP TABLE returned AS {_rows(workbench, source)}")
    harmless = harmless_table(database, "returned")
    database.execute(
        f"COPY ({harmless}) TO {literal(str(path))} (FORMAT csv, HEADER, DELIMITER ';')"
    )
    media_type = "text/csv; charset=utf-8"
    return OutputFile(
        name=f"{name}.csv", path=f"out/{path.name}", media_type=media_type, opaque="table"
    )


def _check_size(workbench: Workbench, path: Path) -> None:
    """Raise Rejected for a table that is too large."""
    workbench.database.execute(f"CREATE OR REPLACE TEMP VIEW returned_rows AS {_read(path)}")
    rows = count(workbench.database, "returned_rows")
    names = columns(workbench.database, "returned_rows")
    if rows > workbench.crossing_rows:
        raise Rejected(f"le tableau rendu par le code a plus de {workbench.crossing_rows} lignes")
    if len(names) > MOST_COLUMNS or any(len(name) > _NAME_LENGTH for name in names):
        raise Rejected(
            f"le tableau rendu par le code a plus de {MOST_COLUMNS} colonnes, ou un nom de colonne"
            f" de plus de {_NAME_LENGTH} caractères"
        )


def _read(path: Path) -> str:
    return f"SELECT * FROM read_parquet({literal(str(path))})"


def _rows(workbench: Workbench, path: Path) -> str:
    """Return the rows of a frame, in SQL, each column of a type that the other steps know."""
    workbench.database.execute(f"CREATE OR REPLACE TEMP VIEW returned_rows AS {_read(path)}")
    kinds = columns(workbench.database, "returned_rows")
    chosen = (f"{_plain(quoted(name), kind)} AS {quoted(name)}" for name, kind in kinds.items())
    return f"SELECT {', '.join(chosen)} FROM returned_rows"


def _plain(column: str, kind: str) -> str:
    if kind in _PLAIN:
        return column
    if kind in _WHOLE:
        return f"CAST({column} AS BIGINT)"
    if kind == "FLOAT" or kind.startswith(_BEYOND):
        return f"CAST({column} AS DOUBLE)"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {column})"
    return f"CAST({column} AS {'TIMESTAMP' if kind.startswith('TIMESTAMP') else 'VARCHAR'})"


def _report(workbench: Workbench, parameters: PythonParameters, left: Sequence[Left]) -> Report:
    rows = {role: table.rows for role, table in workbench.tables.items()}
    kinds = Counter(output.kind for output in left)
    what = "notebook exécuté" if parameters.notebook else "code Python exécuté"
    files = sum(bool(table.files) for table in workbench.tables.values())
    on = [counted(len(rows) - files, "table", "tables")] * (len(rows) > files)
    on += [counted(files, "jeu de fichiers", "jeux de fichiers")] * (files > 0)
    outputs_in_words = french_list(
        [counted(number, *_KINDS[kind]) for kind, number in kinds.items()]
    )
    waits = " ; figures, fichiers et journal attendent un relecteur"
    is_held = workbench.is_protected and any(output.opaque for output in workbench.output_files)
    return {
        "rows": {"in": rows, "out": count(workbench.database, workbench.output)},
        "code": parameters.hash,
        "seed": parameters.seed,
        "software": library_versions(),
        "summary": f"{what} sur {french_list(on)} : {outputs_in_words}{waits if is_held else ''}",
    }
