"""Data that projects were told of is deleted: they call it as the catalogue calls it now."""

from services.intake.model import Project
from shared.endings.retitling import titles_in
from shared.store import Store


def note_deletion(store: Store, dataset_id: str, title: str, reason: str) -> None:
    """Note in every project that names the dataset that it is deleted, and called so."""
    for project in store.of(Project).every():
        if titles_in(project, dataset_id) or any(
            one.dataset_id == dataset_id for one in project.accesses
        ):
            store.of(Project).change(
                project.id, lambda one: one.note_deletion(dataset_id, title, reason)
            )
