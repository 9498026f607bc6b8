"""Reads what people write as YAML or JSON, within bounds that keep a hostile text cheap.

YAML says more than JSON has words for: what would mean something else there, or nothing, is refused
with its line.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml  # type: ignore[import-untyped]

from shared.errors import Invalid

MOST_CHARACTERS = 1_000_000
DEEPEST = 60
"""How many lists and objects may stand within each other."""

_LONGEST_NUMBER = 100
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""Others read otherwise than they look: in YAML, the commune 01004 is 516, and 12:30 is 750."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()
_TAG = "tag:yaml.org,2002:"


def read_object(text: str) -> dict[str, Any]:
    """Return the object that a YAML or JSON text holds; raise Invalid, in French, with its line."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid(f"ce texte a plus de {MOST_CHARACTERS} caractères")
    try:
        _check(yaml.parse(text, Loader=_LOADER))
        value = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
        written = json.dumps(value, allow_nan=False)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        # libyaml says the line after the last one where a text breaks off.
        last = text.count("\n")
        place = f"ligne {min(mark.line, last) + 1} : " if mark else ""
        raise Invalid(f"{place}ce n'est ni du JSON ni du YAML") from error
    if not isinstance(value, dict):
        raise Invalid("il faut un objet JSON, ou YAML")
    # As JSON names them: its keys are texts.
    read: dict[str, Any] = json.loads(written)
    return read


def _check(events: Iterator[yaml.Event]) -> None:
    """Refuse what could grow without end, and what JSON does not have."""
    depth = 0
    for event in events:
        place = f"ligne {event.start_mark.line + 1} : "
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Invalid(f"{place}plus de {DEEPEST} niveaux imbriqués")
        if getattr(event, "anchor", None):
            raise Invalid(f"{place}les renvois (« & » et « * ») ne sont pas acceptés")
        if getattr(event, "tag", None):
            raise Invalid(f"{place}les étiquettes (« ! ») ne sont pas acceptées")
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            _check_number(event.value, place)


def _check_number(text: str, place: str) -> None:
    kind = _kind(text)
    if kind == "timestamp":
        raise Invalid(f"{place}une date s'écrit entre guillemets")
    if kind not in {"int", "float"}:
        return
    if len(text) > _LONGEST_NUMBER:
        raise Invalid(f"{place}ce nombre est trop long")
    if not _JSON_NUMBER.fullmatch(text):
        raise Invalid(f"{place}« {text} » s'écrit entre guillemets, ou comme un nombre en JSON")


def _kind(text: str) -> str:
    """Return what YAML takes a text without quotes for: int, float, bool, timestamp, str..."""
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    return tag.removeprefix(_TAG)
