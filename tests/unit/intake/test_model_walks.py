"""Whatever happens to a project in whatever order, its story stays a walk through the table."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.errors import LabError
from shared.stages import STAGES, Stage
from tests.events import topics
from tests.unit.intake import samples
from tests.unit.intake.samples import HOLDER, REVIEWER

REACHED: list[Stage] = [stage for stage in STAGES if stage != "submitted"]
JOBS = st.sampled_from(["job_1", "job_2"])


class Walk(RuleBasedStateMachine):
    """Sends a project commands and events, each any number of times, at any stage."""

    def __init__(self) -> None:
        super().__init__()
        self.project = samples.project(treatment=None)

    def attempt(self, change: Callable[[], None]) -> None:
        """Do it, or see that a refusal left everything as it was."""
        before = (self.project.model_dump(), topics(self.project))
        try:
            change()
        except LabError:
            assert (self.project.model_dump(), topics(self.project)) == before

    @rule(stage=st.sampled_from(REACHED))
    def press_on(self, stage: Stage) -> None:
        """Do what usually leads to a stage."""
        if stage == "delivered":
            self.full_job_succeeds()
        self.attempt(lambda: samples.advance(self.project, stage))

    @rule()
    def catalogue_answers(self) -> None:
        """The catalogue says whose data the treatment reads."""
        samples.check_inputs(self.project)

    @rule()
    def full_job_succeeds(self) -> None:
        """A full job ends well, perhaps long before anybody delivers."""
        self.project.note_result(samples.succeeded("full", "job_full"))

    @rule(job_id=JOBS)
    def trial_fails(self, job_id: str) -> None:
        """A trial ends badly."""
        self.attempt(lambda: self.project.end_trial(samples.failed_trial(job_id)))

    @rule(job_id=JOBS)
    def trial_is_cancelled(self, job_id: str) -> None:
        """Somebody stops a trial."""
        self.attempt(lambda: self.project.end_trial(samples.cancelled_trial(job_id)))

    @rule(
        dataset_ids=st.sampled_from([("dts_a",), ("dts_a", "dts_b")]),
        by=st.sampled_from([HOLDER, REVIEWER]),
    )
    def treat(self, dataset_ids: tuple[str, ...], by: str) -> None:
        """The holder or a reviewer writes a treatment."""
        written, is_reviewer = samples.treatment(*dataset_ids), by == REVIEWER
        self.attempt(lambda: self.project.set_treatment(written, by, is_reviewer=is_reviewer))

    @invariant()
    def history_walks_through_the_table(self) -> None:
        """Every change of stage is one that the table allows."""
        stages = [entry.stage for entry in self.project.history]
        assert stages[-1] == self.project.stage
        assert all(a == b or b in STAGES[a].following for a, b in pairwise(stages))

    @invariant()
    def every_stage_is_published_once(self) -> None:
        """Each stage has its one event; only a corrected treatment equips again."""
        stage_topics = [topic for topic in topics(self.project) if topic.startswith("project_")]
        entered = list(dict.fromkeys(entry.stage for entry in self.project.history))
        assert list(dict.fromkeys(stage_topics)) == [f"project_{stage}" for stage in entered]
        others = [topic for topic in stage_topics if topic != "project_equipped"]
        assert len(others) == len(set(others))
        failures = sum(trial.result is None for trial in self.project.trials)
        failures += sum("calcul complet" in entry.why for entry in self.project.history)
        assert stage_topics.count("project_equipped") <= 1 + failures


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
