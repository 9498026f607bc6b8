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
from tests.unit.intake import samples
from tests.unit.intake.samples import HOLDER

CHANGE = ReadingChange(
    dataset_id="dts_a", title="Logements", before=("Lit a.",), after=("Lit a et b.",)
)
SECURED: list[Stage] = ["secured", "equipped", "trialled", "piloted", "staffed"]
EMPTY = "le filtre « commune = Flers » garde 0 des 3 287 lignes"


def amended(stage: Stage, *changes: ReadingChange, answered: bool = True) -> Project:
    """A project whose holder changed its treatment at `stage`, as far as the catalogue answered."""
    project = samples.project_at(stage)
    project.set_treatment(samples.treatment("dts_b", "dts_a"), HOLDER, is_reviewer=False)
    if answered:
        samples.check_inputs(project, changes=changes)
    return project


def ended(project: Project, kind: events.JobKind = "trial", fault: str = "") -> events.JobSucceeded:
    """The good end of a job of the treatment as it is."""
    update = {"proposal": project.proposal, "fault": fault}
    return samples.succeeded(kind, f"job_{project.proposal}").model_copy(update=update)


@pytest.mark.parametrize("stage", SECURED)
def test_a_holder_changes_the_treatment_until_a_result_is_delivered(stage: Stage) -> None:
    """What reads and shows no more needs no new word, and its job runs anew."""
    project = amended(stage, answered=False)
    assert (topics(project), project.stage, project.access_open) == (
        ["treatment_changed"],
        stage,
        False,
    )
    project.open_access(2)
    samples.check_inputs(project)
    if stage == "secured":
        project.open_workspace()
    assert topics(project) == ["treatment_changed", "project_equipped"]
    assert project.recorded()[-1].treatment == project.treatment  # type: ignore[attr-defined]
    assert project.access_open
    assert (project.needs_review, project.waits_for) == (False, ())


def test_an_ended_project_keeps_its_treatment() -> None:
    """And says who may change it otherwise: its holder, or whoever reviews it."""
    for stage in STAGES:
        project = samples.project_at(stage)
        shown_to = ProjectView.of(project).treatment_open_to
        is_secured = stage in SECURED
        open_to = "holder_or_reviewer" if is_secured else "holder"
        assert shown_to == (open_to if stage in OPEN_STAGES else "nobody")
    with pytest.raises(Forbidden, match="relecteur"):
        samples.project_at("equipped").set_treatment(
            samples.treatment(), "mbr_x", is_reviewer=False
        )


@pytest.mark.parametrize("stage", SECURED)
def test_what_goes_beyond_the_review_waits_for_a_reviewer(stage: Stage) -> None:
    """Who is told the difference, once, and whose word lets it run; conditions stay."""
    project = amended(stage, CHANGE)
    samples.check_inputs(project, changes=(CHANGE,), sequence=5)
    project.open_access(2)
    assert topics(project) == ["treatment_changed", "treatment_review_asked"]
    assert (project.needs_review, project.changes, project.access_open) == (True, (CHANGE,), False)
    assert project.staff_due == "relire le traitement, qui lit ou montre davantage"
    with pytest.raises(Forbidden):
        samples.review(project, "secure", by=HOLDER)
    samples.review(project, "secure", "Proportionné.", conditions=("Aucun nom.",))
    project.open_workspace()
    assert topics(project)[2:] == ["treatment_approved", "project_equipped"]
    assert (project.needs_review, project.conditions) == (False, ("Aucun nom.",))


def test_a_reviewer_asks_to_complete_what_was_changed() -> None:
    """The holder answers, or takes the change back, which then needs nobody."""
    project = amended("piloted", CHANGE)
    samples.review(project, "complete", "Pourquoi b ?")
    assert (project.holder_due, project.staff_due) == ("répondre au relecteur", "former l'équipe")
    project.complete("Pour le taux.", HOLDER)
    assert project.staff_due.startswith("relire")
    project.set_treatment(samples.treatment(), HOLDER, is_reviewer=False)
    samples.check_inputs(project)
    assert not project.needs_review


