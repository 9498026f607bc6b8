"""Cleaning real tables in the runner, from their files to the files of the result."""

import csv
from pathlib import Path

from tests.integration.compute.jobs import DATA, DEMO, step, treat


def test_real_communes_get_names_of_another_table(tmp_path: Path) -> None:
    """Codes of 2019 get the names of 2026; what the table does not know is counted and stays."""
    with (DATA / "communes_2019.csv").open(encoding="utf-8") as file:
        before = [row["code"] for row in csv.DictReader(file, delimiter=";")]
    with (DEMO / "communes_2026.csv").open(encoding="utf-8") as file:
        names = {
            row["code"]: row["nom"]
            for row in csv.DictReader(file, delimiter=";")
            if row["type"] == "commune-actuelle"
        }
    present = {"op": "keep_rows", "column": "type", "values": ["commune-actuelle"]}
    recode = {"op": "recode", "columns": ["nom"], "from_column": "code", "to_column": "nom"}
    outcome = treat(
        tmp_path,
        {"a": DATA / "communes_2019.csv", "b": DEMO / "communes_2026.csv"},
        step("clean", {"table": "b"}, "codes", operations=[present]),
        step(
            "clean",
            {"table": "a", "codes": "codes"},
            "c",
            operations=[{"op": "copy", "columns": {"code": "nom"}}, recode],
        ),
    )
    with outcome.made("result.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["nom"] for row in rows] == [names.get(code, code) for code in before]
    told = outcome.reports[1]["operations"][1]
    assert told["unknown"] == sum(code not in names for code in before) > 0


def test_trial_reads_the_whole_table_before_it_says_that_numbers_are_numbers(
    tmp_path: Path,
) -> None:
    """A sample would not see the one value that makes the full run fail."""
    table = "v\n" + "1\n" * 50 + "x\n" + "2\n" * 50
    operations = [{"op": "numbers", "columns": ["v"]}]
    cleaning = step("clean", {"table": "a"}, "b", operations=operations)
    outcome = treat(tmp_path, {"a": table.encode()}, cleaning, sample_rows=10)
    assert "1 valeur n'est pas un nombre" in outcome.error


def test_padded_codes_stay_texts_in_the_result(tmp_path: Path) -> None:
    """`01` must not come out as the number 1."""
    operations = [{"op": "pad", "columns": ["v"], "length": 2}]
    cleaning = step("clean", {"table": "a"}, "b", operations=operations)
    outcome = treat(tmp_path, {"a": b"v;n\n1;5\n14;6\n27;7\n"}, cleaning)
    assert outcome.made("result.csv").read_text().split() == ["v;n", "01;5", "14;6", "27;7"]
