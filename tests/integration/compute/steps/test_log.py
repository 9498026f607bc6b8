"""What the log of a job says of what it did."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.compute.jobs import RunOutcome, ingest, run, step, take_in

TABLES: dict[str, Path | bytes] = {
    "homes": b"com;logements\n14001;10\n14002;20\n14003;30\nTOTAL;60\n",
    "names": b"code;nom\n14001;Ablon\n14002;Acqueville\n",
}
CROSSING = step(
    "cross", {"left": "homes", "right": "names"}, "met", left_key="com", right_key="code"
)
SOURCE = {
    "name": "homes",
    "dataset_id": "dts_1",
    "version": 3,
    "sha256": "0" * 64,
    "title": "Logements",
    "licence": "lov2",
    "columns": ["com"],
    "until": "2027-01-31",
}


def sentences(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The sentences of the log since it was last read."""
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [str(document["log"]) for document in documents if "log" in document]


def treated(folder: Path, **work: Any) -> RunOutcome:
    """A crossing of two tables that were taken in before."""
    taken = take_in(TABLES)
    job = {"kind": "full", "steps": [CROSSING], "sources": [SOURCE], **taken.facts, **work}
    return run(folder / "job", job, taken.tables)


def test_log_says_what_is_read_and_what_every_step_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows, totals left out, what did not meet, the result and the check for persons."""
    assert treated(tmp_path).reports
    log_text = "\n".join(sentences(capsys)[-4:])
    assert "lit « homes » : « Logements », version 3, licence lov2, 1 colonne accordée" in log_text
    assert "étape 1, " in log_text
    assert "3 lignes croisées, 3 obtenues" in log_text
    assert "1 ligne de total laissée de côté" in log_text
    assert "résultat écrit : 3 lignes, 4 colonnes" in log_text
    assert "aucune donnée personnelle" in log_text


def test_log_of_a_trial_names_its_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many rows of how many, and which."""
    assert treated(tmp_path, kind="trial", sample_rows=2).reports
    trial_sentences = [sentence for sentence in sentences(capsys) if sentence.startswith("essai")]
    assert trial_sentences == [
        "essai sur 2 lignes de 3, lignes prises à intervalle régulier dans la table principale"
    ]


def test_log_has_no_number_of_others_restricted_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the rows are: who reads the log learns which steps were done, and nothing else."""
    protected = {"homes": {"dataset_id": "dts_1", "version": 3}}
    logs = []
    for number, homes in enumerate((b"com;logements\n14001;10\n", TABLES["homes"])):
        folder = tmp_path / str(number)
        taken = take_in({**TABLES, "homes": homes})
        capsys.readouterr()
        job = {"kind": "full", "steps": [CROSSING], **taken.facts, "protected": protected}
        run(folder / "job", job, taken.tables)
        logs.append(sentences(capsys))
    assert logs[0] == logs[1]
    assert "étape 1, Croiser deux tables → « met » : faite" in logs[0]


def test_log_of_a_file_says_how_it_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its format, encoding, size, what was repaired, and no value of its rows."""
    ingest(tmp_path, b"nom;email\nMartin;marie.martin@example.org\nDupont;j.dupont@example.org\n")
    log_text = "\n".join(sentences(capsys))
    assert "fichier lu (csv, utf-8" in log_text
    assert "2 lignes, 2 colonnes" in log_text
    assert "des données personnelles y sont reconnues" in log_text
    assert "example.org" not in log_text
    assert "Martin" not in log_text
