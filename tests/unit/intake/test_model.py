"""The rules of a project's life."""

from collections.abc import Callable
from typing import Literal

import pytest

from services.intake.accesses import DatasetAccess, check_readable
from services.intake.model import Project
from services.intake.records import Guidance
from services.intake.reviewing import ReviewDecision
from services.intake.views import ProjectView
from shared import events
from shared.errors import Forbidden, Invalid, WrongStage
from shared.events.event import InputNote, Obstacle, Party
from shared.stages import STAGE_NAMES, STAGES, Stage
from tests.events import enveloped, topics
from tests.unit.intake import samples
from tests.unit.intake.samples import HOLDER, MANIFEST, REVIEWER

FINAL: set[Stage] = {"delivered", "rejected", "withdrawn"}
TrialEnd = Callable[[str], events.JobFailed | events.JobCancelled]

# What each command needs, written down a second time on purpose.
COMMANDS: dict[str, tuple[Callable[[Project], None], set[Stage]]] = {
    "secure": (lambda project: samples.review(project, "secure", "Oui.", REVIEWER), {"advised"}),
    "reject": (
        lambda project: samples.review(project, "reject", "Non.", REVIEWER),
        {"advised", "secured", "equipped"},
    ),
    "ask": (
        lambda project: samples.review(project, "complete", "Sur quels logements ?", REVIEWER),
        {"advised"},
    ),
    "choose_pilot_site": (
        lambda project: project.choose_pilot_site("mbr_s", REVIEWER),
        {"trialled"},
    ),
    "form_team": (lambda project: project.form_team(("mbr_1",), REVIEWER), {"piloted"}),
    "deliver": (lambda project: project.deliver(samples.delivery(), HOLDER), {"staffed"}),
    "withdraw": (lambda project: project.withdraw("Non.", HOLDER), set(STAGES) - FINAL),
    "set_treatment": (
        lambda project: project.set_treatment(
            samples.treatment("dts_c"), HOLDER, is_reviewer=False
        ),
        set(STAGES) - FINAL,
    ),
}

# The stages at which another service's event means anything.
EVENTS: dict[str, tuple[Callable[[Project], None], set[Stage]]] = {
    "DatasetsMatched": (lambda project: project.advise(Guidance()), {"submitted"}),
    "DataAccessOpened": (lambda project: project.open_access(project.proposal), {"secured"}),
    "DataAccessOpened of before": (lambda project: project.open_access(None), {"secured"}),
    "WorkspaceOpened": (Project.open_workspace, {"secured"}),
    "JobSucceeded": (
        lambda project: project.end_trial(samples.succeeded("trial", "job_new")),
        {"equipped"},
    ),
    "JobFailed": (lambda project: project.end_trial(samples.failed_trial("job_new")), {"equipped"}),
    "JobCancelled": (
        lambda project: project.end_trial(samples.cancelled_trial("job_new")),
        {"equipped"},
    ),
    "TreatmentChecked": (lambda project: project.note_fault(1, "rien"), set(STAGES) - FINAL),
    "InputsChecked": (samples.check_inputs, set(STAGES) - FINAL),
    "JobGivenUp": (lambda project: project.note_given_up(samples.given_up(1)), set(STAGES) - FINAL),
    "full JobSucceeded": (
        lambda project: project.note_result(samples.succeeded("full", "job_new")),
        set(STAGES) - FINAL,
    ),
}


def failed() -> Project:
    """An equipped project whose trial failed."""
    project = samples.project_at("equipped")
    project.end_trial(samples.failed_trial("job_1"))
    return project


def granted(sequence: int, dataset_id: str = "dts_a") -> DatasetAccess:
    """The news that a dataset may be read."""
    return DatasetAccess(dataset_id=dataset_id, sequence=sequence)


def revoked(sequence: int = 3, dataset_id: str = "dts_a") -> DatasetAccess:
    """The news that it may be read no more."""
    why = {"state": "revoked", "reason": "étude finie"}
    return granted(sequence, dataset_id).model_copy(update=why)


def requested(
    sequence: int, dataset_id: str = "dts_a", member_id: str | None = None, **about: str
) -> DatasetAccess:
    """The news that the dataset's owner, or another, is asked for it."""
    event = events.AccessRequested(
        project_id="prj_1",
        dataset_id=dataset_id,
        owner_id=samples.OWNER,
        holder_id=HOLDER,
        member_id=member_id,
        **about,
    )
    return DatasetAccess.of(enveloped(event, "prj_1", sequence))


