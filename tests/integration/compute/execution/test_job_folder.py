"""What comes out of a sandbox is looked at before it is believed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.compute.execution.job_folder import JobFolder, job_folder, sweep
from shared.engine.contract.folder_tree import remove
from shared.errors import Rejected

NOBODY = 65534
NOTHING = b'{"outputs": [], "reports": [], "software": {}}'


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """A job's folder."""
    home = tmp_path / "job"
    home.mkdir()
    return JobFolder(home)


def link(folder: JobFolder) -> None:
    """A link out of the folder."""
    (folder.path / "out" / "table.csv").symlink_to("/etc/hostname")


def pipe(folder: JobFolder) -> None:
    """A pipe that blocks whoever reads it."""
    os.mkfifo(folder.path / "out" / "table.csv")


def linked_folder(folder: JobFolder) -> None:
    """A folder that is a link, with a file of that name behind it."""
    (folder.path / "table.csv").write_text("a")
    (folder.path / "out").rmdir()
    (folder.path / "out").symlink_to(folder.path)


def test_plain_file_under_out_is_taken(folder: JobFolder) -> None:
    """What a runner makes is found."""
    (folder.path / "out" / "table.csv").write_text("a;b")
    assert folder.left_path("out/table.csv").read_text() == "a;b"


@pytest.mark.parametrize("trick", [link, pipe, linked_folder])
def test_anything_but_a_plain_file_is_refused(
    folder: JobFolder, trick: Callable[[JobFolder], None]
) -> None:
    """Links and pipes are no results."""
    trick(folder)
    with pytest.raises(Rejected):
        folder.left_path("out/table.csv")


@pytest.mark.parametrize("path", ["/etc/hostname", "out/../job.json", "in/0", "out/none", "out"])
def test_paths_elsewhere_are_refused(folder: JobFolder, path: str) -> None:
    """Only files right under `out` are taken."""
    (folder.path / "job.json").write_text("{}")
    folder.input_path(0).write_text("x")
    with pytest.raises(Rejected):
        folder.left_path(path)


def test_result_is_read(folder: JobFolder) -> None:
    """A runner's result is understood."""
    (folder.path / "result.json").write_bytes(NOTHING)
    assert folder.result().outputs == ()


BROKEN = {
    "empty": b"",
    "list": b"[]",
    "cut": b"{",
    "path for a name": b'{"outputs": [{"name": "../x", "path": "out/x"}]}',
    "giant": b" " * 6_000_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_unreadable_result_is_refused(folder: JobFolder, content: bytes) -> None:
    """Neither broken nor giant JSON gets in."""
    (folder.path / "result.json").write_bytes(content)
    with pytest.raises(Rejected):
        folder.result()


def test_folder_is_gone_after_the_block() -> None:
    """Nothing of a job stays on the disk."""
    with job_folder() as folder:
        (folder.path / "out" / "table.csv").write_text("a")
        assert folder.path.exists()
    assert not folder.path.exists()


def test_folder_of_a_living_process_is_not_swept() -> None:
    """A start beside another service leaves its jobs alone."""
    with job_folder() as folder:
        sweep()
        assert folder.path.exists()


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder of a user who may not do everything; root becomes one meanwhile."""
    is_root = os.geteuid() == 0
    with TemporaryDirectory() as folder:
        try:
            if is_root:
                os.chown(folder, NOBODY, NOBODY)
                os.seteuid(NOBODY)
            yield Path(folder)
        finally:
            if is_root:
                os.seteuid(0)


def test_folder_is_removed_though_a_job_closed_folders_in_it() -> None:
    """The user of a service is not root: it could not enter them."""
    with nobody() as home:
        job, inner = home / "job", home / "job" / "a" / "b"
        inner.mkdir(parents=True)
        (inner / "c").write_text("")
        (job / "link").symlink_to("/usr")
        for folder in (inner, inner.parent):
            folder.chmod(0)
        remove(job)
        assert not job.exists()


def nest(folder: Path, name: str, depth: int) -> None:
    """Make folders of that name, each in the one before."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@pytest.mark.parametrize(("name", "depth"), [("d" * 250, 30), ("d", 1500)])
def test_folder_is_removed_however_deep_a_job_nested_folders(name: str, depth: int) -> None:
    """Paths get longer than the system takes, and levels more than Python recurses."""
    with nobody() as home:
        job = home / "job"
        job.mkdir()
        nest(job, name, depth)
        (job / name).chmod(0o500)
        remove(job)
        assert not job.exists()


def test_sweep_goes_on_where_folders_cannot_be_removed(tmp_path: Path) -> None:
    """What others left under such names must not keep the service from its start."""
    link, large, deep = (
        tmp_path / f"datalab-job-{name}" for name in ("a-link", f"{10**30}-large", "b-deep")
    )
    link.symlink_to(tmp_path)
    large.mkdir()
    deep.mkdir()
    nest(deep, "d", 1500)
    assert sweep(tmp_path) == 3
    assert list(tmp_path.iterdir()) == [link]
