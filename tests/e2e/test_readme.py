"""The READMEs' commands, pasted twice into shells that stop at the first failure."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.ports import Ports
from deploy.local.waiting import free_port
from tests.chaos.lab import Lab
from tests.servers import require

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CALLING = README[README.index("## Calling it") : README.index("## Configuration")]
CATALOGUE = (ROOT / "services" / "catalog" / "README.md").read_text(encoding="utf-8")
START = "DATALAB_WEBHOOK_PRIVATE_ADDRESSES=true make up\n"
PORTS = ("intake", "catalog", "compute", "notify", "broker")


@pytest.fixture
def page(lab: Lab) -> str:
    """The section with the lab's own ports; its first line finds the lab up already."""
    assert START in CALLING
    ports = {getattr(Ports(), name): getattr(lab.stack.plan.ports, name) for name in PORTS}
    known = {str(port): str(own) for port, own in ({9123: free_port()} | ports).items()}
    text = CALLING.replace(START, START.replace("make", ".venv/bin/datalab"))
    return re.sub(r"(?<=:)\d{4}\b|\b9123\b", lambda match: known[match[0]], text)


@pytest.fixture
def checkout(lab: Lab, page: str, tmp_path: Path) -> Path:
    """A folder with what a reader has: data, environment, state, and the files to save."""
    targets = {
        "deploy": ROOT / "deploy",
        ".venv": Path(sys.prefix),
        ".datalab": lab.stack.home,
    }
    for name, target in targets.items():
        (tmp_path / name).symlink_to(target)
    files = re.findall(r"as `(\w+\.py)`:\n\n```python\n(.*?)```", page, re.DOTALL)
    assert len(files) == 3
    for name, source in files:
        (tmp_path / name).write_text(source)
    return tmp_path


@pytest.mark.timeout(400)
def test_commands_of_the_readme_work_each_time_they_are_pasted(page: str, checkout: Path) -> None:
    """Every line succeeds, the second time too, and brings what the page says."""
    require(shutil.which("curl"), "curl")
    shell = [str(shutil.which("bash")), "-e", "-c"]
    pages = f"{page}\n{CATALOGUE}"
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", pages, re.DOTALL | re.MULTILINE))
    for _ in range(2):
        done = subprocess.run(
            [*shell, script], cwd=checkout, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "in vain" not in done.stderr
        assert "runs already" in done.stdout
        assert (checkout / "communes_par_epci.csv").stat().st_size
        assert "project_delivered" in done.stdout
        assert "Où rouler à vélo ?" in done.stdout
        assert "2 jeux de données lus : 1 " in done.stdout
        assert "Arbres d'alignement" in done.stdout
        assert re.search(r"^\S+ project_withdrawn$", done.stdout, re.MULTILINE)
