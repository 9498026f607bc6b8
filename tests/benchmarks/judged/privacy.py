"""How well tables that tell of persons are told from those that only look so."""

import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shared.engine.tables.privacy import Finding, Privacy
from tests.benchmarks.judged.halves import HALVES, parser
from tests.integration.compute.jobs import ingest
from tests.integration.compute.profiles import profile_of

CORPUS = Path(__file__).resolve().parents[2] / "corpora" / "privacy"


@dataclass(frozen=True)
class Judged:
    """A table, what is right for it, and what screening says."""

    name: str
    right: Mapping[str, Any]
    privacy: Privacy

    @property
    def is_missed(self) -> bool:
        """Whether nothing is said of a table that tells of persons."""
        return bool(self.right["personal"]) and not self.privacy.findings

    @property
    def is_false(self) -> bool:
        """Whether something is said of a table that tells of nobody.

        What may be told of it as well, or left out, is neither.
        """
        return not self.right["personal"] and any(self._false())

    def missed(self) -> Iterator[str]:
        """The columns that tell of persons, of which nothing is said."""
        columns = {finding.column for finding in self.privacy.findings}
        yield from (column for column in self._columns() if column not in columns)

    def _columns(self) -> Mapping[str, str]:
        # Small counts are told of the result of a treatment, and never refuse a table.
        return {} if self.right.get("disclosure") else dict(self.right["columns"])

    def _false(self) -> Iterator[Finding]:
        fine = {*self.right["columns"], *self.right.get("allowed", {})}
        yield from (finding for finding in self.privacy.findings if finding.column not in fine)

    def false(self) -> Iterator[str]:
        """The columns of which something is said that is not so."""
        yield from (f"{finding.column} ({finding.kind})" for finding in self._false())

    def otherwise(self) -> Iterator[str]:
        """The columns that are called another kind."""
        kinds = {**self.right.get("allowed", {}), **self.right["columns"]}
        for finding in self.privacy.findings:
            if finding.column in self.right["columns"] and finding.kind != kinds[finding.column]:
                yield f"{finding.column}: {finding.kind}, not {kinds[finding.column]}"

    def miscounted(self) -> Iterator[str]:
        """The columns of which other rows are counted than those that are personal."""
        rows = self.right.get("rows")
        for finding in self.privacy.findings:
            if rows and finding.column in self.right["columns"] and finding.rows != rows:
                yield f"{finding.column}: {finding.rows} rows, not {rows}"


@dataclass
class Tally:
    """What was found of one half."""

    tables: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def add(self, column: Judged) -> None:
        """Count a table, and say what is wrong of it."""
        personal = "personal" if column.right["personal"] else "others"
        self.tables.update([personal, *["missed"] * column.is_missed, *["false"] * column.is_false])
        self.columns["all"] += len(column.right["columns"]) * (not column.right.get("disclosure"))
        for name in ("missed", "false", "otherwise", "miscounted"):
            for text in getattr(column, name)():
                self.columns[name] += 1
                self.lines.append(f"    {name:<10} {column.name}: {text}")

    def show(self, half: str, *, lines: bool) -> None:
        """Print it; the `lines` name each fault."""
        tables, columns = self.tables, self.columns
        print(
            f"  {half:<9} tables: {tables['missed']} of {tables['personal']} missed,"
            f" {tables['false']} of {tables['others']} false alarms; columns:"
            f" {columns['missed']} of {columns['all']} missed, {columns['false']} false alarms,"
            f" {columns['otherwise']} of another kind, {columns['miscounted']} miscounted"
        )
        print("\n".join(self.lines if lines else ()))


def main(arguments: Sequence[str] = ()) -> None:
    """Screen both halves, or `--half tuning`, and print how often it is wrong.

    `--each` names the faults.
    """
    options = parser()
    options.add_argument("--each", action="store_true")
    asked = options.parse_args(arguments)
    print(f"\nprivacy: {str(__doc__).splitlines()[0]}")
    for half in asked.halves or HALVES:
        tally = Tally()
        for column in judged(half):
            tally.add(column)
        tally.show(half, lines=asked.each)


def judged(half: str) -> Iterator[Judged]:
    """The tables of one half, each as it is taken in."""
    right = json.loads((CORPUS / half / "expected.json").read_text(encoding="utf-8"))
    with TemporaryDirectory(prefix="datalab-bench-") as home:
        for number, (name, expected) in enumerate(right.items()):
            with redirect_stdout(io.StringIO()):  # how far each job is
                run = ingest(Path(home) / str(number), CORPUS / half / name, name)
            privacy = profile_of(run).privacy
            assert privacy is not None
            yield Judged(name, expected, privacy)


if __name__ == "__main__":
    main(sys.argv[1:])
