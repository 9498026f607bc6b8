"""Which data served delivered projects alike."""

from services.catalog.datasets.model import Dataset
from services.catalog.matching.precedents import of_place, served_by
from shared.engine.tables.manifest import Input
from tests.unit.catalog.samples import made_of, metadata, project, published

PROJECT = project()


def result(identifier: str, title: str, *read: str, keywords: tuple[str, ...] = ()) -> Dataset:
    """What a delivered project gave back that read these datasets."""
    provenance = made_of().model_copy(
        update={"inputs": tuple(read_input(dataset_id) for dataset_id in read)}
    )
    about = metadata(title, keywords=keywords)
    return published(identifier, about, owner_id="mbr_other", provenance=provenance)


def read_input(dataset_id: str) -> Input:
    """That dataset as a job read it."""
    return Input(name="t", dataset_id=dataset_id, version=1, sha256="a" * 64)


def test_the_project_that_is_most_alike_is_named() -> None:
    """Of those that read the same dataset."""
    far = result("dts_far", "Logements vacants et commerces", "dts_a")
    near = result(
        "dts_near", "Logements vacants", "dts_a", "dts_b", keywords=("logements vides", "communes")
    )
    served = served_by(PROJECT, [far, near])
    assert {
        name: served_dataset.precedent.dataset_id for name, served_dataset in served.items()
    } == {"dts_a": "dts_near", "dts_b": "dts_near"}
    assert served_by(PROJECT, [near, far]) == served


def test_likeness_does_not_depend_on_how_many_are_alike() -> None:
    """In a lab about housing, projects about housing are alike."""
    results = [result(f"dts_{n}", "Logements vacants, logements vides", "dts_a") for n in range(9)]
    assert served_by(PROJECT, results)["dts_a"] == served_by(PROJECT, results[:1])["dts_a"]


def test_one_word_in_common_makes_no_projects_alike() -> None:
    """Nor do words that say nothing in particular."""
    assert served_by(PROJECT, [result("dts_r", "Attribution des logements", "dts_a")]) == {}
    assert served_by(PROJECT, [result("dts_r", "Carte des communes", "dts_a")]) == {}


def test_data_of_no_project_serves_nobody() -> None:
    """Others' data of the same title says of no project how it was made."""
    assert (
        served_by(PROJECT, [published(about=metadata("Logements vacants, logements vides"))]) == {}
    )


def test_data_of_another_place_is_left_out() -> None:
    """A body of communes lies in its department, a department has its communes."""
    served = served_by(
        PROJECT, [result("dts_r", "Logements vacants, logements vides", "dts_a", "dts_b", "dts_c")]
    )
    evreux, rouen = metadata(territory=("200071454",)), metadata(territory=("76540",))
    datasets = [published("dts_a", evreux), published("dts_b", rouen), published("dts_c")]
    assert of_place(served, datasets, PROJECT.territory).keys() == {"dts_a", "dts_c"}
    assert of_place(served, datasets, ("27229",)).keys() == {"dts_a", "dts_c"}
    assert of_place(served, datasets, ()).keys() == {"dts_a", "dts_b", "dts_c"}
