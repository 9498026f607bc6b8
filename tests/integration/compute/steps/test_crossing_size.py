"""A crossing's size is counted before its rows are made: too large is refused, a trial is small."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shared.engine.applications.cross.run.meetings import MOST_PAIRS, ROWS_EACH
from tests.integration.compute.jobs import DEMO, RunOutcome, Tables, step, treat

ROWS = 5_000
SAMPLE = 500
MOST = SAMPLE * ROWS_EACH
SECRET = "CLE-SECRETE"
ONE_KEY: Tables = dict.fromkeys(
    ("a", "b"), b"cle;n\n" + b"".join(b"%s;%d\n" % (SECRET.encode(), n) for n in range(ROWS))
)


def crossing(output: str = "c", left: str = "a", key: str = "cle", **more: object) -> Any:
    """The step that crosses `left` with the table `b` on one key."""
    keys = {"left_key": key, "right_key": key}
    return step("cross", {"left": left, "right": "b"}, output, **keys | more)


def table(rows: list[tuple[str, int]]) -> bytes:
    """A table of keys and numbers."""
    return "".join(["cle;n\n", *(f"{key};{n}\n" for key, n in rows)]).encode()


def first_lines(name: str, count: int) -> bytes:
    """The header and the first rows of a file of the demonstration."""
    return b"".join((DEMO / name).read_bytes().splitlines(keepends=True)[:count])


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """The trial of a crossing of two large tables whose rows all have the same key."""
    return treat(tmp_path_factory.mktemp("trial"), ONE_KEY, crossing(), sample_rows=SAMPLE)


def test_crossing_that_is_too_large_is_refused_before_it_starts(tmp_path: Path) -> None:
    """With the figures that say why, and no value of the data."""
    run = treat(tmp_path, ONE_KEY, crossing())
    assert "croisement « c » trop grand" in run.error
    text = run.error.replace("\u202f", " ")
    assert "5 000 lignes croisées avec 5 000 en donnent 25 000 000" in text
    assert "pour 20 000 000 permises" in text
    assert "sur 5 000 lignes de la table principale et 5 000 de l'autre" in text
    assert SECRET not in json.dumps(run.result)


def test_trial_of_a_large_crossing_makes_a_sample_of_its_rows(trial: RunOutcome) -> None:
    """Each row of the sample meets some of the rows, from all over the other table."""
    rows = pd.read_parquet(trial.output_path("result.parquet"))
    assert len(rows) == MOST
    met = rows["n_2"].astype(int)
    assert met.nunique() == ROWS_EACH
    assert met.min() < ROWS / ROWS_EACH
    assert met.max() > ROWS - ROWS / ROWS_EACH - 1


def test_trial_accounts_for_the_whole_tables(trial: RunOutcome) -> None:
    """Its keys are those of all rows, and it says what they would make."""
    (report,) = trial.reports
    assert report["keys"]["found"]["rows"] == ROWS
    assert report["rows"] == {"left": ROWS, "right": ROWS, "crossed": SAMPLE, "out": MOST}
    assert (report["size"]["out"], report["is_bounded"]) == (ROWS * ROWS, True)
    text = report["summary"].replace("\u202f", " ")
    assert f"l'essai garde au plus {ROWS_EACH} rencontres par ligne" in text
    assert "en entier, 5 000 lignes croisées avec 5 000 en donnent 25 000 000" in text


def test_trial_of_a_large_crossing_is_the_same_each_time(trial: RunOutcome, tmp_path: Path) -> None:
    """The same rows in the same order."""
    again = treat(tmp_path, ONE_KEY, crossing(), sample_rows=SAMPLE)
    assert (
        again.output_path("result.csv").read_bytes() == trial.output_path("result.csv").read_bytes()
    )


def test_later_steps_of_a_trial_stay_small_too(tmp_path: Path) -> None:
    """What is crossed with the sample's rows is a part of what meets them; how many do not say."""
    steps = (crossing("c"), crossing("d", left="c"), crossing("e", left="d"))
    reports = treat(tmp_path, ONE_KEY, *steps, sample_rows=SAMPLE).reports
    assert [report["rows"]["out"] for report in reports] == [MOST] * 3
    assert [report["size"] is None for report in reports] == [False, True, True]


