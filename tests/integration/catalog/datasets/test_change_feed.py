"""An index hears of every change of the catalogue, once."""

from datetime import timedelta

from services.catalog.datasets.model import Dataset
from shared.aggregate import now
from shared.indexes.change_feed import JUST_NOW, ChangeFeed
from shared.store import Store
from tests.document_queries import counted
from tests.unit.catalog.samples import metadata, registered


def register(store: Store, name: str) -> Dataset:
    """Save a new dataset."""
    return store.of(Dataset).add(registered(f"dts_{name}", metadata(name)))


def new_ids(feed: ChangeFeed[Dataset], store: Store) -> list[str]:
    """The ids of what is new to the feed."""
    return [dataset.id for dataset in feed.changes(store)]


def test_every_dataset_is_told_at_first_and_never_again(store: Store) -> None:
    """Also when the catalogue is longer than a page."""
    names = [f"dts_{register(store, f'{n:03}').id[4:]}" for n in range(205)]
    feed = ChangeFeed(Dataset)
    assert new_ids(feed, store) == names
    assert new_ids(feed, store) == []


def test_a_changed_dataset_is_told_once_more(store: Store) -> None:
    """Also one that is saved late: a process decided on it before the newest that was told.

    And one that an index has not seen because it broke off.
    """
    newest = [register(store, name) for name in "12"][-1]
    feed = ChangeFeed(Dataset)
    new_ids(feed, store)
    store.of(Dataset).change("dts_1", lambda dataset: dataset.reject(1, "illisible", "job_1"))
    next(feed.changes(store))
    assert new_ids(feed, store) == ["dts_1"]
    late = register(store, "0")
    late.changed_at = newest.changed_at - timedelta(minutes=1)
    store.of(Dataset).save(late)
    assert new_ids(feed, store) == ["dts_0"]


def test_a_harvest_is_not_looked_through_again(mongodb_uri: str) -> None:
    """However long nothing changed since, a look asks for the few newest alone."""
    with counted(mongodb_uri) as (store, queries):
        store.prepare((Dataset,))
        harvested_at = now() - timedelta(seconds=10)
        for number in range(50):
            dataset = register(store, str(number))
            dataset.changed_at = harvested_at + timedelta(milliseconds=number)
            store.of(Dataset).save(dataset)
        feed = ChangeFeed(Dataset)
        list(feed.changes(store))
        list(feed.changes(store, JUST_NOW))
        queries.documents = 0
        assert list(feed.changes(store, JUST_NOW)) == []
        assert queries.documents <= 8


def test_a_feed_that_starts_late_hears_only_of_later_changes(store: Store) -> None:
    """An index that was kept knows up to when it is complete."""
    old = register(store, "1")
    recent = register(store, "2")
    recent.changed_at = old.changed_at + timedelta(minutes=10)
    store.of(Dataset).save(recent)
    assert new_ids(ChangeFeed(Dataset, since=recent.changed_at), store) == ["dts_2"]


def test_of_a_harvest_the_newest_are_told_first(mongodb_uri: str) -> None:
    """Who asks for an answer waits for no more of them; the next whole look finds the others."""
    with counted(mongodb_uri) as (store, queries):
        store.prepare((Dataset,))
        register(store, "first")
        feed = ChangeFeed(Dataset)
        new_ids(feed, store)
        harvested = [register(store, f"{number:03}").id for number in range(60)]
        queries.documents = 0
        look = feed.look(store, JUST_NOW, most=16)
        assert queries.documents <= 8 + 16
        assert (look.ids, look.is_whole) == (tuple(reversed(harvested))[:16], False)
        assert [dataset.id for dataset in feed.read(store, look)] == harvested[-16:]
        assert new_ids(feed, store) == harvested[:-16]
        assert feed.look(store, JUST_NOW, most=16).ids == ()


def test_a_feed_tells_nothing_that_a_kept_index_has(store: Store) -> None:
    """Of the minutes before it ends, in which others may have been saved late."""
    kept, missed = register(store, "1"), register(store, "2")
    seen = {kept.id: (kept.version, kept.changed_at)}
    feed = ChangeFeed(Dataset, since=missed.changed_at, seen_versions=seen)
    assert new_ids(feed, store) == [missed.id]


def test_a_later_version_is_not_followed_by_an_earlier_one(store: Store) -> None:
    """One look reads a page of many; another tells what changes before these are taken in."""
    feed = ChangeFeed(Dataset)
    new_ids(feed, store)
    for name in "123":
        register(store, name)
    reader = feed.read(store, feed.look(store))
    first = next(reader)
    for dataset_id in ("dts_1", "dts_2"):
        store.of(Dataset).change(dataset_id, lambda dataset: dataset.reject(1, "illisible", "job"))
    assert set(new_ids(feed, store)) == {"dts_1", "dts_2", "dts_3"}
    assert feed.is_outdated(first)
    assert list(reader) == []
    assert new_ids(feed, store) == []
