"""Cleaning real tables in the runner, from their files to the files of the result."""

import csv
from pathlib import Path

from tests.integration.compute.jobs import step, treat


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
    assert outcome.output_path("result.csv").read_text().split() == ["v;n", "01;5", "14;6", "27;7"]


CLUBS = """club;commune;dep;licencies
A;CAEN;14;10
B;Vire;14;7
C;ST LO;50;3
D;AIGLE (L');61;5
E;Saint-Martin;;2
F;Saint-Martin;54;2
G;Caenn;14;1
H;Caen;Manche;1
I;;14;1
J;Caen;Groenland;4
"""


def test_names_of_communes_get_their_codes(tmp_path: Path) -> None:
    """As people write them; what is unknown, or could be several, gets none and is told."""
    fields = {"op": "commune_codes", "column": "commune", "departement": "dep"}
    outcome = treat(
        tmp_path, {"a": CLUBS.encode()}, step("clean", {"table": "a"}, "b", operations=[fields])
    )
    with outcome.output_path("result.csv").open(encoding="utf-8") as file:
        codes = {row["club"]: row["code_commune"] for row in csv.DictReader(file, delimiter=";")}
    assert codes == {
        "A": "14118",
        "B": "14762",
        "C": "50502",
        "D": "61214",
        "F": "54480",
        "J": "14118",
        **dict.fromkeys("EGHI", ""),
    }
    [report] = outcome.reports[0]["operations"]
    counts = ("cells", "former", "several", "elsewhere", "unknown", "unread_departements")
    assert [report[count] for count in counts] == [6, 1, 1, 1, 1, 1]
    assert report["names"] == [
        {"name": "Caen", "outcome": "elsewhere", "rows": 1},
        {"name": "Caenn", "outcome": "unknown", "rows": 1},
        {"name": "Saint-Martin", "outcome": "several", "rows": 1},
    ]
    assert report["former_names"] == [
        {"name": "Vire", "outcome": "former", "rows": 1, "code": "14762"}
    ]
    assert "6 lignes ont un code, dont 1 par un ancien nom" in outcome.reports[0]["summary"]
    assert "« Caenn » : nom inconnu" in outcome.reports[0]["summary"]


def test_names_that_several_communes_have_get_the_code_of_the_territory(tmp_path: Path) -> None:
    """Which a holder says, or a column by the EPCI of each row."""
    table = b"commune;epci;n\nFlers;CA Flers Agglo;1\nAubusson;200035814;2\nBriouze;;3\n"
    fields: dict[str, object] = {"op": "commune_codes", "column": "commune"}
    ways: tuple[dict[str, object], ...] = ({"territory": ["61"]}, {"departement": "epci"})
    for at, way in enumerate(ways):
        operation = fields | way
        cleaning = step("clean", {"table": "a"}, "b", operations=[operation])
        outcome = treat(tmp_path / str(at), {"a": table}, cleaning)
        with outcome.output_path("result.csv").open(encoding="utf-8") as file:
            codes = [row["code_commune"] for row in csv.DictReader(file, delimiter=";")]
        assert codes == ["61169", "61011", "61063"]


def test_names_that_are_no_communes_are_not_told(tmp_path: Path) -> None:
    """Whoever chooses a column of persons by mistake reads none of them in the report."""
    fields = {"op": "commune_codes", "column": "nom"}
    table = b"nom;n\nMarie Durand;1\nPaul Petit;2\nCaen;3\n"
    outcome = treat(tmp_path, {"a": table}, step("clean", {"table": "a"}, "b", operations=[fields]))
    [report] = outcome.reports[0]["operations"]
    assert (report["unknown"], report["names"]) == (2, [])
    assert "Durand" not in outcome.reports[0]["summary"]


def test_codes_of_a_sample_are_those_of_the_whole_table(tmp_path: Path) -> None:
    """A trial's rows are counted; what a later step reads of the whole table has codes too."""
    operations = [
        {"op": "commune_codes", "column": "commune", "departement": "dep", "name": "insee"},
        {"op": "keep", "columns": ["insee", "licencies"]},
    ]
    outcome = treat(
        tmp_path,
        {"a": CLUBS.encode()},
        step("clean", {"table": "a"}, "b", operations=operations),
        step("aggregate", {"table": "b"}, "c", by=["insee"], sums=["licencies"]),
        sample_rows=3,
    )
    assert outcome.reports[0]["operations"][0]["cells"] <= 3
    assert "insee" in outcome.output_path("result.csv").read_text()
