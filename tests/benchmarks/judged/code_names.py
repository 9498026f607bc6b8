"""Columns whose name says a code, on the judged tables of tests/corpora/code_names, by halves.

A column of codes is right when it has its type; each value of it that is no code has to be named
with its row. A crossing with such codes has to warn of columns that are only called so, and of
codes that lost their zero, and of no others.
"""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.treatment_checks import check_tables
from shared.engine.tables.column_names import named_kind
from shared.engine.tables.key_file import COARSE
from shared.engine.tables.manifest import Column, Meaning, Profile
from shared.events.event import Step, Treatment
from tests.benchmarks.judged.halves import HALVES, parser
from tests.benchmarks.judged.typing import CODES, is_right
from tests.integration.compute.jobs import ingest

CORPUS = Path(__file__).resolve().parents[2] / "corpora" / "code_names"


@dataclass(frozen=True)
class Judged:
    """A column of the corpus: what is right of it, and what an ingest says."""

    file: str
    right: Mapping[str, Any]
    column: Column

    @property
    def name(self) -> str:
        """What it is called."""
        return self.column.name

    @property
    def type(self) -> str:
        """What it holds."""
        return str(self.right["types"][self.name])

    @property
    def read_type(self) -> str:
        """What it is said to hold."""
        return self.column.type or self.column.kind

    @property
    def is_right(self) -> bool:
        """Whether that is right; codes that meet others must be a key."""
        is_lost = self.name in self.right.get("lost", ())
        is_met = self.type not in CODES or is_lost or self.column.key or self.type in COARSE
        return is_right(self.type, self.read_type) and bool(is_met)

    @property
    def others(self) -> Mapping[str, int]:
        """The values that are none of its codes, with their first rows."""
        return dict(self.right.get("wrong", {}).get(self.name, {}))

    @property
    def others_told(self) -> Mapping[str, int]:
        """Those that are said to be."""
        meaning = self.column.meaning
        return dict(zip(meaning.invalid, meaning.invalid_at, strict=False)) if meaning else {}

    @property
    def is_to_warn(self) -> bool:
        """Whether a crossing with such codes has to warn of it."""
        return self.name in (*self.right.get("warned", ()), *self.right.get("lost", ()))

    @property
    def is_warned(self) -> bool:
        """Whether a crossing with such codes, or of communes where its name says none, does."""
        kind = self.type if self.type in CODES else named_kind(self.name) or "commune"
        code = Column(
            name="code",
            kind="text",
            filled=9,
            distinct=9,
            key=None if kind in COARSE else kind,
            meaning=Meaning(type=kind, confidence=1.0, valid=1.0),
        )
        step = Step(
            application="cross",
            inputs={"left": "l", "right": "r"},
            output="o",
            parameters={"left_key": self.name, "right_key": "code"},
        )
        findings = check_tables(
            Treatment(inputs={"l": "dts_l", "r": "dts_r"}, steps=(step,)),
            KnownInputs(
                tables=tuple(
                    KnownTable(dataset_id=dataset_id, columns=(KnownColumn.of(column),))
                    for dataset_id, column in (("dts_l", self.column), ("dts_r", code))
                )
            ),
        )
        return any(remark.kind == "no_codes" for remark in findings.warnings)


def judged(half: str) -> Iterator[Judged]:
    """Every column of a half, as an ingest describes it."""
    folder = CORPUS / half
    for file, right in json.loads((folder / "expected.json").read_text("utf-8")).items():
        with TemporaryDirectory() as home, contextlib.redirect_stdout(io.StringIO()):
            run = ingest(Path(home) / "job", folder / file, file)
            described = Profile.model_validate(run.reports[0]).columns
        yield from (Judged(file, right, column) for column in described)


def main(arguments: Sequence[str] = ()) -> None:
    """Print what is right of each half, or of one: `--half tuning`; of that also the faults."""
    asked = parser().parse_args(arguments).halves
    print(f"\ncode_names: {str(__doc__).splitlines()[0]}")
    for half in asked or HALVES:
        columns = list(judged(half))
        others = [
            (column, value, row) for column in columns for value, row in column.others.items()
        ]
        named = [column for column, value, row in others if column.others_told.get(value) == row]
        to_warn = [column for column in columns if column.is_to_warn]
        print(
            f"  {half}: {len({column.file for column in columns})} tables,"
            f" types right {sum(column.is_right for column in columns)} of {len(columns)},"
            f" false codes {sum(column.read_type in CODES - {column.type} for column in columns)},"
            f" other values named {len(named)} of {len(others)},"
            f" warned {sum(column.is_warned for column in to_warn)} of {len(to_warn)},"
            f" false warnings"
            f" {sum(column.is_warned and not column.is_to_warn for column in columns)}"
        )
        for column in columns if asked else ():
            if faults(column):
                print(
                    f"    {column.file}, {column.name}: {column.read_type},"
                    f" not {column.type}; {faults(column)}"
                )


def faults(column: Judged) -> str:
    """What is wrong of what is said of a column."""
    fields = {
        "type": not column.is_right,
        "other values": dict(column.others) != dict(column.others_told),
        "warning": column.is_warned != column.is_to_warn,
    }
    return ", ".join(name for name, is_wrong in fields.items() if is_wrong)
