"""Own code that reads files: each by its path, which it cannot write to."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from tests.integration.compute.jobs import DEMO, RunOutcome, packed, run, step, take_in

COUNT = """
import pandas as pd
from matplotlib import image

def run(tables, parameters):
    rows = []
    for name, path in tables["photos"].items():
        if path.suffix == ".png":
            height, width = image.imread(path).shape[:2]
            rows.append((name, width, height, path.stat().st_size))
    return pd.DataFrame(rows, columns=["photo", "largeur", "hauteur", "octets"])
"""
WRITE = """
def run(tables, parameters):
    [(name, path)] = tables["photos"].items()
    assert name == "Plan.pdf"
    path.write_bytes(b"")
"""
BESIDE = """
def run(tables, parameters):
    communes = tables["communes"]
    return communes.head(len(tables["photos"]))
"""


def picture(width: int, height: int) -> bytes:
    """A PNG of that size."""
    file = BytesIO()
    image.imsave(file, np.zeros((height, width, 3)), format="png")
    return file.getvalue()


PHOTOS = packed({"2024/rue.png": picture(3, 2), "place.png": picture(5, 4), "lisez-moi.txt": b"!"})


def read(folder: Path, code: str, upload: bytes, filename: str, **overrides: object) -> RunOutcome:
    """Code that reads files, run in this process's job folder."""
    steps = [step("python", {"photos": "photos"}, "rendu", code=code)]
    job = {"kind": "full", "steps": steps, "uploads": {"photos": filename}, **overrides}
    return run(folder, job, {"photos": upload})


def test_code_reads_files_of_an_archive_by_their_names(tmp_path: Path) -> None:
    """With the folders that they were in, and all of them in a trial, too.

    A sample is of rows: code needs files that belong together.
    """
    done = read(tmp_path / "job", COUNT, PHOTOS, "photos.zip", kind="trial", sample_rows=1)
    assert done.output_path("result.csv").read_text().splitlines() == [
        "photo;largeur;hauteur;octets",
        f"2024/rue.png;3;2;{len(picture(3, 2))}",
        f"place.png;5;4;{len(picture(5, 4))}",
    ]
    assert done.reports[0]["summary"] == "code Python exécuté sur 1 jeu de fichiers : 1 tableau"


def test_code_cannot_write_to_the_files(tmp_path: Path) -> None:
    """Another step, or the next run, would read something else.

    A single file needs no archive: it has the name that it came as.
    """
    done = read(tmp_path / "job", WRITE, b"%PDF-1.7", "Plan.pdf")
    assert "ligne 5" in done.error
    assert "sans doute n'a-t-il pas trouvé ou pu écrire un fichier" in done.error


def test_code_reads_tables_beside_files(tmp_path: Path) -> None:
    """Each by its role."""
    taken = take_in({"communes": DEMO / "communes_2026.csv"})
    roles = {"communes": "communes", "photos": "photos"}
    job = {
        "kind": "full",
        "steps": [step("python", roles, "rendu", code=BESIDE)],
        "uploads": {"photos": "photos.zip"},
        **taken.facts,
    }
    done = run(tmp_path / "job", job, {**taken.tables, "photos": PHOTOS})
    assert "sur 1 table et 1 jeu de fichiers" in done.reports[0]["summary"]
    assert len(done.output_path("result.csv").read_text().splitlines()) == 1 + 3


@pytest.mark.parametrize("application", ["aggregate", "query"])
def test_other_steps_do_not_take_files_for_a_table(tmp_path: Path, application: str) -> None:
    """The job says so by the role, wherever nobody checked the treatment before."""
    job = {
        "kind": "full",
        "steps": [step(application, {"table": "photos"}, "r", by=["a"], sql="SELECT 1")],
        "uploads": {"photos": "photos.zip"},
    }
    done = run(tmp_path / "job", job, {"photos": PHOTOS})
    why = "« photos » est un jeu de fichiers : seule l'application « python » en lit"
    assert done.error == f"steps.0.inputs.table: {why}"


def test_columns_of_files_are_refused(tmp_path: Path) -> None:
    """They have none to choose from."""
    steps = [step("python", {"photos": "p"}, "r", code=COUNT, columns={"photos": ["fichier"]})]
    job = {"kind": "full", "steps": steps, "uploads": {"p": "photos.zip"}}
    done = run(tmp_path / "job", job, {"p": PHOTOS})
    why = "« photos » est un jeu de fichiers : il n'a pas de colonnes"
    assert done.error == f"steps.0.columns.photos: {why}"
