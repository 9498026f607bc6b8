"""Datasets of files: nothing examines them, so their owner states what is in them."""

import pytest

from services.catalog.datasets.legal_basis import LegalBasis
from services.catalog.datasets.metadata import AccessLevel
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.quality import Described, criteria_of, score_of
from services.catalog.datasets.versions import VersionContent, compare
from shared.aggregate import now
from shared.engine.tables.files import FileSummary
from shared.engine.tables.manifest import Profile
from shared.engine.tables.privacy import FILES, unexamined
from shared.events import DatasetHeld
from tests.unit.catalog.samples import metadata, ref, registered

BASIS = LegalBasis(
    basis="public_task", purpose="Inventaire", confirmed_by="mbr_owner", confirmed_at=now()
)


def files(count: int = 3) -> Profile:
    """What looking at so many pictures reports."""
    summary = FileSummary(
        count=count, size=10 * count, media_types={"image/png": count}, names=("a.png",)
    )
    privacy = unexamined(count)
    return Profile(rows=0, encoding="binary", columns=(), privacy=privacy, files=summary)


def looked_at(access: AccessLevel = "open") -> Dataset:
    """A dataset of files whose only version was looked at."""
    dataset = registered(about=metadata(access=access, content="files"))
    dataset.publish(1, None, files(), "job_1", listing=ref("b"))
    return dataset


def add_version(dataset: Dataset, number: int, count: int = 3) -> None:
    """Another version, once it was looked at."""
    dataset.register(VersionContent(file=ref(str(number)), filename="a.zip"))
    dataset.publish(number, None, files(count), f"job_{number}", listing=ref("c"))


@pytest.mark.parametrize("access", ["open", "restricted"])
def test_files_are_held_until_their_owner_states_what_is_in_them(access: AccessLevel) -> None:
    """Whatever their access."""
    dataset = looked_at(access)
    assert dataset.state == "held"
    assert "à leur propriétaire de le dire" in dataset.versions[0].reason
    [event] = [event for event in dataset.recorded() if isinstance(event, DatasetHeld)]
    assert (event.columns, event.kinds) == ((FILES,), ("unexamined",))


def test_owner_s_word_that_nobody_is_in_them_publishes_files() -> None:
    """It is told as a word, beside the fact that nothing was checked."""
    dataset = looked_at()
    dataset.declare(None, [FILES], "Des façades sans passants")
    assert dataset.state == "published"
    statement = dataset.versions[0].about_persons
    assert "rien ne le vérifie" in statement
    assert "déclare qu'il ne s'y trouve pas de données personnelles : « Des façades" in statement


def test_staff_may_refuse_that_word() -> None:
    """Then the files are held again."""
    dataset = looked_at()
    dataset.declare(None, [FILES], "Personne")
    dataset.answer_declaration(None, (), "refuse", "mbr_reviewer", "On voit des visages")
    assert dataset.state == "held"


def test_files_with_persons_are_published_on_a_legal_basis() -> None:
    """The basis is told to those who read what is known of persons."""
    dataset = looked_at("restricted")
    dataset.confirm(None, BASIS, restrict=False)
    version = dataset.versions[0]
    assert (version.state, version.privacy and version.privacy.verdict) == ("published", "direct")
    assert "« mission d'intérêt public », pour : « Inventaire »" in version.about_persons


@pytest.mark.parametrize("count", [2, 3, 4])
def test_word_on_one_version_is_none_on_the_next(count: int) -> None:
    """Fewer files may hold more."""
    dataset = looked_at()
    dataset.declare(None, [FILES], "Personne")
    add_version(dataset, 2, count)
    assert [version.state for version in dataset.versions] == ["published", "held"]


def test_reading_files_anew_keeps_what_was_stated() -> None:
    """The bytes are the same."""
    dataset = looked_at()
    dataset.declare(None, [FILES], "Personne")
    dataset.read_again()
    dataset.publish(1, None, files(), "job_2", listing=ref("d"))
    assert dataset.state == "published"
    assert {ref("b").sha256, ref("d").sha256} <= set(dataset.hashes)


def test_changes_of_files_are_counted() -> None:
    """Beside the version before."""
    changes = compare(1, files(3), files(5))
    assert (changes.files, changes.rows) == (2, 0)


def test_quality_leaves_out_what_is_judged_by_columns() -> None:
    """The rest makes a hundred points."""
    described = Described(metadata(content="files"), files(), is_result=False)
    names = {criterion.name for criterion in criteria_of(described)}
    assert names.isdisjoint({"keys", "filled", "valid", "intact"})
    assert "licence" in names
    whole = metadata(
        content="files",
        territory=("14",),
        description="d" * 100,
        keywords=("a", "b", "c"),
        producer="Ville",
        frequency="NEVER",
        contact={"name": "Ville", "url": "https://ville.example"},
        source_url="https://ville.example/photos",
    )
    assert score_of(Described(whole, files(), is_result=False)) == 100


def test_names_of_files_are_no_more_shown_than_values() -> None:
    """To those who may not see the data."""
    file_summary = files().without_values().files
    assert (file_summary and file_summary.names, file_summary and file_summary.count) == ((), 3)
