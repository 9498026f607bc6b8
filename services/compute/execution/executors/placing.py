"""Which jobs a cluster takes: long ones, on data whose owners let it go there."""

from collections.abc import Sequence

from services.compute.execution.staging import FoundInput
from services.compute.jobs.model import Job
from shared.engine.applications import traits_of
from shared.settings import Settings


def may_run_there(job: Job, found_inputs: Sequence[FoundInput], settings: Settings) -> bool:
    """Whether a job runs on the cluster.

    Trials are short, and somebody waits for them. Restricted data stays on this machine unless its
    owner said otherwise, and so does the key of a project's pseudonyms.
    """
    if job.kind != "full" or job.treatment is None:
        return False
    if any(traits_of(step).needs_key for step in job.treatment.steps):
        return False
    if not all(named.on_cluster for named, _ in found_inputs):
        return False
    return sum(file.size for _, file in found_inputs) >= settings.slurm_from_bytes
