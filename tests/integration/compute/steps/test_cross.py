"""Crossing by crosswalks, on real tables of Normandy whose keys are not the same."""

from pathlib import Path

import pandas as pd

from tests.integration.compute.jobs import DEMO, RunOutcome, step, treat

HOMES, BODIES = DEMO / "logements.csv", DEMO / "epci_2026.csv"
GONE = {"14011", "14300", "14623", "61017", "61188", "61192", "61310", "76358"}
"""The census's codes that the COG of 2026 has no more: deploy/demo/data/ATTRIBUTION.md."""


def cross(
    folder: Path, left: Path | bytes, right: Path | bytes, keys: tuple[str, str], **more: object
) -> RunOutcome:
    """Cross two tables by these keys."""
    tables = {"left": "a", "right": "b"}
    crossing = step("cross", tables, "c", left_key=keys[0], right_key=keys[1], **more)
    return treat(folder, {"a": left, "b": right}, crossing)


def crossed(run: RunOutcome) -> pd.DataFrame:
    """The output, as text."""
    return pd.read_csv(run.output_path("result.csv"), sep=";", dtype=str, keep_default_na=False)


def test_codes_of_another_year_are_warned_of(tmp_path: Path) -> None:
    """Eight codes are gone, each table follows another COG, and the crosswalk is named."""
    report = cross(tmp_path, HOMES, BODIES, ("com", "code")).reports[0]
    assert report["keys"]["unmatched"]["keys"] == 8
    (warning,) = report["warnings"]
    assert warning["parameters"] == ["left_via"]
    assert (warning["via"], warning["keys"]) == ("commune", 8)
    assert warning["years"] == {"left": 2024, "right": 2026}
    assert "8 clés absentes telles quelles" in report["summary"]
    assert "8 codes de communes manquent dans la table croisée" in report["summary"]
    assert "left_via = « commune » en rattache 8" in report["summary"]


def test_crosswalk_of_communes_finds_all(tmp_path: Path) -> None:
    """The eight codes meet their present communes, and the report says what that cost."""
    run = cross(tmp_path, HOMES, BODIES, ("com", "code"), left_via="commune")
    report = run.reports[0]
    assert report["keys"]["unmatched"]["keys"] == 0
    assert report["warnings"] == []
    assert report["gained"] == {"keys": 8, "rows": 8}
    assert report["lost"] == {"keys": 0, "rows": 0}
    crosswalk = report["passages"]["left"]
    assert crosswalk["changed"] == {"keys": 8, "rows": 8}
    assert crosswalk["multiplied"] == {"keys": 0, "rows": 0}
    assert crosswalk["cost"] == "loses detail"
    assert (
        "la clé de la table principale passe par « commune » : 8 clés changées" in report["summary"]
    )
    assert "0 clé sans correspondance après passage" in report["summary"]
    assert "8 lignes de plus" in report["summary"]
    rows = crossed(run)
    assert len(rows) == 3287
    changed = rows[rows["com"] != rows["code"]]
    assert set(changed["com"]) == GONE
    assert dict(zip(changed["com"], changed["code"], strict=True))["14011"] == "14581"


def test_both_sides_can_pass(tmp_path: Path) -> None:
    """Two tables of communes meet by EPCI; every row of one EPCI meets every one of the other."""
    left = b"com;n\n14011;1\n14581;2\n76540;3\n"
    right = b"insee;v\n14581;x\n76217;y\n"
    run = cross(
        tmp_path, left, right, ("com", "insee"), left_via="commune_epci", right_via="commune_epci"
    )
    report = run.reports[0]
    assert report["passages"].keys() == {"left", "right"}
    assert report["relation"] == "many-to-one"
    assert crossed(run)["v"].tolist() == ["x", "x", ""]


