"""The rules of a dataset that the catalogue knows from another one, without its data."""

from datetime import date

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.source_record import FetchedCopy
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.views import view_of
from shared.auth import Caller
from shared.engine.contract.harvested_page import Distribution
from shared.errors import WrongStage
from shared.events import DatasetHarvested, DatasetRetired, Event
from tests.unit.catalog.samples import harvested_record, metadata, profile, ref

ANYBODY = Caller("mbr_x", frozenset({"holder"}))


def harvested() -> Dataset:
    """A dataset of another catalogue."""
    dataset = Dataset(id="dts_h", owner_id="mbr_operator", metadata=metadata())
    dataset.harvest(harvested_record())
    return dataset


def test_harvested_dataset_is_found_without_any_version_and_told_once() -> None:
    """There is nothing to read; a step that a crash repeats finds its work done."""
    dataset = harvested()
    assert (dataset.state, dataset.source_id, dataset.keys) == ("published", "src_1", [])
    assert [type(event) for event in dataset.recorded()] == [DatasetHarvested]
    assert view_of(dataset, ANYBODY).harvested == harvested_record()
    dataset.harvest(harvested_record())
    assert len(dataset.recorded()) == 1


CSV = Distribution(url="https://portail.example/1.csv", title="CSV", modified="2026-01-01")
PDF = Distribution(url="https://portail.example/1.pdf", title="PDF")


def taken_in() -> Dataset:
    """A harvested dataset whose table is in the lab."""
    dataset = harvested()
    note_files(dataset, CSV, PDF)
    dataset.register(VersionContent(file=ref("a"), filename="1.csv"))
    dataset.taken = FetchedCopy(distribution=CSV, modified=CSV.modified, sha256=ref("a").sha256)
    return dataset


def note_files(
    dataset: Dataset, *distributions: Distribution, modified: str = "2026-02-01"
) -> None:
    """Its source tells of these files now."""
    more = {"distributions": distributions, "modified": modified}
    dataset.harvested = harvested_record().model_copy(update=more)


@pytest.mark.parametrize(
    ("now_told", "is_outdated"),
    [
        (CSV, False),
        (CSV.model_copy(update={"modified": "2026-03-01"}), True),
        (CSV.model_copy(update={"checksum": "sha1:" + "b" * 40}), True),
        (CSV.model_copy(update={"url": "https://portail.example/2.csv"}), True),
        (PDF.model_copy(update={"url": "https://portail.example/2.pdf"}), False),
    ],
)
def test_data_is_outdated_once_its_source_tells_of_it_otherwise(
    now_told: Distribution, is_outdated: bool
) -> None:
    """By date, checksum or address; what is told of another file changes nothing."""
    dataset = taken_in()
    note_files(dataset, now_told, PDF, modified="2026-09-01")
    assert (dataset.outdated is not None) is is_outdated


def test_date_of_the_dataset_counts_for_files_without_one() -> None:
    """Many catalogues date their datasets alone."""
    dataset, dateless = taken_in(), CSV.model_copy(update={"modified": ""})
    dataset.taken = FetchedCopy(
        distribution=dateless, modified="2026-02-01", sha256=ref("a").sha256
    )
    note_files(dataset, dateless, PDF)
    assert dataset.outdated is None
    note_files(dataset, dateless, PDF, modified="2026-02-02")
    assert dataset.outdated == dateless


def test_retired_dataset_takes_no_version() -> None:
    """Nobody would see it."""
    dataset = harvested()
    dataset.retire("absent de la source")
    with pytest.raises(WrongStage, match="retiré : absent de la source"):
        dataset.register(VersionContent(file=ref("a"), filename="a.csv"))
    assert dataset.versions == []


def test_retired_dataset_is_no_longer_listed_until_it_is_seen_again() -> None:
    """Its state says so and why; the same record brings it back, too."""
    dataset = harvested()
    for _ in range(2):
        dataset.retire("absent de la source")
    assert (dataset.state, dataset.retired) == ("retired", "absent de la source")
    expected: list[type[Event]] = [DatasetHarvested, DatasetRetired]
    assert [type(event) for event in dataset.recorded()] == expected
    dataset.retire("absent de la source")
    dataset.harvest(harvested_record("returned", harvest_id="hrv_3"))
    assert (dataset.state, dataset.retired) == ("published", "")
    dataset.retire_here("mbr_1", "périmé")
    dataset.harvest(harvested_record("changed", harvest_id="hrv_4"))
    assert dataset.harvested
    assert (dataset.state, dataset.harvested.harvest_id) == ("retired", "hrv_3")


def test_data_that_is_only_referenced_cannot_be_read() -> None:
    """The refusal says where the data is; nobody waits for it."""
    with pytest.raises(WrongStage, match="chez leur producteur"):
        harvested().readable()
    with pytest.raises(WrongStage, match="pas encore de version"):
        harvested().publish(None, ref("b"), profile(), "job_1")


def test_update_of_a_referenced_dataset_is_its_source_s() -> None:
    """Attributions name the date that the other catalogue gives, and none when it gives none."""
    dataset = harvested()
    assert dataset.updated == date(2026, 3, 1)
    assert dataset.as_source().updated is None
    files = tuple(
        Distribution(url=f"https://a.fr/{day}", modified=day) for day in ("2025-05-01", "2026", "")
    )
    changed_record = harvested_record("changed").model_copy(update={"distributions": files})
    dataset.harvest(changed_record)
    assert dataset.as_source().updated == date(2025, 5, 1)
    dataset.harvest(changed_record.model_copy(update={"modified": "2026-02-28T23:00:00Z"}))
    assert dataset.as_source().updated == date(2026, 2, 28)
