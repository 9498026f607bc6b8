"""What leaves of a table of enterprises, release after release, beside whoever adds it all up."""

import io
import random
from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy.optimize import linprog

from shared.engine.contract.result import MASKED
from shared.engine.contract.work import Work
from shared.engine.running.steps.treatment import treat
from shared.engine.tables.manifest import REVIEWED, Column, Meaning
from shared.engine.tables.release import (
    EarlierCells,
    LedgerEntry,
    ProtectedInput,
    ReleaseRecord,
    ReviewedTable,
    strictest,
)
from tests.integration.compute.jobs import step
from tests.release_advice import advice_of

ENOUGH = 3
Rows = list[tuple[str, str, str, int]]


def enterprises(seed: int, number: int) -> Rows:
    """Siren, town, trade and turnover; some are much larger than others."""
    rnd = random.Random(seed)
    return [
        (f"{at:09}", rnd.choice("ABC"), rnd.choice("xyz"), int(10 ** rnd.uniform(1, 3)))
        for at in range(number)
    ]


class Lab:
    """Releases results of one restricted table with cells masked, and keeps what left.

    `unit` is what tells whose rows are; a reviewer `releases_whole` results where none is masked,
    or keeps them back; rows that are `empty` have no trade.
    """

    def __init__(self, folder: Path, rows: Rows) -> None:
        self.folder, self.rows, self.turn = folder, rows, 0
        self.version, self.unit, self.releases_whole = 1, "siren", False
        self.empty: set[int] = set()
        self.left: list[tuple[LedgerEntry, bytes, bool]] = []

    def aggregate(self, *by: str, **parameters: Any) -> tuple[ReleaseRecord, list[dict[str, Any]]]:
        """Sum turnovers by groups; returns the record and the rows of the result."""
        fields = {"by": by, "sums": ["ca"], "counts": ["siren"], **parameters}
        return self.treat([step("aggregate", {"table": "e"}, "r", **fields)])

    def treat(
        self, steps: Sequence[dict[str, Any]], published: tuple[str, ...] = (), **own: bytes
    ) -> tuple[ReleaseRecord, list[dict[str, Any]]]:
        """Run a treatment as the job does, and let it leave unless it is held."""
        self.turn += 1
        folder = self.folder / str(self.turn)
        for name in ("in", "out"):
            (folder / name).mkdir(parents=True)
        (folder / "in/0").write_bytes(self._table())
        for number, content in enumerate(own.values(), 1):
            (folder / f"in/{number}").write_bytes(content)
        for number, (_, content, _) in enumerate(self.left):
            (folder / f"in/earlier{number}").write_bytes(content)
        earlier = tuple(
            EarlierCells(
                entry=entry, path=f"in/earlier{at}", job_id=f"job_{at}", is_masked=is_masked
            )
            for at, (entry, _, is_masked) in enumerate(self.left)
        )
        terms = ProtectedInput(dataset_id="dts_e", version=self.version, earlier=earlier)
        work = Work(
            kind="full",
            inputs={"e": "in/0"} | {name: f"in/{at}" for at, name in enumerate(own, 1)},
            described={"e": self._described()},
            steps=steps,
            protected={"e": terms},
            published=published,
        )
        _, reports = treat(folder, work, 1_000_000_000, lambda _at, _what: None)
        record = ReleaseRecord.model_validate(reports[-1]["release"])
        self.reviewed = ReviewedTable.model_validate_json((folder / "out" / REVIEWED).read_bytes())
        may_leave = strictest(output.verdict for output in record.outputs) != "held"
        if not may_leave and not self.releases_whole:
            return record, []
        self.left += [
            (entry, (folder / "out" / entry.file).read_bytes(), bool(record.masking))
            for entry in record.entries
        ]
        out = folder / (MASKED if record.masking else "out")
        return record, parquet.read_table(out / "result.parquet").to_pylist()

    def _described(self) -> tuple[Column, ...]:
        column_types = (("siren", self.unit), ("ville", "commune"), ("ca", "integer"))
        return tuple(described(name, kind) for name, kind in column_types if kind)

    def _table(self) -> bytes:
        names = ("siren", "ville", "metier", "ca")
        columns = zip(*self.rows, strict=True)
        texts_by_column = {
            name: list(map(str, column)) for name, column in zip(names, columns, strict=True)
        }
        trades = [
            None if at in self.empty else trade
            for at, trade in enumerate(texts_by_column["metier"])
        ]
        return table({**texts_by_column, "metier": trades})

    def released(self, figure: str) -> list[set[int]]:
        """The rows of each cell that ever left with that figure, from 0."""
        released_cells: list[set[int]] = []
        for entry, content, is_masked in self.left:
            if figure not in entry.figures:
                continue
            bit, cells = 1 << entry.figures.index(figure), dict[int, set[int]]()
            for row in parquet.read_table(io.BytesIO(content)).to_pylist():
                if row["masked_figures" if is_masked else "figures"] & bit:
                    cells.setdefault(row["cell"], set()).add(row["row"] - 1)
            released_cells += cells.values()
        return released_cells


