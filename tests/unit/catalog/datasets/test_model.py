"""The rules of a dataset's versions."""

from datetime import date, timedelta

import pytest

from services.catalog.datasets.metadata import AccessLevel
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.views import version_views
from shared.aggregate import now
from shared.auth import ANYBODY, Caller
from shared.errors import Forbidden, Unavailable, WrongStage
from shared.events import DatasetPublished, DatasetRegistered, DatasetRejected, Event
from tests.unit.catalog.samples import metadata, profile, published, ref, registered


def upload(letter: str) -> VersionContent:
    """An upload of the bytes behind `ref(letter)`."""
    return VersionContent(file=ref(letter), filename=f"{letter}.csv")


def numbers_of(dataset: Dataset, event: type[Event]) -> list[int]:
    """The version numbers that the recorded events of one class tell."""
    return [
        recorded_event.version
        for recorded_event in dataset.recorded()
        if isinstance(recorded_event, event)
        and isinstance(recorded_event, DatasetRegistered | DatasetPublished | DatasetRejected)
    ]


def test_first_upload_is_version_one_and_waits() -> None:
    """A new dataset is registered, pending and without a published version."""
    dataset = registered()
    assert numbers_of(dataset, DatasetRegistered) == [1]
    assert dataset.state == "pending"
    assert dataset.published is None


def test_source_s_date_is_said_and_never_that_of_the_upload() -> None:
    """Each version has its own; one whose owner says none has none."""
    dataset = registered()
    assert dataset.as_source().updated is None
    dataset.register(upload("c").model_copy(update={"modified": date(2024, 5, 2)}))
    assert dataset.metadata.modified == dataset.as_source().updated == date(2024, 5, 2)
    dataset.describe(dataset.metadata.model_copy(update={"modified": date(2024, 6, 1)}))
    dataset.register(upload("d"))
    first, second, third = (dataset.as_source(version).updated for version in dataset.versions)
    assert (first, second, third) == (None, date(2024, 6, 1), None)
    assert dataset.metadata.modified is None


def test_another_sheet_is_a_new_version_and_stays_chosen() -> None:
    """The same bytes with the same sheet, or none named, are none; other bytes keep the sheet."""
    dataset = registered()
    for letter, sheet in (("a", "EPCI"), ("a", "EPCI"), ("a", ""), ("c", "")):
        dataset.register(upload(letter).model_copy(update={"sheet": sheet}))
    assert [version.sheet for version in dataset.versions] == ["", "EPCI", "EPCI"]
    sheets = [event.sheet for event in dataset.recorded() if isinstance(event, DatasetRegistered)]
    assert sheets == ["", "EPCI", "EPCI"]


def test_rejected_bytes_may_be_tried_again() -> None:
    """The bytes of a rejected version are read once more, as a new version."""
    dataset = registered()
    dataset.reject(1, "illisible", "job_1")
    dataset.register(upload("a"))
    assert [version.state for version in dataset.versions] == ["rejected", "pending"]


def test_published_dataset_offers_table_and_keys() -> None:
    """Publishing makes state, keys and table known and says so once."""
    dataset = published(keys=("siren", "commune", "commune"))
    dataset.publish(1, ref("c"), profile(), "job_2")
    assert (dataset.state, dataset.keys) == ("published", ["commune", "siren"])
    assert dataset.readable()[1] == ref("b")
    assert numbers_of(dataset, DatasetPublished) == [1]


@pytest.mark.parametrize(
    ("access", "rows", "is_coarse"), [("open", 1234, False), ("restricted", 1300, True)]
)
def test_events_tell_a_bound_of_restricted_rows(
    access: AccessLevel, rows: int, is_coarse: bool
) -> None:
    """Who knows all others would read the last one off an exact number."""
    dataset = published(about=metadata(access=access), shown=profile("siren", rows=1234))
    (event,) = (event for event in dataset.recorded() if isinstance(event, DatasetPublished))
    assert (event.rows, event.is_coarse) == (rows, is_coarse)


def test_bad_upload_does_not_take_a_dataset_out_of_the_catalogue() -> None:
    """Nor does a late, failed job of the published version."""
    dataset = published()
    dataset.reject(1, "illisible", "job_2")
    assert dataset.versions[0].state == "published"
    assert numbers_of(dataset, DatasetRejected) == []
    dataset.register(upload("c"))
    dataset.reject(2, "illisible", "job_2")
    assert (dataset.state, dataset.readable()[0].number) == ("published", 1)


def test_version_that_was_replaced_before_data_was_opened_is_not_opened() -> None:
    """Its owner looked at what was shown then; the versions since are everybody's, by number."""
    dataset = published(about=metadata(access="restricted"))
    for number, letter in ((2, "c"), (3, "d")):
        dataset.register(upload(letter))
        dataset.publish(number, ref(letter), profile(), f"job_{number}")
    dataset.register(upload("e"))
    dataset.describe(dataset.metadata.model_copy(update={"access": "open"}))
    for version in dataset.versions:
        days = version.number - 2.5
        version.registered_at = dataset.open_since + timedelta(days=days)
    stranger, owner = Caller("mbr_x", frozenset()), Caller("mbr_owner", frozenset())
    for caller, numbers in ((stranger, [2, 3]), (owner, [1, 2, 3]), (ANYBODY, [2, 3])):
        views = version_views(dataset, caller)
        assert [version.number for version in views if "download" in version.may] == numbers
    assert dataset.check_downloadable(stranger)[0].number == 3
    assert dataset.check_downloadable(stranger, 2)[1] == ref("c")
    with pytest.raises(Forbidden, match="version 1 a été remplacée"):
        dataset.check_downloadable(stranger, 1)
    for number in (4, 5):
        with pytest.raises(WrongStage, match=f"n'a pas de version {number}"):
            dataset.check_downloadable(owner, number)


def test_reading_waits_for_a_pending_version_and_fails_for_a_rejected_one() -> None:
    """What may still come is Unavailable, what will not come is WrongStage with the reason."""
    dataset = registered()
    with pytest.raises(Unavailable):
        dataset.readable()
    dataset.reject(1, "le fichier est un zip", "job_1")
    with pytest.raises(WrongStage, match="un zip"):
        dataset.readable()


def test_document_carries_what_queries_use() -> None:
    """State and keys are saved beside the versions and read back as they were."""
    dataset = published(keys=("commune",))
    document = dataset.sealed(time=now(), traceparent="", because=None).model_dump()
    assert (document["state"], document["keys"]) == ("published", ["commune"])
    assert Dataset.model_validate(document).versions == dataset.versions
