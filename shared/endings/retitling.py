"""Calls a deleted dataset as it is called now, in documents that kept what it was called before."""

from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.language.french import quoted

M = TypeVar("M", bound=BaseModel)

_KEPT = frozenset({"id", "version", "outbox", "handled"})
"""Of documents: what is waiting to be published stays as it was told."""


def titles_in(document: BaseModel, dataset_id: str) -> frozenset[str]:
    """What a document calls that dataset: the titles that stand beside its id."""
    return frozenset(_titles(document.model_dump(exclude=set(_KEPT)), dataset_id))


def retitled(document: M, dataset_id: str, title: str, before: Collection[str]) -> M:
    """The same with that title beside the dataset's id, and within sentences that quote another.

    Those that it was called `before` are replaced in sentences; other words stay as they are.
    """
    fields = _renamed(document.model_dump(), dataset_id, title, before)
    return type(document).model_validate(fields)


def retitle(document: BaseModel, dataset_id: str, title: str) -> bool:
    """Call the dataset so in a document itself; return whether that called it otherwise."""
    before = titles_in(document, dataset_id) - {title}
    if not before:
        return False
    new = retitled(document, dataset_id, title, before)
    for name in type(document).model_fields.keys() - _KEPT:
        setattr(document, name, getattr(new, name))
    return True


def _titles(value: Any, dataset_id: str) -> Iterator[str]:  # noqa: ANN401 - any field's
    if isinstance(value, dict):
        if _is_about(value, dataset_id):
            yield value["title"]
        for part in value.values():
            yield from _titles(part, dataset_id)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _titles(part, dataset_id)


def _renamed(value: Any, dataset_id: str, title: str, before: Collection[str]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        renamed = {
            key: part if key in _KEPT else _renamed(part, dataset_id, title, before)
            for key, part in value.items()
        }
        return {**renamed, "title": title} if _is_about(value, dataset_id) else renamed
    if isinstance(value, list | tuple):
        return type(value)(_renamed(part, dataset_id, title, before) for part in value)
    if isinstance(value, str):
        for old_title in before:
            value = value.replace(f"« {old_title} »", quoted(title)).replace(
                quoted(old_title), quoted(title)
            )
    return value


def _is_about(value: dict[str, Any], dataset_id: str) -> bool:
    """Whether it has a title of that dataset: an empty one says that nobody may know it."""
    return value.get("dataset_id") == dataset_id and bool(value.get("title"))
