"""Whether the disk under a job has space left, and whose fault it is when it has not."""

import shutil
from pathlib import Path

from shared.engine.contract.folder_tree import written
from shared.errors import Rejected, Unavailable

FREE_BYTES = 256_000_000
"""No job goes on while the disk has less left than this: the services need it."""

OWN_BYTES = 1_000_000_000
"""A job that wrote more than this is to blame for a disk that gets full meanwhile."""


class Waiting(Unavailable):
    """What the job needs is not there yet; the message says in French what that is."""


class DiskFull(Waiting):
    """The disk is nearly full through no fault of the job."""


def check_disk_space(folder: Path, free_bytes: int = FREE_BYTES) -> None:
    """Raise DiskFull while the disk that holds `folder` has less than `free_bytes` left."""
    if shutil.disk_usage(folder).free < free_bytes:
        raise DiskFull("le disque de la plateforme est presque plein")


def overfilled(
    folder: Path,
    free_bytes: int = FREE_BYTES,
    own_bytes: int = OWN_BYTES,
    *,
    deleted_bytes: int = 0,
) -> str:
    """State in French why a job that filled the disk must end; empty while space is left.

    `deleted_bytes` are those of deleted files that it holds open. Raises DiskFull when others
    filled the disk: the job can wait, and is not to blame.
    """
    try:
        check_disk_space(folder, free_bytes)
    except DiskFull:
        try:
            if deleted_bytes + sum(written(folder / "out")) <= own_bytes:
                raise
        except Rejected as error:
            return str(error)
        return f"le traitement a écrit plus de {own_bytes // 10**6} Mo et rempli le disque"
    return ""
