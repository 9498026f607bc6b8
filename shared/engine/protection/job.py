"""The job that makes the protected tables of a dataset's table, in the sandbox."""

from pathlib import Path

from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Say, literal, open_database, quoted
from shared.engine.protection.noisy_tables import make_noisy_tables
from shared.engine.protection.protected_tables import make_protected_tables
from shared.engine.reading.totals.leaving_out import is_counted
from shared.engine.tables.manifest import PARQUET
from shared.errors import Rejected

NAME = "tableaux"


def protect_table(
    folder: Path, work: Work, memory_bytes: int, say: Say
) -> tuple[list[OutputFile], list[Report]]:
    """Make the tables of the job's only input; returns them as Parquet and CSV, and the report.

    Rows that sum others are left out. Raises Rejected, in French, naming the policy's field that
    does not fit.
    """
    if work.policy is None:
        raise Rejected("il manque ce qui peut être montré")
    ((name, path),) = work.inputs.items()
    with open_database(folder, memory_bytes) as database:
        source = f"read_parquet({literal(str(folder / path))})"
        if totals := work.total_rows.get(name):
            source = f"(FROM {source} QUALIFY {is_counted(totals)})"
        make = make_noisy_tables if work.policy.is_noisy else make_protected_tables
        tables = make(database, source, work.described[name], work.policy, say)
        for ending, how in _FORMATS.items():
            target = literal(str(folder / "out" / f"{NAME}.{ending}"))
            database.execute(f"COPY (FROM {quoted(tables.name)}) TO {target} ({how})")
    outputs = [
        OutputFile(name=f"{NAME}.{ending}", path=f"out/{NAME}.{ending}", media_type=_TYPES[ending])
        for ending in _FORMATS
    ]
    return outputs, [
        {
            "summary": tables.facts.summary,
            "made": tables.facts.model_dump(mode="json"),
            "close_percent": tables.close_percent,
        }
    ]


_FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER, DELIMITER ';'",
}
_TYPES = {"parquet": PARQUET, "csv": "text/csv; charset=utf-8"}
