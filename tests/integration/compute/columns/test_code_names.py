"""Columns whose name says a code, from the file to the crossing and what is said before it."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.compute.jobs.previews import check_treatment, preview_treatment
from shared.auth import Caller
from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.preview import KnownPreview, PlannedTreatment
from shared.engine.analysis.remarks import Remark
from shared.engine.tables.manifest import Profile
from shared.engine.tables.type_names import others_told
from tests.benchmarks.judged.code_names import faults, judged
from tests.integration.compute.jobs import ingest, step, treat
from tests.integration.compute.profiles import profile_of, table

CODES = ["14118", "14047", "14366", "14258", "14715", "14437", "14341", "14654", "14762"]
CLIENTS = "\n".join(["code_insee;n", *(f"{code};1" for code in CODES), "1411B;2", "Caen;3"])
TOWNS = "\n".join(["code;nom", *(f"{code};a" for code in CODES)]).encode()
CROSS = step("cross", {"left": "l", "right": "r"}, "o", left_key="code_insee", right_key="code")
CALLER = Caller("mbr_1", frozenset())


class Catalogue:
    """A catalogue that knows what ingests said of two tables."""

    def __init__(self, left: Profile, right: Profile) -> None:
        tables = (
            KnownTable(dataset_id=name, columns=tuple(map(KnownColumn.of, profile.columns)))
            for name, profile in (("dts_l", left), ("dts_r", right))
        )
        self._inputs = KnownInputs(tables=tuple(tables))

    def describe_inputs(self, _treatment: Any, _member: str, *, is_staff: bool) -> Any:
        """Their columns."""
        assert not is_staff
        return self._inputs.model_dump(mode="json")

    def preview_inputs(self, _treatment: Any, _member: str, *, is_staff: bool) -> Any:
        """The same for a preview."""
        assert not is_staff
        return KnownPreview(inputs=self._inputs).model_dump(mode="json")


def warned(tmp_path: Path, content: str) -> list[Remark]:
    """What is said of crossing a file with communes: the same by a check and by a preview."""
    left = profile_of(ingest(tmp_path / "left", content.encode()))
    catalogue = Catalogue(left, profile_of(ingest(tmp_path / "right", TOWNS)))
    treatment = PlannedTreatment.model_validate(
        {"inputs": {"l": "dts_l", "r": "dts_r"}, "steps": [CROSS]}
    )
    checked = check_treatment(catalogue, treatment, CALLER, lambda *_: None).warnings
    previewed = preview_treatment(catalogue, treatment, CALLER, lambda *_: None).warnings
    assert checked == previewed
    return [remark for remark in checked if remark.kind in ("no_codes", "other_keys")]


def test_judged_columns_are_told_right() -> None:
    """Their types, the values that are no codes, with their rows, and the warnings."""
    wrong = [
        (column.file, column.name, faults(column)) for column in judged("tuning") if faults(column)
    ]
    assert wrong == []


def test_values_that_are_no_codes_are_named_and_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The owner reads how many, which and where; the job's log only how many."""
    run = ingest(tmp_path / "job", CLIENTS.encode())
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    log = " ".join(str(line.get("log", "")) for line in lines)
    column, _ = profile_of(run).columns
    assert (column.key, column.meaning and column.meaning.repair) == ("commune", None)
    assert table(run)["code_insee"].tolist() == [*CODES, "1411B", "Caen"]
    assert column.meaning is not None
    assert others_told(column.meaning) == (
        "2 lignes ont d'autres valeurs, qui restent telles quelles et ne se croisent pas :"
        " « 1411B » (ligne 10 des données) et « Caen » (ligne 11 des données)"
    )
    assert "colonne « code_insee » : 2 lignes ont d'autres valeurs" in log
    assert "1411B" not in log


def test_values_that_are_no_codes_do_not_meet_and_are_lost_to_nobody(tmp_path: Path) -> None:
    """Their rows stay in a crossing that keeps the left table, and are listed."""
    run = treat(tmp_path, {"l": CLIENTS.encode(), "r": TOWNS}, CROSS)
    report = run.reports[0]
    assert [orphan["key"] for orphan in report["orphans"]] == ["1411B", "Caen"]
    assert report["rows"]["out"] == len(CODES) + 2


def test_values_in_a_table_about_persons_are_counted_and_not_shown(tmp_path: Path) -> None:
    """Whoever may see the profile of such a table sees none of its values."""
    names = ("Marie;Martin", "Jean;Bernard", "Léa;Petit", "Paul;Durand", "Anne;Moreau")
    rows = (f"{code};{name}" for code, name in zip([*CODES, "chez Léa"], names * 2, strict=True))
    content = "\n".join(["code_insee;prenom;nom", *rows]).encode()
    column, *_ = profile_of(ingest(tmp_path / "job", content)).columns
    assert column.meaning is not None
    assert (column.meaning.invalid, column.meaning.invalid_at) == ((), ())
    assert others_told(column.meaning) == (
        "1 ligne a une autre valeur, qui reste telle quelle et ne se croise pas"
    )


def test_crossing_by_a_column_that_is_only_called_so_is_warned_of(tmp_path: Path) -> None:
    """Amounts under the name of codes; nothing is said of the codes themselves."""
    amounts = (18250, 9400, 27310, 61999, 4120, 33875, 12040, 88615, 51230)
    (warning,) = warned(
        tmp_path, "\n".join(["code_insee;n", *(f"{amount};1" for amount in amounts)])
    )
    assert (warning.field, warning.kind) == ("steps.0.parameters.left_key", "no_codes")
    assert warning.message.startswith("le nom de « code_insee » annonce le code commune, mais")
    assert warned(tmp_path / "codes", CLIENTS) == []


def test_crossing_by_codes_without_their_zero_is_warned_of(tmp_path: Path) -> None:
    """They look like codes and meet none."""
    short = (str(number) for number in range(1004, 1014))
    (warning,) = warned(tmp_path, "\n".join(["code_insee;n", *(f"{code};1" for code in short)]))
    assert "les codes de « code_insee » ont perdu leur zéro de tête" in warning.message
