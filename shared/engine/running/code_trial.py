"""Tries own code before its treatment is saved: `python -m ... FOLDER MEMORY_BYTES`.

The folder is a trial's, of data that the code's author may read; nothing that is made is kept.
"""

import json
import sys
from pathlib import Path

from shared.engine.contract.result import UNTRIED
from shared.engine.contract.work import Work
from shared.engine.running.own_code.failures import IN_JOURNAL, CodeFailed
from shared.engine.running.steps.treatment import FAILED_ON_SAMPLE, treat
from shared.engine.running.without_pandas import hide_pandas
from shared.errors import Invalid, Rejected


def main(folder: Path, memory_bytes: int) -> None:
    """Write `out/result.json`: why code failed, after the output of its step and a colon.

    What else is in the treatment's way comes after a colon alone.
    """
    result = folder / "out" / "result.json"
    written = result.with_suffix(".tmp")
    written.write_text(json.dumps(_answer(folder, memory_bytes), ensure_ascii=False))
    written.rename(result)


def _answer(folder: Path, memory_bytes: int) -> dict[str, str]:
    try:
        work = Work.model_validate_json((folder / "job.json").read_bytes())
        _, reports = treat(folder, work, memory_bytes, _say)
    except CodeFailed as failed:
        return {"error": f"{failed.output}:{_reason(failed)}"}
    except Invalid as error:
        # Its field counts the steps that are tried.
        return {"error": f":{error.args[0]}"}
    except Rejected as error:
        return {"error": f":{error}"}
    except Exception as error:  # noqa: BLE001 - an error of ours is no fault of the code
        return {"error": f":une autre étape a échoué ({type(error).__name__})"}
    return next(({"error": f":{report[UNTRIED]}"} for report in reports if UNTRIED in report), {})


def _reason(failed: CodeFailed) -> str:
    """State why code failed, with what Python says: its author may read the data it ran on."""
    why = str(failed).removesuffix(IN_JOURNAL)
    return f"{why} ; Python dit « {failed.message} »" if failed.message else why


def _say(_share: float, message: str) -> None:
    """Tell the service what a run on all rows, which may not end in time, would hide."""
    if message.startswith(FAILED_ON_SAMPLE):
        news = json.dumps({"progress": 0.0, "message": message.removesuffix(IN_JOURNAL)})
        print(news, flush=True)  # noqa: T201 - the sandbox listens


if __name__ == "__main__":
    hide_pandas()
    main(Path(sys.argv[1]), int(sys.argv[2]))
