"""Who waits for a reviewer reads one and the same, whatever the data make of the run."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from services.compute.jobs.model import Job
from services.compute.jobs.release_review import ReleaseDecision
from services.compute.jobs.views import JobView
from services.notify.summaries import summarise
from shared.aggregate import now
from shared.engine.tables.manifest import Output
from shared.engine.tables.release import ReleaseRecord
from shared.events.event import FileRef
from tests.attacks.lab import HOLDER
from tests.attacks.learning import Attack, Trial, measured
from tests.attacks.worlds import coin

RUN, SECONDS = "run", 1.0
LEASE = timedelta(minutes=5)
MANIFEST, OTHER = (FileRef(sha256=digit * 64, size=size) for digit, size in (("a", 9), ("b", 99)))
End = Callable[[Job], None]


def _ends(seconds: float = SECONDS, failure: str = "") -> End:
    """End a run as the service does: one that failed is held as one that did not."""
    outputs = () if failure else (Output(name="result.parquet", file=MANIFEST),)
    release, result = ReleaseRecord(failure=failure), OTHER if failure else MANIFEST
    return lambda job: job.succeed(RUN, seconds, result, outputs, release=release)


def _reports(job: Job) -> None:
    """Tell the progress of a query that a person makes long."""
    job.report(RUN, now() + LEASE, 0.9, "Étape 2", "une ligne de Mme Martin", log_lines=7)


ENDS: dict[str, End] = {
    "slow": _ends(seconds=500.0),
    "a failing step": _ends(failure="« Martin » n'est pas un nombre"),
    "all memory": _ends(seconds=90.0, failure="la mémoire est épuisée"),
    "still running": _reports,
}
"""What a query does if a person is there; if not, it ends at once, and well."""


def _begun() -> Job:
    job = Job(id="job", kind="full", owner_id=HOLDER, lane="prj", queued_at=now())
    job.take(RUN, now(), LEASE)
    job.begin(RUN, is_protected=True)
    return job


def _seen(job: Job) -> dict[str, str]:
    """What its holder reads: the job, its events with their sentences, and in which list it is."""
    view = JobView.of(job).for_holder(job).withholding(job.unreleased)
    fields = {
        name: field
        for name, field in view.model_dump(mode="json").items()
        if name not in ("queued_at", "started_at")
    }
    ended_at = job.decision and job.decision.decided_at
    assert view.ended_at == ended_at
    events = [event for event in job.recorded() if not event.for_staff]
    told = [(event.public.model_dump_json(), summarise(event)) for event in events]
    own = {"ended_at": "", "decision": "", "told": told, "listed": job.model_dump()["public_state"]}
    return {name: str(value) for name, value in (fields | own).items()}


def _refuse(job: Job) -> None:
    if job.is_held:
        job.decide_release(ReleaseDecision(decision="refuse", decided_by="mbr_r", reason="relu"))


def _attack(end: End, *, is_decided: bool) -> Attack:
    """Whether a person is there, by what is read until the decision, or after a refusal."""

    def trial(random: Random) -> list[Trial]:
        truth, job = coin(random), _begun()
        (end if truth == "yes" else _ends())(job)
        if is_decided:
            _refuse(job)
        return [Trial(truth, _seen(job))]

    return Attack("held", "whether one is there", trial, 2, 10, 64)


@pytest.mark.parametrize("cause", ENDS)
def test_nothing_tells_of_a_person_until_the_decision(cause: str) -> None:
    """Not how long it ran, that it failed, nor in which list of jobs it stands."""
    outcome = measured(_attack(ENDS[cause], is_decided=False))
    assert not outcome.is_above_chance, f"{outcome.right} of {outcome.trials}"


@pytest.mark.parametrize("cause", ["slow", "a failing step", "all memory"])
def test_refusal_tells_nothing_of_the_run(cause: str) -> None:
    """Neither do the sentences of what is told then."""
    outcome = measured(_attack(ENDS[cause], is_decided=True))
    assert not outcome.is_above_chance, f"{outcome.right} of {outcome.trials}"


def test_attackers_read_what_is_not_held() -> None:
    """Of a job without restricted data they learn how it ended: they would see it."""

    def trial(random: Random) -> list[Trial]:
        truth, job = coin(random), _begun()
        job.is_protected = False
        job.succeed(RUN, 500.0 if truth == "yes" else SECONDS, MANIFEST, ())
        return [Trial(truth, {"seconds": JobView.of(job).seconds})]

    assert measured(Attack("open", "how long it ran", trial, 2, 10, 64)).is_above_chance
