"""Editions of protected tables: those of one series, and why tables wait to be one.

Two editions of the same units, one beside the other, may tell of the few that changed. So they are
rationed by time, and never by what is in them.
"""

from collections.abc import Iterable
from math import ceil

from services.catalog.datasets.model import Dataset
from services.catalog.decisions.publication import YEAR, Edition, VersionTables
from shared.aggregate import now
from shared.engine.contract.guessing import guess_percent_of
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
    policy, of_others = publication.policy, editions_of_others(store, dataset)
    at, time = dataset.next_edition_at(of_others), now()
    is_current = dataset.published and dataset.published.number == tables.version
    if at and at <= time and is_current:
        return ""
    sentence = f"Les tableaux de la version {tables.version} attendent : "
    accept = "acceptez cette édition en nommant sa version"
    together = _together([*dataset.editions, *of_others], tables)
    if at is None:
        return f"{sentence}vous décidez de chaque édition ; {accept}.{together}"
    most = counted(policy.editions_a_year, "édition paraît", "éditions paraissent")
    series = f" de la série {quoted(policy.series)}" if policy.series else ""
    day = french_date(day_in_paris(max(at, time)))
    return (
        f"{sentence}en 365 jours, au plus {most} sans votre accord{series}, car deux éditions"
        f" comparées peuvent révéler ce qui a changé pour peu d'unités. Soit vous {accept}, soit"
        f" une version déposée à partir du {day} paraîtra d'elle-même.{together}"
    )


def _together(editions: Iterable[Edition], tables: VersionTables) -> str:
    """What tables with noise and those that left within a year let be guessed together."""
    latest = [edition.rho for edition in editions if edition.left_at > now() - YEAR]
    if tables.rho is None or not latest:
        return ""
    if None in latest:
        return (
            " Des tableaux exacts sont parus depuis moins de 365 jours : à côté d'eux, nul ne sait"
            " ce qui se devine."
        )
    percent = ceil(guess_percent_of(tables.rho + sum(filter(None, latest))))
    return (
        " Avec ce qui est paru depuis moins de 365 jours, qui saurait tout des autres devinerait"
        f" alors juste dans au plus {percent} % des cas."
    )
