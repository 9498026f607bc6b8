"""Programs, letters and settings under the name of a table are refused, and say what they are."""

import json
from pathlib import Path

import pytest

from tests.integration.compute.jobs import ROOT, ingest, packed

CORPUS = ROOT / "tests" / "corpora" / "tables" / "tuning"
EXPECTED = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))

PROGRAMS = {
    "shell": """#!/bin/sh
set -e
for f in *.csv; do
  iconv -f cp1252 -t utf-8 "$f" > "out/$f"
done
""",
    "shell without its first line": """DOSSIER=/var/import
mkdir -p "$DOSSIER"
for f in "$DOSSIER"/*.csv; do
  echo "lecture de $f"
  psql -c "\\copy arrets from $f csv header"
done
""",
    "php": """<?php
$lignes = file("arrets.csv");
foreach ($lignes as $ligne) {
    echo str_getcsv($ligne)[0], "\n";
}
""",
    "c": """#include <stdio.h>

int main(void) {
    int c, lignes = 0;
    while ((c = getchar()) != EOF)
        if (c == '\\n')
            lignes++;
    printf("%d\\n", lignes);
    return 0;
}
""",
    "a comment, then a table of numbers": """/* made by a tool */
static const int codes[] = {
  14118, 14119, 14120,
  27229, 27230, 27231,
  50129, 50130, 50131,
};
""",
    "sql query": """SELECT c.code, c.nom, count(*) AS bornes
FROM communes c
JOIN bornes b ON b.commune = c.code
WHERE c.departement IN ('14', '50', '61')
GROUP BY c.code, c.nom
ORDER BY bornes DESC;
""",
}
OTHERS = {
    "configuration": [
        "[base]\nhote = localhost\nport = 5432\n\n[journal]\nniveau = INFO\n",
        "service: import\nsources:\n  - nom: arrets\n    url: https://example.org\nessais: 3\n",
        "HOTE=localhost\nPORT=5432\nMOT_DE_PASSE=secret\n",
    ],
    "courriel": ["De : Anne\nÀ : Paul\nObjet : fichier\nDate : mardi\n\nBonjour,\n\nVoici.\n"],
    "agenda": ["BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n"],
    "lettre": [
        (
            "Madame la Présidente,\n\nSuite à votre demande, voici les chiffres de 2023.\n\n"
            "Veuillez agréer, Madame la Présidente, mes salutations distinguées.\n"
        )
    ],
    "texte": [
        (
            "Le conseil s'est réuni le 12 mars à la mairie, sous la présidence du\n"
            "maire. Il a délibéré sur le budget, qui est voté, et sur les écoles,\n"
            "dont les travaux commencent en juin. La séance est levée à 22 heures,\n"
            "personne ne demandant plus la parole.\n"
        )
    ],
    "journal": [
        "".join(f"2024-03-05 02:00:{n:02},114 INFO import: fait\n" for n in range(9)),
        "".join(
            f'::1 - - [05/Mar/2024:02:00:{n:02} +0100] "GET / HTTP/1.1" 200 5\n' for n in range(9)
        ),
    ],
}
TABLES = {
    "addresses": ["adresse", *(f"{n} rue du Port, 14000 Caen" for n in range(1, 9))],
    "commas and spaces": ["code, nom, eau", *(f"{n}, Caen {n}, oui" for n in range(1, 9))],
    "sentences": ["avis", *(f"Le service {n} répond vite." for n in range(1, 9))],
    "events": ["heure;niveau;dit", *(f"2024-03-05 02:00:0{n};INFO;fait" for n in range(1, 9))],
    "empty last cells": ["nom;note;", *(f"Rue n({n});" for n in range(1, 5)), *["Caen;(a);"] * 5],
    "formulas": ["nom;formule", *(f"a{n};b = c({n});" for n in range(1, 9))],
    "words of programs": ["class;int;void", *(f"return;{n};if" for n in range(1, 9))],
    "emails": ["courriel", *(f"service{n}@example.org" for n in range(1, 9))],
    "addresses of pages": ["page", *(f"https://example.org/?p={n};q={n}" for n in range(1, 9))],
    "titles above": ["Objet : bornes", "", "nom;kW", *(f"B{n};{n}" for n in range(1, 9))],
    "dashes": ["- nom", *(f"- commune {n}" for n in range(1, 9))],
    "times": ["2024-03-05 02:00:00,5", *(f"2024-03-05 02:0{n}:00,{n}" for n in range(1, 9))],
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_program_is_no_table(tmp_path: Path, name: str) -> None:
    """Whatever language it is in, and whatever its file is called."""
    assert "ressemble à un programme" in ingest(tmp_path, PROGRAMS[name].encode()).error


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in OTHERS.items() for text in texts]
)
def test_letter_log_or_settings_say_what_they_look_like(
    tmp_path: Path, kind: str, text: str
) -> None:
    """So that its owner sees at once which file it was."""
    error = ingest(tmp_path, text.encode()).error
    assert error.startswith("ce fichier ressemble")
    assert kind in error.partition(",")[0]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_table_that_looks_like_a_text_is_a_table(tmp_path: Path, name: str) -> None:
    """Lists of sentences, cells with code, spaces after commas."""
    assert ingest(tmp_path, "\n".join(TABLES[name]).encode()).error == ""


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_judged_files_are_read_or_refused(tmp_path: Path, name: str) -> None:
    """Those of the half that rules are tuned on, with the columns that they have."""
    right, done = EXPECTED[name], ingest(tmp_path, (CORPUS / name).read_bytes(), name)
    assert bool(done.error) == right["refused"], done.error
    if not right["refused"]:
        report = done.reports[0]
        assert report["rows"] == right["rows"]
        assert [column["name"] for column in report["columns"]] == right["columns"]


