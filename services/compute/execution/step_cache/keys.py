"""The key of a step: a hash of its code, its parameters, and all that it reads.

Whatever a job is told counts, unless it is known here that it makes no difference to a step.
"""

import json
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import distributions
from typing import Any

from shared.engine.applications import traits_of
from shared.engine.contract.work import Work
from shared.engine.sandbox.engine_version import ENGINE, code_hash
from shared.engine.tables.manifest import Input
from shared.events.event import Step

_OF_INPUTS = ("described", "table_columns", "total_rows", "likely_total_rows")
_OF_STEPS = ("steps", "expected_rows", "cached", "keeping")
_UNREAD = ("inputs", "sources", "provenance", "protected", "published")
"""Paths in the folder, what pictures print, and what only the rules of release read."""


def keys_of(work: Work, project_id: str, inputs: Iterable[tuple[Input, str]]) -> dict[str, str]:
    """Return the keys of the steps whose tables may be kept, by their output.

    Each input stands beside the hash of its whole table; with the columns granted, that tells what
    is read. The project counts: none learns what another ran, and pseudonyms are made with its key.
    Not kept are own code and queries that may read the clock, pictures, whatever reads either, and
    all steps where others' restricted data go in: the rules of release follow rows through them.
    Nor is anything kept of a trial on invented rows.
    """
    if work.protected or work.invented or not project_id:
        return {}
    work_content = work.model_dump(mode="json", exclude={*_OF_INPUTS, *_OF_STEPS, *_UNREAD})
    common = {"project": project_id, "code": code_version(), "told": work_content}
    content_by_table = {
        read_input.name: _content(work, read_input, sha256) for read_input, sha256 in inputs
    }
    keys: dict[str, str] = {}
    for step in work.steps:
        read = {role: content_by_table.get(name) for role, name in step.inputs.items()}
        if _is_kept(step) and all(read.values()):
            expected = work.expected_rows.get(step.output)
            keys[step.output] = content_by_table[step.output] = _hash(
                {**common, "step": _canonical(step), "read": read, "expected": expected}
            )
    return keys


def _is_kept(step: Step) -> bool:
    traits = traits_of(step)
    return traits.is_repeatable(step.parameters) and not traits.draws


@cache
def code_version() -> str:
    """Return a hash of the code and lists that jobs use, of the libraries, and of Python."""
    libraries = sorted(
        f"{distribution.name}=={distribution.version}" for distribution in distributions()
    )
    code = code_hash(ENGINE, "services/compute")
    versions = " ".join((code, platform.python_version(), *libraries))
    return sha256(versions.encode()).hexdigest()


def _content(work: Work, source: Input, sha256: str) -> str:
    settings_of_inputs = work.model_dump(mode="json", include=set(_OF_INPUTS))
    of_it = {field: of_all.get(source.name) for field, of_all in settings_of_inputs.items()}
    columns = None if source.columns is None else list(source.kept_columns)
    return _hash({"sha256": sha256, "columns": columns, **of_it})


def _canonical(step: Step) -> dict[str, Any]:
    """Return the step's content without its picture, which is always drawn anew."""
    content = step.model_dump(mode="json")
    content["parameters"].pop("chart", None)
    return content


def _hash(content: Mapping[str, Any]) -> str:
    # In the order that it was told in: columns may come in it.
    return sha256(json.dumps(content).encode()).hexdigest()
