"""What is made of a dataset for the index."""

import pytest

from services.catalog.search.french import lexical, stem
from services.catalog.search.schema import number_of, texts_of
from shared.aggregate import new_id
from shared.tables.manifest import Column, Meaning, Profile
from tests.unit.catalog.samples import metadata, ref, registered


@pytest.mark.parametrize(
    "forms",
    [
        "chaussées chaussee CHAUSSÉE chaussees",
        "élèves eleve élève",
        "données donnee",
        "vélos velo",
        "emplois emploi",
        "eaux eau",
        "œuvres oeuvre",
        "qualités qualite",
        "mobilités mobilité mobilite",
        "énergétiques energetique",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    """With and without accents, in the singular and the plural."""
    assert len({stem(next(iter(lexical(form)))) for form in forms.split()}) == 1


def test_numbers_sort_as_ids_do() -> None:
    """Of ids made one after another."""
    ids = sorted(new_id("dts") for _ in range(100))
    numbers = [number_of(one) for one in ids]
    assert numbers == sorted(numbers)
    assert all(0 <= number < 2**63 for number in numbers)


def test_no_value_of_a_column_enters_the_index() -> None:
    """Names of columns do; what was found in them, invalid examples too, does not."""
    dataset = registered(about=metadata("Bénéficiaires"))
    meaning = Meaning(type="email", confidence=1, valid=0.9, invalid=("dupont",))
    column = Column(
        name="courriel", kind="text", filled=1, distinct=1, meaning=meaning, missing=("inconnu",)
    )
    dataset.publish(1, ref("b"), Profile(rows=1, encoding="utf-8", columns=(column,)), "job_1")
    words = {word for text in texts_of(dataset).values() for word in text}
    assert "courriel" in words
    assert not words & {"dupont", "inconnu"}
