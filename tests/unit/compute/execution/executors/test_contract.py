"""What may be the id and the folder of a run."""

from pathlib import Path

import pytest

from services.compute.execution.executors.contract import Run


def test_run_is_an_id_and_a_folder() -> None:
    """Spaces and quotes in the folder are nobody's concern."""
    run = Run("0123abcd", Path("/shared/it's here/0123abcd"))
    assert run.run_id == "0123abcd"


@pytest.mark.parametrize("run_id", ["", "0123abc", "0123ABCD", "0123abcd\n", "x" * 32, "0" * 65])
def test_id_is_hex_digits(run_id: str) -> None:
    """A name in the queue is made of it, and read back."""
    with pytest.raises(ValueError, match="no run id"):
        Run(run_id, Path("/shared/run"))


@pytest.mark.parametrize("folder", ["run", "/runs/%j", "/runs/a\\b", "/runs/a\nb"])
def test_folder_is_absolute_and_plain(folder: str) -> None:
    """Schedulers put ids for such signs, and nodes have other working directories."""
    with pytest.raises(ValueError, match="no folder of a run"):
        Run("0123abcd", Path(folder))
