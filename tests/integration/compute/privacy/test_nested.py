"""Several persons in one cell are found and counted, however they are written."""

import json
from pathlib import Path

import pytest

from shared.engine.tables.privacy import Finding
from tests.integration.compute.privacy.test_names import FIRST_NAMES, LAST_NAMES, as_file
from tests.integration.compute.privacy.test_screening import kinds, screened

WHO = [("conducteur", "femme", 1979), ("passager", "homme", 1962), ("piéton", "femme", 2003)]


def persons_text(number: int, between: str) -> str:
    """So many persons in a few words each."""
    return between.join(f"{role}, {sex}, {year}, indemne" for role, sex, year in WHO[:number])


def records(number: int) -> str:
    """The same as JSON."""
    fields = ("catégorie", "sexe", "anneeNaissance")
    return json.dumps([dict(zip(fields, person, strict=True)) for person in WHO[:number]])


def names(number: int, between: str) -> str:
    """So many first names and surnames."""
    both = zip(FIRST_NAMES[:number], LAST_NAMES[:number], strict=True)
    return between.join(f"{last} {first}" for first, last in both)


COUNTS = [at % 3 + 1 for at in range(30)]
CELLS = {
    "bars": ("quasi", [persons_text(number, " | ") for number in COUNTS]),
    "semicolons": ("quasi", [persons_text(number, "; ") for number in COUNTS]),
    "ages": ("quasi", [" / ".join(["H, 45 ans, blessé", "F, 7 ans"][:n]) for n in COUNTS]),
    "bands of ages": (
        "quasi",
        ["\n".join(["1. conducteur M 25-34 ans tué", "2. passager F 7-9 ans"][:n]) for n in COUNTS],
    ),
    "records": ("quasi", [records(number) for number in COUNTS]),
    "Python": ("quasi", [str(json.loads(records(number))) for number in COUNTS]),
    "names": ("direct", [names(number, ", ") for number in COUNTS]),
    "names apart": ("direct", [names(number, " ; ") for number in COUNTS]),
    "named records": ("direct", [f'[{{"prenom": "Léa", "age": {20 + n}}}]' for n in COUNTS]),
    "reached": ("direct", [f'{{"a": {{"tel": "06399800{10 + n}"}}}}' for n in COUNTS]),
}


def only(findings: tuple[Finding, ...], kind: str) -> Finding:
    """The only finding of that kind."""
    (finding,) = [finding for finding in findings if finding.kind == kind]
    return finding


@pytest.mark.parametrize(("verdict", "cells"), CELLS.values(), ids=CELLS)
def test_persons_in_one_cell_are_found(tmp_path: Path, verdict: str, cells: list[str]) -> None:
    """Named or reached they are direct, else their traits may tell them apart."""
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    content = as_file(["rang", "x"], [[str(at) for at in range(30)], quoted])
    privacy = screened(tmp_path, content)
    assert (privacy.verdict, privacy.subject) == (verdict, "persons")
    assert only(privacy.findings, "persons").rows == 30


def test_all_persons_of_a_long_table_are_counted(tmp_path: Path) -> None:
    """Of 9,000 accidents, not only of those that a sample shows."""
    counts = [at % 3 + 1 for at in range(9000)]
    cells = [f'"{persons_text(number, " | ")}"' for number in counts]
    content = as_file(["num", "usagers"], [[str(at) for at in range(9000)], cells])
    privacy = screened(tmp_path, content)
    finding = only(privacy.findings, "persons")
    assert (finding.rows, finding.persons) == (9000, sum(counts))
    assert privacy.k is not None


def test_lists_of_short_values_are_persons(tmp_path: Path) -> None:
    """As the national file of accidents has them in some portals: `1,2` beside `1960,1985`."""
    sexes = [",".join("121"[:number]) for number in COUNTS]
    years = [",".join(["1960", "1985", "2001"][:number]) for number in COUNTS]
    columns = [[f'"{word}"' for word in of] for of in (sexes, years)]
    privacy = screened(tmp_path, as_file(["sexe", "an_nais"], columns))
    assert kinds(privacy, "quasi") == {"sexe": "sex", "an_nais": "birth_year"}
    assert {finding.persons for finding in privacy.findings} == {sum(COUNTS)}


NOBODY = {
    "tags": [json.dumps(["vélo", "eau", "bruit"][: n + 1]) for n in COUNTS],
    "things": [json.dumps({"nom": "Piscine", "type": "eau", "tel": "0231000000"}) for _ in COUNTS],
    "streets": ["; ".join(["rue Jean Moulin", "place Marie Curie"][:n]) for n in COUNTS],
    "bands": [
        ["Femmes 25-49 ans", "Hommes 50 ans et plus", "moins de 15 ans"][n - 1] for n in COUNTS
    ],
    "publics": ["enfants de 6 à 10 ans, filles", "adultes, femmes et hommes"] * 15,
    "years": [f"de {1990 + n} à {2000 + n}, rue du Port" for n in COUNTS],
    "broken": ['[{"prenom": ' * 50 for _ in COUNTS],
}


@pytest.mark.parametrize("cells", NOBODY.values(), ids=NOBODY)
def test_other_lists_are_nobody(tmp_path: Path, cells: list[str]) -> None:
    """Labels, things with a telephone, streets, bands of ages."""
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    content = as_file(["rang", "x"], [[str(at) for at in range(30)], quoted])
    assert screened(tmp_path, content).findings == ()


def test_column_s_name_says_that_ages_are_persons(tmp_path: Path) -> None:
    """Codes of role, sex, year of birth and injury; beside another name they are any codes."""
    cells = ["|".join(["1;1;1984;3", "2;2;1990;1", "3;1;2003;4"][:number]) for number in COUNTS]
    columns = [[str(at) for at in range(30)], [f'"{cell}"' for cell in cells]]
    privacy = screened(tmp_path / "a", as_file(["num", "usagers"], columns))
    assert only(privacy.findings, "persons").persons == sum(COUNTS)
    assert screened(tmp_path / "b", as_file(["num", "nom_lot"], columns)).findings == ()
