"""Editions of protected tables: those of one series, and why tables wait to be one.

Two editions of the same units, one beside the other, may tell of the few that changed. So they are
rationed by time, and never by what is in them.
"""

from services.catalog.datasets.model import Dataset
from services.catalog.decisions.publication import Edition
from shared.aggregate import now
from shared.language.french import counted, day_in_paris, french_date, quoted
from shared.store import Store


def editions_of_others(store: Store, dataset: Dataset) -> list[Edition]:
    """What left of the other datasets that their owner calls by the same series."""
    series = dataset.publication.policy.series if dataset.publication else ""
    if not series:
        return []
    where = {"owner_id": dataset.owner_id, "series": {"$in": [series]}}
    others = (other for other in store.of(Dataset).every(where) if other.id != dataset.id)
    return [edition for other in others for edition in other.editions]


def why_waiting(store: Store, dataset: Dataset) -> str:
    """Why the tables that the owner agreed to are not published, in French; else empty."""
    publication = dataset.active_publication
    tables = publication.waiting_tables if publication else None
    if publication is None or tables is None:
        return ""
    policy = publication.policy
    at, time = dataset.next_edition_at(editions_of_others(store, dataset)), now()
    is_current = dataset.published and dataset.published.number == tables.version
    if at and at <= time and is_current:
        return ""
    sentence = f"Les tableaux de la version {tables.version} attendent : "
    accept = "acceptez cette édition en nommant sa version"
    if at is None:
        return f"{sentence}vous décidez de chaque édition ; {accept}."
    most = counted(policy.editions_a_year, "édition paraît", "éditions paraissent")
    series = f" de la série {quoted(policy.series)}" if policy.series else ""
    day = french_date(day_in_paris(max(at, time)))
    return (
        f"{sentence}en 365 jours, au plus {most} sans votre accord{series}, car deux éditions"
        f" comparées peuvent révéler ce qui a changé pour peu d'unités. Soit vous {accept}, soit"
        f" une version déposée à partir du {day} paraîtra d'elle-même."
    )
