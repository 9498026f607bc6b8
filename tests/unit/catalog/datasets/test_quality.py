"""What makes a dataset good, and what its owner is told to mend."""

from typing import Any

import pytest

from services.catalog.datasets.metadata import Contact, Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.quality import Criterion
from services.catalog.datasets.views import summary_of, view_of
from shared.auth import ANYBODY
from shared.engine.tables.manifest import Column, Meaning, Profile, Repair
from tests.unit.catalog.samples import published, registered

GOOD = Metadata(
    title="Logements vacants",
    description="Nombre de logements vacants de chaque commune au recensement de 2021, " * 2,
    theme="habitat",
    keywords=("logement", "vacance", "recensement"),
    territory=("14",),
    licence="lov2",
    access="open",
    producer="INSEE",
    source_url="https://www.insee.fr",
    frequency="ANNUAL",
    contact=Contact(name="INSEE contact", url="https://www.insee.fr/fr/information/1302251"),
)
COLUMN = Column(name="com", kind="text", filled=10, distinct=10, key="commune")
FAULTY = Meaning(type="commune", confidence=1, valid=0.9)


def read(about: Metadata = GOOD, **profile: Any) -> Dataset:
    """A dataset that was read, with a good profile but for what is said."""
    fields = {"rows": 10, "encoding": "utf-8", "columns": (COLUMN,), **profile}
    return published(about=about, shown=Profile(**fields))


def criteria_of(dataset: Dataset) -> list[Criterion]:
    """What it is judged by, as anybody may see it."""
    return view_of(dataset, ANYBODY).criteria


def score_of(dataset: Dataset) -> int | None:
    """Its points, as lists show them."""
    return summary_of(dataset).quality


def unmet(dataset: Dataset) -> list[str]:
    """The names of what is to be mended."""
    return [criterion.name for criterion in criteria_of(dataset) if not criterion.met]


def test_a_good_dataset_has_all_points() -> None:
    """There is nothing to advise."""
    assert score_of(read()) == 100
    assert [criterion.advice for criterion in criteria_of(read()) if criterion.advice] == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"description": "Trop court."}, "description"),
        ({"licence": "à voir"}, "licence"),
        ({"licence": "notspecified"}, "licence"),
        ({"keywords": ("logement",)}, "keywords"),
        ({"territory": ()}, "territory"),
        ({"producer": ""}, "producer"),
        ({"source_url": None}, "source"),
        ({"frequency": None}, "frequency"),
        ({"frequency": "UNKNOWN"}, "frequency"),
        ({"contact": None}, "contact"),
    ],
)
def test_metadata_that_lack_something_cost_its_points(changes: dict[str, Any], name: str) -> None:
    """Each by itself, and the owner is told how to mend it."""
    dataset = read(GOOD.model_copy(update=changes))
    [criterion] = [criterion for criterion in criteria_of(dataset) if not criterion.met]
    assert (criterion.name, score_of(dataset)) == (name, 100 - criterion.weight)
    assert criterion.advice.endswith(".")


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        ({"columns": (COLUMN.model_copy(update={"key": None}),)}, ["keys"]),
        ({"columns": (COLUMN.model_copy(update={"filled": 7}),)}, ["filled"]),
        ({"rows": 0}, ["filled"]),
        ({"repairs": (Repair(code="short_rows", message="…", count=1),)}, ["intact"]),
        ({"columns": (COLUMN.model_copy(update={"meaning": FAULTY}),)}, ["valid"]),
    ],
    ids=["no-key", "empty-cells", "no-row", "repaired", "invalid-codes"],
)
def test_data_that_lack_something_cost_its_points(
    profile: dict[str, Any], names: list[str]
) -> None:
    """By what the sandbox found when it read the file."""
    assert unmet(read(**profile)) == names


def test_codes_of_departements_cross_with_other_data() -> None:
    """They are too coarse to advise data by, and tables do meet by them."""
    meaning = Meaning(type="departement", confidence=1, valid=1)
    coarse = COLUMN.model_copy(update={"name": "dep", "key": None, "meaning": meaning})
    assert unmet(read(columns=(coarse,))) == []


def test_a_column_that_names_communes_is_advised_its_codes() -> None:
    """Rather than any key, and beside codes of départements too; not beside other keys."""
    ville = COLUMN.model_copy(update={"name": "ville", "key": None, "names": "commune"})
    meaning = Meaning(type="departement", confidence=1, valid=1)
    coarse = COLUMN.model_copy(update={"name": "dep", "key": None, "meaning": meaning})
    [criterion] = [
        criterion for criterion in criteria_of(read(columns=(ville, coarse))) if not criterion.met
    ]
    assert unmet(read(columns=(ville, COLUMN))) == []
    assert criterion.advice.startswith("La colonne « ville » nomme des communes ; ajoutez-en")


def test_a_dataset_that_was_not_read_is_not_judged() -> None:
    """Neither its columns nor its rows are known."""
    assert score_of(registered()) is None
    assert criteria_of(registered()) == []