def test_postcodes_multiply_rows_and_the_report_says_so(tmp_path: Path) -> None:
    """A postcode of three communes gives three rows, whose figures count thrice."""
    left = b"cp;n\n76111;10\n75001;20\n"
    run = cross(
        tmp_path, left, DEMO / "communes_2026.csv", ("cp", "code"), left_via="postcode_commune"
    )
    report = run.reports[0]
    crosswalk = report["passages"]["left"]
    assert crosswalk["multiplied"] == {"keys": 1, "rows": 1}
    assert crosswalk["cost"] == "one-to-many"
    assert "des lignes se répètent, et leurs chiffres ne s'additionnent plus" in report["summary"]
    assert [row["code"] for _, row in crossed(run).iterrows()] == ["76194", "76726", "76754", ""]


def test_codes_of_cedex_meet_their_commune_and_the_rest_is_told(tmp_path: Path) -> None:
    """Those of an office called after a commune; one that is not meets nothing."""
    left = b"cp;n\n14027;10\n14052;20\n92042;30\n14000;40\n"
    run = cross(
        tmp_path, left, DEMO / "communes_2026.csv", ("cp", "code"), left_via="postcode_commune"
    )
    report = run.reports[0]
    crosswalk = report["passages"]["left"]
    assert crosswalk["unknown"] == {"keys": 1, "rows": 1}
    assert "CEDEX" in crosswalk["description"]
    assert "1 clé inconnue ;" in report["summary"]
    assert [row["code"] for _, row in crossed(run).iterrows()] == ["14118", "14118", "", "14118"]


def test_pair_of_rows_meets_once_by_several_ways(tmp_path: Path) -> None:
    """Two postcodes that share several communes are one pair, not one for each commune."""
    table = b"cp;n\n76111;1\n"
    run = cross(
        tmp_path,
        table,
        table,
        ("cp", "cp"),
        left_via="postcode_commune",
        right_via="postcode_commune",
    )
    assert run.reports[0]["rows"]["out"] == 1


def test_establishments_meet_their_company(tmp_path: Path) -> None:
    """Two SIRET of a SIREN both find it; a wrong one is unknown to the crosswalk."""
    left = b"siret;n\n21140001500013;1\n21140001500021;2\n123;3\n"
    report = cross(
        tmp_path, left, b"siren;v\n211400015;x\n", ("siret", "siren"), left_via="siret_siren"
    ).reports[0]
    assert report["keys"]["found"]["keys"] == 2
    assert report["passages"]["left"]["unknown"] == {"keys": 1, "rows": 1}
    assert report["passages"]["left"]["merged"]["keys"] == 2
    assert report["relation"] == "many-to-one"


def test_older_right_table_is_led_to_the_present(tmp_path: Path) -> None:
    """What is right of the crossing may be the one whose codes are old."""
    right = b"com;v\n14011;x\n14001;y\n14003;z\n"
    left = b"code;n\n14581;1\n14001;2\n14003;3\n"
    (warning,) = cross(tmp_path / "plain", left, right, ("code", "com")).reports[0]["warnings"]
    assert warning["parameters"] == ["right_via"]
    report = cross(tmp_path / "led", left, right, ("code", "com"), right_via="commune").reports[0]
    assert report["gained"] == {"keys": 1, "rows": 1}
    assert report["passages"]["right"]["changed"] == {"keys": 1, "rows": 1}


def test_tables_of_other_codes_are_not_warned_of(tmp_path: Path) -> None:
    """Postcodes that miss each other are no communes of another year."""
    left, right = b"cp;n\n76111;1\n76000;2\n14000;3\n", b"cp;v\n76000;x\n14000;y\n50000;z\n"
    assert cross(tmp_path, left, right, ("cp", "cp")).reports[0]["warnings"] == []


def test_commune_that_was_split_is_warned_of(tmp_path: Path) -> None:
    """Saline (14712) of 2019 meets its code of today, which is a part of it only."""
    left = b"com;n\n14712;10\n21213;5\n"
    right = b"code;v\n14712;x\n21452;y\n14666;z\n27676;t\n"
    report = cross(tmp_path, left, right, ("com", "code")).reports[0]
    missing, split = report["warnings"]
    assert (missing["kind"], missing["keys"]) == ("missing", 1)
    assert (split["kind"], split["keys"], split["parameters"]) == ("split", 1, ["left_via"])
    assert "la table principale a 1 commune scindée entre 2019 et 2026" in split["told"]
