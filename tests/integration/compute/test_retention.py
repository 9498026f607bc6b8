"""What compute keeps for a time only: log and texts of jobs whose project ended."""

from services.compute.endings.retention import policies
from services.compute.jobs.commands import Commands
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import LONG_AGO, NEVER, now
from shared.events import ProjectEquipped, ProjectWithdrawn
from shared.settings import load_settings
from shared.store import Store
from tests.events import enveloped
from tests.integration.compute.lab import summing

PROJECT, HOLDER = "prj_1", "mbr_holder"


def test_jobs_of_an_ended_project_keep_their_dates_and_counts(
    store: Store, environ: dict[str, str]
) -> None:
    """Not while it goes on; of one that ended before that was noted, since its last job."""
    (policy,) = policies(store, load_settings(environ))
    equipped = ProjectEquipped(project_id=PROJECT, holder_id=HOLDER, treatment=summing("dts_1"))
    Commands(store).queue_trial(enveloped(equipped, PROJECT))
    assert list(policy.things()) == []
    about = {"project_id": PROJECT, "holder_id": HOLDER, "decided_by": HOLDER, "reason": "Fin."}
    Commands(store).close_workspace(enveloped(ProjectWithdrawn.model_validate(about), PROJECT))
    (thing,) = policy.things()
    assert (thing.thing_id, thing.member_id) == (PROJECT, HOLDER)
    assert LONG_AGO < thing.since <= now()
    store.of(Workspace).change(PROJECT, lambda workspace: setattr(workspace, "closed_at", NEVER))
    (before,) = policy.things()
    (job,) = store.of(Job).every()
    assert before.since == job.ended_at
    assert policy.erase(PROJECT, LONG_AGO, "").erased == {}
    batch = policy.erase(PROJECT, now(), "")
    assert (dict(batch.erased), batch.is_last) == ({"calculs": 1, "espaces de calcul": 1}, True)
    (job,) = store.of(Job).every()
    assert (job.reason, job.state, job.is_erased) == ("[effacé]", "cancelled", True)
    assert list(policy.things()) == []
    assert policy.erase(PROJECT, now(), "").erased == {}