def open_access(project: Project) -> None:
    """Let the catalogue open what the present treatment reads."""
    project.open_access(project.proposal)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works_at_its_stages_and_is_refused_at_all_others(
    stage: Stage, command: str
) -> None:
    """A refusal says so, changes nothing and records nothing."""
    run, allowed = COMMANDS[command]
    project = samples.project_at(stage)
    project.note_result(samples.succeeded("full", "job_full"))
    before = project.model_dump()
    if stage in allowed:
        run(project)
        assert project.history[-1].stage == project.stage
        assert len(project.history) == len(before["history"]) + 1
        return
    with pytest.raises(WrongStage, match=f"« {STAGE_NAMES[stage]} »"):
        run(project)
    assert (project.model_dump(), project.recorded()) == (before, [])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_at_another_stage_changes_nothing(stage: Stage, event: str) -> None:
    """It comes twice, too late, or after the project's end: nothing is changed or recorded."""
    apply, meaningful = EVENTS[event]
    project = samples.project_at(stage)
    project.checks = ()
    before = project.model_dump()
    apply(project)
    assert (project.model_dump() != before) == (stage in meaningful)
    assert bool(project.recorded()) == (event in {"DatasetsMatched", "JobSucceeded"}) * (
        stage in meaningful
    )


def test_the_usual_road_records_one_event_for_each_stage() -> None:
    """A project that meets no trouble publishes its whole story, in order."""
    project = samples.project()
    for stage in samples.ROAD[1:]:
        samples.advance(project, stage)
    stage_topics = [topic for topic in topics(project) if topic.startswith("project_")]
    assert stage_topics == [f"project_{stage}" for stage in samples.ROAD]
    assert list(dict.fromkeys(entry.stage for entry in project.history)) == list(samples.ROAD)
    people = {HOLDER, REVIEWER, samples.SITE, *samples.TEAM}
    assert {entry.by for entry in project.history} == {"intake", "compute", *people}
    assert all(entry.why for entry in project.history)


def test_a_submission_tells_what_the_catalogue_needs() -> None:
    """The event carries problem, theme, territory, words and the holder's datasets."""
    project = samples.project(keywords=("vacance",), dataset_ids=("dts_own",))
    (event,) = project.recorded()
    assert event == events.ProjectSubmitted(
        project_id="prj_1",
        holder_id=HOLDER,
        title="Logements vacants",
        problem="Où les logements restent-ils vides ?",
        theme="logement",
        territory=("14",),
        keywords=("vacance",),
        dataset_ids=("dts_own",),
        treatment=samples.treatment(),
    )


def test_the_advice_is_counted_and_given_once() -> None:
    """A second set of matches does not replace the guidance the holder has read."""
    project = samples.project()
    guidance = Guidance(datasets=(samples.match("communes"), samples.match("epci")))
    project.advise(guidance)
    project.advise(Guidance())
    assert project.guidance == guidance
    assert project.recorded()[1:] == [
        events.ProjectAdvised(
            project_id="prj_1",
            holder_id=HOLDER,
            datasets=2,
            applications=0,
            experts=0,
            pilot_sites=0,
        )
    ]


def test_a_project_without_a_treatment_cannot_be_secured() -> None:
    """Nobody can judge data that is not named; it may still be turned down."""
    project = samples.saved(samples.project(treatment=None))
    samples.advance(project, "advised")
    with pytest.raises(WrongStage, match="traitement"):
        samples.advance(project, "secured")
    assert project.stage == "advised"
    samples.advance(project, "rejected")
    assert topics(project) == ["project_advised", "project_rejected"]


A, B, NONE = (Party(name="Ville", siren=siren) for siren in ("732829320", "217602176", ""))
PARTIAL: dict[str, tuple[str, dict[str, Party]]] = {
    "holder": (HOLDER, {}),
    "of the holder's SIREN": (REVIEWER, {REVIEWER: A, HOLDER: A}),
    "owner": (samples.OWNER, {}),
    "of an owner's SIREN": (REVIEWER, {REVIEWER: A, HOLDER: B, samples.OWNER: A}),
}
"""Who does not decide: its id, and the members concerned."""