def crossed(left: str, right: str, **overrides: object) -> dict[str, Any]:
    """The step that crosses two tables, each given with its key as `table.key`, into `c`."""
    (mine, key), (other, its_key) = left.split("."), right.split(".")
    keys = {"left_key": key, "right_key": its_key, "how": "inner", **overrides}
    return step("cross", {"left": mine, "right": other}, "c", **keys)


def summed(*by: str) -> dict[str, Any]:
    """The step that sums the turnovers of what was crossed."""
    return step("aggregate", {"table": "c"}, "r", by=by, sums=["ca"])


def table(columns: Mapping[str, Sequence[str | None]]) -> bytes:
    """A table of texts as Parquet."""
    written = io.BytesIO()
    parquet.write_table(
        pa.table({n: pa.array(column, pa.string()) for n, column in columns.items()}), written
    )
    return written.getvalue()


def described(name: str, kind: str) -> Column:
    """A column that was read to hold this."""
    meaning = Meaning(type=kind, confidence=1, valid=1)
    return Column(name=name, kind="text", filled=1, distinct=1, meaning=meaning)


def rank(cells: Sequence[set[int]], rows: Sequence[int]) -> int:
    """Of cells by rows: how many cells do not follow from the others."""
    if not cells or not rows:
        return 0
    matrix = np.array([[float(row in cell) for row in rows] for cell in cells])
    return int(np.linalg.matrix_rank(matrix))


def few_disclosed(cells: Sequence[set[int]], number: int) -> list[tuple[int, ...]]:
    """The groups of too few enterprises of which a combination of cells tells something."""
    every = list(range(number))
    groups = chain.from_iterable(combinations(every, n) for n in range(1, ENOUGH))
    return [
        group
        for group in groups
        if rank(cells, [row for row in every if row not in group]) < rank(cells, every)
    ]


def ends(cells: Sequence[set[int]], values: Sequence[int], aim: int) -> tuple[float, float]:
    """The turnovers that an enterprise may have, from the sums that left; none is negative."""
    sums = [[float(row in cell) for row in range(len(values))] for cell in cells]
    totals = [float(sum(values[row] for row in cell)) for cell in cells]
    goal = np.array([float(row == aim) for row in range(len(values))])
    solutions = [linprog(sign * goal, A_eq=sums, b_eq=totals, bounds=(0, None)) for sign in (1, -1)]
    return tuple(
        float("inf") if solution.status == 3 else sign * solution.fun
        for solution, sign in zip(solutions, (1, -1), strict=True)
    )  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(6))