def test_no_break_spaces_that_are_taken_off_are_named(tmp_path: Path) -> None:
    """Around names and around values; those within stay."""
    text = "Commune\u00a0;\u202fParcs;Note\n" + "\u00a0Caen\u00a0;12\u202f;à\u00a0voir\n" * 3
    done = ingest(tmp_path, text.encode())
    repairs = {repair["code"]: repair for repair in done.reports[0]["repairs"]}
    assert repairs["no_break_names"]["count"] == 2
    assert repairs["no_break_spaces"]["count"] == 6
    assert repairs["no_break_spaces"]["message"].endswith("valeurs : Commune, Parcs")
    columns = {column["name"]: column["kind"] for column in done.reports[0]["columns"]}
    assert columns == {"Commune": "text", "Parcs": "integer", "Note": "text"}


def test_single_object_of_json_is_a_row_unless_it_is_settings(tmp_path: Path) -> None:
    """One record may have a place within; settings have several parts."""
    record = {"nom": "Caen", "lieu": {"lat": 49.2, "lon": -0.4}}
    assert ingest(tmp_path / "a", json.dumps(record).encode(), "a.json").error == ""
    settings = {"base": {"hote": "localhost"}, "journal": {"niveau": "INFO"}}
    assert "configuration" in ingest(tmp_path / "b", json.dumps(settings).encode(), "b.json").error


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (packed({"[Content_Types].xml": "<a/>", "word/document.xml": "<a/>"}), "Word"),
        (
            packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}),
            "document texte",
        ),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "Word"),
        (b"{\\rtf1\\ansi Bonjour}", "RTF"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 60, "programme"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image"),
    ],
    ids=["docx", "odt", "doc", "rtf", "elf", "png"],
)
def test_documents_of_an_office_are_named(tmp_path: Path, content: bytes, what: str) -> None:
    """A letter is no workbook, though both are archives."""
    error = ingest(tmp_path, content).error
    assert what in error
    assert error.endswith("pas un tableau")
