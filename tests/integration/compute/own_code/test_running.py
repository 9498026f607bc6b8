"""Holders' own code on real tables: frames in, and frames, figures, files and pages out."""

import json
from pathlib import Path

import pandas as pd
import pytest

from shared.engine.contract.result import OutputFile
from shared.engine.running.own_code.left import PAGE_HEAD
from tests.integration.compute.jobs import DEMO, RunOutcome, Tables
from tests.integration.compute.own_code.conftest import RunCode

REGRESSION = """
import numpy as np
import statsmodels.formula.api as smf
from sklearn.linear_model import LinearRegression

def run(tables, parameters):
    communes, logements = tables["communes"], tables["logements"]
    communes = communes[communes["type"] == "commune-actuelle"]
    dwellings = logements.groupby("com")[["logements", "logements_vacants"]].sum()
    both = communes.merge(dwellings.reset_index(), left_on="code", right_on="com")
    fitted = smf.ols("logements_vacants ~ logements", both).fit()
    again = LinearRegression().fit(both[["logements"]], both["logements_vacants"])
    assert np.isclose(fitted.params["logements"], again.coef_[0])
    return fitted.params.rename("coefficient").rename_axis("terme")
"""
ALL_KINDS = """
import altair as alt
import matplotlib.pyplot as plt
import pandas as pd

def run(tables, parameters):
    small = tables["communes"].nlargest(3, "population")[["code", "nom", "population"]]
    figure, axes = plt.subplots()
    axes.barh(small["nom"], small["population"])
    with open("notes.txt", "w") as file:
        file.write("été")
    print("trois communes", {"n": len(small)})
    return {
        "plus_grandes": small,
        "barres": figure,
        "points": alt.Chart(small).mark_point().encode(x="nom", y="population"),
        "notes.txt": "notes.txt",
        "octets.bin": b"abc",
        "autre": pd.DataFrame({"formule": ["=1+1"]}),
    }
"""
TYPES = """
import os
import pandas as pd

def run(tables, parameters):
    os.mkdir("a"); open("a/b", "w").close(); os.chmod("a", 0)
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["lettre", "numero"])
    return pd.DataFrame(
        {
            "code": ["01", "02"],
            "jour": pd.to_datetime(["2024-01-31", None]),
            "entier": pd.array([1, None], dtype="Int64"),
            "decimal": [0.5, None],
            "vrai": [True, False],
            "classe": pd.Categorical(["x", "y"]),
            "objet": [{"a": 1}, "b"],
            ("deux", "mots"): [1, 2],
        },
        index=index,
    )
"""


def opaque(run: RunOutcome) -> dict[str, str]:
    """The outputs that no rule looks into, and what they are."""
    output_files = [OutputFile.model_validate(output) for output in run.result["outputs"]]
    return {
        output_file.name: output_file.opaque for output_file in output_files if output_file.opaque
    }


def test_regression_on_two_real_tables_is_that_of_pandas(run_code: RunCode, files: Tables) -> None:
    """Fitted by two libraries in the sandbox, and once more here."""
    run = run_code(REGRESSION, {"communes": "communes", "logements": "logements"})
    assert run.reports[0]["rows"]["out"] == 2
    coefficient = pd.read_parquet(run.output_path("result.parquet")).set_index("terme")[
        "coefficient"
    ]
    logements = pd.read_csv(DEMO / "logements.csv", sep=";", dtype={"com": str})
    communes = pd.read_parquet(files["communes"])
    codes = communes[communes["type"] == "commune-actuelle"]["code"]
    both = logements.groupby("com")[["logements", "logements_vacants"]].sum()
    both = both[both.index.isin(codes)]
    expected = both["logements"].cov(both["logements_vacants"]) / both["logements"].var()
    assert coefficient["logements"] == pytest.approx(expected)


