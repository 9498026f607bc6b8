"""A preview tells what a crossing makes and meets as the job then does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shared.engine.analysis.known_tables import KnownTable
from shared.engine.analysis.preview import KnownPreview, MatchedSide
from shared.engine.analysis.treatment_checks import crossed_rows, result_of
from shared.engine.applications.cross.application import CHOICE
from shared.engine.tables.manifest import RESULT
from shared.events import Treatment
from tests.integration.catalog.joins.test_key_matches import previewed
from tests.integration.catalog.lab import Lab
from tests.integration.catalog.tables import publish_table
from tests.integration.compute.jobs import DATA, DEMO, RunOutcome, step, treat

Content = Path | bytes


def some(path: Path, lines: int) -> bytes:
    """The first lines of a file."""
    return b"".join(path.read_bytes().splitlines(keepends=True)[:lines])


COMMUNES_2019, EPCI = DATA / "communes_2019.csv", DEMO / "epci_2026.csv"
POSTCODES = some(DEMO / "codes_postaux.csv", 800)
IRVE = some(DATA / "irve_2020_cp1252.csv", 200)
_HEADER, *_MEMBERS = EPCI.read_bytes().splitlines(keepends=True)
FEW_EPCI = b"".join([_HEADER, *[line for line in _MEMBERS if b";14" in line][:300]])
COMMUNES, HOUSING = some(DEMO / "communes_2026.csv", 800), some(DEMO / "logements.csv", 700)
HOMES = b"code;nom;n\n14118;Caen;100\n76540;Rouen;90\n27229;Evreux;31\n;ailleurs;5\n;TOTAL;226\n"
TOWNS = b"code;ville;n\n14118;Caen;1\n76540;Rouen;2\n27229;Evreux;3\n;TOTAL;6\n"

OFFICES = ["14038", "76059", "27406", "92042", "92972", "76991"]
"""Codes of CEDEX: the first three are of offices called after a commune, no list has the others."""

ADDRESSES = "\n".join(
    [
        "zip_code;rue",
        *(line.split(";")[0] + ";x" for line in POSTCODES.decode().splitlines()[1:400:7]),
        *(f"{code};y" for code in OFFICES),
        "14000;z",
        ";sans code",
    ]
).encode()


@dataclass(frozen=True)
class Pair:
    """Two tables, how they are crossed, and the steps before that change one of them."""

    name: str
    left: Content
    right: Content
    left_key: str
    right_key: str
    more: dict[str, Any] = field(default_factory=dict)
    before: tuple[dict[str, Any], ...] = ()
    is_exact: bool = True

    @property
    def tables(self) -> dict[str, Content]:
        """Both by their names."""
        return {"a": self.left, "b": self.right}

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What meets nothing of the right table, then the crossing."""
        left = self.before[-1]["output"] if self.before else "a"
        vias = self.more.get("left_via"), self.more.get("right_via")
        back = {"left_via": vias[1], "right_via": vias[0], "totals": self.more.get("totals")}
        others = [(further["right"], further["left"]) for further in self.more.get("keys", ())]
        if others:
            back["keys"] = [{"left": here, "right": there} for here, there in others]
        back = {name: value for name, value in back.items() if value}
        keys = {"left_key": self.right_key, "right_key": self.left_key, "how": "anti", **back}
        alone = step("cross", {"left": "b", "right": left}, "seules", **keys)
        keys = {"left_key": self.left_key, "right_key": self.right_key, "many_to_many": "kept"}
        crossed = step("cross", {"left": left, "right": "b"}, "c", **{**keys, **self.more})
        return [*self.before, alone, crossed]


def kept(values: list[str]) -> dict[str, Any]:
    """The rows of these communes."""
    operations = [{"op": "keep_rows", "column": "com", "values": values}]
    return step("clean", {"table": "a"}, "gardees", operations=operations)


def renamed(**columns: str) -> dict[str, Any]:
    """Another name for a key."""
    operations = [{"op": "rename", "columns": columns}]
    return step("clean", {"table": "a"}, "renommees", operations=operations)


