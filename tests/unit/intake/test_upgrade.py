"""Projects from before the catalogue was told what is asked of owners."""

from typing import get_args

import pytest

from services.intake.accesses import DatasetAccess
from services.intake.model import Project
from shared.events import TreatmentChanged, TreatmentProposed
from shared.events.event import Party
from shared.stages import FINAL_STAGES, Stage
from tests.events import topics
from tests.unit.intake import made
from tests.unit.intake.made import HOLDER

WHO = {"project_id": "prj_1", "holder_id": HOLDER}
SECURED: set[Stage] = {"secured", "equipped", "trialled", "piloted", "staffed"}


def before(stage: Stage) -> Project:
    """A project as it was saved before, loaded now."""
    return Project.model_validate(made.as_before(made.project_at(stage)))


@pytest.mark.parametrize("stage", get_args(Stage))
def test_a_project_of_before_loads_as_it_was(stage: Stage) -> None:
    """Its stage, who has a part in it, and whether it may read its data."""
    it, now = before(stage), made.project_at(stage)
    assert (it.stage, it.access_open, it.named) == (now.stage, now.access_open, now.named)
    assert it.lacks_telling == (stage in SECURED | {"advised"})
    assert not now.lacks_telling


@pytest.mark.parametrize("stage", sorted(SECURED))
def test_a_secured_project_of_before_is_told_once(stage: Stage) -> None:
    """By nobody's decision, so that its grants are bound to what it does; it goes on as it was."""
    it = before(stage)
    for _ in range(2):
        it.tell_once_more({HOLDER: Party(name="Agence")})
    assert it.recorded() == [
        TreatmentChanged(
            **WHO,
            dataset_ids=("dts_a", "dts_b"),
            proposal=1,
            treatment=made.treatment(),
            title="Logements vacants",
            problem="Où les logements restent-ils vides ?",
            holder=Party(name="Agence"),
        )
    ]
    it = made.saved(it)
    it.open_access(1)
    assert (topics(it), it.access_open) == ([], True)


def test_a_secured_project_of_before_that_waited_is_equipped_when_its_data_opens() -> None:
    """Its owner's word came after the upgrade."""
    it = before("secured")
    it.open_workspace()
    it.tell_once_more()
    it.open_access(1)
    assert topics(it) == ["treatment_changed", "project_equipped"]


def test_a_treatment_of_before_whose_owners_nobody_told_is_checked_anew() -> None:
    """Under the number that it has; then it can be reviewed."""
    it = before("advised")
    for _ in range(2):
        it.tell_once_more()
    told = TreatmentProposed(**WHO, proposal=1, treatment=made.treatment())
    assert it.recorded() == [told]
    made.check_inputs(it)
    made.advance(it, "secured")
    assert not it.lacks_telling


def test_owners_of_what_was_granted_before_decide_on_no_changed_treatment() -> None:
    """The catalogue names them where it binds their grants."""
    it = made.project_at("equipped")
    it.note_access(DatasetAccess(dataset_id="dts_a", sequence=1))
    it = Project.model_validate(made.as_before(it))
    it.note_owners("dts_a", ("mbr_o", "mbr_source"))
    assert it.owners == {"mbr_o", "mbr_source"}


def test_a_project_that_ended_is_told_no_more() -> None:
    """Nobody decides on it."""
    assert not any(before(stage).lacks_telling for stage in FINAL_STAGES)
