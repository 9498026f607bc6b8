"""The READMEs' commands, pasted twice into shells that stop at the first failure."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.lab import Lab
from tests.servers import free_port, require

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "services/README.md", "services/catalog/README.md")
START = "DATALAB_WEBHOOK_PRIVATE_ADDRESSES=true make up\n"


@pytest.fixture
def page() -> str:
    """The pages, one after the other; the first line finds the lab up already."""
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    assert START in text
    text = text.replace(START, START.replace("make", ".venv/bin/datalab"))
    return text.replace("9123", str(free_port()))


@pytest.fixture
def checkout(page: str, tmp_path: Path) -> Path:
    """A folder with what a reader has: data, environment, and the files to save."""
    for name, target in {"deploy": ROOT / "deploy", ".venv": Path(sys.prefix)}.items():
        (tmp_path / name).symlink_to(target)
    files = re.findall(r"as `(\w+\.py)`:\n\n```python\n(.*?)```", page, re.DOTALL)
    assert len(files) == 3
    for name, source in files:
        (tmp_path / name).write_text(source)
    return tmp_path


@pytest.mark.timeout(400)
def test_commands_of_the_readme_work_each_time_they_are_pasted(
    lab: Lab, page: str, checkout: Path
) -> None:
    """Every line succeeds, the second time too, on ports and in a folder of the lab's own."""
    require(shutil.which("curl"), "curl")
    shell = [str(shutil.which("bash")), "-e", "-c"]
    environ = {**os.environ, "DATALAB_HOME": str(lab.stack.home)}
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    for _ in range(2):
        done = subprocess.run(
            [*shell, script], cwd=checkout, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "in vain" not in done.stderr
        assert "runs already" in done.stdout
        assert (checkout / "vacance_par_epci.html").stat().st_size
        assert "project_delivered" in done.stdout
        assert "Où rouler à vélo ?" in done.stdout
        assert "2 jeux de données lus : 1 " in done.stdout
        assert "Arbres d'alignement" in done.stdout
        assert re.search(r"^\S+ project_withdrawn$", done.stdout, re.MULTILINE)
