"""Decides on results that the rules of release hold back."""

from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from services.compute.jobs.release_decision import ReleaseDecision
from services.compute.jobs.views import DecideRelease
from shared.auth import Caller
from shared.errors import WrongStage
from shared.store import Store


def decide(store: Store, queries: Queries, job_id: str, caller: Caller, body: DecideRelease) -> Job:
    """The job, whose held result goes to its holder or not; the same word again changes nothing.

    Raises NotFound for what was never held, Forbidden for whose case it is, WrongStage when it
    changed since its `version` was read or was decided otherwise.
    """
    queries.release_request(job_id, caller)
    decision = ReleaseDecision(
        decision=body.decision, decided_by=caller.member_id, reason=body.reason
    )

    def change(job: Job) -> None:
        is_repeated = job.decision is not None and job.decision.repeats(decision)
        if body.version != job.version and not is_repeated:
            raise WrongStage(
                f"ce traitement a changé : sa version {body.version} a été examinée, il a"
                f" maintenant la version {job.version} ; relisez-le, puis décidez"
            )
        job.decide_release(decision)

    return store.of(Job).change(job_id, change)