@pytest.mark.parametrize("via", [{}, {"left_via": "commune_epci", "right_via": "commune_epci"}])
def test_counted_rows_are_those_that_crosswalks_make(tmp_path: Path, via: dict[str, str]) -> None:
    """Keys that lead to the same one, and successors of codes that are gone."""
    tables: Tables = {
        "a": first_lines("logements.csv", 400),
        "b": first_lines("epci_2026.csv", 400),
    }
    tables["communes"] = DEMO / "communes_2026.csv"
    inputs = {"left": "a", "right": "b", "successors": "communes"}
    crossing = step("cross", inputs, "c", left_key="com", right_key="code", **via)
    (report,) = treat(tmp_path, tables, crossing).reports
    assert report["size"]["out"] == report["rows"]["out"] >= 399


def test_trial_of_a_coarse_crosswalk_is_bounded(tmp_path: Path) -> None:
    """Each commune of a region meets all others: a row of the sample meets some of them."""
    tables: Tables = dict.fromkeys("ab", first_lines("epci_2026.csv", 700))
    via = {"left_via": "commune_region", "right_via": "commune_region"}
    (report,) = treat(tmp_path, tables, crossing(key="code", **via), sample_rows=SAMPLE).reports
    assert (report["rows"]["crossed"], report["rows"]["out"]) == (SAMPLE, MOST)
    assert report["size"]["out"] == report["size"]["left"] ** 2


@pytest.mark.parametrize("sample_rows", [None, SAMPLE])
def test_crosswalks_that_lead_too_many_keys_to_one_are_refused(
    tmp_path: Path, sample_rows: int | None
) -> None:
    """In a trial already: the pairs of keys alone would be too many."""
    sirets = table([(f"211400015{n:05}", n) for n in range(4000)])
    via = {"left_via": "siret_siren", "right_via": "siret_siren"}
    run = treat(tmp_path, {"a": sirets, "b": sirets}, crossing(**via), sample_rows=sample_rows)
    assert MOST_PAIRS < 4000**2
    assert "se rencontrer 16 000 000 paires de clés" in run.error.replace("\u202f", " ")


def test_crossing_that_only_adds_columns_is_never_too_large(tmp_path: Path) -> None:
    """A table that is larger than what a crossing may make meets one row for each of its own."""
    tables: Tables = {"a": table([(f"k{n % 3}", n) for n in range(50)])}
    tables["b"] = table([(f"k{n}", n) for n in range(3)])
    run = treat(tmp_path, tables, crossing(), crossing_rows=10)
    assert run.reports[0]["rows"]["out"] == 50
    tables["b"] = table([("k0", 1), ("k0", 2)])
    assert (
        "pour 10 permises" in treat(tmp_path / "more", tables, crossing(), crossing_rows=10).error
    )


@pytest.mark.parametrize(
    ("expected", "message"), [(3, "ce qui est exact"), (2, "il y en a 3 sur les tables entières")]
)
def test_report_says_how_far_the_preview_was_right(
    tmp_path: Path, expected: int, message: str
) -> None:
    """The rows that it told, beside those of the whole tables."""
    crossing = step("cross", {"left": "a", "right": "b"}, "c", left_key="k", right_key="k")
    prepared = {"kind": "trial", "sample_rows": 1, "expected_rows": {"c": expected}}
    tables: dict[str, Path | bytes] = {"a": b"k;x\n1;1\n1;2\n2;3\n", "b": b"k;y\n1;5\n2;6\n"}
    report = treat(tmp_path, tables, crossing, **prepared).reports[0]
    assert report["preview"] == {"rows": expected, "made": 3}
    assert message in report["summary"]
