"""Indexed fields that are computed when a document is saved, and missing in those of before."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.aggregate import Aggregate
from shared.background import Loop
from shared.store import Store

_SECONDS = 30.0
"""Until the next try, while the document server does not answer."""


class ComputedIndex(Aggregate):
    """Whether all documents of a class have a field that is computed when they are saved.

    Queries would not find those that were saved before there was one: a file of theirs would look
    as if nothing referred to it.
    """

    collection: ClassVar[str] = "hash_indexes"
    has_events: ClassVar[bool] = False

    is_complete: bool = False


def complete_index(
    store: Store, cls: type[Aggregate], name: str, where: Mapping[str, Any] | None = None
) -> None:
    """Once for each `name`, save in the documents of a class what is computed of them."""
    indexes = store.of(ComputedIndex)
    index = indexes.find_one(name)
    if index and index.is_complete:
        return
    documents = store.of(cls)
    for document in documents.every(where):
        # It is computed while a document is saved as it is.
        documents.change(document.id, lambda _document: None)
    indexes.add(ComputedIndex(id=name, is_complete=True))


class IndexCompletion(Loop):
    """Completes such a field when a process starts: who asks by it does not wait for that.

    Until then, once after an upgrade, documents of before are not found by it.
    """

    def __init__(
        self, store: Store, cls: type[Aggregate], name: str, where: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(_SECONDS, self.complete)
        self._of, self._is_complete = (store, cls, name, where), False

    def complete(self) -> None:
        """See to it that all documents have the field; once in this process."""
        if not self._is_complete:
            complete_index(*self._of)
            self._is_complete = True
