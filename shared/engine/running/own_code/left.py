"""What holders' own code left: believed only as far as plain files show it."""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from shared.errors import Rejected

Kind = Literal["frame", "figure", "file", "html"]

MOST_COLUMNS = 1000
MOST_OUTPUTS = 20
FILE_BYTES = 50_000_000
"""What one picture or file may have."""

PAGE_HEAD = b"""<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;
 style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'">
"""
"""What a page that is kept begins with: the code may have written all the rest of it.

It holds for the whole page, since no script and no other policy stands before it, and a second
policy can only forbid more (CSP 3, section 3.3).
"""

_LIST_BYTES = 100_000
_PNG = b"\x89PNG\r\n\x1a\n"
_MEDIA_TYPES: dict[Kind, str] = {
    "figure": "image/png",
    "html": "text/html; charset=utf-8",
    "file": "application/octet-stream",
}
_ILLEGIBLE = "le code n'a pas rendu de résultat lisible"


class Left(BaseModel):
    """One thing that `run` returned, by the name that it has there."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$")]
    kind: Kind
    file: Annotated[str, StringConstraints(pattern=r"^([0-9]{1,3}\.(parquet|bin)|page\.html)$")]

    @property
    def media_type(self) -> str:
        """Return what it is sent as; tables are none of these."""
        return _MEDIA_TYPES[self.kind]


class Failure(BaseModel):
    """Why the code failed, as its process says: `fault` by the name that failures.py words.

    `message` is what Python says of it, in a line: it may hold a value of the data.
    """

    fault: str = Field(default="", max_length=20)
    kind: str = Field(max_length=200)
    name: str = Field(max_length=200)
    trace: str = Field(max_length=30_000)
    message: str = Field(default="", max_length=300)
    line: int = Field(default=0, ge=0, le=10**6)
    cell: int = Field(default=0, ge=0, le=10**6)


def read_failure(folder: Path) -> Failure | None:
    """Return why the code failed; None where its process left no reason."""
    try:
        return Failure.model_validate_json(_read(folder / "error.json"))
    except (OSError, ValidationError):
        return None


def has_left(folder: Path) -> bool:
    """Return whether the code came to its end and left what it returned."""
    return _is_plain(folder / "left.json")


def read_left(folder: Path, *, is_notebook: bool) -> Sequence[Left]:
    """Return everything that it left, each a plain file of the folder and what it is said to be.

    A page is left of a notebook alone. Raises Rejected, in French, where it is not so.
    """
    try:
        written = json.loads(_read(folder / "left.json"))
        left = TypeAdapter(tuple[Left, ...]).validate_python(written)
    except (OSError, ValueError, RecursionError) as error:
        raise Rejected(_ILLEGIBLE) from error
    if not left:
        raise Rejected("le code n'a rien rendu")
    if len({output.name.lower() for output in left}) < len(left) or len(left) > MOST_OUTPUTS + 1:
        raise Rejected(_ILLEGIBLE)
    if not is_notebook and any(output.kind == "html" for output in left):
        raise Rejected(_ILLEGIBLE)
    for output in left:
        _check(output, folder / output.file)
    return left


def _check(left: Left, path: Path) -> None:
    if not _is_plain(path):
        raise Rejected(f"« {left.name} » n'est pas un fichier")
    if left.kind != "frame" and path.stat().st_size > FILE_BYTES:
        raise Rejected(f"« {left.name} » dépasse {FILE_BYTES // 10**6} Mo")
    if left.kind == "figure":
        with path.open("rb") as file:
            if file.read(len(_PNG)) != _PNG:
                raise Rejected(f"« {left.name} » n'est pas une image PNG")


def _read(path: Path) -> bytes:
    if not _is_plain(path) or path.stat().st_size > _LIST_BYTES:
        raise OSError(path.name)
    return path.read_bytes()


def _is_plain(path: Path) -> bool:
    # A link would lead to what the code was not given.
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
