"""Whose fault a full disk is, on a real one that is held to be too small."""

import os
from pathlib import Path

import pytest

from shared.engine.sandbox.disk_space import DiskFull, check_disk_space, overfilled
from tests.integration.compute.execution.test_job_folder import nest, nobody

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


@pytest.mark.parametrize("mode", [0, 0o400, 0o100])
def test_folder_that_a_job_closed_is_counted(mode: int) -> None:
    """Its own user could not read it."""
    with nobody() as home:
        (written(home, 3_000_000) / "out" / "spill").chmod(mode)
        assert "plus de 2 Mo" in overfilled(home, NEVER_ENOUGH, own_bytes=2_000_000)


def test_file_of_many_names_counts_once(tmp_path: Path) -> None:
    """It takes its place on the disk once."""
    file = written(tmp_path, 1_500_000) / "out" / "spill" / "block"
    os.link(file, tmp_path / "out" / "again")
    with pytest.raises(DiskFull):
        overfilled(tmp_path, NEVER_ENOUGH, own_bytes=2_000_000)


def test_deleted_files_that_the_job_holds_open_count(tmp_path: Path) -> None:
    """They have no name any more, and all their blocks."""
    assert "plus de 2 Mo" in overfilled(
        written(tmp_path, 1_500_000), NEVER_ENOUGH, own_bytes=2_000_000, deleted_bytes=1_000_000
    )


def test_job_that_nests_folders_too_deep_to_count_ends(tmp_path: Path) -> None:
    """No treatment needs that many, and counting must not recurse for ever."""
    (tmp_path / "out").mkdir()
    nest(tmp_path / "out", "d", 70)
    assert "plus de 64 dossiers les uns dans les autres" in overfilled(tmp_path, NEVER_ENOUGH)
