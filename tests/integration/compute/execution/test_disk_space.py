"""Whose fault a full disk is, on a real one that is held to be too small."""

from pathlib import Path

import pytest

from services.compute.execution.disk_space import DiskFull, check_disk_space, overfilled

NEVER_ENOUGH = 1 << 60


def written(folder: Path, size: int) -> Path:
    """A job folder in which the job has written so many bytes, two folders deep."""
    deep = folder / "out" / "spill"
    deep.mkdir(parents=True)
    (deep / "block").write_bytes(b"x" * size)
    return folder


def test_job_goes_on_while_there_is_room(tmp_path: Path) -> None:
    """Whatever it has written."""
    check_disk_space(tmp_path, free_bytes=1)
    assert overfilled(written(tmp_path, 100_000), free_bytes=1, own_bytes=1) == ""


def test_job_that_wrote_little_is_not_to_blame_for_a_full_disk(tmp_path: Path) -> None:
    """Others filled it: the job is put off as when a server is away."""
    with pytest.raises(DiskFull, match="le disque de la plateforme est presque plein"):
        overfilled(written(tmp_path, 100_000), NEVER_ENOUGH)
    with pytest.raises(DiskFull):
        check_disk_space(tmp_path, NEVER_ENOUGH)


def test_job_that_fills_the_disk_itself_ends(tmp_path: Path) -> None:
    """Tried again, it would only do so again."""
    reason = overfilled(written(tmp_path, 3_000_000), NEVER_ENOUGH, own_bytes=2_000_000)
    assert reason == "le traitement a écrit plus de 2 Mo et rempli le disque"
