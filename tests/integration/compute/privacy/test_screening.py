"""What a table tells about persons: found whatever the columns are called, and never shown."""

import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shared.engine.reading.columns.cog import load_codes
from shared.engine.reading.columns.reference_files import unfolded
from shared.engine.tables.privacy import Privacy
from tests.integration.compute.jobs import DATA, DEMO, Tables, ingest, step, treat
from tests.integration.compute.jobs import run as start
from tests.integration.compute.profiles import profile_of, verdict_of

FIRST, LAST = (sorted(unfolded(name).to_pylist()) for name in ("first_names.csv", "surnames.csv"))
COMMUNES = sorted(load_codes().communes)


def persons(count: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """Names drawn from the lists of names, with what such tables hold beside them."""
    chance = random.Random(seed)
    for at in range(count):
        first, last = chance.choice(FIRST).title(), chance.choice(LAST).upper()
        yield {
            "prenom": first,
            "nom": last,
            "complet": f"{chance.choice(['M.', 'Mme', ''])} {last} {first}".strip(),
            "naissance": f"{chance.randint(1935, 2008)}-{chance.randint(1, 12):02}-17",
            "annee": str(chance.randint(1935, 2008)),
            "sexe": chance.choice("HF"),
            "age": str(chance.randint(0, 99)),
            "commune": chance.choice(COMMUNES[:40]),
            "adresse": f"{chance.randint(1, 90)} rue {chance.choice(LAST).title()}",
            "courriel": f"{first}.{last}@orange.fr".lower(),
            "mobile": f"06 {at % 90 + 10} 34 56 {chance.randint(10, 99)}",
            "fixe": f"02 {at % 90 + 10} 34 56 {chance.randint(10, 99)}",
            "nir": nir(chance),
            "iban": iban(chance),
            "profession": chance.choice(["couvreur", "infirmier", "agriculteur"]),
            "diagnostic": chance.choice(["asthme", "diabète"]),
            "effectif": str(chance.randint(1, 50)),
        }


def nir(chance: random.Random) -> str:
    """Thirteen digits and their key."""
    number = int(
        f"{chance.choice('12')}{chance.randint(0, 99):02}0514{chance.randint(1, 10**6):06}"
    )
    return f"{number}{97 - number % 97:02}"


def iban(chance: random.Random) -> str:
    """A French account number with check digits by ISO 13616's own rule."""
    account = f"{chance.randint(0, 10**23 - 1):023}"
    return f"FR{98 - int(account + '152700') % 97:02}{account}"


def as_csv(rows: list[dict[str, str]], **columns: str) -> bytes:
    """A file with these columns of the rows, each under another name."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(columns)
    writer.writerows([[row[field] for field in columns.values()] for row in rows])
    return text.getvalue().encode()


def screened(folder: Path, content: bytes | Path) -> Privacy:
    """The verdict on a file."""
    privacy = profile_of(ingest(folder / "job", content)).privacy
    assert privacy is not None
    return privacy


def kinds(privacy: Privacy, role: str = "direct") -> dict[str, str]:
    """The kind of each column of that role."""
    return {finding.column: finding.kind for finding in privacy.findings if finding.role == role}


@pytest.mark.parametrize(
    ("file", "subject"),
    [
        (DEMO / "communes_2026.csv", "organisations"),
        (DEMO / "epci_2026.csv", "organisations"),
        (DEMO / "codes_postaux.csv", "other"),
        (DEMO / "logements.csv", "other"),
        (DATA / "irve_2020_cp1252.csv", "other"),
    ],
    ids=lambda path: path.stem if isinstance(path, Path) else path,
)
def test_open_data_about_places_is_not_about_persons(
    tmp_path: Path, file: Path, subject: str
) -> None:
    """Names of communes are surnames at times, and stations have addresses: no person in them."""
    privacy = screened(tmp_path, file)
    assert (privacy.verdict, privacy.subject, privacy.findings, privacy.k) == (
        "none",
        subject,
        (),
        None,
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["nir"], "nir"),
        (["iban"], "iban"),
        (["courriel"], "email"),
        (["mobile"], "phone"),
        (["nom"], "surname"),
        (["complet"], "full_name"),
    ],
)
def test_identifier_is_found_under_a_name_that_says_nothing(
    tmp_path: Path, fields: list[str], expected: str
) -> None:
    """By its values alone, in a table of nothing else but a number."""
    rows = list(persons(120))
    content = as_csv(rows, x="age", **{f"c{at}": field for at, field in enumerate(fields)})
    privacy = screened(tmp_path, content)
    assert privacy.verdict == "direct"
    assert kinds(privacy) == {"c0": expected}
    assert all(finding.rows == 120 for finding in privacy.findings)


def test_table_of_persons_is_found_whole(tmp_path: Path) -> None:
    """Every column that tells who somebody is, where they live and what may tell them apart."""
    fields = ["prenom", "nom", "naissance", "adresse", "fixe", "sexe", "commune", "profession"]
    privacy = screened(
        tmp_path, as_csv(list(persons(300)), **{f"{field}": field for field in fields})
    )
    assert (privacy.verdict, privacy.subject) == ("direct", "persons")
    assert kinds(privacy) == {
        "prenom": "first_name",
        "nom": "surname",
        "naissance": "birth_date",
        "adresse": "address",
        "fixe": "phone",
    }
    assert kinds(privacy, "quasi") == {
        "sexe": "sex",
        "commune": "place",
        "profession": "profession",
    }
    assert privacy.k == 1
    assert privacy.share_below > 0.9


def test_same_columns_without_names_are_quasi_identifiers(tmp_path: Path) -> None:
    """Nobody is named; the smallest group and l of the diagnosis are what Python counts."""
    rows = list(persons(2000))
    privacy = screened(
        tmp_path, as_csv(rows, sexe="sexe", metier="profession", diagnostic="diagnostic")
    )
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row["sexe"], row["profession"]), []).append(row["diagnostic"])
    assert (privacy.verdict, privacy.subject) == ("quasi", "persons")
    assert privacy.k == min(map(len, groups.values()))
    assert privacy.is_safe
    (sensitive,) = privacy.named("sensitive")
    assert sensitive.diversity == min(len(set(values)) for values in groups.values())


def test_names_that_repeat_are_names(tmp_path: Path) -> None:
    """In a large table few first names are many people's."""
    some = list(persons(60))
    rows = [row | {"nom": some[at % 37]["nom"]} for at, row in enumerate(some * 20)]
    privacy = screened(tmp_path, as_csv(rows, a="prenom", b="nom"))
    assert kinds(privacy) == {"a": "first_name", "b": "surname"}


def test_somebody_s_number_in_a_text_is_found(tmp_path: Path) -> None:
    """Among remarks that say nothing of anybody."""
    remarks = [f"Travaux en {at % 12} à revoir" for at in range(200)]
    remarks[9] = "Clé chez le gardien : 06 12 34 56 78"
    remarks[70] = "écrire à marie.dupont@orange.fr"
    rows = [{"remarque": remark} for remark in remarks]
    assert kinds(screened(tmp_path / "a", as_csv(rows, r="remarque"))) == {"r": "mention"}
    rows = [{"remarque": f"dossier 20{at}612345678"} for at in range(200)]
    assert screened(tmp_path / "b", as_csv(rows, r="remarque")).verdict == "none"


def test_codes_are_sexes_by_their_column_s_name_only(tmp_path: Path) -> None:
    """1 and 2 mean anything; two letters for women and men do not."""
    rows = [{"code": "12"[at % 2], "letter": "HF"[at % 3 % 2], "n": str(at)} for at in range(90)]
    assert screened(tmp_path / "a", as_csv(rows, categorie="code", n="n")).verdict == "none"
    for name, column in (("sexe", "code"), ("x", "letter")):
        privacy = screened(tmp_path / name, as_csv(rows, **{name: column}, n="n"))
        assert kinds(privacy, "quasi") == {name: "sex"}


def test_date_alone_is_no_birth_date(tmp_path: Path) -> None:
    """Dates over a lifetime are births beside names, or under a name that says so; else dates."""
    rows = list(persons(200))
    assert screened(tmp_path / "a", as_csv(rows, x="naissance", rang="age")).verdict == "none"
    named = screened(tmp_path / "b", as_csv(rows, date_naissance="naissance", rang="age"))
    assert kinds(named) == {"date_naissance": "birth_date"}
    beside = screened(tmp_path / "c", as_csv(rows, x="naissance", y="complet"))
    assert kinds(beside) == {"x": "birth_date", "y": "full_name"}


def test_counts_of_people_are_no_persons(tmp_path: Path) -> None:
    """The first names given in a year, or a census by sex: a row is a group."""
    rows = list(persons(200))
    names = as_csv(rows, sexe="sexe", prenom="prenom", nombre="effectif", commune="commune")
    privacy = screened(tmp_path / "a", names)
    assert (privacy.verdict, privacy.subject) == ("none", "groups")
    assert screened(tmp_path / "b", as_csv(rows, sexe="sexe", nombre="effectif")).verdict == "none"


def split(rows: list[dict[str, str]], **columns: str) -> bytes:
    """A file with these columns of the rows and a number for each row, without a name."""
    numbered = [row | {"numero": str(at)} for at, row in enumerate(rows)]
    return as_csv(numbered, numero="numero", **columns)


@pytest.fixture(scope="module")
def halves() -> Tables:
    """The same persons in two tables, none of which singles anybody out."""
    rows = [row | {"annee": row["annee"][:3] + "0"} for row in persons(3000)]
    return {
        "a": split(rows, sexe="sexe", annee_naissance="annee"),
        "b": split(rows, commune="commune", profession="profession"),
    }


def crossing(left_key: str, right_key: str) -> dict[str, Any]:
    """Cross the tables `a` and `b` by these columns."""
    tables = {"left": "a", "right": "b"}
    return step("cross", tables, "ensemble", left_key=left_key, right_key=right_key)


CROSS = crossing("numero", "numero")


def test_join_of_two_safe_tables_is_unsafe(tmp_path: Path, halves: Tables) -> None:
    """Each lets nobody stand out; together they do, and the report of the result says so."""
    for name, content in halves.items():
        assert screened(tmp_path / name, content).is_safe
    run = treat(tmp_path / "job", halves, CROSS)
    verdict = verdict_of(run)
    assert (verdict.verdict, verdict.subject, verdict.k) == ("quasi", "persons", 1)
    assert set(kinds(verdict, "quasi").values()) == {"sex", "birth_year", "place", "profession"}
    assert not verdict.is_safe
    warning = run.reports[-1]["warning"]
    assert warning.startswith("Données personnelles. ")
    assert f"{verdict.rows_below} lignes" in warning


def test_trial_of_the_join_warns_too(tmp_path: Path, halves: Tables) -> None:
    """A sample is screened like the whole."""
    assert not verdict_of(treat(tmp_path, halves, CROSS, sample_rows=200)).is_safe


def test_sums_of_persons_are_groups(tmp_path: Path, halves: Tables) -> None:
    """What an aggregation leaves is about nobody in particular."""
    by = ["sexe", "annee_naissance"]
    sums = step("aggregate", {"table": "ensemble"}, "sommes", by=by, sums=["numero"])
    verdict = verdict_of(treat(tmp_path, halves, CROSS, sums))
    assert (verdict.verdict, verdict.subject) == ("none", "groups")


def test_crossing_that_brings_names_in_names_persons(tmp_path: Path) -> None:
    """Whatever the left table was."""
    rows = list(persons(100))
    tables: Tables = {"a": split(rows, age="age"), "b": split(rows, prenom="prenom", nom="nom")}
    verdict = verdict_of(treat(tmp_path, tables, CROSS))
    assert kinds(verdict) == {"prenom": "first_name", "nom": "surname"}


def test_real_crossing_is_about_no_person(tmp_path: Path) -> None:
    """Homes and inter-communal bodies: the demonstration's own result."""
    tables: Tables = {"a": DEMO / "logements.csv", "b": DEMO / "epci_2026.csv"}
    run = treat(tmp_path, tables, crossing("com", "code"))
    assert (verdict_of(run).verdict, run.reports[-1]["warning"]) == ("none", "")


def test_persons_without_a_match_are_counted_and_not_listed(tmp_path: Path) -> None:
    """Their keys are no codes that somebody has to look up."""
    rows = list(persons(100))
    tables: Tables = {
        "a": as_csv(rows, courriel="courriel", age="age"),
        "b": as_csv(rows[:90], courriel="courriel", sexe="sexe"),
    }
    report = treat(tmp_path, tables, crossing("courriel", "courriel")).reports[0]
    assert report["keys"]["unmatched"]["keys"] == len(report["orphans"]) > 0
    assert {orphan["key"] for orphan in report["orphans"]} == {None}


def test_fault_that_nobody_foresaw_tells_no_value(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An overflow's own message has the number in it; the reason and the log have its kind."""
    content = pd.DataFrame({"g": ["a", "a"], "x": [2**63 - 1] * 2}).to_parquet()
    path = ingest(tmp_path / "t", content, "t.parquet").output_path("table.parquet")
    sums = step("aggregate", {"table": "t"}, "sommes", by=["g"], sums=["x"])
    run = start(tmp_path / "job", {"kind": "full", "steps": [sums]}, {"t": path})
    assert run.error == "le traitement a échoué (ConversionException)"
    printed_text = "".join(capfd.readouterr())
    assert "aggregate/run.py" in printed_text
    assert str(2 * (2**63 - 1)) not in printed_text


def offices(count: int) -> Iterator[dict[str, Any]]:
    """Communes with their number, mailbox and telephone as their directory has them."""
    with (DEMO / "communes_2026.csv").open(encoding="utf-8", newline="") as file:
        communes = [row for row in csv.DictReader(file, delimiter=";") if row["siren"]]
    chance = random.Random(3)
    for row in communes[:count]:
        town = "".join(sign for sign in row["nom"].lower() if sign.isascii() and sign.isalpha())
        yield {
            "nom": row["nom"],
            "siren": row["siren"],
            "adresse": f"{chance.randint(1, 20)} place de la Mairie",
            "mail": f"{chance.choice(['mairie', 'contact', 'accueil'])}@{town or 'ville'}.fr",
            "tel": f"02 31 {chance.randint(10, 99)} {chance.randint(10, 99)} 01",
        }


def test_offices_of_organisations_are_not_persons(tmp_path: Path) -> None:
    """Mailboxes of offices, fixed lines and addresses beside a SIREN, and without one."""
    rows = list(offices(200))
    whole = {field: field for field in rows[0]}
    privacy = screened(tmp_path / "a", as_csv(rows, **whole))
    assert (privacy.verdict, privacy.subject) == ("none", "organisations")
    del whole["siren"]
    assert screened(tmp_path / "b", as_csv(rows, **whole)).verdict == "none"


def test_mailbox_with_a_name_is_a_person_among_offices(tmp_path: Path) -> None:
    """One official's own mailbox in a directory of offices."""
    rows = list(offices(100))
    rows[40]["mail"] = "marie.dupont@ville.fr"
    privacy = screened(tmp_path, as_csv(rows, nom="nom", siren="siren", mail="mail"))
    assert kinds(privacy) == {"mail": "email"}


def test_no_value_of_a_person_is_in_the_result(tmp_path: Path) -> None:
    """Neither the profile nor what is said on the way has a word of the table."""
    rows = list(persons(150))
    rows[7] |= {"commune": "NULLEPART", "courriel": "pas une adresse"}
    fields = [field for field in rows[0] if field not in {"sexe", "age", "effectif"}]
    run = ingest(tmp_path / "job", as_csv(rows, **{field: field for field in fields}))
    result = (tmp_path / "job" / "out" / "result.json").read_text(encoding="utf-8")
    assert run.reports[0]["privacy"]["verdict"] == "direct"
    values = {row[field] for row in rows for field in fields if len(row[field]) > 4}
    assert [value for value in sorted(values) if value in result] == []
