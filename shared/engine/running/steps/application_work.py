"""Finds what an application does in the sandbox, which stands in its folder.

`run.py` works on tables, `draw.py` draws one, `groups.py` tells release which groups were made, and
`shard.py` what a shard of the main table's rows adds up to.
A job loads those of its steps and no more, unless it is forked from a process that loaded all.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

from shared.engine.applications import APPLICATIONS
from shared.engine.contract.result import Report

StepWork: TypeAlias = Callable[[Any, Any], Report]
"""Works on a step's tables, or on its picture, as its parameters say."""

_Part: TypeAlias = Literal["run", "draw", "groups", "shard"]
_PARTS: tuple[_Part, ...] = ("run", "draw", "groups", "shard")


def run_of(application: str) -> StepWork:
    """Return what the application does with tables; one that draws hands its table on.

    Raises LookupError for another without a `run`.
    """
    run: StepWork | None = _part(application, "run")
    if run is None and not APPLICATIONS[application].traits.draws:
        raise LookupError(application)
    return run or _hand_on


def draw_of(application: str) -> StepWork:
    """Return how the application draws its table; raises LookupError for one that does not."""
    draw: StepWork | None = _part(application, "draw")
    if draw is None:
        raise LookupError(application)
    return draw


def groups_of(application: str) -> Callable[..., Any] | None:
    """Return how release follows the application's groups; None where it makes none."""
    groups: Callable[..., Any] | None = _part(application, "groups")
    return groups


def shard_of(application: str) -> Callable[..., Any]:
    """Return what the application needs of a shard; raises LookupError if it never splits."""
    shard: Callable[..., Any] | None = _part(application, "shard")
    if shard is None:
        raise LookupError(application)
    return shard


def load_all() -> None:
    """Load the work of every application."""
    for application in APPLICATIONS:
        for part in _PARTS:
            _part(application, part)


def _part(application: str, part: _Part) -> Any:  # noqa: ANN401 - the function of that name, or None
    folder = f"shared.engine.applications.{application}"
    if find_spec(folder) is None or find_spec(f"{folder}.{part}") is None:
        return None
    return getattr(import_module(f"{folder}.{part}"), part)


def _hand_on(_workbench: object, _parameters: object) -> Report:
    """Do nothing: what leaves the lab is drawn at the end."""
    return {"summary": ""}