@pytest.mark.parametrize("decision", ["secure", "reject", "complete"])
@pytest.mark.parametrize("who", PARTIAL)
def test_nobody_reviews_on_their_own_case(who: str, decision: ReviewDecision) -> None:
    """Who holds the project, or whose data it would read, leaves it to another organisation."""
    by, parties = PARTIAL[who]
    project = samples.project_at("advised")
    before = project.model_dump()
    with pytest.raises(Forbidden, match="un autre relecteur"):
        samples.review(project, decision, "Moi-même.", by, parties)
    assert (project.model_dump(), project.recorded()) == (before, [])


def test_holder_completes_what_a_review_asks_and_the_review_goes_on() -> None:
    """One question at a time, answered once, by the holder alone; both are kept and told."""
    project = samples.project_at("advised")
    samples.review(project, "complete", "Sur quels logements ?", REVIEWER)
    with pytest.raises(WrongStage, match="pas encore répondu"):
        samples.review(project, "complete", "Et pourquoi ?", REVIEWER)
    with pytest.raises(Forbidden, match="seul le porteur"):
        project.complete("Tous.", REVIEWER)
    project.complete("Les logements vacants.", HOLDER)
    with pytest.raises(WrongStage, match="rien n'est à compléter"):
        project.complete("Encore.", HOLDER)
    assert [(question.text, question.answer) for question in project.questions] == [
        ("Sur quels logements ?", "Les logements vacants.")
    ]
    assert topics(project) == ["completion_asked", "completion_given"]
    samples.review(project, "secure", "Oui.", REVIEWER)
    assert project.stage == "secured"


def test_second_reviewer_decides_where_two_are_needed() -> None:
    """Another than the first, on the same treatment; one alone may still refuse."""
    project = samples.project_at("advised")
    samples.review(project, "secure", "Licences ouvertes.", REVIEWER, needed=2)
    assert (project.stage, topics(project)) == ("advised", ["project_approved"])
    with pytest.raises(Forbidden, match="déjà prononcé"):
        samples.review(project, "secure", "Encore moi.", REVIEWER, needed=2)
    samples.review(project, "secure", "D'accord.", "mbr_second", needed=2)
    assert (project.stage, project.history[-1].by) == ("secured", "mbr_second")


def test_two_persons_of_one_member_agree() -> None:
    """Where both have an account; without, nobody can tell them apart."""
    project = samples.project_at("advised")
    samples.review(project, "secure", needed=2, account_id="acc_one")
    for same in ("acc_one", ""):
        with pytest.raises(Forbidden, match="déjà prononcé"):
            samples.review(project, "secure", needed=2, account_id=same)
    stages = [project.stage]
    samples.review(project, "secure", needed=2, account_id="acc_two")
    assert [*stages, project.stage] == ["advised", "secured"]


def test_conditions_hold_until_the_delivery() -> None:
    """Those of all who agreed; the holder is told of them, and confirms them when it delivers."""
    project = samples.project_at("advised")
    samples.review(project, "secure", needed=2, conditions=("Sans publier.",))
    assert project.conditions == ()
    more = ("Sans publier.", "Avis du délégué.")
    samples.review(project, "secure", "Oui.", "mbr_second", needed=2, conditions=more)
    secured = next(
        event for event in project.recorded() if isinstance(event, events.ProjectSecured)
    )
    assert project.conditions == secured.conditions == more
    condition_lines = [entry.why for entry in project.history if entry.why.startswith("Condition")]
    assert condition_lines == [f"Condition de la revue : {condition}" for condition in more]
    project.stage = "staffed"
    project.note_result(samples.succeeded("full", "job_full"))
    with pytest.raises(Invalid, match="Avis du délégué") as refused:
        project.deliver(samples.delivery(), HOLDER)
    assert (refused.value.field, project.stage) == ("conditions_met", "staffed")
    project.deliver(samples.delivery(), HOLDER, conditions_met=True)
    assert project.stage == "delivered"


def test_decision_keeps_what_was_seen() -> None:
    """Each, also a question or a refusal, with the number of the treatment that it is about."""
    project = samples.project_at("advised")
    samples.review(project, "complete", "Sur quels logements ?", seen="Premier dossier.")
    project.complete("Tous.", HOLDER)
    samples.review(project, "reject", "Non.", seen="Second dossier.")
    assert [
        (decision.decision, decision.seen, decision.proposal)
        for decision in project.reviews.decisions
    ] == [("complete", "Premier dossier.", 1), ("reject", "Second dossier.", 1)]