TO_COMMUNES: dict[str, Any] = {"left_via": "postcode_commune"}
BOTH_PRESENT = {"left_via": "commune", "right_via": "commune"}
PAIRS = (
    *(
        Pair(how, IRVE, COMMUNES_2019, "code_insee", "code", {"how": how})
        for how in ("inner", "full", "anti")
    ),
    Pair("communes of another year", HOUSING, EPCI, "com", "code", {"left_via": "commune"}),
    Pair("split communes", COMMUNES_2019, EPCI, "code", "code", {"left_via": "commune"}),
    Pair("on both sides", COMMUNES_2019, HOUSING, "code", "com", BOTH_PRESENT),
    Pair("postcodes with CEDEX", ADDRESSES, FEW_EPCI, "zip_code", "code", TO_COMMUNES),
    Pair(
        "postcodes that meet at several communes",
        POSTCODES,
        ADDRESSES,
        "codePostal",
        "zip_code",
        {**TO_COMMUNES, "right_via": "postcode_commune", "how": "inner"},
    ),
    Pair("communes of EPCI", FEW_EPCI, HOUSING, "epci", "com", {"left_via": "epci_commune"}),
    Pair("repeated on both sides", IRVE, IRVE, "code_insee", "code_insee", {"how": "inner"}),
    Pair("totals", HOMES, TOWNS, "code", "code", {"how": "full"}),
    Pair("another name", HOUSING, FEW_EPCI, "c", "code", {"how": "right"}, (renamed(com="c"),)),
    Pair(
        "chosen rows",
        HOUSING,
        FEW_EPCI,
        "com",
        "code",
        {},
        (kept(["14118", "14011"]),),
        is_exact=False,
    ),
    Pair(
        "several keys",
        COMMUNES,
        FEW_EPCI,
        "code",
        "code",
        {"keys": [{"left": "siren", "right": "siren"}]},
        is_exact=False,
    ),
)


@dataclass(frozen=True)
class Previewed:
    """What a preview tells of a pair."""

    treatment: Treatment
    preview: KnownPreview

    @property
    def sides(self) -> tuple[MatchedSide, MatchedSide]:
        """Both sides of the crossing's keys; fails the test where they are not counted."""
        match = self.preview.matches[-1]
        assert match.left, match.said
        assert match.right
        return match.left, match.right

    @property
    def table(self) -> KnownTable:
        """The table that comes out."""
        return result_of(self.treatment, self.preview.inputs)[1]


class Catalogue:
    """Tables that are published once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._published: dict[tuple[str, Content], str] = {}

    def preview(self, tables: dict[str, Content], *steps: dict[str, Any]) -> Previewed:
        """What is told of a treatment of these tables."""
        for key in tables.items() - self._published.keys():
            # A dataset that is crossed with itself is published twice.
            self._published[key] = publish_table(self._lab, "mbr_1", key[1])
        ids = {key[0]: self._published[key] for key in tables.items()}
        preview = previewed(self._lab, *ids.values(), steps=steps)
        return Previewed(Treatment.model_validate({"inputs": ids, "steps": steps}), preview)


def of_preview(preview: Previewed) -> dict[str, Any]:
    """Every field of a preview that a job has too."""
    table, crossing = preview.table, preview.preview.inputs.crossings[-1]
    left, right = preview.sides
    alone = [
        sum(keys.rows or 0 for keys in side.unmatched if keys.kind != "totals")
        for side in (left, right)
    ]
    as_rows = crossed_rows(preview.treatment, preview.preview.inputs).get("seules")
    return {
        "rows": table.rows,
        "columns": [column.name for column in table.columns or ()],
        "left rows that meet": left.rows_met,
        "left values that meet": left.values_met,
        "left values": left.values,  # noqa: PD011 - a count
        "left rows alone": alone[0],
        "right rows alone": alone[1],
        "right rows alone, as rows": as_rows,
        "right rows of a left row": crossing.right_most,
        "left rows of a right row": crossing.left_most,
    }


def of_job(run: RunOutcome) -> dict[str, Any]:
    """The same fields of the job's report and result."""
    *_, alone, report = run.reports
    met = [report["keys"][part] for part in ("found", "succeeded")]
    unmatched = report["keys"]["unmatched"]
    has_empty = any(orphan["key"] == "" for orphan in report["orphans"])
    values = sum(part["keys"] for part in met)
    repeated = {"left": alone["repeated"]["left"], **report["repeated"]}
    table = pd.read_parquet(run.output_path(RESULT))
    assert report["rows"]["out"] == len(table)
    return {
        "rows": len(table),
        "columns": list(table.columns),
        "left rows that meet": sum(part["rows"] for part in met),
        "left values that meet": values,
        "left values": values + unmatched["keys"] - has_empty,
        "left rows alone": unmatched["rows"],
        "right rows alone": alone["rows"]["out"],
        "right rows alone, as rows": alone["rows"]["out"],
        "right rows of a left row": repeated["left"],
        "left rows of a right row": repeated.get("right"),
    }


