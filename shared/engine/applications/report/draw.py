"""Writes the report of a treatment as a page."""

import platform
from importlib.metadata import version

from shared.engine.applications.report.application import ReportParameters
from shared.engine.contract.result import Report
from shared.engine.database import quoted
from shared.engine.drawing.report_page import Contents, TableRows, page_of
from shared.engine.running.steps.pictures import PictureWork
from shared.engine.running.steps.workbench import TABLE
from shared.engine.tables.provenance_sentences import on_a_page
from shared.language.french import quoted as french_quoted

_SOFTWARE = ("duckdb", "matplotlib", "numpy", "pyarrow", "shapely")


def draw(work: PictureWork, parameters: ReportParameters) -> Report:
    """Write the page, with the pictures of the steps before it."""
    bench = work.workbench
    table = bench.tables[TABLE]
    ((total,),) = bench.rows(f"SELECT count(*) FROM {quoted(table.name)}")
    rows = bench.rows(f"SELECT * FROM {quoted(table.name)} LIMIT {parameters.rows}")
    software = {name: version(name) for name in _SOFTWARE} | {"python": platform.python_version()}
    contents = Contents(
        title=parameters.title,
        question=parameters.question,
        sources=work.sources,
        steps=work.steps,
        pictures=work.pictures,
        table=TableRows(list(bench.columns(TABLE)), rows, int(total)),
        made_at=work.drawn_at,
        software=software,
        head=work.head,
        provenance=tuple(on_a_page(work.provenance, work.sources)),
    )
    path = work.path.with_suffix(".html")
    path.write_text(page_of(contents), encoding="utf-8")
    return {"summary": f"rapport {french_quoted(parameters.title)} écrit", "files": [path.name]}