def test_project_of_before_keeps_its_questions_and_approvals() -> None:
    """What was saved before reviews kept decisions is read as it was meant."""
    saved = samples.project_at("advised").model_dump(mode="json")
    del saved["reviews"]
    at = "2026-11-01T10:00:00Z"
    saved["approvals"] = [{"by": REVIEWER, "at": at, "reason": "Oui.", "proposal": 1}]
    saved["questions"] = [{"text": "Quoi ?", "asked_by": REVIEWER, "asked_at": at, "answer": "Ça."}]
    project = Project.model_validate(saved)
    assert ([decision.by for decision in project.approvals], project.questions[0].answer) == (
        [REVIEWER],
        "Ça.",
    )
    samples.review(project, "secure", "Oui.", "mbr_second", needed=2)
    assert project.stage == "secured"


def test_word_for_another_treatment_does_not_count() -> None:
    """Who agreed did not see this one."""
    project = samples.project_at("advised")
    samples.review(project, "secure", "Oui.", REVIEWER, needed=2)
    project.set_treatment(samples.treatment("dts_c"), HOLDER, is_reviewer=False)
    samples.check_inputs(project)
    samples.review(project, "secure", "Oui.", "mbr_second", needed=2)
    stages = [project.stage]
    samples.review(project, "secure", "Celui-ci aussi.", REVIEWER, needed=2)
    assert [*stages, project.stage] == ["advised", "secured"]


def test_one_reviewer_refuses_alone_and_what_was_asked_is_not_answered() -> None:
    """Where two are needed to agree, too; there is nothing left to decide."""
    project = samples.project_at("advised")
    samples.review(project, "complete", "Sur quels logements ?", REVIEWER)
    samples.review(project, "reject", "Sans suite.", REVIEWER, needed=2)
    assert project.stage == "rejected"
    with pytest.raises(WrongStage, match="rien n'est à compléter"):
        project.complete("Tous.", HOLDER)


@pytest.mark.parametrize("who", sorted(PARTIAL.keys() - {"holder"}))
def test_nobody_changes_a_secured_treatment_on_their_own_case(who: str) -> None:
    """A changed treatment is a decision of the lab's, as the review was; so is the next one."""
    by, parties = PARTIAL[who]
    project = failed()
    project.set_treatment(samples.treatment(), REVIEWER, is_reviewer=True)
    before = project.model_dump()
    with pytest.raises(Forbidden, match="relecteur"):
        project.set_treatment(samples.treatment(), by, is_reviewer=True, parties=parties)
    assert project.model_dump() == before


@pytest.mark.parametrize(
    "parties",
    [{}, {REVIEWER: NONE, HOLDER: NONE, samples.OWNER: NONE}, {REVIEWER: A, HOLDER: NONE}],
)
def test_a_reviewer_of_another_organisation_decides(parties: dict[str, Party]) -> None:
    """Members without a SIREN are not one organisation; a holder's own data hinders nobody."""
    project = samples.saved(samples.project())
    project.advise(Guidance())
    samples.check_inputs(project, owners=(HOLDER,))
    samples.review(project, "secure", "Oui.", REVIEWER, parties)
    assert project.stage == "secured"


@pytest.mark.parametrize("parties", [{}, {HOLDER: A}])
def test_securing_tells_what_owners_decide_on(parties: dict[str, Party]) -> None:
    """Each dataset once, the treatment, what for, and who asks, as far as the lab knows."""
    project = samples.project_at("advised")
    samples.review(project, "secure", "Licences ouvertes.", REVIEWER, parties)
    assert project.recorded() == [
        events.ProjectSecured(
            project_id="prj_1",
            holder_id=HOLDER,
            dataset_ids=("dts_a", "dts_b"),
            proposal=1,
            treatment=samples.treatment(),
            title="Logements vacants",
            problem="Où les logements restent-ils vides ?",
            holder=parties.get(HOLDER, Party()),
            decided_by=REVIEWER,
            reason="Licences ouvertes.",
        )
    ]