def test_no_enterprise_follows_from_all_that_left(tmp_path: Path, seed: int) -> None:
    """By towns and trades, by each alone, and by zones of one's own: all added up."""
    lab = Lab(tmp_path, enterprises(seed, 24))
    zones = table({"code": ["A", "B", "C"], "zone": ["1", "1", "2"]})
    orders = [("ville", "metier"), ("ville",), ("metier",)]
    random.Random(seed).shuffle(orders)
    for by in orders:
        lab.aggregate(*by)
    lab.treat([crossed("e.ville", "z.code"), summed("zone", "metier")], z=zones)
    values = [row[3] for row in lab.rows]
    for figure in ("count", "sum(ca)"):
        assert few_disclosed(lab.released(figure), len(values)) == []
    sums = lab.released("sum(ca)")
    for aim, value in enumerate(values):
        least, most = ends(sums, values, aim)
        assert most - value >= 0.09 * value or value - least >= 0.09 * value, lab.rows[aim]


def test_groups_of_enough_leave_as_they_are(tmp_path: Path) -> None:
    """Rules take nothing from a table in which every group has many of about the same size."""
    rows = [(f"{at:09}", "ABC"[at % 3], "xy"[at % 2], 100 + at) for at in range(60)]
    record, released_rows = Lab(tmp_path, rows).aggregate("ville", "metier", means=["ca"])
    assert advice_of(record) == "released"
    assert len(released_rows) == 6
    assert {entry["siren_nombre"] for entry in released_rows} == {10}
    assert all(entry["ca"] == 10 * entry["ca_moyenne"] for entry in released_rows)


def test_small_groups_are_missing_and_large_parts_are_empty(tmp_path: Path) -> None:
    """A row that is there for two enterprises goes; a sum that is mostly one's is empty."""
    rows = [(f"{at:09}", "A", "x", 100 + at) for at in range(9)]
    rows += [(f"{at:09}", "B", "x", 100 + at) for at in range(10, 12)]
    rows += [(f"{at:09}", "C", "x", 10 + at % 2) for at in range(20, 25)]
    rows += [("000000099", "C", "x", 9000)]
    record, released_rows = Lab(tmp_path, rows).aggregate("ville")
    assert advice_of(record) == "suppressed"
    assert {entry["ville"]: entry["ca"] for entry in released_rows} == {"A": 936, "C": None}
    assert [entry["secret statistique"] for entry in released_rows] == [None, "ca"]
    assert record.masking == (
        "1 ligne sur 2 a des chiffres masqués par le secret statistique (1 cellule vide en tout, y"
        " compris ce qui n'avait pas de valeur). Les groupes trop petits pour que leur existence"
        " soit dite n'y figurent pas ; leur nombre est secret lui aussi."
    )
    assert {rule_outcome.rule: rule_outcome.failed for rule_outcome in record.outputs[0].rules} == {
        "units": 1,
        "dominance": 1,
    }


def test_reviewer_reads_each_figure_with_its_rule_and_units(tmp_path: Path) -> None:
    """The whole table, rows with figures under a rule first."""
    rows = [(f"{at:09}", "A", "x", 100 + at) for at in range(9)]
    rows += [(f"{at:09}", "B", "x", 100 + at) for at in range(10, 12)]
    lab = Lab(tmp_path, rows)
    lab.aggregate("ville")
    table_read = lab.reviewed
    assert table_read.columns == ("ville", "ca", "siren_nombre")
    assert [row.values for row in table_read.rows] == [("B", "221.0", "2"), ("A", "936.0", "9")]
    assert table_read.rows[0].rules == {"siren_nombre": "units", "ca": "units"}
    assert table_read.rows[0].units == {"siren_nombre": 2, "ca": 2}
    assert (table_read.all_rows, table_read.marked_rows, table_read.marked_cells) == (2, 1, 2)


