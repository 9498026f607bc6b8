"""Placing, pivoting and counting real charging points in the runner."""

from pathlib import Path

from tests.integration.compute.jobs import DATA, step, treat


def test_charging_points_are_placed_and_counted_by_departement(tmp_path: Path) -> None:
    """From a cp1252 file with its coordinates to a table of counts, by SQL-free steps alone."""
    position = {"latitude": "Ylatitude", "longitude": "Xlongitude"}
    wide = {"index": ["departement"], "names": "acces_recharge", "values": "id_pdc"}
    outcome = treat(
        tmp_path,
        {"irve": DATA / "irve_2020_cp1252.csv"},
        step("geo", {"table": "irve"}, "places", position=position, areas=["departement"]),
        step(
            "clean",
            {"table": "places"},
            "here",
            operations=[{"op": "drop_rows", "column": "departement", "values": [""]}],
        ),
        step("pivot", {"table": "here"}, "counted", wide={**wide, "figure": "count"}),
    )
    lines = outcome.output_path("result.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("departement;")
    counts = [int(cell) for line in lines[1:] for cell in line.split(";")[1:] if cell]
    assert sum(counts) + outcome.reports[2]["rows"]["unnamed"] == 25
    assert outcome.reports[0]["positions"]["placed"] == 25
    assert "IGN" in outcome.reports[0]["source"]
