"""The sandbox's entry: reads `job.json`, works, and leaves `out/result.json` as the proof."""

import json
import platform
import sys
import traceback
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import JOB, Work
from shared.engine.database import Say
from shared.engine.running.notes import note_report
from shared.engine.running.without_pandas import hide_pandas
from shared.errors import Rejected

Run = Callable[[Path, Work, int, Say], tuple[list[OutputFile], list[Report]]]
"""Does a kind of job in its folder, within that many bytes of memory."""

_MEMORY_BYTES = 1_000_000_000
_SOFTWARE = ("duckdb", "pyarrow", "matplotlib", "rdflib")


def main(folder: Path, memory_bytes: int) -> None:
    """Run the job in `folder` within `memory_bytes`."""
    result = folder / "out" / "result.json"
    written = result.with_suffix(".tmp")
    written.write_text(json.dumps(_work(folder, memory_bytes), ensure_ascii=False, allow_nan=False))
    written.rename(result)


_UNREADABLE = {
    "ingest": "ce fichier est écrit d'une façon qui n'est pas lue ici",
    "harvest": "cette page est écrite d'une façon qui n'est pas lue ici",
}


def _work(folder: Path, memory_bytes: int) -> dict[str, Any]:
    task = ""
    try:
        work = Work.model_validate_json((folder / JOB).read_bytes())
        task = work.kind
        outputs, reports = _run_of(work)(folder, work, memory_bytes, _say)
        if not work.steps:
            note_report(work.kind, reports[0])
    except Rejected as error:
        return {"error": str(error)}
    except (MemoryError, duckdb.OutOfMemoryException):
        return {"error": "le traitement a besoin de plus de mémoire que permis"}
    except duckdb.IOException:
        return {"error": "le traitement n'a plus de place sur le disque"}
    except Exception as error:  # noqa: BLE001 - the reason is for the holder, the rest for the log
        # An error's own words may hold a value of the table; where it came from does not.
        traceback.print_tb(error.__traceback__)
        kind = type(error).__name__
        print(kind)  # noqa: T201 - the log's reader is an operator, the reason's the owner
        return {"error": _UNREADABLE.get(task, f"le traitement a échoué ({kind})")}
    software = {"python": platform.python_version()}
    software |= {name: _version(name) for name in _SOFTWARE}
    for report in reports:
        software |= report.pop("software", {})
    release = reports[-1].pop("release", None) if reports else None
    masked = reports[-1].pop("masked", None) if reports else None
    steps = reports[-1].pop("steps_left", []) if reports else []
    return {
        "outputs": [output.model_dump() for output in outputs],
        "reports": reports,
        "software": software,
        "release": release,
        "masked": masked,
        "steps": steps,
    }


@cache
def _version(name: str) -> str:
    """Return a package's version; a process reads it once, from a file of e-mail headers."""
    return version(name)


def _run_of(work: Work) -> Run:
    # A kind of job loads what it works with and no more: half of a short one's time is that.
    match work.kind:
        case "ingest" if work.content == "files":
            from shared.engine.reading.files.ingest_files import ingest_files  # noqa: PLC0415

            return ingest_files
        case "ingest":
            from shared.engine.reading.ingest import ingest_file  # noqa: PLC0415

            return ingest_file
        case "harvest":
            from shared.engine.portals.portal_page import read_page  # noqa: PLC0415

            return read_page
        case "protect":
            from shared.engine.protection.job import protect_table  # noqa: PLC0415

            return protect_table
        case _:
            from shared.engine.running.steps.treatment import treat  # noqa: PLC0415

            return treat


def _say(share: float, message: str) -> None:
    print(json.dumps({"progress": round(share, 3), "message": message}), flush=True)  # noqa: T201 - the sandbox listens


if __name__ == "__main__":
    hide_pandas()
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else _MEMORY_BYTES)  # noqa: PLR2004
