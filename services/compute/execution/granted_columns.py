"""Hands a job the granted columns of its tables alone: the job never sees the others."""

import json
from collections.abc import Callable, Mapping, Sequence

from services.compute.execution.executor import Limits
from services.compute.execution.job_folder import JobFolder
from services.compute.execution.sandbox import Sandbox
from services.compute.execution.spares.spares import Spares
from shared.engine.contract.result import OutputFile
from shared.errors import Rejected

_MODULE = "shared.engine.running.projection"
_TABLES = "projection.json"
"""Which columns of which input are kept: its file name in `in` -> their names."""


def project(
    stage: JobFolder,
    columns: Mapping[int, Sequence[str]],
    target: JobFolder,
    *,
    spares: Spares,
    limits: Limits,
    should_stop: Callable[[], bool],
) -> None:
    """Copy the inputs of those numbers from `stage` to `target`, with these columns only.

    Tables are read in a sandbox of their own, like all that people brought. Raises Rejected when
    one cannot be read, or the run shall stop.
    """
    named = {str(number): list(names) for number, names in columns.items()}
    (stage.path / _TABLES).write_text(json.dumps(named))
    with spares.around(stage.path, _MODULE) as waiting:
        sandbox = Sandbox(limits, module=_MODULE)
        outcome = sandbox.run(stage.path, lambda _news: None, should_stop, waiting)
    if not outcome.ok:
        raise Rejected(f"les colonnes accordées n'ont pas pu être extraites : {outcome.reason}")
    for number in columns:
        projected_file = stage.made_path(OutputFile(name=str(number), path=f"out/{number}"))
        projected_file.rename(target.input_path(number))
