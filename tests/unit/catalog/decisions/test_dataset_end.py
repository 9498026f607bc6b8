"""A deleted dataset keeps that it was there, and nothing of what was in it."""

from typing import Any

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.decisions.dataset_end import Deletion
from shared.aggregate import now
from shared.engine.tables.manifest import Meaning, Profile
from shared.errors import WrongStage
from shared.events import DatasetDeleted, DatasetRejected, DatasetRetired, ResultsRecalled
from tests.unit.catalog.samples import (
    harvested_record,
    made_of,
    metadata,
    profile,
    published,
    ref,
    sources_under,
)

MARKER = "valeur-secrète"


def telling() -> Profile:
    """A profile that quotes a value of the data."""
    [column] = profile("commune").columns
    meaning = Meaning(type="commune", confidence=1, valid=0, invalid=(MARKER,))
    misread_column = column.model_copy(update={"meaning": meaning, "missing": (MARKER,)})
    return profile("commune").model_copy(update={"columns": (misread_column,)})


def full() -> Dataset:
    """A dataset with everything that may tell of its content."""
    about = metadata("Titre").model_copy(update={"description": MARKER, "keywords": (MARKER,)})
    dataset = published(about=about, keys=("commune",))
    provenance = made_of(*sources_under("lov2"))
    upload = VersionContent(file=ref("e"), filename=MARKER, note=MARKER, provenance=provenance)
    dataset.register(upload)
    dataset.publish(2, ref("d"), telling(), "job_2", ref("7"), manifest=ref("8"))
    return dataset


def delete(dataset: Dataset, title: str = "Titre") -> None:
    """Delete it."""
    recalled = ResultsRecalled(
        dataset_id=dataset.id, owner_id="mbr_owner", title="?", reason="fin", job_ids=("job_x",)
    )
    dataset.delete("mbr_owner", "fin", title, recalled, ["mbr_r"])


def events_of(dataset: Dataset, kind: type) -> list[Any]:
    """The events of that kind so far."""
    return [event for event in dataset.recorded() if isinstance(event, kind)]


def test_tombstone_has_hashes_and_dates_and_no_content() -> None:
    """All files that it had are to be erased: what an earlier reading made, too."""
    dataset = full()
    dataset.read_again()
    dataset.publish(2, ref("9"), telling(), "job_3", ref("7"), manifest=ref("6"))
    assert dataset.hashes == sorted(letter * 64 for letter in "abcde6789")
    delete(dataset)
    kept = dataset.model_dump_json(exclude={"outbox", "handled"})
    assert MARKER not in kept
    assert dataset.deletion
    assert {file.sha256[0] for file in dataset.deletion.files} == set("abcde6789")
    assert (dataset.state, dataset.hashes, dataset.is_erasing) == ("deleted", [], True)
    assert [version.file.sha256[0] for version in dataset.versions] == ["a", "e"]
    assert (dataset.metadata.title, dataset.metadata.licence) == ("Titre", "Licence Ouverte")
    again = Dataset.model_validate(dataset.model_dump())
    assert again.deletion == dataset.deletion


def test_deletion_is_told_once_with_those_who_made_something_of_it() -> None:
    """It ends the access of projects as a retirement does."""
    dataset = full()
    for _ in range(2):
        delete(dataset, "Jeu de données supprimé")
    [event] = events_of(dataset, DatasetDeleted)
    assert (event.member_ids, event.title) == (("mbr_r",), "Jeu de données supprimé")
    assert [event.title for event in events_of(dataset, DatasetRetired)] == [
        "Jeu de données supprimé"
    ]
    assert [event.job_ids for event in events_of(dataset, ResultsRecalled)] == [("job_x",)]


def test_nothing_comes_back_to_a_deleted_dataset() -> None:
    """Neither from its source, nor from jobs that end late, nor from its owner."""
    dataset = Dataset(id="dts_1", owner_id="mbr_owner", metadata=metadata())
    dataset.harvest(harvested_record())
    dataset.register(VersionContent(file=ref("a"), filename="a.csv"))
    delete(dataset)
    dataset.harvest(harvested_record("changed", "hrv_2"))
    assert dataset.metadata.title == "Titre"
    dataset.reject(1, MARKER, "job_1")
    assert events_of(dataset, DatasetRejected) == []
    dataset.publish(1, ref("b"), telling(), "job_1", manifest=ref("c"))
    assert MARKER not in dataset.model_dump_json(exclude={"outbox"})
    assert dataset.deletion
    assert {file.sha256[0] for file in dataset.deletion.files} == set("abc")
    assert events_of(dataset, ResultsRecalled)[-1].job_ids == ("job_1",)
    with pytest.raises(WrongStage, match="retiré"):
        dataset.register(VersionContent(file=ref("d"), filename="b.csv"))


def test_receipt_is_over_when_nothing_is_left() -> None:
    """What comes later opens it again; what others have is kept, and said."""
    deletion = Deletion(deleted_by="mbr_1", deleted_at=now(), reason="fin")
    deletion = deletion.of_also([ref("a"), ref("b"), ref("a")])
    a, b, c = (letter * 64 for letter in "abc")
    assert deletion.pending == (a, b)
    deletion = deletion.settled([a], [b], is_clean=False)
    assert (deletion.pending, deletion.kept, deletion.erased_at) == ((), (b,), None)
    deletion = deletion.settled([], [], is_clean=True)
    assert deletion.erased_at
    deletion = deletion.of_also([ref("c")])
    assert (deletion.pending, deletion.erased_at) == ((c,), None)
    assert [file.sha256 for file in deletion.files] == [a, b, c]
