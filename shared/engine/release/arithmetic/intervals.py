"""How closely hidden figures can be told from released ones, and which to hide besides.

Both are linear programmes that pytauargus solves by HiGHS in processes of its own (`solver`): of
the hidden cells' possible values, given every sum that is released and that none is negative.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from shared.engine.release.arithmetic.atoms import Undecided

_SECONDS, _MEMORY_BYTES = 4, 1_500_000_000
_MOST_CELLS = 6000
_ROOT = Path(__file__).parents[4]
_LARGEST = 100_000
"""Values are scaled to this and rounded: the solver of suppressions does not end on fractions."""


class Piece(NamedTuple):
    """An atom's value of a figure, and the cells that it is part of."""

    cells: frozenset[int]
    value: float


class Protection(NamedTuple):
    """How far below and above its value a hidden cell has to be possible, and how wide at least."""

    below: float
    above: float
    width: float = 0.0


class Interval(NamedTuple):
    """The values that a hidden figure can have, from what is released."""

    least: float
    most: float


class System(NamedTuple):
    """Cells made of pieces; `fixed` ones were released earlier, `targets` have to be protected."""

    pieces: Sequence[Piece]
    fixed: Collection[int]
    targets: Mapping[int, Protection]
    is_signed: bool = False

    def values(self) -> dict[int, float]:
        """Return the value of each cell."""
        values: dict[int, float] = {}
        for piece in self.pieces:
            for cell in piece.cells:
                values[cell] = values.get(cell, 0.0) + piece.value
        return values

    def hidden_besides(self, hidden: Collection[int]) -> set[int]:
        """Return the fewest other cells to hide so that the targets are protected.

        Raises Undecided when it finds none.
        """
        cells = sorted(self.values())
        solved: list[int] = self._solved("suppress", cells, hidden)
        return {cells[at] for at in solved if at < len(cells)} - set(hidden) - set(self.fixed)

    def intervals(self, hidden: Collection[int]) -> tuple[dict[int, Interval], list[Interval]]:
        """Return the possible values of each hidden cell, and of each piece. Raises Undecided."""
        cells, scale = sorted(self.values()), self._scale()
        solved: list[tuple[int, float, float]] = self._solved("audit", cells, hidden)
        intervals = {at: Interval(least / scale, most / scale) for at, least, most in solved}
        if any(len(cells) + at not in intervals for at in range(len(self.pieces))):
            raise Undecided
        of_cells = {cell: intervals[at] for at, cell in enumerate(cells) if at in intervals}
        return of_cells, [intervals[len(cells) + at] for at in range(len(self.pieces))]

    def _scale(self) -> float:
        most = max((abs(value) for value in self.values().values()), default=0.0)
        return _LARGEST / most if most else 1.0

    def _solved(
        self, what: Literal["suppress", "audit"], cells: Sequence[int], hidden: Collection[int]
    ) -> list:  # type: ignore[type-arg]  # JSON
        if len(cells) + len(self.pieces) > _MOST_CELLS:
            raise Undecided
        text = self._text(cells, frozenset(hidden), digits=0 if what == "suppress" else 6)
        with TemporaryDirectory() as folder:
            source, answer = Path(folder, "cells.jj"), Path(folder, "found.json")
            source.write_text(text)
            if not _is_solved(what, source, answer):
                raise Undecided
            return list(json.loads(answer.read_text()))

    def _text(self, cells: Sequence[int], hidden: frozenset[int], *, digits: int) -> str:
        """Write the solver's file: a line for each cell, for each piece, and for each sum.

        `u` is hidden, `s` shown, `z` shown whatever happens. Values have so many digits after the
        point, and sums are those of what is written.
        """
        scale = self._scale()
        pieces = [round(scale * piece.value, digits) for piece in self.pieces]
        parts: dict[int, list[int]] = {cell: [] for cell in cells}
        for at, piece in enumerate(self.pieces):
            for cell in piece.cells:
                parts[cell].append(at)
        ends = f"{-20 * _LARGEST if self.is_signed else 0} {20 * _LARGEST}"
        lines, sums = ["0", str(len(cells) + len(pieces))], [str(len(cells))]
        for at, cell in enumerate(cells):
            kind = "u" if cell in hidden else "z" if cell in self.fixed else "s"
            value = sum(pieces[part] for part in parts[cell])
            below, above, width = self._needed(cell, scale)
            if not self.is_signed:
                below = min(below, int(value))
            weight = max(round(abs(value)), 1)
            needed = f"{below} {above} {width}"
            lines.append(f"{at} {value:.{digits}f} {weight} {kind} {ends} {needed}")
            terms = " ".join(f"{len(cells) + part} (1)" for part in parts[cell])
            sums.append(f"0 {len(parts[cell]) + 1} : {at} (-1) {terms}")
        for at, value in enumerate(pieces, len(cells)):
            lines.append(f"{at} {value:.{digits}f} 1 u {ends} 0 0 0")
        return "\n".join((*lines, *sums, ""))

    def _needed(self, cell: int, scale: float) -> tuple[int, int, int]:
        below, above, width = self.targets.get(cell, Protection(0.0, 0.0))
        return ceil(scale * below), ceil(scale * above), ceil(scale * width)


@cache
def _solver() -> "subprocess.Popen[str]":
    """Return this process's solver process, which ends with it."""
    limits = str(_SECONDS), str(_MEMORY_BYTES)
    return subprocess.Popen(
        [sys.executable, "-m", "shared.engine.release.arithmetic.solver", *limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": str(_ROOT)},
    )


def _is_solved(what: str, source: Path, answer: Path) -> bool:
    solver = _solver()
    assert solver.stdin  # noqa: S101 - it is a pipe
    assert solver.stdout  # noqa: S101 - it is a pipe
    try:
        solver.stdin.write(f"{json.dumps([what, str(source), str(answer)])}\n")
        solver.stdin.flush()
        return bool(json.loads(solver.stdout.readline()))
    except (OSError, ValueError):
        # It is gone: the next question begins another.
        _solver.cache_clear()
        return False