@pytest.mark.parametrize("order", ["access first", "workspace first"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_project_is_equipped_when_both_openings_came(
    order: Literal["access first", "workspace first"], times: int
) -> None:
    """In either order, each any number of times, it is equipped once."""
    project = samples.project_at("secured")
    first: Callable[[Project], None] = open_access
    second: Callable[[Project], None] = Project.open_workspace
    if order == "workspace first":
        first, second = second, first
    for _ in range(times):
        first(project)
    assert not project.recorded()
    for _ in range(times):
        second(project)
    assert project.stage == "equipped"
    assert project.recorded() == [
        events.ProjectEquipped(
            project_id="prj_1", holder_id=HOLDER, treatment=samples.treatment(), proposal=1
        )
    ]


def test_a_trial_whose_result_has_no_row_is_told_as_a_warning() -> None:
    """The project goes on, and nobody reads that it was a success."""
    project = samples.project_at("equipped")
    warning = "Il ne reste aucune ligne."
    project.end_trial(
        samples.succeeded("trial", "job_trial").model_copy(
            update={"is_empty": True, "warning": warning}
        )
    )
    assert (project.stage, project.trials[-1].is_empty) == ("trialled", True)
    why = project.history[-1].why
    assert why == f"L'essai sur un échantillon s'est achevé sans aucune ligne. {warning}"
    trialled = [event for event in project.recorded() if isinstance(event, events.ProjectTrialled)]
    assert "ne dit rien de ce que vaut le traitement" in trialled[-1].told


@pytest.mark.parametrize(
    ("end", "result", "reason"),
    [
        (samples.failed_trial, "L'essai a échoué", "colonne absente"),
        (samples.cancelled_trial, "L'essai n'a pas abouti", "annulé"),
    ],
    ids=["failed", "cancelled"],
)
def test_a_trial_without_result_leaves_the_project_equipped_and_says_why(
    end: TrialEnd, result: str, reason: str
) -> None:
    """The holder reads the reason in the history, which tells a cancellation from a failure."""
    project = samples.project_at("equipped")
    project.end_trial(end("job_trial"))
    assert (project.stage, project.recorded()) == ("equipped", [])
    assert project.history[-1].why == f"{result} : {reason}"
    assert project.trials[-1].reason == reason


def test_what_results_tell_about_persons_is_read_before_they_are_delivered() -> None:
    """A trial's warning stands in the history, a result's beside it, and at its delivery again."""
    project = samples.project_at("equipped")
    project.end_trial(samples.succeeded("trial", "job_1").model_copy(update={"warning": "Noms."}))
    assert project.trials[-1].warning == "Noms."
    assert project.history[-1].why == "L'essai sur un échantillon a réussi. Noms."
    project = samples.project_at("staffed")
    for job_id, warning in (("job_full", "Sexe et commune."), ("job_other", "")):
        end = samples.succeeded("full", job_id).model_copy(update={"warning": warning})
        project.note_result(end)
    assert project.results[-2].warning == "Sexe et commune."
    samples.advance(project, "delivered")
    assert project.history[-1].why == "Service livré. Sexe et commune."


@pytest.mark.parametrize("end", [samples.failed_trial, samples.cancelled_trial])
def test_after_a_trial_without_result_a_new_treatment_of_the_same_data_is_tried(
    end: TrialEnd,
) -> None:
    """Equipping is recorded again with the new treatment, and its trial may succeed."""
    project = samples.project_at("equipped")
    project.end_trial(end("job_1"))
    corrected = samples.treatment("dts_a", "dts_b")
    project.set_treatment(corrected, REVIEWER, is_reviewer=True, parties={HOLDER: A})
    assert project.recorded() == [
        events.TreatmentChanged(
            project_id="prj_1",
            holder_id=HOLDER,
            dataset_ids=("dts_a", "dts_b"),
            proposal=2,
            treatment=corrected,
            title="Logements vacants",
            problem="Où les logements restent-ils vides ?",
            holder=A,
            decided_by=REVIEWER,
        )
    ]
    entry = project.history[-1]
    assert (entry.by, entry.why) == (REVIEWER, "Nouveau traitement, examiné par le lab.")
    assert not project.access_open
    for proposal in (None, 1, 2, 2):
        project.open_access(proposal)
    assert project.recorded()[1:] == [
        events.ProjectEquipped(
            project_id="prj_1", holder_id=HOLDER, treatment=corrected, proposal=2
        )
    ]
    project.end_trial(samples.succeeded("trial", "job_2"))
    assert project.stage == "trialled"


@pytest.mark.parametrize("stage", ["equipped", "staffed"])
@pytest.mark.parametrize("opened", ["first", "last"])
def test_a_changed_treatment_that_reads_more_waits_for_its_owner(
    stage: Stage, opened: Literal["first", "last"]
) -> None:
    """Whether the catalogue's opening or the grant is heard of first; the project says for whom."""
    project = failed() if stage == "equipped" else samples.project_at("staffed")
    project.set_treatment(samples.treatment(), REVIEWER, is_reviewer=True)
    project.note_access(requested(5))
    assert [wait.member_id for wait in project.waits_for] == [samples.OWNER]
    assert project.history[-1].why == "Attend l'accord de mbr_owner sur « dts_a »."
    news: list[Callable[[], None]] = [
        lambda: project.note_access(granted(6)),
        lambda: open_access(project),
    ]
    for tell in news if opened == "last" else reversed(news):
        assert topics(project) == ["treatment_changed"]
        tell()
    assert topics(project) == ["treatment_changed", "project_equipped"]
    assert (project.stage, project.waits_for, project.retry_due) == (stage, (), False)
    project.note_access(revoked(7))
    project.note_access(granted(8))
    assert topics(project).count("project_equipped") == 1


def test_only_the_result_of_a_full_job_of_this_project_is_delivered() -> None:
    """A trial's job or an unknown one is refused by name of the field."""
    project = samples.project_at("staffed")
    project.note_result(samples.succeeded("full", "job_full"))
    for job_id in ("job_trial", "job_unknown"):
        with pytest.raises(Invalid) as refused:
            project.deliver(samples.delivery(job_id), HOLDER)
        assert refused.value.field == "job_id"
    assert (project.stage, project.recorded()) == ("staffed", [])


def test_result_of_data_that_was_taken_away_is_not_delivered() -> None:
    """Until it is granted again; the history tells the holder, and news that is old is none."""
    project = samples.project_at("staffed")
    project.note_result(samples.succeeded("full", "job_full"))
    for news in (revoked(3, "dts_a"), granted(2, "dts_a"), granted(2, "dts_b")):
        project.note_access(news)
    with pytest.raises(WrongStage, match="étude finie"):
        project.deliver(samples.delivery(), HOLDER)
    assert project.history[-1].why == "Accès à des données retiré : étude finie"
    project.note_access(granted(4, "dts_a"))
    project.deliver(samples.delivery(), HOLDER)
    assert project.stage == "delivered"


def test_a_delivery_tells_the_catalogue_what_to_register() -> None:
    """Result, licence and texts of the delivery; theme and territory of the project."""
    project = samples.project_at("staffed")
    project.note_result(samples.succeeded("full", "job_full"))
    project.deliver(samples.delivery(), HOLDER)
    assert project.recorded() == [
        events.ProjectDelivered(
            project_id="prj_1",
            holder_id=HOLDER,
            job_id="job_full",
            title="Vacance",
            description="Taux par EPCI",
            theme="logement",
            territory=("14",),
            licence="etalab-2.0",
            result=MANIFEST,
            site_id=samples.SITE,
            team=samples.TEAM,
        )
    ]


def test_treatment_that_leads_nowhere_is_not_secured_until_it_is_mended() -> None:
    """Whatever compute or the catalogue found in its way is told, and owners are asked nothing."""
    project = samples.saved(samples.project())
    project.advise(Guidance())
    project.note_fault(1, "steps.0.parameters.counts: doit nommer une colonne")
    samples.check_inputs(project, Obstacle(dataset_id="dts_a", reason="Inconnu."))
    with pytest.raises(WrongStage, match="counts"):
        samples.advance(project, "secured")
    history_lines = [entry.why for entry in project.history if entry.by in {"compute", "catalog"}]
    assert [why.partition(" : ")[2] for why in history_lines] == [
        "steps.0.parameters.counts: doit nommer une colonne",
        "dts_a : Inconnu.",
    ]
    project.set_treatment(samples.treatment("dts_a"), HOLDER, is_reviewer=False)
    assert project.recorded()[-1] == events.TreatmentProposed(
        project_id="prj_1", holder_id=HOLDER, proposal=2, treatment=samples.treatment("dts_a")
    )
    project.note_fault(1, "trop tard")
    project.note_fault(2, "")
    samples.check_inputs(project, Obstacle(dataset_id="dts_a", reason="Retenu.", passes=True))
    samples.advance(project, "secured")
    assert (project.history[-2].why, project.history[-1].why) == (
        "Le traitement devra attendre : dts_a : Retenu.",
        "Licences ouvertes.",
    )


def test_later_word_of_the_catalogue_is_about_persons_only() -> None:
    """What came first keeps its place; an older one that comes late changes nothing."""
    project = samples.project()
    project.advise(Guidance())
    for sequence, text in ((3, "avant"), (7, "après"), (5, "entre")):
        note = InputNote(dataset_id="dts_a", title="Bus", said=text)
        fields = {"project_id": project.id, "proposal": 1, "owners": (), "persons": (note,)}
        project.note_inputs(events.InputsChecked.model_validate(fields), sequence)
    (check,) = project.checks
    assert [note.said for note in check.persons] == ["après"]


def test_review_does_not_wait_for_compute() -> None:
    """A service that is away keeps nobody from deciding; the history tells what was not known."""
    project = samples.project_at("advised")
    samples.advance(project, "secured")
    assert project.history[-1].why == "Licences ouvertes. Non encore vérifié par le calcul."


def test_access_is_open_while_everything_may_be_read() -> None:
    """Taken away it is not, granted again it is; the history tells both, and the end ends it."""
    project = samples.project_at("equipped")
    news_and_outcomes = (
        (granted(2), True),
        (revoked(5), False),
        (granted(4), False),
        (granted(6), True),
    )
    for news, is_open in news_and_outcomes:
        project.note_access(news)
        assert project.access_open is is_open
    assert [entry.why for entry in project.history[-2:]] == [
        "Accès à des données retiré : étude finie",
        "Accès à des données accordé.",
    ]
    samples.advance(project, "withdrawn")
    assert (project.access_open, project.workspace_open) == (False, False)
    assert topics(project) == ["project_withdrawn"]


def test_trial_that_lost_its_data_runs_again_once_it_is_granted_again() -> None:
    """By itself and once; not while it runs, nor when nothing had been taken away."""
    project = samples.project_at("equipped")
    project.note_access(revoked())
    project.end_trial(samples.cancelled_trial("job_1"))
    project.note_access(granted(3, "dts_b"))
    assert project.recorded() == []
    for _ in range(2):
        project.note_access(granted(4))
    assert (topics(project), project.trial_due) == (["project_equipped"], True)
    project.end_trial(samples.succeeded("trial", "job_2"))
    assert project.stage == "trialled"


def test_history_tells_why_a_secured_project_waits() -> None:
    """Whose word, data that nobody reads yet, a refusal, a request without an answer."""
    project = samples.project_at("secured")
    before = len(project.history)
    project.note_access(requested(1, reason="Retenu."))
    for sequence, (state, reason) in enumerate(
        (("expired", "Sans réponse."), ("refused", "Non.")), start=2
    ):
        news = {"dataset_id": "dts_a", "sequence": sequence, "state": state, "reason": reason}
        project.note_access(DatasetAccess.model_validate(news))
    project.note_access(granted(1, "dts_b"))
    assert [entry.why for entry in project.history[before:]] == [
        "Attend l'accord de mbr_owner sur « dts_a ». Retenu.",
        "Demande d'accès à des données expirée : Sans réponse.",
        "Accès à des données refusé : Non.",
    ]


def test_a_project_says_for_whom_it_waits_until_all_have_answered() -> None:
    """Each who decides on a dataset by name; once they granted it, what they bind it to."""
    project = samples.project_at("secured")
    before = len(project.history)
    for member_id in (None, "mbr_source"):
        project.note_access(requested(1, member_id=member_id, title="Loyers"))
    project.note_access(requested(1, dataset_id="dts_b"))
    assert [(wait.dataset_id, wait.member_id, wait.why) for wait in project.waits_for] == [
        ("dts_a", "mbr_owner", "Attend l'accord de mbr_owner sur « Loyers »."),
        ("dts_a", "mbr_source", "Attend l'accord de mbr_source sur « Loyers »."),
        ("dts_b", "mbr_owner", "Attend l'accord de mbr_owner sur « dts_b »."),
    ]
    bound = {"purpose": "étude", "until": "2026-12-31", "conditions": ("jamais le revenu",)}
    project.note_access(granted(2).model_copy(update=bound))
    assert [wait.dataset_id for wait in project.waits_for] == ["dts_b"]
    assert [entry.why for entry in project.history[before:]] == [
        "Attend l'accord de mbr_owner sur « Loyers ».",
        "Attend l'accord de mbr_source sur « Loyers ».",
        "Attend l'accord de mbr_owner sur « dts_b ».",
        " ".join(("Accès à des données accordé.", *project.accesses[0].bound)),
    ]
    assert project.accesses[0].bound[2] == "Condition : « jamais le revenu »."
    access = ProjectView.of(project).accesses[0]
    assert (access.purpose, access.until, access.conditions) == tuple(bound.values())
    assert project.owners == {"mbr_owner", "mbr_source"}
    samples.advance(project, "withdrawn")
    assert project.waits_for == ()


def test_requests_that_were_noted_before_deciders_were_are_waited_for_too() -> None:
    """By a document of before: nobody knows who was asked."""
    saved = samples.project_at("secured").model_dump()
    saved["accesses"] = [{"dataset_id": "dts_a", "sequence": 2, "state": "requested"}]
    (wait,) = Project.model_validate(saved).waits_for
    assert (wait.member_id, wait.why) == (
        None,
        "Attend l'accord de son propriétaire sur « dts_a ».",
    )


def test_project_saved_before_access_could_end_is_read_as_it_was_meant() -> None:
    """By the names that its fields had."""
    saved = samples.project_at("equipped").model_dump()
    del saved["opened_for"]
    saved["access_open"] = True
    saved["accesses"] = [{"dataset_id": "dts_a", "sequence": 2, "ended": "étude finie"}]
    project = Project.model_validate(saved)
    assert (project.opened_for, project.access_open) == (1, False)
    with pytest.raises(WrongStage, match="étude finie"):
        check_readable(project.accesses)


def test_project_says_which_job_waits_for_an_operator() -> None:
    """In its view and its history, until an operator puts the job back into the queue."""
    project = samples.project_at("equipped")
    project.note_given_up(samples.given_up(4))
    assert [job.job_id for job in project.waiting_jobs] == ["job_1"]
    why = "L'essai n'avance plus : erreur interne. Un exploitant doit le relancer ou l'annuler."
    assert project.history[-1].why == why
    project.note_given_up(samples.given_up(5, reason=""))
    assert project.waiting_jobs == ()
    assert project.history[-1].why == "L'essai va reprendre, à la demande d'un exploitant du lab."


def test_news_of_a_job_that_waits_may_come_in_any_order() -> None:
    """What is older than what is known changes nothing."""
    project = samples.project_at("equipped")
    project.note_given_up(samples.given_up(5, reason=""))
    project.note_given_up(samples.given_up(4))
    project.end_job(samples.given_up(7, "full", reason="", job_id="job_2"))
    lines = len(project.history)
    project.note_given_up(samples.given_up(6, "full", job_id="job_2"))
    assert (project.waiting_jobs, len(project.history)) == ((), lines)


def test_who_has_a_part_in_a_project_does_not_decide_on_it() -> None:
    """Its pilot site and its team gain by it; who was only asked does not."""
    project = samples.project_at("staffed")
    for by in (samples.SITE, *samples.TEAM):
        with pytest.raises(Forbidden, match="un autre relecteur"):
            project.check_impartial(by, {})
    asked = samples.project_at("piloted")
    asked.form_team(samples.TEAM, REVIEWER)
    asked.check_impartial(samples.TEAM[0], {})


def test_deleted_data_is_called_as_it_is_now_whichever_news_comes_first() -> None:
    """Its old title stays in no sentence; an end that comes before the deletion tells as much."""
    new, old = "Jeu de données supprimé", "Patients"
    for is_first in (True, False):
        project = samples.project_at("secured")
        project.note_access(requested(1, title=old))
        ended = revoked(2).model_copy(update={"title": new})
        if is_first:
            project.note_access(ended)
        project.note_deletion("dts_a", new, "fin")
        if not is_first:
            project.note_access(ended)
        assert old not in str(project.model_dump())
        (access,) = project.accesses
        assert (access.title, access.state, access.reason) == (new, "revoked", "étude finie")


def test_ended_project_says_that_deleted_data_is_not_read_any_more() -> None:
    """The catalogue says nothing more of what an ended project was granted."""
    project = samples.project_at("delivered")
    project.note_access(granted(9))
    project.note_access(granted(9, "dts_b"))
    project.note_deletion("dts_a", "Patients", "étude finie")
    states = {access.dataset_id: (access.state, access.reason) for access in project.accesses}
    assert states["dts_a"] == ("revoked", "Ces données sont supprimées : étude finie")
    assert states["dts_b"] == ("granted", "")
