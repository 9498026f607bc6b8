"""Persons are found however their numbers, births and addresses are written."""

import json
from pathlib import Path

import pytest

from tests.integration.compute.jobs import ingest
from tests.integration.compute.privacy.test_screening import as_csv, kinds, screened
from tests.integration.compute.profiles import profile_of

DIRECT = {
    "abroad": ("x", "+33 (0)6 {two} 34 56 78", "phone"),
    "abroad with dots": ("x", "+33.6.{two}.34.56.78", "phone"),
    "slashes": ("x", "06/{two}/34/56/78", "phone"),
    "lost zero": ("mobile", "6{two}345678", "phone"),
    "dashes": ("x", "1-60-05-14-118-1{two}", "nir"),
    "Corsica": ("nir", "1 60 05 2a 004 1{two}", "nir"),
    "month in words": ("Né(e) le", "17 mai 19{two}", "birth_date"),
    "two digits": ("date_naissance", "17/05/{two}", "birth_date"),
    "French": ("Née le", "17/05/19{two}", "birth_date"),
    "street": ("libelle_voie", "des Lilas {two}", "address"),
}


@pytest.mark.parametrize(("header", "pattern", "kind"), DIRECT.values(), ids=DIRECT)
def test_written_otherwise_it_is_the_same(
    tmp_path: Path, header: str, pattern: str, kind: str
) -> None:
    """In a table of twenty rows, beside a sex where nothing else makes them persons."""
    rows = [{"a": pattern.format(two=20 + 3 * at), "b": "HF"[at % 2]} for at in range(20)]
    privacy = screened(tmp_path, as_csv(rows, **{header: "a", "sexe": "b"}))
    assert (privacy.verdict, kinds(privacy)) == ("direct", {header: kind})


@pytest.mark.parametrize("header", ["id_patient", "Code élève", "IPP", "NUMALLOC", "Matricule CAF"])
def test_number_of_a_person_makes_rows_persons(tmp_path: Path, header: str) -> None:
    """Who they are nobody can tell by it, but their traits may; an age alone is a tree's."""
    rows = [{"a": f"P{1000 + at}", "b": str(20 + at)} for at in range(20)]
    privacy = screened(tmp_path / "a", as_csv(rows, **{header: "a", "age": "b"}))
    assert (privacy.verdict, privacy.subject, privacy.k) == ("quasi", "persons", 1)
    assert screened(tmp_path / "b", as_csv(rows, id_arbre="a", age="b")).verdict == "none"


def test_parts_of_a_birth_date_tell_persons_apart(tmp_path: Path) -> None:
    """The year alone leaves groups, the day and the month with it hardly any."""
    rows = [{"j": str(at % 28 + 1), "m": str(at % 12 + 1), "a": "1960"} for at in range(84)]
    privacy = screened(tmp_path, as_csv(rows, jour_naissance="j", mois_naissance="m", an_nais="a"))
    assert set(kinds(privacy, "quasi").values()) == {"birth_day", "birth_year"}
    assert (privacy.subject, privacy.k) == ("persons", 1)


def test_homes_of_persons_tell_them_apart(tmp_path: Path) -> None:
    """By their coordinates, as by their commune."""
    rows = [{"s": "HF"[at % 2], "y": f"49.1{at:03}", "x": f"-0.3{at:03}"} for at in range(40)]
    privacy = screened(tmp_path, as_csv(rows, sexe="s", lat="y", lon="x"))
    assert (kinds(privacy, "quasi"), privacy.k) == (
        {"sexe": "sex", "lat": "place", "lon": "place"},
        1,
    )


@pytest.mark.parametrize(
    ("header", "pattern"),
    [
        ("id_station", "S{two}"),
        ("nom_voie", "Rue des Lilas {two}"),
        ("date_travaux", "17/05/{two}"),
    ],
)
def test_things_have_numbers_streets_and_dates_as_well(
    tmp_path: Path, header: str, pattern: str
) -> None:
    """Without a sign of persons none is theirs."""
    rows = [{"a": pattern.format(two=20 + at), "b": str(at)} for at in range(20)]
    assert screened(tmp_path, as_csv(rows, **{header: "a", "rang": "b"})).verdict == "none"


SURNAMES = ("dupont", "martin", "durand", "girard", "moreau")
NIR = "255081416802538"


@pytest.mark.parametrize("rows", [300, 9000])
def test_one_nir_among_other_cells_is_direct(tmp_path: Path, rows: int) -> None:
    """However many others there are; it is counted, and stands nowhere in the report."""
    table = [{"a": str(at), "b": "ok"} for at in range(rows)]
    table[rows // 2 + 1]["b"] = "2 55 08 14 168 025 38"
    job = ingest(tmp_path, as_csv(table, rang="a", suivi="b"))
    privacy = profile_of(job).privacy
    assert privacy is not None
    assert (privacy.verdict, privacy.subject) == ("direct", "other")
    assert [(finding.column, finding.kind, finding.rows) for finding in privacy.findings] == [
        ("suivi", "nir", 1)
    ]
    assert not {NIR, "2 55 08 14 168 025 38"} & set(json.dumps(job.result).split('"'))


def test_right_key_among_long_numbers_is_chance(tmp_path: Path) -> None:
    """Of forty numbers of fifteen digits one may have it."""
    numbers = [str(int(NIR) + 7 * at) for at in range(40)]
    rows = [{"a": number, "b": str(at)} for at, number in enumerate(numbers)]
    assert screened(tmp_path, as_csv(rows, compteur="a", rang="b")).verdict == "none"


@pytest.mark.parametrize(
    "pattern", ["{name}{digit}@mairie-x.fr", "{name}{digit}@free.fr, marie.durand{digit}@free.fr"]
)
@pytest.mark.parametrize("digit", ["", "3", "75"])
def test_mailboxes_with_digits_are_their_owner_s(tmp_path: Path, pattern: str, digit: str) -> None:
    """Namesakes get a number behind their name."""
    names = [
        f"{first_name}.{two}" for first_name in ("jean", "paul", "luc", "anne") for two in SURNAMES
    ]
    rows = [
        {"a": str(at), "b": pattern.format(name=name, digit=digit)} for at, name in enumerate(names)
    ]
    assert screened(tmp_path, as_csv(rows, rang="a", contact="b")).verdict == "direct"
