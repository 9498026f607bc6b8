"""A preview tells the rows of a crossing as the job then makes them."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shared.events import Treatment
from shared.treatments.preview import KeyMatch
from shared.treatments.treatment_checks import result_of
from tests.integration.catalog.joins.test_key_matches import previewed
from tests.integration.catalog.lab import Lab
from tests.integration.catalog.tables import publish_table
from tests.integration.compute.jobs import DATA, DEMO, RunOutcome, step, treat

COMMUNES_2019, EPCI = DATA / "communes_2019.csv", DEMO / "epci_2026.csv"
POSTCODES = DEMO / "codes_postaux.csv"
FEW_EPCI = b"".join(EPCI.read_bytes().splitlines(keepends=True)[:300])
HOMES = b"code;nom;n\n14118;Caen;100\n76540;Rouen;90\n27229;Evreux;31\n;ailleurs;5\n;TOTAL;226\n"
TOWNS = b"code;ville;n\n14118;Caen;1\n76540;Rouen;2\n27229;Evreux;3\n;TOTAL;6\n"

Content = Path | bytes


def crossing(left_key: str, right_key: str = "code", **more: Any) -> dict[str, Any]:
    """The crossing of the two tables."""
    keys = {"left_key": left_key, "right_key": right_key, "many_to_many": "kept"}
    return step("cross", {"left": "a", "right": "b"}, "c", **{**keys, **more})


def told(lab: Lab, tables: dict[str, Content], *steps: dict[str, Any]) -> tuple[Any, KeyMatch]:
    """The table that a preview tells of, and how it says that the keys meet."""
    ids = {name: publish_table(lab, "mbr_1", content) for name, content in tables.items()}
    known = previewed(lab, *ids.values(), steps=steps)
    treatment = Treatment.model_validate({"inputs": ids, "steps": steps})
    (match,) = known.matches
    return result_of(treatment, known.inputs)[1], match


def made(folder: Path, tables: dict[str, Content], *steps: dict[str, Any]) -> pd.DataFrame:
    """What the job makes."""
    run: RunOutcome = treat(folder, tables, *steps)
    return pd.read_parquet(run.made("result.parquet"))


def test_passages_that_lead_to_several_repeat_rows_as_told(lab: Lab, tmp_path: Path) -> None:
    """A commune that was split, and postcodes of several communes; no share is above 100 %."""
    cases = ((COMMUNES_2019, "code", "commune"), (POSTCODES, "codePostal", "postcode_commune"))
    for content, key, via in cases:
        tables: dict[str, Content] = {"a": content, "b": EPCI}
        for how in ("left", "inner"):
            one = crossing(key, how=how, left_via=via)
            table, match = told(lab, tables, one)
            assert table.rows == len(made(tmp_path / f"{via} {how}", tables, one))
        assert match.left is not None
        assert match.left.rows_met == match.left.rows
        assert match.said.endswith(" : 100,0 % des lignes se croisent")


def test_rows_that_nobody_can_tell_are_not_told(lab: Lab, tmp_path: Path) -> None:
    """Of postcodes only some of whose communes meet, or where both sides lead to several."""
    tables: dict[str, Content] = {"a": POSTCODES, "b": FEW_EPCI}
    one = crossing("codePostal", left_via="postcode_commune")
    table, match = told(lab, tables, one)
    assert table.rows is None
    assert match.left is not None
    assert match.left.rows_met is None
    assert "%" not in match.said
    inner = crossing("codePostal", how="inner", left_via="postcode_commune")
    assert told(lab, tables, inner)[0].rows == len(made(tmp_path, tables, inner))
    both = {"left_via": "postcode_commune", "right_via": "postcode_commune", "how": "inner"}
    tables["b"] = b"".join(POSTCODES.read_bytes().splitlines(keepends=True)[:100])
    assert told(lab, tables, crossing("codePostal", "codePostal", **both))[0].rows is None


@pytest.mark.parametrize(("totals", "rows"), [("left_out", 4), ("kept", 5)])
def test_rows_of_totals_are_told_once_and_counted_as_they_are(
    lab: Lab, tmp_path: Path, totals: str, rows: int
) -> None:
    """A total without a code is no row without a value; it is counted where it is kept."""
    tables: dict[str, Content] = {"a": HOMES, "b": TOWNS}
    one = crossing("code", totals=totals)
    table, match = told(lab, tables, one)
    assert table.rows == rows == len(made(tmp_path, tables, one))
    assert match.left is not None
    reasons = {one.kind: one.rows for one in match.left.unmatched}
    assert reasons == {"empty": 1, "totals": 1}
    (said,) = (one.said for one in match.left.unmatched if one.kind == "totals")
    assert said.startswith("1 ligne est un total (ligne 5)")
    assert ("laissent de côté" in said) == (totals == "left_out")
    assert ("gardé comme demandé" in said) == (totals == "kept")
    inner = crossing("code", totals=totals, how="inner")
    inner_rows, inner_made = (
        told(lab, tables, inner)[0].rows,
        len(made(tmp_path / "i", tables, inner)),
    )
    assert inner_rows in ({inner_made} if totals == "left_out" else {inner_made, None})


def test_crossing_that_repeats_both_sides_is_never_said_to_leave_rows_as_they_are(lab: Lab) -> None:
    """The refusal says how many rows there would be, or that rows of both tables repeat."""
    ids = [publish_table(lab, "mbr_1", one) for one in (COMMUNES_2019, EPCI)]
    inputs = dict(zip("ab", ids, strict=True))
    refused = crossing("code", left_via="commune", many_to_many="refused")
    known = previewed(lab, *ids, steps=[refused])
    treatment = Treatment.model_validate({"inputs": inputs, "steps": [refused]})
    (fault,) = result_of(treatment, known.inputs)[0].faults
    assert "3 409 lignes deviendraient 3 411" in fault.message.replace("\u202f", " ")


def test_figures_are_told_as_the_kind_that_they_are(lab: Lab, tmp_path: Path) -> None:
    """Rows, values and distinct values are counted in whole numbers."""
    tables: dict[str, Content] = {"a": HOMES, "b": TOWNS}
    figures = {"rows": "lignes", "counts": ["n"], "distinct": ["nom"], "means": ["n"]}
    steps = crossing("code"), step("aggregate", {"table": "c"}, "s", by=["ville"], **figures)
    table, _ = told(lab, tables, *steps)
    kinds = {one.name: one.kind for one in table.columns or ()}
    whole = {name for name, kind in kinds.items() if kind == "integer"}
    assert whole == {"lignes", "n_nombre", "nom_distincts"}
    types = made(tmp_path, tables, *steps).dtypes
    assert {name for name in kinds if str(types[name]).lower().startswith("int")} == whole