@pytest.mark.parametrize("stage", ["trialled", "piloted"])
def test_a_changed_treatment_is_tried_anew_before_the_project_goes_on(stage: Stage) -> None:
    """Whoever accepts a part meanwhile need not do so again."""
    project = amended(stage)
    project.open_access(2)
    samples.advance(project, "piloted" if stage == "trialled" else "staffed")
    assert project.stage == stage
    project.end_trial(samples.succeeded("trial", "job_old").model_copy(update={"proposal": 1}))
    assert project.stage == stage
    project.end_trial(ended(project))
    assert project.stage == ("piloted" if stage == "trialled" else "staffed")


def test_a_trial_without_rows_leads_nowhere() -> None:
    """It says which step lost them; the holder changes the treatment."""
    project = samples.project_at("equipped")
    project.end_trial(ended(project, fault=EMPTY))
    assert (project.stage, project.recorded(), project.trials[-1].fault) == ("equipped", [], EMPTY)
    assert project.history[-1].why == f"L'essai sur un échantillon est sans résultat : {EMPTY}"
    assert project.holder_due == "changer le traitement : l'essai n'a pas abouti"


def test_an_empty_result_is_never_delivered() -> None:
    """Nor one of a treatment that was changed since; the next one is."""
    project = samples.project_at("staffed")
    project.note_result(ended(project, "full", EMPTY))
    with pytest.raises(WrongStage, match="garde 0 des 3 287 lignes"):
        project.deliver(samples.delivery("job_1"), HOLDER)
    assert project.holder_due == "changer le traitement : le calcul complet n'a rien donné à livrer"
    project.results.append(Result(job_id="job_before", at=now(), result=samples.MANIFEST))
    assert project.deliverable == ("job_before",)
    project.set_treatment(samples.treatment(), HOLDER, is_reviewer=False)
    with pytest.raises(WrongStage, match="a changé depuis"):
        project.deliver(samples.delivery("job_before"), HOLDER)
    project.note_result(ended(project, "full"))
    assert project.deliverable == ("job_2",)
    project.deliver(samples.delivery("job_2"), HOLDER)


def test_data_that_is_read_no_more_keeps_nobody_waiting() -> None:
    """An owner refused it: the holder goes on without."""
    project = samples.project_at("secured")
    refused = {"sequence": 1, "state": "refused", "reason": "Non."}
    project.note_access(DatasetAccess(dataset_id="dts_a", **refused))
    assert project.lacks_access
    project.set_treatment(samples.treatment("dts_b"), HOLDER, is_reviewer=False)
    samples.check_inputs(project)
    project.open_access(2)
    project.open_workspace()
    assert (project.stage, project.lacks_access, project.waits_for) == ("equipped", False, ())


def test_a_holder_goes_on_without_the_columns_that_were_left_out() -> None:
    """In one command; where none was left out there is nothing to do."""
    project = samples.project_at("secured")
    with pytest.raises(WrongStage, match="aucune colonne"):
        project.leave_out(HOLDER, is_reviewer=False)
    assert project.treatment is not None
    [counts] = project.treatment.steps
    step = counts.model_copy(update={"parameters": {"by": ["com"], "rows": "n"}})
    project.treatment = project.treatment.model_copy(update={"steps": (step,)})
    part = {"sequence": 1, "state": "refused", "refused_columns": ("nom",)}
    project.note_access(DatasetAccess(dataset_id="dts_a", **part))
    project.leave_out(HOLDER, is_reviewer=False)
    drop, counted = project.treatment.steps
    assert (drop.application, drop.inputs) == ("clean", {"table": "table_1"})
    assert (counted.output, topics(project)) == ("counted", ["treatment_changed"])
