"""Runs a notebook from its first cell to its last, and leaves it as one HTML page."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter
from traitlets.config import Config

from shared.engine.running.own_code.inside.code_faults import CellFailed, Unusable
from shared.engine.running.own_code.inside.returned_files import OUT

PAGE = "notebook.html"
RESULT = "resultat"
"""The variable whose last value is kept like what `run` returns."""

_HEAD = """<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Notebook</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
pre { background: #f6f6f6; padding: .6rem; overflow-x: auto }
table { border-collapse: collapse } th, td { padding: .2rem .6rem; text-align: right }
img { max-width: 100% } .prompt { color: #767676; font-family: monospace }
</style></head><body>
"""
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LINE = re.compile(r"(?:Cell In\[\d+\], line |^---> ?|^-+> )(\d+)", re.MULTILINE)
_BEFORE = """
if {charts}:
    import altair as _altair
    _altair.renderers.enable("png")  # its charts are scripts elsewhere
    del _altair
from shared.engine.running.own_code.inside import __main__ as _lab
tables, parameters = _lab.begin()
del _lab
"""
_AFTER = f"""
from shared.engine.running.own_code.inside import returned_files as _lab
_lab.leave_of_notebook(globals().get({RESULT!r}))
"""


def run(request: dict[str, Any]) -> None:
    """Run the notebook in the request, with `tables` and `parameters` given to its first cell.

    Raises CellFailed for a cell that raised, Unusable for what is no notebook.
    """
    try:
        notebook = nbformat.reads(request["notebook"], as_version=4)
    except Exception as error:
        raise Unusable("no_notebook") from error
    own = list(notebook.cells)
    first = _BEFORE.format(charts="altair" in request["notebook"])
    before, after = map(nbformat.v4.new_code_cell, (first, _AFTER))
    for cell in own:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells = [before, *own, after]
    _execute(notebook)
    notebook.cells = own
    _write_page(notebook)


def _execute(notebook: Any) -> None:
    # Sockets in files: they need no network, and nobody else finds them.
    config = Config({"KernelManager": {"transport": "ipc"}})
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        config=config,
        on_cell_executed=_say,
        shutdown_kernel="immediate",  # it would look for its processes in /proc, and complain
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise _failed(notebook, error) from error
    except DeadKernelError as error:
        raise Unusable("dead_kernel") from error


def _say(cell: Any, **_more: object) -> None:
    """Hand on what a cell printed, to the log."""
    for output in cell.outputs:
        if output.output_type == "stream":
            print(output.text, end="", flush=True)  # noqa: T201 - the log's reader is the author


def _failed(notebook: Any, error: CellExecutionError) -> CellFailed:
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                trace = _COLOURS.sub("", "\n".join(output.traceback))
                lines = _LINE.findall(trace)
                line = int(lines[0]) if lines else 0
                return CellFailed(number, line, output.ename, output.evalue, trace)
    return CellFailed(0, 0, error.ename, error.evalue, _COLOURS.sub("", error.traceback))


def _write_page(notebook: Any) -> None:
    """Write one page that opens offline: it holds its pictures and has no script."""
    exporter = HTMLExporter(template_name="basic", embed_images=True, sanitize_html=True)
    body, _ = exporter.from_notebook_node(notebook)
    (OUT / "page.html").write_text(f"{_HEAD}{body}</body></html>\n", encoding="utf-8")
    listed = Path(OUT / "left.json")
    left = json.loads(listed.read_bytes()) if listed.exists() else []
    left.append({"name": PAGE, "kind": "html", "file": "page.html"})
    listed.write_text(json.dumps(left))
