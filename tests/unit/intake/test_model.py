"""The rules of a project's life."""

from collections.abc import Callable
from typing import Literal, get_args

import pytest

from services.intake.accesses import DatasetAccess, check_readable
from services.intake.model import Project
from services.intake.records import Guidance
from services.intake.views import ProjectView
from shared import events
from shared.errors import Forbidden, Invalid, WrongStage
from shared.events.event import InputNote, Obstacle, Party
from shared.stages import STAGE_NAMES, STAGES, Stage
from tests.events import enveloped, topics
from tests.unit.intake import made
from tests.unit.intake.made import HOLDER, MANIFEST, REVIEWER

FINAL: set[Stage] = {"delivered", "rejected", "withdrawn"}
TrialEnd = Callable[[str], events.JobFailed | events.JobCancelled]

# What each command needs, written down a second time on purpose.
COMMANDS: dict[str, tuple[Callable[[Project], None], set[Stage]]] = {
    "secure": (lambda it: made.review(it, "secure", "Oui.", REVIEWER), {"advised"}),
    "reject": (
        lambda it: made.review(it, "reject", "Non.", REVIEWER),
        {"advised", "secured", "equipped"},
    ),
    "ask": (lambda it: made.review(it, "complete", "Sur quels logements ?", REVIEWER), {"advised"}),
    "choose_pilot_site": (lambda it: it.choose_pilot_site("mbr_s", REVIEWER), {"trialled"}),
    "form_team": (lambda it: it.form_team(("mbr_1",), REVIEWER), {"piloted"}),
    "deliver": (lambda it: it.deliver(made.delivery(), HOLDER), {"staffed"}),
    "withdraw": (lambda it: it.withdraw("Non.", HOLDER), set(STAGES) - FINAL),
    "set_treatment": (
        lambda it: it.set_treatment(made.treatment("dts_c"), HOLDER, is_reviewer=False),
        set(STAGES) - FINAL,
    ),
}

# The stages at which another service's event means anything.
EVENTS: dict[str, tuple[Callable[[Project], None], set[Stage]]] = {
    "DatasetsMatched": (lambda it: it.advise(Guidance()), {"submitted"}),
    "DataAccessOpened": (lambda it: it.open_access(it.proposal), {"secured"}),
    "DataAccessOpened of before": (lambda it: it.open_access(None), {"secured"}),
    "WorkspaceOpened": (Project.open_workspace, {"secured"}),
    "JobSucceeded": (lambda it: it.end_trial(made.succeeded("trial", "job_new")), {"equipped"}),
    "JobFailed": (lambda it: it.end_trial(made.failed_trial("job_new")), {"equipped"}),
    "JobCancelled": (lambda it: it.end_trial(made.cancelled_trial("job_new")), {"equipped"}),
    "TreatmentChecked": (lambda it: it.note_fault(1, "rien"), set(STAGES) - FINAL),
    "InputsChecked": (made.check_inputs, set(STAGES) - FINAL),
    "JobGivenUp": (lambda it: it.note_given_up(made.given_up(1)), set(STAGES) - FINAL),
    "full JobSucceeded": (
        lambda it: it.note_result(made.succeeded("full", "job_new")),
        set(STAGES) - FINAL,
    ),
}


def failed() -> Project:
    """An equipped project whose trial failed."""
    it = made.project_at("equipped")
    it.end_trial(made.failed_trial("job_1"))
    return it


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
        owner_id=made.OWNER,
        holder_id=HOLDER,
        member_id=member_id,
        **about,
    )
    return DatasetAccess.of(enveloped(event, "prj_1", sequence))


def open_access(it: Project) -> None:
    """Let the catalogue open what the present treatment reads."""
    it.open_access(it.proposal)


def test_the_table_names_every_stage() -> None:
    """No stage is forgotten, and only three are final."""
    assert tuple(STAGES) == get_args(Stage)
    assert {stage for stage, terms in STAGES.items() if not terms.following} == FINAL


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works_at_its_stages_and_is_refused_at_all_others(
    stage: Stage, command: str
) -> None:
    """A refusal says so, changes nothing and records nothing."""
    run, allowed = COMMANDS[command]
    it = made.project_at(stage)
    it.note_result(made.succeeded("full", "job_full"))
    before = it.model_dump()
    if stage in allowed:
        run(it)
        assert it.history[-1].stage == it.stage
        assert len(it.history) == len(before["history"]) + 1
        return
    with pytest.raises(WrongStage, match=f"« {STAGE_NAMES[stage]} »"):
        run(it)
    assert (it.model_dump(), it.recorded()) == (before, [])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_at_another_stage_changes_nothing(stage: Stage, event: str) -> None:
    """It comes twice, too late, or after the project's end: nothing is changed or recorded."""
    apply, meaningful = EVENTS[event]
    it = made.project_at(stage)
    it.checks = ()
    before = it.model_dump()
    apply(it)
    assert (it.model_dump() != before) == (stage in meaningful)
    assert bool(it.recorded()) == (event in {"DatasetsMatched", "JobSucceeded"}) * (
        stage in meaningful
    )


