"""The READMEs' commands, pasted twice into shells that stop at the first failure."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from deploy.demo.story import Story
from deploy.local.ports import LOOPBACK
from tests import forks
from tests.chaos.lab import Lab
from tests.e2e import forked_datalab
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


class Door(StreamRequestHandler):
    """Forks `datalab` for a shell: most of what a command costs is the import of its libraries."""

    def handle(self) -> None:
        """Run what one line asks for, where and as the asking process runs; answer its status."""
        asked = json.loads(self.rfile.readline())
        process = Path(f"/proc/{asked['pid']}")
        folder, environ = str((process / "cwd").readlink()), (process / "environ").read_text()
        lines = (line.partition("=") for line in environ.split("\0") if line)
        program = f"import os; os.chdir({folder!r}); from deploy.cli import main; main()"
        words = ["-c", program, *asked["words"]]
        variables = {name: value for name, _, value in lines}
        forked = forks.commands().start(words, variables, process / "fd/1", process / "fd/2")
        self.wfile.write(b"%d\n" % forked.wait())


@pytest.fixture
def script(page: str) -> Iterator[str]:
    """All commands of the pages; `.venv/bin/datalab` is the command itself, `datalab` is forked."""
    commands = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    with ThreadingTCPServer((LOOPBACK, 0), Door) as door:
        Thread(target=door.serve_forever, daemon=True).start()
        client, port = forked_datalab.__file__, door.server_address[1]
        forked = f'datalab() {{ "{sys.executable}" -I -S "{client}" {port} "$@"; }}\n'
        yield forked + "\n".join(commands)
        door.shutdown()


def again(script: str) -> str:
    """The commands without those that meet nothing of the first time when they are pasted again.

    A project is another one each time, and goes the same way; no lab takes part in `datalab run`.
    """
    for begin, end in (
        ("retry reached advised", "datalab timeline"),
        ("datalab run", "  --output"),
    ):
        script, cuts = re.subn(
            rf"^{begin}.*?^{end}.*?$", "", script, flags=re.DOTALL | re.MULTILINE
        )
        assert cuts == 1
    return script


def pasted(script: str, checkout: Path, lab: Lab) -> str:
    """What a shell says that the commands are pasted into: all of them work."""
    shell = [str(shutil.which("bash")), "-e", "-c", script]
    environ = {**os.environ, "DATALAB_HOME": str(lab.stack.home)}
    done = subprocess.run(
        shell, cwd=checkout, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in vain" not in done.stderr
    for words in ("runs already", "Où rouler à vélo ?", "2 jeux de données lus : 1 "):
        assert words in done.stdout
    assert "Arbres d'alignement" in done.stdout
    assert re.search(r"^\S+ project_withdrawn$", done.stdout, re.MULTILINE)
    return done.stdout


def test_commands_of_the_readme_work_each_time_they_are_pasted(
    lab: Lab, story: Story, script: str, checkout: Path, tmp_path: Path
) -> None:
    """Every line succeeds, the second time too, on ports and in a folder of the lab's own.

    The lab, and the engine without it, make one table, byte for byte.
    """
    require(shutil.which("curl"), "curl")
    assert "project_delivered" in pasted(script, checkout, lab)
    assert (checkout / "vacance_par_epci.html").stat().st_size
    pasted(again(script), checkout, lab)
    (tmp_path / "lab").mkdir()
    table, *_ = story.fetch(tmp_path / "lab")
    alone = checkout / "vacance_par_epci"
    assert (alone / "result.csv").read_bytes() == table.read_bytes()
    names = {path.name for path in alone.iterdir()}
    assert names >= {"result.parquet", "graphique.png", "carte.svg", "manifest.json"}