def test_everything_that_code_returns_is_kept(
    run_code: RunCode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first frame is the table; pictures, files and other frames stand beside it."""
    run = run_code(ALL_KINDS)
    table = pd.read_parquet(run.output_path("result.parquet"))
    assert list(table["nom"]) == ["Le Havre", "Rouen", "Caen"]
    assert table["code"].tolist() == ["76351", "76540", "14118"]
    assert opaque(run) == {
        "rendu-barres.png": "figure",
        "rendu-points.png": "figure",
        "rendu-notes.txt": "file",
        "rendu-octets.bin": "file",
        "rendu-autre.csv": "table",
    }
    for name in ("rendu-barres.png", "rendu-points.png"):
        assert run.output_path(name).read_bytes().startswith(b"\x89PNG")
    assert run.output_path("rendu-notes.txt").read_text() == "été"
    assert run.output_path("rendu-octets.bin").read_bytes() == b"abc"
    assert run.output_path("rendu-autre.csv").read_text() == "formule\n'=1+1\n"
    assert "trois communes {'n': 3}" in capsys.readouterr().out
    report = run.reports[0]
    assert report["summary"].startswith("code Python exécuté sur 1 table : 2 tableaux, 2 figures")
    assert run.result["software"]["pandas"] == pd.__version__


def test_types_come_out_as_they_are(run_code: RunCode, tmp_path: Path) -> None:
    """Texts of digits stay texts, a named index becomes columns, and what is mixed is text.

    The code's own folder is gone, whatever it made of it.
    """
    table = pd.read_parquet(run_code(TYPES).output_path("result.parquet"), dtype_backend="pyarrow")
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    assert kinds == {
        "lettre": "string[pyarrow]",
        "numero": "int64[pyarrow]",
        "code": "string[pyarrow]",
        "jour": "timestamp[us][pyarrow]",
        "entier": "int64[pyarrow]",
        "decimal": "double[pyarrow]",
        "vrai": "bool[pyarrow]",
        "classe": "string[pyarrow]",
        "objet": "string[pyarrow]",
        "deux_mots": "int64[pyarrow]",
    }
    assert table["objet"].tolist() == ['{"a": 1}', "b"]
    left = {path.name for path in (tmp_path / "job" / "out").iterdir()}
    assert left - {"spill"} == {"result.json", "result.parquet", "result.csv"}


def test_code_gets_its_columns_parameters_and_seed(run_code: RunCode) -> None:
    """Nothing else of the table, and the same draws each time."""
    code = """
import random
import numpy as np
import pandas as pd

def run(tables, parameters):
    drawn = [random.random(), np.random.rand(), hash("a")]
    return pd.DataFrame({"vu": [*tables["communes"].columns, *map(str, drawn), parameters["p"]]})
"""
    fields = {"columns": {"communes": ["nom", "code"]}, "parameters": {"p": "é"}, "seed": 7}
    first = pd.read_csv(run_code(code, **fields).output_path("result.csv"), dtype=str)[
        "vu"
    ].tolist()
    assert first[:2] == ["nom", "code"]
    assert first[-1] == "é"
    assert first[2].startswith("0.3238327")  # random.Random(7)


def test_notebook_is_run_and_left_as_a_page(run_code: RunCode) -> None:
    """One page that opens offline: the outputs are those of this run, and no script is in it."""
    run = run_code(notebook=notebook(TABLE, CHART))
    assert opaque(run) == {"rendu-notebook.html": "html"}
    assert run.reports[0]["rows"]["out"] == 3
    page = run.output_path("rendu-notebook.html").read_text()
    assert page.startswith(PAGE_HEAD.decode()), "whoever wrote the rest, it runs no script"
    assert "Le Havre" in page
    assert "un vieux résultat" not in page
    assert page.count("data:image/png;base64,") == 2
    assert "<script" not in page
    assert "https://" not in page.replace("https://www.w3.org", "")


def test_notebook_that_fails_names_cell_and_line(run_code: RunCode) -> None:
    """As it is counted by who wrote it."""
    error = run_code(notebook=notebook(TABLE, "x = 1\n\n1 / 0")).error
    assert error.startswith("le code s'est arrêté cellule 3, ligne 3 : ZeroDivisionError")


TABLE = (
    "resultat = tables['communes'].nlargest(3, 'population')[['code', 'nom', 'population']]\n"
    "resultat"
)
CHART = """import altair as alt
import matplotlib.pyplot as plt
plt.barh(resultat["nom"], resultat["population"])
plt.show()
alt.Chart(resultat).mark_point().encode(x="nom", y="population")
"""


def notebook(*cells: str) -> str:
    """A notebook with a title and cells of code, which ran before."""
    old = {"output_type": "stream", "name": "stdout", "text": ["un vieux résultat"]}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# Communes", "id": "t"}
    code = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": source,
            "id": f"c{number}",
            "execution_count": 9,
            "outputs": [old],
        }
        for number, source in enumerate(cells)
    ]
    fields = {"cells": [title, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(fields)
