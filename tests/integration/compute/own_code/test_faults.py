"""Own code that fails or attacks: its holder reads a sentence, and nothing else is touched."""

import json
import random
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zlib import compress

import psutil
import pytest

from services.compute.execution.spares.spares import Spares
from shared.engine.running.own_code import confinement
from shared.engine.running.own_code.confinement import REFUSED
from shared.engine.running.own_code.failures import reason
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.sandbox import Sandbox
from tests.integration.compute.execution.test_bombs import repeated
from tests.integration.compute.execution.test_spares import fill
from tests.integration.compute.jobs import Tables, describe, prepare, step
from tests.integration.compute.own_code.conftest import RunCode
from tests.servers import PATIENCE_SECONDS

FORGED = """
import json, os
def left(*listed):
    with open("/out/left.json", "w") as file:
        json.dump([{"name": name, "kind": kind, "file": at} for name, kind, at in listed], file)
"""
FAULTS = {
    "raises": ("def run(tables, parameters):\n    return 1 / 0", "ligne 2 : ZeroDivisionError"),
    "syntax": ("def run(tables, parameters)\n    pass", "ligne 1 : ce n'est pas du Python valide"),
    "library": (
        "import torch\ndef run(tables, parameters): pass",
        "ligne 1 : la bibliothèque « torch » n'est pas offerte ; le sont pandas, numpy",
    ),
    "column": (
        "def run(tables, parameters):\n    return tables['communes']['habitants']",
        "ligne 2 : il n'y a pas de clé ou de colonne « habitants » (KeyError)",
    ),
    "nothing": ("def run(tables, parameters): pass", "le code n'a rien rendu"),
    "object": (
        (
            "class A:\n    def __array__(self): raise SystemExit\n    __reduce__ = __array__\n"
            "def run(tables, parameters): return {'objet': A()}"
        ),
        "ce que le code a rendu (« objet ») n'est pas d'un type gardé",
    ),
    "names": (
        (
            "import pandas as pd\ndef run(tables, parameters):\n"
            "    return pd.DataFrame([[1, 2]], columns=['Code', 'code'])"
        ),
        "deux colonnes du tableau rendu ont le même nom (« Code »)",
    ),
    "file": ("def run(tables, parameters): return {'a': 'b.txt'}", "le fichier rendu (« b.txt »)"),
    "exit": (
        "import sys\ndef run(tables, parameters):\n    sys.exit(0)",
        "ligne 3 : il s'est terminé (sys.exit) au lieu de rendre un résultat",
    ),
    "hard exit": (
        "import os\ndef run(tables, parameters): os._exit(0)",
        "le processus du code s'est arrêté sans rendre de résultat (code 0)",
    ),
    "signal": (
        "import os\ndef run(tables, parameters): os.kill(os.getpid(), 9)",
        "le processus du code a été interrompu (signal SIGKILL)",
    ),
    "parents": (
        (
            "import os\ndef run(tables, parameters):\n    os.kill(1, 9); os.kill(os.getppid(), 9)\n"
            "    os.kill(-1, 9)"
        ),
        "ligne 4 : ProcessLookupError",
    ),
    "outside": (
        "def run(tables, parameters):\n    open('/usr/a', 'w')",
        "ligne 2 : sans doute n'a-t-il pas trouvé ou pu écrire un fichier",
    ),
    "inputs": (
        "def run(tables, parameters):\n    open('/in/request.json', 'w')",
        "ligne 2 : sans doute n'a-t-il pas trouvé ou pu écrire un fichier",
    ),
    "prints": (
        "def run(tables, parameters):\n    while True: print('a' * 10_000)",
        "le code a écrit plus de 2 Mo dans son journal",
    ),
    "disk": (
        (
            "import os\ndef run(tables, parameters):\n    for name in 'abc':\n"
            "        with open(name, 'w') as f: os.posix_fallocate(f.fileno(), 0, 6 * 10**8)\n"
            "    while True: pass"
        ),
        "le code a écrit plus de 1000 Mo dans son dossier",
    ),
    "files": (
        "def run(tables, parameters):\n    for n in iter(range(10**9)): open(f'f{n}', 'w').close()",
        "le code a écrit plus de 10000 fichiers",
    ),
    "nested": (
        (
            "import os\ndef run(tables, parameters):\n    for _ in range(1500):\n"
            "        os.mkdir('d'); os.chdir('d')\n    while True: pass"
        ),
        "le traitement a créé plus de 64 dossiers les uns dans les autres",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_code_is_told_in_a_sentence(
    fault: str, run_code: RunCode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In French, with the line of the author's file; its folder is gone."""
    code, sentence = FAULTS[fault]
    error = run_code(code).error
    assert sentence in error
    assert {path.name for path in (tmp_path / "job" / "out").iterdir()} <= {"result.json", "spill"}
    assert len(capsys.readouterr().out) < 3_000_000


def test_table_that_claims_too_many_rows_is_refused(run_code: RunCode) -> None:
    """Its footer names one group of rows again and again: thousands of millions in few bytes."""
    packed = b64encode(compress(repeated(10_000_000, 8))).decode()
    code = f"""{FORGED}
import base64, zlib
def run(tables, parameters):
    with open("/out/0.parquet", "wb") as file:
        file.write(zlib.decompress(base64.b64decode({packed!r})))
    left(("a", "frame", "0.parquet"))
    os._exit(0)
"""
    assert "le tableau rendu par le code a plus de " in run_code(code).error


SEES = """
import os
import pandas as pd
def run(tables, parameters):
    own = {"before", "bin", "dev", "etc", "in", "lab", "lib", "lib32", "lib64", "out", "tmp", "usr"}
    own |= {"work"}
    seen = set(os.listdir("/")) - own
    files = [name for _, _, names in os.walk("/lab") for name in names if name.endswith(".py")]
    return pd.DataFrame({
        "vu": [
            " ".join(sorted(seen)),
            str(sorted(os.listdir("/in"))),
            str(os.path.exists("/job") or os.path.exists("/code") or os.path.exists("/proc/1")),
            str([name for name in os.environ if "DATALAB" in name or "TOKEN" in name]),
            str("treatment.py" in files or "job_run.py" in files),
        ]
    })
"""


def test_code_sees_its_tables_and_nothing_of_the_lab(run_code: RunCode) -> None:
    """No other job's folder, no job.json, no service's code, no environment."""
    text = run_code(SEES).output_path("result.csv").read_text()
    _, *seen = text.splitlines()
    assert seen[1:] == ["['0.parquet', 'fonts.conf', 'request.json']", "False", "[]", "False"]
    # The libraries and Python lie in the sandbox where they lie on the machine, by every link.
    prefixes = (Path(sys.prefix), Path(sys.base_prefix))
    installed = {path.parts[1] for prefix in prefixes for path in (prefix, prefix.resolve())}
    assert set(seen[0].strip('"').split()) <= installed


@pytest.fixture
def mark() -> Iterator[str]:
    """A number that a process left behind would show; there is none afterwards."""
    number = str(random.randrange(10**8, 10**9))
    yield number
    command_lines = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    assert not [words for words in command_lines if words.startswith("sleep") and number in words]


def steps_of(code: str) -> list[dict[str, object]]:
    """A treatment of one step."""
    return [step("python", {"communes": "communes"}, "rendu", code=code)]


def in_sandbox(
    folder: Path, files: Tables, work: dict[str, object], code: str, limits: Limits
) -> Outcome:
    """Run the code as a job runs it."""
    prepare(folder, {**work, "steps": steps_of(code)}, files)
    return Sandbox(limits).run(folder, lambda _news: None, lambda: False)


LIMITS = Limits(seconds=PATIENCE_SECONDS, memory_bytes=1_000_000_000)
FILLS = """
import os
def run(tables, parameters):
    os.mkdir("h")
    files = [os.open("h/%d" % n, os.O_CREAT | os.O_RDWR) for n in range(2)]
    {}
    for file in files: os.posix_fallocate(file, 0, 6 * 10**8)
    while True: pass
"""
ATTACKS = {
    "forks": (
        (
            "import os, time\ndef run(tables, parameters):\n    for _ in range(10): os.fork()\n"
            "    time.sleep(60)"
        ),
        Limits(seconds=PATIENCE_SECONDS, memory_bytes=4_000_000_000, processes=16),
        "le traitement a lancé plus de 16 processus",
    ),
    "endless": (
        "def run(tables, parameters):\n    while True: pass",
        Limits(seconds=4, memory_bytes=1_000_000_000),
        "le traitement a dépassé 4 secondes",
    ),
    "memory": (
        (
            "import numpy as np\nimport pandas as pd\ndef run(tables, parameters):\n"
            "    return pd.concat([pd.DataFrame({'a': np.ones(10**8)}) for _ in range(99)])"
        ),
        Limits(seconds=PATIENCE_SECONDS, memory_bytes=600_000_000),
        "le traitement a dépassé 600 Mo de mémoire",
    ),
    "network": (
        (
            "import urllib.request\ndef run(tables, parameters):\n"
            "    urllib.request.urlopen('http://192.0.2.1/')"
        ),
        LIMITS,
        "ligne 3 : sans doute n'a-t-il pas trouvé ou pu écrire un fichier, ou joindre une adresse",
    ),
    "hidden files": (
        FILLS.format("os.chmod('h', 0)"),
        LIMITS,
        "a écrit plus de 1000 Mo dans son dossier",
    ),
    "deleted files": (
        FILLS.format("for n in range(2): os.unlink('h/%d' % n)"),
        LIMITS,
        "le traitement a écrit plus de 1000 Mo dans son dossier",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_ends_with_a_reason(
    attack: str, tmp_path: Path, files: Tables, work: dict[str, object], mark: str
) -> None:
    """In the sandbox of a job, with its limits."""
    code, limits, reason = ATTACKS[attack]
    code = f"import subprocess\nsubprocess.Popen(['sleep', '1000.{mark}'])\n{code}"
    outcome = in_sandbox(tmp_path / "job", files, work, code, limits)
    reason = reason.replace("ligne 3", "ligne 5")
    assert reason in outcome.reason


BACKGROUND = """
import subprocess
def run(tables, parameters):
    subprocess.Popen(["setsid", "sleep", "1000.{}"])
    return tables["communes"].head(1)
"""


def test_background_processes_end_with_the_code(
    tmp_path: Path, files: Tables, work: dict[str, object], mark: str
) -> None:
    """They neither keep the job from ending nor write where its results are read."""
    outcome = in_sandbox(tmp_path / "job", files, work, BACKGROUND.format(mark), LIMITS)
    assert outcome.ok, outcome


def test_code_is_as_confined_in_a_sandbox_that_waited(
    files: Tables, work: dict[str, object], mark: str
) -> None:
    """Its runner is a fork without any privilege, which may still confine it further."""
    spares = Spares(1, LIMITS.memory_bytes)
    with closing(spares):
        fill(spares)
        with spares.folder() as (folder, waiting):
            assert waiting
            describe(folder.path, {**work, "steps": steps_of(BACKGROUND.format(mark))}, files)
            run = Sandbox(LIMITS).run(folder.path, lambda _: None, lambda: False, waiting)
            assert run.ok, run


def test_system_that_cannot_confine_code_does_not_run_it(tmp_path: Path) -> None:
    """Its runner knows by the status, and says so."""
    view = {"root": str(tmp_path / "none"), "readable": {}, "writable": {}}
    command = (
        sys.executable,
        "-B",
        "-I",
        "-S",
        confinement.__file__,
        json.dumps(view),
        "/bin/true",
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "cannot be confined" in done.stderr) == (REFUSED, True)
    assert "ne peut pas isoler le code" in reason(None, done.returncode, "")
