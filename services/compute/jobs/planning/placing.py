"""Which jobs a cluster takes: long ones, on data whose owners let it go there."""

from collections.abc import Collection
from typing import NamedTuple

from shared.engine.applications import traits_of
from shared.events import Treatment
from shared.settings import Settings


class ReadFile(NamedTuple):
    """A file that a job reads: its bytes, and whether machines of a cluster may have it."""

    size: int
    on_cluster: bool


def may_run_there(treatment: Treatment, files: Collection[ReadFile], settings: Settings) -> bool:
    """Whether a full job of a treatment runs on the cluster, of a lab that has one.

    Trials are short, and somebody waits for them. Restricted data stays on this machine unless its
    owner said otherwise, and so does the key of a project's pseudonyms.
    """
    if any(traits_of(step).needs_key for step in treatment.steps):
        return False
    if not all(file.on_cluster for file in files):
        return False
    return sum(file.size for file in files) >= settings.slurm_from_bytes


def shards_of(size: int, settings: Settings) -> int:
    """Return how many engines share the rows of an input of so many bytes on the cluster."""
    return max(1, min(settings.slurm_shards, size // settings.slurm_shard_bytes))