def differences(pair: Pair, preview: Previewed, run: RunOutcome) -> Iterator[str]:
    """The fields of a pair that the preview tells otherwise than the job."""
    expected = of_job(run)
    for name, value in of_preview(preview).items():
        # A job that keeps what meets nothing does not say how often the rest would stand.
        if value != expected[name] and (pair.more.get("how"), expected[name]) != ("anti", None):
            yield f"{pair.name}: {name}: {value} for {expected[name]}"


def test_preview_tells_every_field_as_the_job_has_it(lab: Lab, tmp_path: Path) -> None:
    """Rows, columns, what meets, what is alone on either side, and keys that repeat.

    Where steps before choose rows, or more keys have to be equal, it is at most what is told.
    """
    catalogue = Catalogue(lab)
    all_differences: list[str] = []
    for number, pair in enumerate(PAIRS):
        preview = catalogue.preview(pair.tables, *pair.steps)
        run = treat(tmp_path / str(number), pair.tables, *pair.steps)
        if pair.is_exact:
            all_differences += differences(pair, preview, run)
        else:
            assert preview.preview.matches[-1].said.startswith(
                ("estimation sur les jeux", "par cette clé seule")
            )
            assert (preview.sides[0].rows_met or 0) >= of_job(run)["left rows that meet"]
            assert preview.preview.inputs.crossings == ()
    assert all_differences == []


@pytest.mark.parametrize(("totals", "rows"), [("left_out", 4), ("kept", 5)])
def test_rows_of_totals_are_told_once_and_counted_as_they_are(
    lab: Lab, tmp_path: Path, totals: str, rows: int
) -> None:
    """A total without a code is no row without a value; it is counted where it is kept."""
    pair = Pair("totals", HOMES, TOWNS, "code", "code", {"totals": totals})
    preview = Catalogue(lab).preview(pair.tables, *pair.steps)
    job_rows = len(pd.read_parquet(treat(tmp_path, pair.tables, *pair.steps).output_path(RESULT)))
    assert preview.table.rows == rows == job_rows
    unmatched = preview.sides[0].unmatched
    assert {keys.kind: keys.rows for keys in unmatched} == {"empty": 1, "totals": 1}
    (reason,) = [keys.said for keys in unmatched if keys.kind == "totals"]
    assert reason.startswith("1 ligne est un total (ligne 5)")
    assert ("laissent de côté" in reason) == (totals == "left_out")
    assert ("gardé comme demandé" in reason) == (totals == "kept")


def test_crossing_that_repeats_both_sides_is_never_said_to_leave_rows_as_they_are(lab: Lab) -> None:
    """The refusal says how many rows there would be, or that rows of both tables repeat."""
    pair = Pair("", COMMUNES_2019, EPCI, "code", "code", {"left_via": "commune"})
    refused = pair.steps[-1] | {"parameters": pair.steps[-1]["parameters"] | {CHOICE: "refused"}}
    preview = Catalogue(lab).preview(pair.tables, refused)
    (fault,) = result_of(preview.treatment, preview.preview.inputs)[0].faults
    assert "3 409 lignes deviendraient 3 411" in fault.message.replace("\u202f", " ")


def test_figures_are_told_as_the_kind_that_they_are(lab: Lab, tmp_path: Path) -> None:
    """Rows, values and distinct values are counted in whole numbers."""
    pair = Pair("", HOMES, TOWNS, "code", "code")
    figures = {"rows": "lignes", "counts": ["n"], "distinct": ["nom"], "means": ["n"]}
    steps = pair.steps[-1], step("aggregate", {"table": "c"}, "s", by=["ville"], **figures)
    preview = Catalogue(lab).preview(pair.tables, *steps)
    kinds = {column.name: column.kind for column in preview.table.columns or ()}
    whole = {name for name, kind in kinds.items() if kind == "integer"}
    assert whole == {"lignes", "n_nombre", "nom_distincts"}
    run = treat(tmp_path, pair.tables, *steps)
    types = pd.read_parquet(run.output_path(RESULT)).dtypes
    assert {name for name in kinds if str(types[name]).lower().startswith("int")} == whole
