"""What was called by a title that goes is called by the one that stays."""

from services.intake.accesses import DatasetAccess
from services.intake.records import Guidance
from shared.endings.retitling import retitle, titles_in
from shared.events.event import Precedent
from tests.unit.intake import samples

OLD, NEW = "Patients de l'hôpital", "Jeu de données supprimé"


def requested(dataset_id: str, title: str) -> DatasetAccess:
    """The news that its owner is asked for a dataset."""
    return DatasetAccess(dataset_id=dataset_id, sequence=1, state="requested", title=title)


def test_title_goes_beside_the_id_and_in_sentences() -> None:
    """Of that dataset alone; whatever else is written stays."""
    project = samples.project(title="Patients de l'hôpital")
    project.note_access(requested("dts_a", OLD))
    project.note_access(requested("dts_b", "Communes"))
    asked = project.history[-2].why
    assert f"« {OLD} »" in asked
    assert titles_in(project, "dts_a") == {OLD}
    assert retitle(project, "dts_a", NEW)
    assert [access.title for access in project.accesses] == [NEW, "Communes"]
    assert project.history[-2].why == asked.replace(OLD, NEW)
    assert "« Communes »" in project.history[-1].why
    assert project.title == OLD
    assert len(project.recorded()) == 1


def test_result_that_made_data_worth_advising_is_called_anew() -> None:
    """It stands beside its id in the advice, and in the sentence of the reason."""
    served = f"A servi au projet « {OLD} », livré le 02/03/2026 et proche du vôtre : lits."
    match = samples.match("dts_b").model_copy(
        update={"reasons": (served,), "precedent": Precedent(dataset_id="dts_a", title=OLD)}
    )
    project = samples.project_at("submitted")
    project.advise(Guidance(datasets=(match,)))
    project.note_deletion("dts_a", NEW, "Effacé.")
    assert project.guidance
    [dataset] = project.guidance.datasets
    assert dataset.reasons == (served.replace(OLD, NEW),)
    assert dataset.precedent == Precedent(dataset_id="dts_a", title=NEW)
    assert dataset.title == match.title
