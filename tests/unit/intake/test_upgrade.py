"""Projects from before the catalogue was told what is asked of owners."""

from typing import get_args

import pytest

from services.intake.accesses import DatasetAccess
from services.intake.model import Project
from shared.events import TreatmentChanged, TreatmentProposed
from shared.events.event import Party
from shared.stages import Stage
from tests.events import topics
from tests.unit.intake import samples
from tests.unit.intake.samples import HOLDER

WHO = {"project_id": "prj_1", "holder_id": HOLDER}
SECURED: set[Stage] = {"secured", "equipped", "trialled", "piloted", "staffed"}


def before(stage: Stage) -> Project:
    """A project as it was saved before, loaded now."""
    return Project.model_validate(samples.as_before(samples.project_at(stage)))


@pytest.mark.parametrize("stage", get_args(Stage))
def test_a_project_of_before_loads_as_it_was(stage: Stage) -> None:
    """Its stage, who has a part in it, and whether it may read its data."""
    project, now = before(stage), samples.project_at(stage)
    assert (project.stage, project.access_open, project.named) == (
        now.stage,
        now.access_open,
        now.named,
    )
    assert project.lacks_telling == (stage in SECURED | {"advised"})
    assert not now.lacks_telling


@pytest.mark.parametrize("stage", sorted(SECURED))
def test_a_secured_project_of_before_is_told_once(stage: Stage) -> None:
    """By nobody's decision, so that its grants are bound to what it does; it goes on as it was."""
    project = before(stage)
    for _ in range(2):
        project.tell_once_more({HOLDER: Party(name="Agence")})
    assert project.recorded() == [
        TreatmentChanged(
            **WHO,
            dataset_ids=("dts_a", "dts_b"),
            proposal=1,
            treatment=samples.treatment(),
            title="Logements vacants",
            problem="Où les logements restent-ils vides ?",
            holder=Party(name="Agence"),
        )
    ]
    project = samples.saved(project)
    project.open_access(1)
    assert (topics(project), project.access_open) == ([], True)


def test_a_secured_project_of_before_that_waited_is_equipped_when_its_data_opens() -> None:
    """Its owner's word came after the upgrade."""
    project = before("secured")
    project.open_workspace()
    project.tell_once_more()
    project.open_access(1)
    assert topics(project) == ["treatment_changed", "project_equipped"]


def test_a_treatment_of_before_whose_owners_nobody_told_is_checked_anew() -> None:
    """Under the number that it has; then it can be reviewed."""
    project = before("advised")
    for _ in range(2):
        project.tell_once_more()
    event = TreatmentProposed(**WHO, proposal=1, treatment=samples.treatment())
    assert project.recorded() == [event]
    samples.check_inputs(project)
    samples.advance(project, "secured")
    assert not project.lacks_telling


def test_owners_of_what_was_granted_before_decide_on_no_changed_treatment() -> None:
    """The catalogue names them where it binds their grants."""
    project = samples.project_at("equipped")
    project.note_access(DatasetAccess(dataset_id="dts_a", sequence=1))
    project = Project.model_validate(samples.as_before(project))
    project.note_owners("dts_a", ("mbr_o", "mbr_source"))
    assert project.owners == {"mbr_o", "mbr_source"}