def test_how_many_rows_are_left_out_is_not_told(tmp_path: Path) -> None:
    """Whether there is a town of two enterprises changes no word beside a hidden figure."""
    rows = [(f"{at:09}", "C", "x", 10 + at % 2) for at in range(20, 25)]
    rows += [("000000099", "C", "x", 9000)]
    rows += [(f"{at:09}", "A", "x", 100 + at) for at in range(9)]
    small = [(f"{at:09}", "B", "x", 100 + at) for at in range(10, 12)]
    reasons = [
        Lab(tmp_path / name, rows_used).aggregate("ville")[0].masking
        for name, rows_used in (("without", rows), ("with", rows + small))
    ]
    assert "1 ligne sur 2" in reasons[0]
    assert reasons[0] == reasons[1]


CHOSEN_BY_HAND = [crossed("mine.id", "e.siren"), summed("groupe")]
"""The steps that sum what enterprises of a list of one's own have."""


def test_list_of_identifiers_of_ones_own_is_held(tmp_path: Path) -> None:
    """Whoever chooses enterprises one by one waits for a reviewer, however many they are."""
    lab = Lab(tmp_path, enterprises(1, 24))
    mine = table({"id": [row[0] for row in lab.rows[:20]], "groupe": ["g"] * 20})
    record, _ = lab.treat(CHOSEN_BY_HAND, mine=mine)
    assert advice_of(record) == "held"
    assert "20 combinaisons de valeurs, dont 20 de moins de 3 unités" in (
        record.outputs[0].rules[0].told
    )
    assert [entry.units for entry in record.entries] == [20], (
        "for what leaves later, if it is released"
    )
    assert record.differences == (), "nothing left before"


def test_reviewer_reads_how_a_held_result_differs_from_earlier_ones(tmp_path: Path) -> None:
    """All enterprises left before, and all but one now: of that one the difference tells."""
    lab = Lab(tmp_path, enterprises(1, 24))
    lab.aggregate("ville")
    mine = table({"id": [row[0] for row in lab.rows[1:]], "groupe": ["g"] * (len(lab.rows) - 1)})
    record, _ = lab.treat(CHOSEN_BY_HAND, mine=mine)
    assert advice_of(record) == "held"
    (difference,) = record.differences
    counts = (difference.in_both, difference.only_here, difference.only_there)
    assert counts == (len(lab.rows) - 1, 0, 1)
    assert (difference.job_id, difference.by, difference.units) == ("job_0", ("ville",), 1)
    assert "sum(ca)" in difference.figures