def test_the_usual_road_records_one_event_for_each_stage() -> None:
    """A project that meets no trouble publishes its whole story, in order."""
    it = made.project()
    for stage in made.ROAD[1:]:
        made.advance(it, stage)
    told = [topic for topic in topics(it) if topic.startswith("project_")]
    assert told == [f"project_{stage}" for stage in made.ROAD]
    assert list(dict.fromkeys(entry.stage for entry in it.history)) == list(made.ROAD)
    people = {HOLDER, REVIEWER, made.SITE, *made.TEAM}
    assert {entry.by for entry in it.history} == {"intake", "compute", *people}
    assert all(entry.why for entry in it.history)


def test_a_submission_tells_what_the_catalogue_needs() -> None:
    """The event carries problem, theme, territory, words and the holder's datasets."""
    it = made.project(keywords=("vacance",), dataset_ids=("dts_own",))
    (event,) = it.recorded()
    assert event == events.ProjectSubmitted(
        project_id="prj_1",
        holder_id=HOLDER,
        title="Logements vacants",
        problem="Où les logements restent-ils vides ?",
        theme="logement",
        territory=("14",),
        keywords=("vacance",),
        dataset_ids=("dts_own",),
        treatment=made.treatment(),
    )


def test_the_advice_is_counted_and_given_once() -> None:
    """A second set of matches does not replace the guidance the holder has read."""
    it = made.project()
    guidance = Guidance(datasets=(made.match("communes"), made.match("epci")))
    it.advise(guidance)
    it.advise(Guidance())
    assert it.guidance == guidance
    assert it.recorded()[1:] == [
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
    it = made.saved(made.project(treatment=None))
    made.advance(it, "advised")
    with pytest.raises(WrongStage, match="traitement"):
        made.advance(it, "secured")
    assert it.stage == "advised"
    made.advance(it, "rejected")
    assert topics(it) == ["project_advised", "project_rejected"]


A, B, NONE = (Party(name="Ville", siren=siren) for siren in ("732829320", "217602176", ""))
PARTIAL: dict[str, tuple[str, dict[str, Party]]] = {
    "holder": (HOLDER, {}),
    "of the holder's SIREN": (REVIEWER, {REVIEWER: A, HOLDER: A}),
    "owner": (made.OWNER, {}),
    "of an owner's SIREN": (REVIEWER, {REVIEWER: A, HOLDER: B, made.OWNER: A}),
}
"""Who does not decide: its id, and the members concerned."""


@pytest.mark.parametrize("decision", ["secure", "reject"])
@pytest.mark.parametrize("who", PARTIAL)
def test_nobody_reviews_on_their_own_case(who: str, decision: Literal["secure", "reject"]) -> None:
    """Who holds the project, or whose data it would read, leaves it to another organisation."""
    by, parties = PARTIAL[who]
    it = made.project_at("advised")
    before = it.model_dump()
    with pytest.raises(Forbidden, match="un autre relecteur"):
        made.review(it, decision, "Moi-même.", by, parties)
    assert (it.model_dump(), it.recorded()) == (before, [])


@pytest.mark.parametrize("who", PARTIAL)
def test_nobody_asks_to_complete_their_own_case(who: str) -> None:
    """As they may not decide on it."""
    by, parties = PARTIAL[who]
    it = made.project_at("advised")
    with pytest.raises(Forbidden, match="un autre relecteur"):
        made.review(it, "complete", "Pourquoi ?", by, parties)
    assert (it.questions, it.recorded()) == ((), [])


def test_holder_completes_what_a_review_asks_and_the_review_goes_on() -> None:
    """One question at a time, answered once, by the holder alone; both are kept and told."""
    it = made.project_at("advised")
    made.review(it, "complete", "Sur quels logements ?", REVIEWER)
    with pytest.raises(WrongStage, match="pas encore répondu"):
        made.review(it, "complete", "Et pourquoi ?", REVIEWER)
    with pytest.raises(Forbidden, match="seul le porteur"):
        it.complete("Tous.", REVIEWER)
    it.complete("Les logements vacants.", HOLDER)
    with pytest.raises(WrongStage, match="rien n'est à compléter"):
        it.complete("Encore.", HOLDER)
    assert [(one.text, one.answer) for one in it.questions] == [
        ("Sur quels logements ?", "Les logements vacants.")
    ]
    assert topics(it) == ["completion_asked", "completion_given"]
    made.review(it, "secure", "Oui.", REVIEWER)
    assert it.stage == "secured"


def test_second_reviewer_decides_where_two_are_needed() -> None:
    """Another than the first, on the same treatment; one alone may still refuse."""
    it = made.project_at("advised")
    made.review(it, "secure", "Licences ouvertes.", REVIEWER, needed=2)
    assert (it.stage, topics(it)) == ("advised", ["project_approved"])
    with pytest.raises(Forbidden, match="déjà prononcé"):
        made.review(it, "secure", "Encore moi.", REVIEWER, needed=2)
    made.review(it, "secure", "D'accord.", "mbr_second", needed=2)
    assert (it.stage, it.history[-1].by) == ("secured", "mbr_second")


def test_two_persons_of_one_member_agree() -> None:
    """Where both have an account; without, nobody can tell them apart."""
    it = made.project_at("advised")
    made.review(it, "secure", needed=2, account_id="acc_one")
    for same in ("acc_one", ""):
        with pytest.raises(Forbidden, match="déjà prononcé"):
            made.review(it, "secure", needed=2, account_id=same)
    stages = [it.stage]
    made.review(it, "secure", needed=2, account_id="acc_two")
    assert [*stages, it.stage] == ["advised", "secured"]


def test_conditions_hold_until_the_delivery() -> None:
    """Those of all who agreed; the holder is told of them, and confirms them when it delivers."""
    it = made.project_at("advised")
    made.review(it, "secure", needed=2, conditions=("Sans publier.",))
    assert it.conditions == ()
    more = ("Sans publier.", "Avis du délégué.")
    made.review(it, "secure", "Oui.", "mbr_second", needed=2, conditions=more)
    secured = next(one for one in it.recorded() if isinstance(one, events.ProjectSecured))
    assert it.conditions == secured.conditions == more
    told = [entry.why for entry in it.history if entry.why.startswith("Condition")]
    assert told == [f"Condition de la revue : {one}" for one in more]
    it.stage = "staffed"
    it.note_result(made.succeeded("full", "job_full"))
    with pytest.raises(Invalid, match="Avis du délégué") as refused:
        it.deliver(made.delivery(), HOLDER)
    assert (refused.value.field, it.stage) == ("conditions_met", "staffed")
    it.deliver(made.delivery(), HOLDER, conditions_met=True)
    assert it.stage == "delivered"


def test_decision_keeps_what_was_seen() -> None:
    """Each, also a question or a refusal, with the number of the treatment that it is about."""
    it = made.project_at("advised")
    made.review(it, "complete", "Sur quels logements ?", seen="Premier dossier.")
    it.complete("Tous.", HOLDER)
    made.review(it, "reject", "Non.", seen="Second dossier.")
    assert [(one.decision, one.seen, one.proposal) for one in it.reviews.decisions] == [
        ("complete", "Premier dossier.", 1),
        ("reject", "Second dossier.", 1),
    ]


def test_project_of_before_keeps_its_questions_and_approvals() -> None:
    """What was saved before reviews kept decisions is read as it was meant."""
    saved = made.project_at("advised").model_dump(mode="json")
    del saved["reviews"]
    at = "2026-11-01T10:00:00Z"
    saved["approvals"] = [{"by": REVIEWER, "at": at, "reason": "Oui.", "proposal": 1}]
    saved["questions"] = [{"text": "Quoi ?", "asked_by": REVIEWER, "asked_at": at, "answer": "Ça."}]
    it = Project.model_validate(saved)
    assert ([one.by for one in it.approvals], it.questions[0].answer) == ([REVIEWER], "Ça.")
    made.review(it, "secure", "Oui.", "mbr_second", needed=2)
    assert it.stage == "secured"


def test_word_for_another_treatment_does_not_count() -> None:
    """Who agreed did not see this one."""
    it = made.project_at("advised")
    made.review(it, "secure", "Oui.", REVIEWER, needed=2)
    it.set_treatment(made.treatment("dts_c"), HOLDER, is_reviewer=False)
    made.check_inputs(it)
    made.review(it, "secure", "Oui.", "mbr_second", needed=2)
    stages = [it.stage]
    made.review(it, "secure", "Celui-ci aussi.", REVIEWER, needed=2)
    assert [*stages, it.stage] == ["advised", "secured"]


def test_first_reviewer_may_refuse_alone() -> None:
    """And who refuses need not wait for anybody."""
    it = made.project_at("advised")
    made.review(it, "reject", "Non.", REVIEWER, needed=2)
    assert it.stage == "rejected"


def test_question_of_a_refused_project_is_not_answered() -> None:
    """There is nothing left to decide."""
    it = made.project_at("advised")
    made.review(it, "complete", "Sur quels logements ?", REVIEWER)
    made.review(it, "reject", "Sans suite.", REVIEWER)
    with pytest.raises(WrongStage, match="rien n'est à compléter"):
        it.complete("Tous.", HOLDER)


@pytest.mark.parametrize("who", sorted(PARTIAL.keys() - {"holder"}))
def test_nobody_changes_a_secured_treatment_on_their_own_case(who: str) -> None:
    """A changed treatment is a decision of the lab's, as the review was; so is the next one."""
    by, parties = PARTIAL[who]
    it = failed()
    it.set_treatment(made.treatment(), REVIEWER, is_reviewer=True)
    before = it.model_dump()
    with pytest.raises(Forbidden, match="relecteur"):
        it.set_treatment(made.treatment(), by, is_reviewer=True, parties=parties)
    assert it.model_dump() == before


@pytest.mark.parametrize(
    "parties", [{}, {REVIEWER: NONE, HOLDER: NONE, made.OWNER: NONE}, {REVIEWER: A, HOLDER: NONE}]
)
def test_a_reviewer_of_another_organisation_decides(parties: dict[str, Party]) -> None:
    """Members without a SIREN are not one organisation; a holder's own data hinders nobody."""
    it = made.saved(made.project())
    it.advise(Guidance())
    made.check_inputs(it, owners=(HOLDER,))
    made.review(it, "secure", "Oui.", REVIEWER, parties)
    assert it.stage == "secured"


@pytest.mark.parametrize("parties", [{}, {HOLDER: A}])
def test_securing_tells_what_owners_decide_on(parties: dict[str, Party]) -> None:
    """Each dataset once, the treatment, what for, and who asks, as far as the lab knows."""
    it = made.project_at("advised")
    made.review(it, "secure", "Licences ouvertes.", REVIEWER, parties)
    assert it.recorded() == [
        events.ProjectSecured(
            project_id="prj_1",
            holder_id=HOLDER,
            dataset_ids=("dts_a", "dts_b"),
            proposal=1,
            treatment=made.treatment(),
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
    it = made.project_at("secured")
    first: Callable[[Project], None] = open_access
    second: Callable[[Project], None] = Project.open_workspace
    if order == "workspace first":
        first, second = second, first
    for _ in range(times):
        first(it)
    assert not it.recorded()
    for _ in range(times):
        second(it)
    assert it.stage == "equipped"
    assert it.recorded() == [
        events.ProjectEquipped(
            project_id="prj_1", holder_id=HOLDER, treatment=made.treatment(), proposal=1
        )
    ]


def test_an_opening_after_the_withdrawal_equips_nothing() -> None:
    """What was under way when the holder gave up has no effect any more."""
    it = made.project_at("secured")
    open_access(it)
    made.advance(it, "withdrawn")
    it.open_workspace()
    assert (it.stage, topics(it)) == ("withdrawn", ["project_withdrawn"])


def test_a_successful_trial_names_its_manifest() -> None:
    """Who follows the project can look at the trial."""
    it = made.project_at("equipped")
    it.end_trial(made.succeeded("trial", "job_trial"))
    assert it.recorded() == [
        events.ProjectTrialled(
            project_id="prj_1", holder_id=HOLDER, job_id="job_trial", result=MANIFEST
        )
    ]
    assert [trial.job_id for trial in it.trials] == ["job_trial"]


def test_a_trial_whose_result_has_no_row_is_told_as_a_warning() -> None:
    """The project goes on, and nobody reads that it was a success."""
    project = made.project_at("equipped")
    said = "Il ne reste aucune ligne."
    project.end_trial(
        made.succeeded("trial", "job_trial").model_copy(update={"is_empty": True, "warning": said})
    )
    assert (project.stage, project.trials[-1].is_empty) == ("trialled", True)
    why = project.history[-1].why
    assert why == f"L'essai sur un échantillon s'est achevé sans aucune ligne. {said}"
    trialled = [one for one in project.recorded() if isinstance(one, events.ProjectTrialled)]
    assert "ne dit rien de ce que vaut le traitement" in trialled[-1].told


@pytest.mark.parametrize(
    ("end", "result", "reason"),
    [
        (made.failed_trial, "L'essai a échoué", "colonne absente"),
        (made.cancelled_trial, "L'essai n'a pas abouti", "annulé"),
    ],
    ids=["failed", "cancelled"],
)
def test_a_trial_without_result_leaves_the_project_equipped_and_says_why(
    end: TrialEnd, result: str, reason: str
) -> None:
    """The holder reads the reason in the history, which tells a cancellation from a failure."""
    it = made.project_at("equipped")
    it.end_trial(end("job_trial"))
    assert (it.stage, it.recorded()) == ("equipped", [])
    assert it.history[-1].why == f"{result} : {reason}"
    assert it.trials[-1].reason == reason


def test_what_results_tell_about_persons_is_read_before_they_are_delivered() -> None:
    """A trial's warning stands in the history, a result's beside it, and at its delivery again."""
    it = made.project_at("equipped")
    it.end_trial(made.succeeded("trial", "job_1").model_copy(update={"warning": "Noms."}))
    assert it.trials[-1].warning == "Noms."
    assert it.history[-1].why == "L'essai sur un échantillon a réussi. Noms."
    it = made.project_at("staffed")
    for job_id, warning in (("job_full", "Sexe et commune."), ("job_other", "")):
        end = made.succeeded("full", job_id).model_copy(update={"warning": warning})
        it.note_result(end)
    assert it.results[-2].warning == "Sexe et commune."
    made.advance(it, "delivered")
    assert it.history[-1].why == "Service livré. Sexe et commune."


@pytest.mark.parametrize("end", [made.failed_trial, made.cancelled_trial])
def test_after_a_trial_without_result_a_new_treatment_of_the_same_data_is_tried(
    end: TrialEnd,
) -> None:
    """Equipping is recorded again with the new treatment, and its trial may succeed."""
    it = made.project_at("equipped")
    it.end_trial(end("job_1"))
    corrected = made.treatment("dts_a", "dts_b")
    it.set_treatment(corrected, REVIEWER, is_reviewer=True, parties={HOLDER: A})
    assert it.recorded() == [
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
    assert not it.access_open
    for proposal in (None, 1, 2, 2):
        it.open_access(proposal)
    assert it.recorded()[1:] == [
        events.ProjectEquipped(
            project_id="prj_1", holder_id=HOLDER, treatment=corrected, proposal=2
        )
    ]
    it.end_trial(made.succeeded("trial", "job_2"))
    assert it.stage == "trialled"


@pytest.mark.parametrize("stage", ["equipped", "staffed"])
@pytest.mark.parametrize("opened", ["first", "last"])
def test_a_changed_treatment_that_reads_more_waits_for_its_owner(
    stage: Stage, opened: Literal["first", "last"]
) -> None:
    """Whether the catalogue's opening or the grant is heard of first; the project says for whom."""
    it = failed() if stage == "equipped" else made.project_at("staffed")
    it.set_treatment(made.treatment(), REVIEWER, is_reviewer=True)
    it.note_access(requested(5))
    assert [wait.member_id for wait in it.waits_for] == [made.OWNER]
    assert it.history[-1].why == "Attend l'accord de mbr_owner sur « dts_a »."
    news: list[Callable[[], None]] = [lambda: it.note_access(granted(6)), lambda: open_access(it)]
    for tell in news if opened == "last" else reversed(news):
        assert topics(it) == ["treatment_changed"]
        tell()
    assert topics(it) == ["treatment_changed", "project_equipped"]
    assert (it.stage, it.waits_for, it.retry_due) == (stage, (), False)
    it.note_access(revoked(7))
    it.note_access(granted(8))
    assert topics(it).count("project_equipped") == 1


def test_a_treatment_that_an_owner_refuses_is_changed_again() -> None:
    """Withdrawing is not the only way out; what opens for the older one starts nothing."""
    it = failed()
    it.set_treatment(made.treatment(), REVIEWER, is_reviewer=True)
    it.note_access(requested(5))
    it.note_access(granted(6).model_copy(update={"state": "refused", "reason": "Non."}))
    it.set_treatment(made.treatment("dts_a", "dts_b"), REVIEWER, is_reviewer=True)
    it.note_access(granted(7))
    it.open_access(2)
    assert topics(it) == ["treatment_changed", "treatment_changed"]
    it.open_access(3)
    assert topics(it)[2:] == ["project_equipped"]


def test_a_treatment_set_after_the_review_is_told_as_reviewed() -> None:
    """The history names the reviewer, the time and the occasion."""
    it = failed()
    it.set_treatment(made.treatment(), REVIEWER, is_reviewer=True)
    entry = it.history[-1]
    assert (entry.by, entry.at >= it.trials[-1].at) == (REVIEWER, True)
    assert entry.why == "Nouveau traitement, examiné par le lab."


def test_the_failure_of_an_older_trial_told_again_changes_nothing() -> None:
    """The new treatment's trial is still awaited."""
    it = failed()
    it.set_treatment(made.treatment("dts_a", "dts_b"), REVIEWER, is_reviewer=True)
    before = it.model_dump()
    it.end_trial(made.failed_trial("job_1"))
    assert it.model_dump() == before


@pytest.mark.parametrize("stage", ["piloted", "staffed"])
def test_a_full_job_is_noted_at_whatever_stage_it_comes(stage: Stage) -> None:
    """Its event may overtake others; told twice, it is noted once."""
    it = made.project_at(stage)
    for _ in range(2):
        it.note_result(made.succeeded("full", "job_again"))
    assert [result.job_id for result in it.results].count("job_again") == 1
    assert (it.stage, it.recorded()) == (stage, [])


def test_only_the_result_of_a_full_job_of_this_project_is_delivered() -> None:
    """A trial's job or an unknown one is refused by name of the field."""
    it = made.project_at("staffed")
    it.note_result(made.succeeded("full", "job_full"))
    for job_id in ("job_trial", "job_unknown"):
        with pytest.raises(Invalid) as refused:
            it.deliver(made.delivery(job_id), HOLDER)
        assert refused.value.field == "job_id"
    assert (it.stage, it.recorded()) == ("staffed", [])


def test_result_of_data_that_was_taken_away_is_not_delivered() -> None:
    """Until it is granted again; the history tells the holder, and news that is old is none."""
    it = made.project_at("staffed")
    it.note_result(made.succeeded("full", "job_full"))
    for news in (revoked(3, "dts_a"), granted(2, "dts_a"), granted(2, "dts_b")):
        it.note_access(news)
    with pytest.raises(WrongStage, match="étude finie"):
        it.deliver(made.delivery(), HOLDER)
    assert it.history[-1].why == "Accès à des données retiré : étude finie"
    it.note_access(granted(4, "dts_a"))
    it.deliver(made.delivery(), HOLDER)
    assert it.stage == "delivered"


def test_a_delivery_tells_the_catalogue_what_to_register() -> None:
    """Result, licence and texts of the delivery; theme and territory of the project."""
    it = made.project_at("staffed")
    it.note_result(made.succeeded("full", "job_full"))
    it.deliver(made.delivery(), HOLDER)
    assert it.recorded() == [
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
            site_id=made.SITE,
            team=made.TEAM,
        )
    ]


def test_treatment_that_leads_nowhere_is_not_secured_until_it_is_mended() -> None:
    """Whatever compute or the catalogue found in its way is told, and owners are asked nothing."""
    it = made.saved(made.project())
    it.advise(Guidance())
    it.note_fault(1, "steps.0.parameters.counts: doit nommer une colonne")
    made.check_inputs(it, Obstacle(dataset_id="dts_a", reason="Inconnu."))
    with pytest.raises(WrongStage, match="counts"):
        made.advance(it, "secured")
    told = [entry.why for entry in it.history if entry.by in {"compute", "catalog"}]
    assert [why.partition(" : ")[2] for why in told] == [
        "steps.0.parameters.counts: doit nommer une colonne",
        "dts_a : Inconnu.",
    ]
    it.set_treatment(made.treatment("dts_a"), HOLDER, is_reviewer=False)
    assert it.recorded()[-1] == events.TreatmentProposed(
        project_id="prj_1", holder_id=HOLDER, proposal=2, treatment=made.treatment("dts_a")
    )
    it.note_fault(1, "trop tard")
    it.note_fault(2, "")
    made.check_inputs(it, Obstacle(dataset_id="dts_a", reason="Retenu.", passes=True))
    made.advance(it, "secured")
    assert (it.history[-2].why, it.history[-1].why) == (
        "Le traitement devra attendre : dts_a : Retenu.",
        "Licences ouvertes.",
    )


def test_later_word_of_the_catalogue_is_about_persons_only() -> None:
    """What came first keeps its place; an older one that comes late changes nothing."""
    it = made.project()
    it.advise(Guidance())
    for sequence, said in ((3, "avant"), (7, "après"), (5, "entre")):
        note = InputNote(dataset_id="dts_a", title="Bus", said=said)
        told = {"project_id": it.id, "proposal": 1, "owners": (), "persons": (note,)}
        it.note_inputs(events.InputsChecked.model_validate(told), sequence)
    (check,) = it.checks
    assert [note.said for note in check.persons] == ["après"]


def test_review_does_not_wait_for_compute() -> None:
    """A service that is away keeps nobody from deciding; the history tells what was not known."""
    it = made.project_at("advised")
    made.advance(it, "secured")
    assert it.history[-1].why == "Licences ouvertes. Non encore vérifié par le calcul."


@pytest.mark.parametrize("answered", [False, True])
def test_nothing_is_secured_before_the_catalogue_says_whose_data_it_reads(
    *, answered: bool
) -> None:
    """Nor when it said so of an older treatment, or as it did before it told owners."""
    it = made.saved(made.project())
    it.advise(Guidance())
    if answered:
        it.note_inputs(events.InputsChecked(project_id="prj_1", proposal=1))
    else:
        made.check_inputs(it)
        it.set_treatment(made.treatment("dts_c"), HOLDER, is_reviewer=False)
    before = it.model_dump()
    with pytest.raises(WrongStage, match="à qui sont les données ; réessayez"):
        made.advance(it, "secured")
    assert it.model_dump() == before
    made.advance(it, "rejected")


def test_access_is_open_while_everything_may_be_read() -> None:
    """Taken away it is not, granted again it is; the history tells both, and the end ends it."""
    it = made.project_at("equipped")
    told = ((granted(2), True), (revoked(5), False), (granted(4), False), (granted(6), True))
    for news, is_open in told:
        it.note_access(news)
        assert it.access_open is is_open
    assert [entry.why for entry in it.history[-2:]] == [
        "Accès à des données retiré : étude finie",
        "Accès à des données accordé.",
    ]
    made.advance(it, "withdrawn")
    assert (it.access_open, it.workspace_open) == (False, False)


@pytest.mark.parametrize("overtaken", [False, True])
def test_access_taken_away_before_the_project_was_equipped_waits_to_be_granted_again(
    *, overtaken: bool
) -> None:
    """Whether the opening was heard of before or after: it is told only once."""
    it = made.project_at("secured")
    if overtaken:
        it.note_access(revoked())
    open_access(it)
    it.note_access(revoked())
    it.open_workspace()
    assert (it.stage, it.access_open) == ("secured", False)
    it.note_access(granted(4))
    assert (it.stage, it.access_open) == ("equipped", True)


def test_trial_that_lost_its_data_runs_again_once_it_is_granted_again() -> None:
    """By itself and once; not while it runs, nor when nothing had been taken away."""
    it = made.project_at("equipped")
    it.note_access(revoked())
    it.end_trial(made.cancelled_trial("job_1"))
    it.note_access(granted(3, "dts_b"))
    assert it.recorded() == []
    for _ in range(2):
        it.note_access(granted(4))
    assert (topics(it), it.trial_due) == (["project_equipped"], True)
    it.end_trial(made.succeeded("trial", "job_2"))
    assert it.stage == "trialled"


def test_data_restricted_since_is_told_as_long_as_its_owner_is_asked() -> None:
    """It was open when it was granted; then somebody has to decide."""
    it = made.project_at("trialled")
    it.note_access(granted(1))
    it.note_access(requested(2))
    assert not it.access_open
    it.note_access(granted(3))
    assert it.access_open
    assert [entry.why for entry in it.history[-2:]] == [
        "Attend l'accord de mbr_owner sur « dts_a ».",
        "Accès à des données accordé.",
    ]


def test_history_tells_why_a_secured_project_waits() -> None:
    """Whose word, data that nobody reads yet, a refusal, a request without an answer."""
    it = made.project_at("secured")
    before = len(it.history)
    it.note_access(requested(1, reason="Retenu."))
    for sequence, (state, reason) in enumerate(
        (("expired", "Sans réponse."), ("refused", "Non.")), start=2
    ):
        news = {"dataset_id": "dts_a", "sequence": sequence, "state": state, "reason": reason}
        it.note_access(DatasetAccess.model_validate(news))
    it.note_access(granted(1, "dts_b"))
    assert [entry.why for entry in it.history[before:]] == [
        "Attend l'accord de mbr_owner sur « dts_a ». Retenu.",
        "Demande d'accès à des données expirée : Sans réponse.",
        "Accès à des données refusé : Non.",
    ]


def test_a_project_says_for_whom_it_waits_until_all_have_answered() -> None:
    """Each who decides on a dataset by name; once they granted it, what they bind it to."""
    it = made.project_at("secured")
    before = len(it.history)
    for member_id in (None, "mbr_source"):
        it.note_access(requested(1, member_id=member_id, title="Loyers"))
    it.note_access(requested(1, dataset_id="dts_b"))
    assert [(one.dataset_id, one.member_id, one.why) for one in it.waits_for] == [
        ("dts_a", "mbr_owner", "Attend l'accord de mbr_owner sur « Loyers »."),
        ("dts_a", "mbr_source", "Attend l'accord de mbr_source sur « Loyers »."),
        ("dts_b", "mbr_owner", "Attend l'accord de mbr_owner sur « dts_b »."),
    ]
    bound = {"purpose": "étude", "until": "2026-12-31", "conditions": ("jamais le revenu",)}
    it.note_access(granted(2).model_copy(update=bound))
    assert [one.dataset_id for one in it.waits_for] == ["dts_b"]
    assert [entry.why for entry in it.history[before:]] == [
        "Attend l'accord de mbr_owner sur « Loyers ».",
        "Attend l'accord de mbr_source sur « Loyers ».",
        "Attend l'accord de mbr_owner sur « dts_b ».",
        " ".join(("Accès à des données accordé.", *it.accesses[0].bound)),
    ]
    assert it.accesses[0].bound[2] == "Condition : « jamais le revenu »."
    shown = ProjectView.of(it).accesses[0]
    assert (shown.purpose, shown.until, shown.conditions) == tuple(bound.values())
    assert it.owners == {"mbr_owner", "mbr_source"}
    made.advance(it, "withdrawn")
    assert it.waits_for == ()


def test_requests_that_were_noted_before_deciders_were_are_waited_for_too() -> None:
    """By a document of before: nobody knows who was asked."""
    saved = made.project_at("secured").model_dump()
    saved["accesses"] = [{"dataset_id": "dts_a", "sequence": 2, "state": "requested"}]
    (wait,) = Project.model_validate(saved).waits_for
    assert (wait.member_id, wait.why) == (
        None,
        "Attend l'accord de son propriétaire sur « dts_a ».",
    )


def test_project_saved_before_access_could_end_is_read_as_it_was_meant() -> None:
    """By the names that its fields had."""
    saved = made.project_at("equipped").model_dump()
    del saved["opened_for"]
    saved["access_open"] = True
    saved["accesses"] = [{"dataset_id": "dts_a", "sequence": 2, "ended": "étude finie"}]
    it = Project.model_validate(saved)
    assert (it.opened_for, it.access_open) == (1, False)
    with pytest.raises(WrongStage, match="étude finie"):
        check_readable(it.accesses)


def test_project_says_which_job_waits_for_an_operator() -> None:
    """In its view and its history, until an operator puts the job back into the queue."""
    it = made.project_at("equipped")
    it.note_given_up(made.given_up(4))
    assert [job.job_id for job in it.waiting_jobs] == ["job_1"]
    told = "L'essai n'avance plus : erreur interne. Un exploitant doit le relancer ou l'annuler."
    assert it.history[-1].why == told
    it.note_given_up(made.given_up(5, reason=""))
    assert it.waiting_jobs == ()
    assert it.history[-1].why == "L'essai va reprendre, à la demande d'un exploitant du lab."


def test_news_of_a_job_that_waits_may_come_in_any_order() -> None:
    """What is older than what is known changes nothing."""
    it = made.project_at("equipped")
    it.note_given_up(made.given_up(5, reason=""))
    it.note_given_up(made.given_up(4))
    it.end_job(made.given_up(7, "full", reason="", job_id="job_2"))
    lines = len(it.history)
    it.note_given_up(made.given_up(6, "full", job_id="job_2"))
    assert (it.waiting_jobs, len(it.history)) == ((), lines)


def test_trial_that_was_given_up_goes_on() -> None:
    """It has not ended: its end is the trial's."""
    it = made.project_at("equipped")
    it.note_given_up(made.given_up(4))
    it.end_trial(made.succeeded("trial", "job_1"))
    it.end_job(made.given_up(9, reason=""))
    assert (it.stage, it.waiting_jobs) == ("trialled", ())


def test_who_has_a_part_in_a_project_does_not_decide_on_it() -> None:
    """Its pilot site and its team gain by it; who was only asked does not."""
    it = made.project_at("staffed")
    for by in (made.SITE, *made.TEAM):
        with pytest.raises(Forbidden, match="un autre relecteur"):
            it.check_impartial(by, {})
    asked = made.project_at("piloted")
    asked.form_team(made.TEAM, REVIEWER)
    asked.check_impartial(made.TEAM[0], {})


def test_deleted_data_is_called_as_it_is_now_whichever_news_comes_first() -> None:
    """Its old title stays in no sentence; an end that comes before the deletion tells as much."""
    new, old = "Jeu de données supprimé", "Patients"
    for is_first in (True, False):
        it = made.project_at("secured")
        it.note_access(requested(1, title=old))
        ended = revoked(2).model_copy(update={"title": new})
        if is_first:
            it.note_access(ended)
        it.note_deletion("dts_a", new, "fin")
        if not is_first:
            it.note_access(ended)
        assert old not in str(it.model_dump())
        (access,) = it.accesses
        assert (access.title, access.state, access.reason) == (new, "revoked", "étude finie")


def test_ended_project_says_that_deleted_data_is_not_read_any_more() -> None:
    """The catalogue says nothing more of what an ended project was granted."""
    it = made.project_at("delivered")
    it.note_access(granted(9))
    it.note_access(granted(9, "dts_b"))
    it.note_deletion("dts_a", "Patients", "étude finie")
    states = {one.dataset_id: (one.state, one.reason) for one in it.accesses}
    assert states["dts_a"] == ("revoked", "Ces données sont supprimées : étude finie")
    assert states["dts_b"] == ("granted", "")
