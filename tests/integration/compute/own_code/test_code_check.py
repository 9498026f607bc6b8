"""`datalab code check`: own code runs here first, in the sandbox of jobs, without a lab."""

import os
import subprocess
from pathlib import Path
from zipfile import ZipFile

from deploy.local.code_check import role_of
from tests import forks
from tests.integration.compute.jobs import DEMO

CODE = """def run(tables, parameters):
    communes = tables["communes_2026"]
    print("reçu", len(communes))
    return communes[communes["departement"] == parameters["departement"]]
"""


def check(folder: Path, code: str | bytes, *words: str) -> "subprocess.CompletedProcess[str]":
    """The command, on that code."""
    file = folder / "essai.py"
    file.write_bytes(code if isinstance(code, bytes) else code.encode())
    program = ("-c", "from deploy.cli import main; main()", "code", "check", str(file))
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return forks.commands().run((*program, *words), environ)


def test_code_runs_on_a_sample_without_a_lab(tmp_path: Path) -> None:
    """What it prints and makes is there, with codes as texts; a mark before it is not read."""
    words = ("--sample", str(DEMO / "communes_2026.csv"), "--output", str(tmp_path / "made"))
    code = b"\xef\xbb\xbf" + CODE.replace("\n", "\r\n").encode()
    done = check(tmp_path, code, *words, "--parameters", '{"departement": "61"}')
    assert done.returncode == 0, done.stderr
    assert "reçu " in done.stdout
    assert "made: result.parquet, result.csv" in done.stdout
    rows = (tmp_path / "made" / "result.csv").read_text().splitlines()
    assert len(rows) > 300
    assert rows[1].startswith("61")


def test_code_without_run_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """As the lab refuses it."""
    done = check(tmp_path, "x = 1\n", "--sample", str(DEMO / "communes_2026.csv"))
    assert done.returncode == 1
    assert "def run(tables, parameters)" in done.stderr


def test_code_in_an_unknown_encoding_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Whatever is wrong with it: bytes that are not UTF-8, or an encoding that is none."""
    for code in (CODE.encode("cp1252"), b"# coding: elfique\n" + CODE.encode()):
        done = check(tmp_path, code, "--sample", str(DEMO / "communes_2026.csv"))
        assert done.returncode == 1
        assert done.stderr.startswith("datalab: essai.py n'est pas écrit dans l'encodage")
        assert "Traceback" not in done.stderr


def test_tables_are_named_after_their_files() -> None:
    """In plain letters, as roles are."""
    names = ["Données 2024.csv", "2024.csv", "a-b.parquet", "é.csv"]
    assert [role_of(Path(name)) for name in names] == ["donnees_2024", "table_2024", "a_b", "e"]


FILES = """def run(tables, parameters):
    [(name, path)] = tables["mes_photos"].items()
    return f"{name} {path.stat().st_size}".encode()
"""


def test_code_runs_on_files_without_a_lab(tmp_path: Path) -> None:
    """Called as the archive is."""
    archive = tmp_path / "Mes photos.zip"
    with ZipFile(archive, "w") as packed:
        packed.writestr("a/b.png", b"123")
    done = check(tmp_path, FILES, "--files", str(archive), "--output", str(tmp_path / "made"))
    assert done.returncode == 0, done.stderr
    assert "tables: none" in done.stdout
    assert "files: mes_photos" in done.stdout
    [path] = (tmp_path / "made").glob("resultat-*")
    assert path.read_text() == "a/b.png 3"


def test_fault_of_code_is_told_as_a_job_tells_it(tmp_path: Path) -> None:
    """With its trace, since these are its author's own data, in the encoding that it says."""
    file = tmp_path / "photo.png"
    file.write_bytes(b"123")
    code = "# -*- coding: cp1252 -*-\ndef run(tables, parameters):\n"
    code += "    print('reçu', *tables)\n    return parameters['departement']\n"
    done = check(tmp_path, code.encode("cp1252"), "--files", str(file))
    assert done.returncode == 1
    assert "reçu photo" in done.stdout
    assert "le code s'est arrêté ligne 4 : il n'y a pas de clé ou de colonne" in done.stderr
    assert "KeyError: 'departement'" in done.stdout