def test_keys_of_a_crossing_are_judged_together(tmp_path: Path) -> None:
    """Neither town nor trade chooses one enterprise; both together do."""
    rows = [(f"{at:09}", "AB"[at % 2], "xy"[at // 2 % 2], 100 + at) for at in range(20)]
    rows += [("000000099", "A", "z", 100)]
    mine = table({"ville": ["A"] * 2, "metier": ["x", "z"], "groupe": ["g"] * 2})
    met = crossed("e.ville", "mine.ville", keys=[{"left": "metier", "right": "metier"}])
    record, _ = Lab(tmp_path, rows).treat([met, summed("groupe")], mine=mine)
    assert "« ville » et « metier », ensemble : 2 combinaisons de valeurs, dont 1 de" in (
        record.outputs[0].rules[0].told
    )
    assert advice_of(record) == "held"


def test_another_version_differs_by_the_units_that_came(tmp_path: Path) -> None:
    """Of one more enterprise the two totals tell what it has; where none says whose, nobody can."""
    rows = enterprises(1, 24)
    for unit, differing in (("siren", [(True, 1)]), ("", [(False, 0)])):
        lab = Lab(tmp_path / (unit or "none"), rows)
        lab.unit = unit
        lab.aggregate("ville", counts=[], rows="n")
        lab.rows, lab.version = [*rows, ("900000001", "A", "x", 50)], 2
        record, _ = lab.aggregate("ville", counts=[], rows="n")
        assert differing == [
            (difference.is_comparable, difference.only_here) for difference in record.differences
        ]


@pytest.mark.parametrize("times", [1, 2])
def test_ledger_says_how_often_a_crossing_lets_a_row_count(tmp_path: Path, times: int) -> None:
    """Each enterprise stands once, or as often as its town is listed."""
    lab = Lab(tmp_path, [(f"{at:09}", "A", "x", 100) for at in range(9)])
    mine = table({"ville": ["A"] * times, "groupe": ["g"] * times})
    met = crossed("e.ville", "mine.ville", many_to_many="kept")
    counted = step("aggregate", {"table": "c"}, "r", by=["groupe"], rows="lignes")
    _, rows = lab.treat([met, counted], mine=mine)
    assert [row["lignes"] for row in rows] == [9 * times]
    ((_, content, _),) = lab.left
    weights = parquet.read_table(io.BytesIO(content))["weight"].to_pylist()
    assert weights == [times] * 9


def test_shares_are_empty_where_a_part_is(tmp_path: Path) -> None:
    """All shares but one tell the total, and so the part that is left."""
    rows = [(f"{at:09}", "AB"[at % 2], "x", 100 + at) for at in range(20)]
    share = [{"name": "part", "of": "ca"}]
    record, released_rows = Lab(tmp_path / "1", rows).aggregate("ville", shares=share)
    assert (advice_of(record), [entry["part"] is None for entry in released_rows]) == (
        "released",
        [False] * 2,
    )
    rows += [(f"{at:09}", "C", "x", 100) for at in range(20, 22)]
    record, released_rows = Lab(tmp_path / "2", rows).aggregate("ville", shares=share)
    assert (advice_of(record), [entry["part"] for entry in released_rows]) == (
        "suppressed",
        [None] * 2,
    )


def test_largest_values_are_empty(tmp_path: Path) -> None:
    """One is an enterprise's own, however many there are in its group."""
    rows = [(f"{at:09}", "AB"[at % 2], "x", 100 + at) for at in range(20)]
    _, released_rows = Lab(tmp_path, rows).aggregate("ville", maxs=["ca"])
    assert {entry["ca_max"] for entry in released_rows} == {None}
    assert all(entry["ca"] for entry in released_rows)


def test_periods_are_groups_like_others(tmp_path: Path) -> None:
    """Months with enterprises enough leave, and one of two does not."""
    days = ["2024-05-01", "2024-05-31", "2024-06-02", "2024-06-20"]
    rows = [(f"{at:09}", "A", days[at % 4], 100 + at) for at in range(20)]
    rows += [(f"{at:09}", "A", "2024-07-01", 100) for at in range(20, 22)]
    times = [{"column": "metier", "step": "month"}]
    record, released_rows = Lab(tmp_path, rows).aggregate(times=times)
    assert advice_of(record) == "suppressed"
    assert [(entry["metier_mois"], entry["siren_nombre"]) for entry in released_rows] == [
        ("2024-05", 10),
        ("2024-06", 10),
    ]


def test_published_register_is_met_by_identifiers_unless_rows_of_it_are_picked(
    tmp_path: Path,
) -> None:
    """A trade that others publish of each enterprise chooses nobody; a query on it may."""
    lab = Lab(tmp_path, [(f"{at:09}", "A", "x", 100 + at) for at in range(20)])
    register = table({"id": [row[0] for row in lab.rows], "naf": ["1", "2"] * 10})
    sql = "SELECT id, naf FROM register WHERE id < '000000015'"
    query = step("query", {"register": "register"}, "some", sql=sql)
    whole, some = (
        [crossed("e.siren", f"{table}.id"), summed("naf")] for table in ("register", "some")
    )
    record, released_rows = lab.treat(whole, ("register",), register=register)
    assert (advice_of(record), len(released_rows)) == ("released", 2)
    record, _ = lab.treat([query, *some], ("register",), register=register)
    assert advice_of(record) == "held"
