"""Takes what people wrote out of events and documents: ids, codes, counts and dates stay.

Whatever text is not known to be an identifier goes: a field that is added later is erased, too.
"""

from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from shared.events.event import FileRef, Step, Treatment

M = TypeVar("M", bound=BaseModel)

ERASED = "[effacé]"
"""What stands in place of a text."""

_IDENTIFYING = ("_id", "_ids", "_by")
_KEPT = frozenset(
    {
        "id",
        "by",
        "team",
        "owners",
        "deciders",
        "consents",
        "decider",
        "until",
        "since",
        "licence",
        "key",
        "keys",
        "fingerprint",
        "application",
        "delivered_as",
        # Of documents; `stage` is a code in all of them.
        "outbox",
        "handled",
        "stage",
    }
)
"""Names of fields whose texts are identifiers, codes or dates."""


def redacted(value: M) -> M:
    """The same without what people wrote in it."""
    if isinstance(value, FileRef):
        return value
    if isinstance(value, Treatment):
        return value.model_copy(update=_wiring(value))
    fields = type(value).model_fields.items()
    changed = {
        name: _blank(getattr(value, name))
        for name, field in fields
        if not (is_identifying(name) or _is_literal(field.annotation))
    }
    return value.model_copy(update=changed)


def redact(document: BaseModel) -> None:
    """Take what people wrote out of a document itself, or a part of it that can change."""
    for name, value in redacted(document):
        setattr(document, name, value)


def is_identifying(name: str) -> bool:
    """Whether the texts of a field of that name are identifiers, codes or dates."""
    return name in _KEPT or name.endswith(_IDENTIFYING)


def _wiring(treatment: Treatment) -> dict[str, Any]:
    """Which datasets a treatment reads with which applications, without its holder's words."""
    ids = enumerate(treatment.inputs.values(), 1)
    steps = tuple(
        Step(application=step.application, inputs={}, output=ERASED) for step in treatment.steps
    )
    return {"inputs": {f"table_{number}": dataset_id for number, dataset_id in ids}, "steps": steps}


def _blank(value: Any) -> Any:  # noqa: ANN401 - any field's
    if isinstance(value, BaseModel):
        return redacted(value)
    if isinstance(value, list | tuple):
        return type(value)(_blank(item) for item in value if not isinstance(item, str))
    if isinstance(value, dict):
        return {}
    return ERASED if isinstance(value, str) and value else value


def _is_literal(annotation: object) -> bool:
    if get_origin(annotation) in {Union, UnionType, tuple}:
        return any(map(_is_literal, get_args(annotation)))
    return get_origin(annotation) is Literal
