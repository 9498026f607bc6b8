"""Leaves what the code returned as plain files: tables, pictures, files."""

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.engine.running.own_code.inside import pandas_frames
from shared.engine.running.own_code.inside.code_faults import Unusable

OUT, WORK, REQUEST = Path("/out"), Path("/work"), Path("/in/request.json")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")
_ALONE = {"frame": "resultat", "figure": "figure.png", "file": "fichier"}
_DPI = 110


def leave(returned: object, limits: Mapping[str, int]) -> None:
    """Write what `run` returned into /out, and `left.json`, which says what is what.

    Raises Unusable for what cannot be kept.
    """
    named = list(_named(returned))
    if not named:
        raise Unusable("nothing")
    if len(named) > limits["outputs"]:
        raise Unusable("outputs")
    left = []
    for number, (name, value) in enumerate(named):
        kind = _kind(value, name)
        file = f"{number}.{'parquet' if kind == 'frame' else 'bin'}"
        _WRITE[kind](value, OUT / file, limits)
        left.append({"name": name or _ALONE[kind], "kind": kind, "file": file})
    (OUT / "left.json").write_text(json.dumps(left))


def leave_of_notebook(returned: object) -> None:
    """Leave what a notebook has in its variable for results, if anything."""
    if returned is not None:
        leave(returned, json.loads(REQUEST.read_bytes())["limits"])


def _named(returned: object) -> Iterator[tuple[str, object]]:
    if returned is None:
        return
    if not isinstance(returned, Mapping):
        yield "", returned
        return
    for name, value in returned.items():
        if not _NAME.fullmatch(str(name)):
            raise Unusable("name", name)
        yield str(name), value


def _kind(value: object, name: str) -> str:
    if _is(value, "pandas", "DataFrame", "Series"):
        return "frame"
    if _is(value, "matplotlib.figure", "Figure") or _is(value, "matplotlib.axes", "Axes"):
        return "figure"
    if _is(value, "altair", "TopLevelMixin"):
        return "figure"
    if isinstance(value, bytes | bytearray | str | Path):
        return "file"
    raise Unusable("kind", name)


def _is(value: object, module: str, *names: str) -> bool:
    # What was not imported has no instances.
    classes = (getattr(sys.modules.get(module), name, None) for name in names)
    return isinstance(value, tuple(class_ for class_ in classes if isinstance(class_, type)))


def _write_figure(figure: Any, path: Path, _limits: Mapping[str, int]) -> None:
    with path.open("wb") as file:
        if _is(figure, "altair", "TopLevelMixin"):
            sys.modules["altair"].data_transformers.disable_max_rows()
            figure.save(file, format="png", ppi=_DPI)
        else:
            # An Axes is on one.
            figure = figure if hasattr(figure, "savefig") else figure.figure
            figure.savefig(file, format="png", dpi=_DPI)


def _write_file(value: Any, path: Path, limits: Mapping[str, int]) -> None:
    if isinstance(value, bytes | bytearray):
        path.write_bytes(value)
        return
    source = WORK / value
    if not source.is_file():
        raise Unusable("no_file", value)
    if source.stat().st_size > limits["bytes"]:
        raise Unusable("bytes", value)
    shutil.copyfile(source, path)


_WRITE = {"frame": pandas_frames.write, "figure": _write_figure, "file": _write_file}
