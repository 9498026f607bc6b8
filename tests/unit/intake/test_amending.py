"""A secured treatment is changed until the project ends: who is asked, and what runs anew."""

import pytest

from services.intake.accesses import DatasetAccess
from services.intake.model import Project
from services.intake.records import Result
from services.intake.views import ProjectView
from shared import events
from shared.aggregate import now
from shared.errors import Forbidden, WrongStage
from shared.events.event import ReadingChange
from shared.stages import OPEN_STAGES, STAGES, Stage
from tests.events import topics
from tests.unit.intake import made
from tests.unit.intake.made import HOLDER

CHANGE = ReadingChange(
    dataset_id="dts_a", title="Logements", before=("Lit a.",), after=("Lit a et b.",)
)
SECURED: list[Stage] = ["secured", "equipped", "trialled", "piloted", "staffed"]
EMPTY = "le filtre « commune = Flers » garde 0 des 3 287 lignes"


def amended(stage: Stage, *changes: ReadingChange, answered: bool = True) -> Project:
    """A project whose holder changed its treatment at `stage`, as far as the catalogue answered."""
    it = made.project_at(stage)
    it.set_treatment(made.treatment("dts_b", "dts_a"), HOLDER, is_reviewer=False)
    if answered:
        made.check_inputs(it, changes=changes)
    return it


def ended(it: Project, kind: events.JobKind = "trial", fault: str = "") -> events.JobSucceeded:
    """The good end of a job of the treatment as it is."""
    update = {"proposal": it.proposal, "fault": fault}
    return made.succeeded(kind, f"job_{it.proposal}").model_copy(update=update)


@pytest.mark.parametrize("stage", SECURED)
def test_a_holder_changes_the_treatment_until_a_result_is_delivered(stage: Stage) -> None:
    """What reads and shows no more needs no new word, and its job runs anew."""
    it = amended(stage, answered=False)
    assert (topics(it), it.stage, it.access_open) == (["treatment_changed"], stage, False)
    it.open_access(2)
    made.check_inputs(it)
    if stage == "secured":
        it.open_workspace()
    assert topics(it) == ["treatment_changed", "project_equipped"]
    assert it.recorded()[-1].treatment == it.treatment  # type: ignore[attr-defined]
    assert it.access_open
    assert (it.needs_review, it.waits_for) == (False, ())


def test_an_ended_project_keeps_its_treatment() -> None:
    """And says who may change it otherwise: its holder, or whoever reviews it."""
    for stage in STAGES:
        it = made.project_at(stage)
        told = ProjectView.of(it).treatment_open_to
        is_secured = stage in SECURED
        open_to = "holder_or_reviewer" if is_secured else "holder"
        assert told == (open_to if stage in OPEN_STAGES else "nobody")
    with pytest.raises(Forbidden, match="relecteur"):
        made.project_at("equipped").set_treatment(made.treatment(), "mbr_x", is_reviewer=False)


@pytest.mark.parametrize("stage", SECURED)
def test_what_goes_beyond_the_review_waits_for_a_reviewer(stage: Stage) -> None:
    """Who is told the difference, once, and whose word lets it run; conditions stay."""
    it = amended(stage, CHANGE)
    made.check_inputs(it, changes=(CHANGE,), sequence=5)
    it.open_access(2)
    assert topics(it) == ["treatment_changed", "treatment_review_asked"]
    assert (it.needs_review, it.changes, it.access_open) == (True, (CHANGE,), False)
    assert it.staff_due == "relire le traitement, qui lit ou montre davantage"
    with pytest.raises(Forbidden):
        made.review(it, "secure", by=HOLDER)
    made.review(it, "secure", "Proportionné.", conditions=("Aucun nom.",))
    it.open_workspace()
    assert topics(it)[2:] == ["treatment_approved", "project_equipped"]
    assert (it.needs_review, it.conditions) == (False, ("Aucun nom.",))


