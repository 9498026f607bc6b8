"""A member leaves: its datasets are retired, and nobody waits for its word."""

from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from shared.endings.departures import GONE, left_among
from shared.store import Store


def retire_datasets(store: Store, member_id: str) -> None:
    """Retire every dataset of a member who left; what it is and was stays known."""
    for dataset in store.of(Dataset).every({"owner_id": member_id}):
        if dataset.retirement is None:
            store.of(Dataset).change(
                dataset.id, lambda current: current.retire_here(member_id, GONE)
            )


def answer_for(store: Store, member_id: str) -> None:
    """Refuse what waits for the word of a member who left, and end what it granted."""
    asked = {"asked_of": {"$in": [member_id]}, "closed": False}
    for access in store.of(ProjectAccess).every(asked):
        _answer(store, access, member_id)


def answer_for_departed(store: Store, project_id: str) -> None:
    """Refuse what a project asked those who left, also when they left before it asked."""
    access = store.of(ProjectAccess).find_one(project_id)
    if access is None or access.closed:
        return
    asked = {decider for grant in access.grants if grant.asked for decider in grant.deciders}
    for member_id in left_among(store, asked):
        _answer(store, access, member_id)


def _answer(store: Store, access: ProjectAccess, member_id: str) -> None:
    def decide(access: ProjectAccess) -> None:
        for grant in () if access.closed else access.grants:
            if member_id not in grant.deciders:
                continue
            if grant.state == "requested":
                access.decide(grant.dataset_id, member_id, "refuse", GONE)
            elif grant.state == "granted":
                access.decide(grant.dataset_id, member_id, "revoke", GONE)

    open_states = {"requested", "granted"}
    if any(grant.state in open_states and member_id in grant.deciders for grant in access.grants):
        store.of(ProjectAccess).change(access.id, decide)
