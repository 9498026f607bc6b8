"""The folder of one run: what goes into the sandbox, and what is taken out of it.

Whatever the sandbox wrote is untrusted: results are read only from plain files under `out`.
"""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from pydantic import ValidationError

from shared.engine.contract.folder_tree import remove
from shared.engine.contract.result import ILLEGIBLE, MASKED, EngineResult
from shared.engine.contract.work import JOB, PSEUDONYM_KEY, Work
from shared.errors import Rejected

log = logging.getLogger(__name__)

_PREFIX = "datalab-job-"
_RESULT_BYTES = 5_000_000
_PIECE = 1 << 20


class JobFolder:
    """A private folder with `in` and `out`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._out = path.resolve() / "out"
        (path / "in").mkdir(exist_ok=True)
        self._out.mkdir(exist_ok=True)

    def input_path(self, number: int) -> Path:
        """Return the path of the input of that number; names given by people stay out of paths."""
        return self.path / "in" / f"{number}"

    def ledger_path(self, number: int) -> str:
        """Return the path in the folder of an earlier release's cells."""
        return f"in/ledger-{number}"

    def describe(self, work: Work) -> None:
        """Write the work of the job."""
        (self.path / JOB).write_text(work.model_dump_json())

    def work(self) -> Work:
        """Return the work of the job, as it was last described."""
        return Work.model_validate_json((self.path / JOB).read_bytes())

    def hand_key(self, key: str) -> None:
        """Give the job its project's key, in a file that only its owner reads."""
        path = self.path / PSEUDONYM_KEY
        path.touch(mode=0o600)
        path.write_text(key)

    def result(self) -> EngineResult:
        """Read the result; raises Rejected when it is not what the engine writes."""
        try:
            return EngineResult.model_validate_json(self._read("result.json"))
        except (OSError, ValidationError) as error:
            raise Rejected(ILLEGIBLE) from error

    def left_path(self, name: str) -> Path:
        """Return the path of a left file; raises Rejected unless it is plain and under `out`."""
        path = self.path / name
        masked = self._out / Path(MASKED).name
        if path.parent.resolve() not in (self._out, masked) or not _is_plain(path):
            raise Rejected(f"le résultat {path.name} n'est pas un fichier du traitement")
        return path

    def _read(self, name: str) -> bytes:
        path = self.path / name
        if not _is_plain(path) or path.stat().st_size > _RESULT_BYTES:
            raise OSError(name)
        return path.read_bytes()


@contextmanager
def job_folder() -> Iterator[JobFolder]:
    """Make a folder that is removed after the block; its name holds this process's id."""
    path = Path(mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        yield JobFolder(path)
    finally:
        remove(path)


def sweep(home: Path | None = None) -> int:
    """Remove the folders of processes that are gone, by default where they are made.

    Returns how many were found.
    """
    home = home or Path(gettempdir())
    left = [path for path in home.glob(f"{_PREFIX}*") if not _is_owned(path)]
    for path in left:
        remove(path)
    return len(left)


def _is_owned(path: Path) -> bool:
    try:
        os.kill(int(path.name.removeprefix(_PREFIX).partition("-")[0]), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def pieces(path: Path) -> Iterator[bytes]:
    """Yield a file that a job left, in pieces to send or store one by one."""
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield chunk