def test_a_reviewer_asks_to_complete_what_was_changed() -> None:
    """The holder answers, or takes the change back, which then needs nobody."""
    it = amended("piloted", CHANGE)
    made.review(it, "complete", "Pourquoi b ?")
    assert (it.holder_due, it.staff_due) == ("répondre au relecteur", "former l'équipe")
    it.complete("Pour le taux.", HOLDER)
    assert it.staff_due.startswith("relire")
    it.set_treatment(made.treatment(), HOLDER, is_reviewer=False)
    made.check_inputs(it)
    assert not it.needs_review


@pytest.mark.parametrize("stage", ["trialled", "piloted"])
def test_a_changed_treatment_is_tried_anew_before_the_project_goes_on(stage: Stage) -> None:
    """Whoever accepts a part meanwhile need not do so again."""
    it = amended(stage)
    it.open_access(2)
    made.advance(it, "piloted" if stage == "trialled" else "staffed")
    assert it.stage == stage
    it.end_trial(made.succeeded("trial", "job_old").model_copy(update={"proposal": 1}))
    assert it.stage == stage
    it.end_trial(ended(it))
    assert it.stage == ("piloted" if stage == "trialled" else "staffed")


def test_a_trial_without_rows_leads_nowhere() -> None:
    """It says which step lost them; the holder changes the treatment."""
    it = made.project_at("equipped")
    it.end_trial(ended(it, fault=EMPTY))
    assert (it.stage, it.recorded(), it.trials[-1].fault) == ("equipped", [], EMPTY)
    assert it.history[-1].why == f"L'essai sur un échantillon est sans résultat : {EMPTY}"
    assert it.holder_due == "changer le traitement : l'essai n'a pas abouti"


def test_an_empty_result_is_never_delivered() -> None:
    """Nor one of a treatment that was changed since; the next one is."""
    it = made.project_at("staffed")
    it.note_result(ended(it, "full", EMPTY))
    with pytest.raises(WrongStage, match="garde 0 des 3 287 lignes"):
        it.deliver(made.delivery("job_1"), HOLDER)
    assert it.holder_due == "changer le traitement : le calcul complet n'a rien donné à livrer"
    it.results.append(Result(job_id="job_before", at=now(), result=made.MANIFEST))
    assert it.deliverable == ("job_before",)
    it.set_treatment(made.treatment(), HOLDER, is_reviewer=False)
    with pytest.raises(WrongStage, match="a changé depuis"):
        it.deliver(made.delivery("job_before"), HOLDER)
    it.note_result(ended(it, "full"))
    assert it.deliverable == ("job_2",)
    it.deliver(made.delivery("job_2"), HOLDER)


def test_data_that_is_read_no_more_keeps_nobody_waiting() -> None:
    """An owner refused it: the holder goes on without."""
    it = made.project_at("secured")
    refused = {"sequence": 1, "state": "refused", "reason": "Non."}
    it.note_access(DatasetAccess(dataset_id="dts_a", **refused))
    assert it.lacks_access
    it.set_treatment(made.treatment("dts_b"), HOLDER, is_reviewer=False)
    made.check_inputs(it)
    it.open_access(2)
    it.open_workspace()
    assert (it.stage, it.lacks_access, it.waits_for) == ("equipped", False, ())


def test_a_holder_goes_on_without_the_columns_that_were_left_out() -> None:
    """In one command; where none was left out there is nothing to do."""
    it = made.project_at("secured")
    with pytest.raises(WrongStage, match="aucune colonne"):
        it.leave_out(HOLDER, is_reviewer=False)
    assert it.treatment is not None
    [counts] = it.treatment.steps
    told = counts.model_copy(update={"parameters": {"by": ["com"], "rows": "n"}})
    it.treatment = it.treatment.model_copy(update={"steps": (told,)})
    part = {"sequence": 1, "state": "refused", "refused_columns": ("nom",)}
    it.note_access(DatasetAccess(dataset_id="dts_a", **part))
    it.leave_out(HOLDER, is_reviewer=False)
    drop, counted = it.treatment.steps
    assert (drop.application, drop.inputs) == ("clean", {"table": "table_1"})
    assert (counted.output, topics(it)) == ("counted", ["treatment_changed"])
