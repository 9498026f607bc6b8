"""Rows that look like totals and sum nothing that can be seen are counted, and that is told."""

from pathlib import Path

import pytest

from shared.engine.tables.manifest import Profile
from tests.integration.compute.jobs import ingest, step, treat

TABLES = {
    "a label that sums nothing": ("secteur;n", "A;120|B;340|C;77|Total;900|D;31", 1),
    "a code that sums nothing": (
        "geo;sexe;n",
        "|".join(
            f"{geo};{sex};{n}" for geo in "abcd" for sex, n in (("M", 7), ("F", 9), ("_T", 40))
        ),
        4,
    ),
    "large rows without a key": (
        "insee;nom;n",
        "14118;Caen;120|14366;Lisieux;34|14047;Bayeux;55|14327;Houlgate;21|;Autre;905",
        1,
    ),
    "a small row without a key": (
        "insee;nom;n",
        "14118;Caen;120|14366;Lisieux;34|14047;Bayeux;55|14327;Houlgate;21|;Inconnue;12",
        0,
    ),
    "a company": ("marque;n", "BP;10|Shell;30|Total;25|Vito;7|Elan;3", 0),
    "a company by its name in the register": (
        "raison_sociale;stations",
        "BP France;10|Shell;30|Total;25|Vito;7|Elan;3",
        0,
    ),
    "ways of transport": (
        "geo;mode;n",
        "|".join(
            f"{geo};{way};{n}" for geo in "abcd" for way, n in (("A", 7), ("B", 9), ("T", 40))
        ),
        0,
    ),
    "a total that sums": ("secteur;n", "A;120|B;340|C;77|Total;537", 0),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_that_only_look_like_totals_are_told(tmp_path: Path, name: str) -> None:
    """In the profile of the dataset, with the reason, and no value."""
    header, rows, expected = TABLES[name]
    content = "\n".join([header, *rows.split("|")]).encode()
    profile = Profile.model_validate(ingest(tmp_path, content).reports[0])
    assert profile.likely_total_rows == expected
    for total in profile.likely_totals:
        assert "ressemble" in total.message
        assert "compt" in total.message


def test_sum_says_that_likely_totals_are_in_it(tmp_path: Path) -> None:
    """Beside the totals that it leaves out, if there are any."""
    header, rows, _ = TABLES["a label that sums nothing"]
    content = "\n".join([header, *rows.split("|")]).encode()
    added = step("aggregate", {"table": "t"}, "s", by=["secteur"], sums=["n"])
    (report,) = treat(tmp_path, {"t": content}, added).reports
    assert report["summary"].endswith("; 1 ligne ressemble à un total et est comptée (« t »)")
    assert report["likely_totals"] == {"t": 1}
    assert "totals" not in report


PUPILS = (1500, 20, 2500, 1300, 800, 500, 400, 430, 410, 330, 80, 230, 200)


@pytest.mark.parametrize("blocks", [2, 3])
def test_wrong_grand_total_leaves_the_sub_totals_found(tmp_path: Path, blocks: int) -> None:
    """It is left out as they are, and is not said to sum other rows."""
    lines = ["commune;categorie;eleves"]
    for number, pupils in enumerate(PUPILS):
        lines += [f"Commune {number};n{block};{pupils}" for block in range(blocks)]
        lines.append(f"Total commune {number};;{blocks * pupils}")
    lines.append("Total général;;99999")
    profile = Profile.model_validate(ingest(tmp_path, "\n".join(lines).encode()).reports[0])
    sub_totals, grand_total = profile.totals
    assert (sub_totals.count, sub_totals.sums) == (13, ("eleves",))
    assert (grand_total.count, grand_total.sums) == (1, ())
    assert "somme" not in grand_total.message
    assert profile.likely_totals == ()
