"""The index knows one state of each dataset, the newest, and no value of a column."""

from services.catalog.datasets.versions import VersionContent
from services.catalog.search.indexed_dataset import content_of
from shared.engine.tables.manifest import Column, Meaning, Profile
from tests.unit.catalog.samples import metadata, published, ref
from tests.unit.catalog.search.catalogue import dataset, found, index_of, page


def test_a_changed_dataset_is_found_by_its_new_words_only() -> None:
    """It leaves no ghost."""
    index = index_of([dataset("a", "Piscines")])
    index.put([dataset("a", "Patinoires")])
    assert (found(index, "piscine"), found(index, "patinoire")) == ([], ["a"])
    assert page(index).total == 1


def test_what_is_shown_of_a_dataset_is_not_kept_for_each_of_its_states() -> None:
    """But for the last one, which a search that began before may still show."""
    index = index_of([dataset("a", "Piscines"), dataset("b", "Piscines")])
    for _ in range(5):
        index.put([dataset("a", "Patinoires")])
    assert len(index.kept) == len(["a", "a before", "b"])


def test_a_retired_dataset_is_found_no_more() -> None:
    """Its source has it no longer; its owner may still ask for what is retired."""
    retired = dataset("a", "Piscines")
    index = index_of([retired, dataset("b", "Piscines")])
    retired.retire("La source ne le publie plus.")
    index.put([retired])
    assert found(index, "piscine") == ["b"]
    assert page(index, facets=True).total == 1


def test_a_version_that_waits_hides_nothing_of_the_published_one() -> None:
    """The columns of the published version are found while the next one is read."""
    one = dataset("a", "Table", keys=("commune",))
    one.register(VersionContent(file=ref("c"), filename="b.csv"))
    assert found(index_of([one]), "commune") == ["a"]
    assert found(index_of([one]), key="commune") == ["a"]


def test_an_empty_catalogue_answers() -> None:
    """With nothing."""
    index = index_of([])
    assert page(index, facets=True).total == 0
    assert found(index, "communes") == []


def test_no_value_of_a_column_enters_the_index() -> None:
    """Names of columns do; what was found in them, invalid examples too, does not."""
    meaning = Meaning(type="email", confidence=1, valid=0.9, invalid=("dupont",))
    column = Column(
        name="courriel", kind="text", filled=1, distinct=1, meaning=meaning, missing=("inconnu",)
    )
    shown = Profile(rows=1, encoding="utf-8", columns=(column,))
    dataset = published(about=metadata("Bénéficiaires"), shown=shown)
    words = content_of(dataset).words.keys()
    assert "courriel" in words
    assert not words & {"dupont", "inconnu"}
