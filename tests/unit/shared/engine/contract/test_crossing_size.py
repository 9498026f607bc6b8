"""What a trial counted, and what follows for the whole treatment."""

from services.compute.jobs.model import Job
from shared.aggregate import now
from shared.engine.contract.crossing_size import CountedCrossings, CrossingSize
from shared.events import Step, Treatment

LARGE = CrossingSize(
    output="c",
    left=150_000,
    right=150_000,
    out=22_500_000_000,
    columns=4,
    left_most=150_000,
    right_most=150_000,
    limit=20_000_000,
)
TABLES = {"dts_1": "a" * 64}


def a_job(treatment: Treatment, counted: CountedCrossings | None = None) -> Job:
    """A job of that treatment."""
    about = {"id": "job_1", "kind": "trial", "owner_id": "mbr_1", "lane": "prj_1"}
    return Job.model_validate(
        {**about, "queued_at": now(), "treatment": treatment, "counted": counted}
    )


def treatment(key: str) -> Treatment:
    """A treatment that crosses on that key."""
    step = Step(application="cross", inputs={}, parameters={"left_key": key}, output="c")
    return Treatment(inputs={"a": "dts_1"}, steps=(step,))


def test_count_holds_for_the_limit_of_now() -> None:
    """An operator who allows more rows since is not held to what was allowed at the trial."""
    counted = CountedCrossings(tables=TABLES, sizes=(LARGE,))
    assert "trop grand" in counted.refusal
    assert counted.warning.startswith("Le calcul complet sera refusé")
    assert counted.within(1).refusal
    small = LARGE.model_copy(update={"out": 1_000_000})
    assert not CountedCrossings(tables=TABLES, sizes=(small,)).warning
    assert CountedCrossings(tables=TABLES, sizes=(small,)).within(1000).refusal


def test_count_holds_for_the_same_treatment_and_tables() -> None:
    """Another key, or another version of a table, may make fewer rows."""
    counted = CountedCrossings(tables=TABLES, sizes=(LARGE,))
    trial = a_job(treatment("cle"), counted)
    assert trial.counts_for(a_job(treatment("cle")), TABLES)
    assert not trial.counts_for(a_job(treatment("n")), TABLES)
    assert not trial.counts_for(a_job(treatment("cle")), {"dts_1": "b" * 64})
    assert not a_job(treatment("cle")).counts_for(a_job(treatment("cle")), TABLES)
