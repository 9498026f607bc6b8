"""Starts holders' own code in a process that reaches its folder alone, and watches it.

The process of the engine writes what the service believes: code must not get near it.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shared.engine.contract.folder_tree import written
from shared.engine.contract.sandbox_view import CODE, ENVIRONMENT, SYSTEM, interpreter
from shared.engine.running.own_code import confinement
from shared.errors import Rejected

FOLDER_BYTES = 1_000_000_000
FOLDER_FILES = 10_000
SAID_BYTES = 2_000_000
"""What the code may write, in its folder and to its log."""

_LOOK_SECONDS = 0.3
_CHUNK = 1 << 16
_DEVICES = ("/dev/null", "/dev/urandom")
_INSIDE = "shared.engine.running.own_code.inside"
_LAB = "/lab"
FILES = "/files"
"""Where the code has folders of files, each called by its role."""

_INLINE = "module://matplotlib_inline.backend_inline"
_FONTS = "fonts.conf"


@dataclass(frozen=True)
class CodeFolder:
    """The folder of one run: what the code reads is in `inputs`, what it leaves is in `left`.

    `files` are folders of files beside it, by the roles that it reads them in.
    """

    path: Path
    files: Mapping[str, Path] = field(default_factory=dict)

    def make(self) -> None:
        """Make it with all that the code's view of files needs."""
        for part in ("root/work", "root/tmp", "root/before", "given", "work", "tmp", "left"):
            (self.path / part).mkdir(parents=True)
        # What draws would complain, where there is none.
        (self.inputs / _FONTS).write_text("<fontconfig><dir>/usr/share/fonts</dir></fontconfig>")

    @property
    def inputs(self) -> Path:
        """Return the folder that the code sees as /in."""
        return self.path / "given"

    @property
    def left(self) -> Path:
        """Return the folder that the code sees as /out."""
        return self.path / "left"


def run(
    folder: CodeFolder, on_said: Callable[[bytes], None], *, seed: int, is_notebook: bool
) -> int:
    """Run the request in the folder; returns its status, 128 and more when a signal ended it.

    `on_said` gets what it prints, as it does. Raises Rejected, in French, when it writes too much.
    No process of it is left then.
    """
    environment = {
        **ENVIRONMENT,
        "PYTHONHASHSEED": str(seed),
        "PYTHONPATH": _LAB,
        "MPLBACKEND": _INLINE if is_notebook else "agg",
        "JOBLIB_MULTIPROCESSING": "0",  # it needs /dev/shm, and says so at each start
        "FONTCONFIG_FILE": f"/in/{_FONTS}",
        "IPYTHONDIR": "/tmp",  # noqa: S108 - its own
        "JUPYTER_RUNTIME_DIR": "/tmp/jupyter",  # noqa: S108 - its own
    }
    with subprocess.Popen(
        _command(folder),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    ) as process:
        try:
            _watch(process, folder, on_said)
        finally:
            # Ends once all its processes have.
            process.terminate()
        return process.wait()


def _command(folder: CodeFolder) -> list[str]:
    readable = {path: path for path in (*SYSTEM, *_DEVICES) if Path(path).exists()}
    readable |= {str(prefix): str(prefix) for prefix in interpreter()}
    readable |= {f"{_LAB}/{part}": str(CODE / part) for part in _own_parts()}
    readable |= {f"{FILES}/{role}": str(path) for role, path in folder.files.items()}
    own = {"/out": folder.left, "/work": folder.path / "work", "/tmp": folder.path / "tmp"}  # noqa: S108 - its own
    view = {
        "root": str(folder.path / "root"),
        "readable": readable | {"/in": str(folder.inputs)},
        "writable": {inside: str(path) for inside, path in own.items()},
    }
    python = (sys.executable, "-B", "-s", "-P")
    return [
        *(sys.executable, "-B", "-I", "-S", confinement.__file__, json.dumps(view)),
        *(*python, "-m", _INSIDE),
    ]


def _own_parts() -> Iterator[str]:
    """Yield the packages around the code's own process, and none else of the lab."""
    parts = _INSIDE.split(".")
    for depth in range(1, len(parts)):
        yield "/".join((*parts[:depth], "__init__.py"))
    yield "/".join(parts)


def _watch(
    process: subprocess.Popen[bytes], folder: CodeFolder, on_said: Callable[[bytes], None]
) -> None:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    pipe, printed_bytes, is_open = process.stdout.fileno(), 0, True
    while is_open or process.poll() is None:
        if is_open and select.select([pipe], [], [], _LOOK_SECONDS)[0]:
            chunk = os.read(pipe, _CHUNK)
            is_open = chunk != b""
            printed_bytes += len(chunk)
            on_said(chunk)
        elif not is_open:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
        if printed_bytes > SAID_BYTES:
            raise Rejected(f"le code a écrit plus de {SAID_BYTES // 10**6} Mo dans son journal")
        _check_size(folder)


def _check_size(folder: CodeFolder) -> None:
    size = 0
    for files, more in enumerate(written(folder.path), start=1):
        if files > FOLDER_FILES:
            raise Rejected(f"le code a écrit plus de {FOLDER_FILES} fichiers")
        size += more
    if size > FOLDER_BYTES:
        raise Rejected(f"le code a écrit plus de {FOLDER_BYTES // 10**6} Mo dans son dossier")
