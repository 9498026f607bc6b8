"""How well it is told which columns a query reads, and whether attacks by SQL are refused.

A missed column is read without its owner having been asked (the query itself would find it empty);
a column too many is asked for in vain. A judged query that is refused, though it is fine, is
counted by itself. Attacks that must be refused are those of which nothing else will do.

With `--run`, attacks that the analysis does not refuse are run in the sandbox: none may show its
author one of its marks, or go on beyond the limits of a job.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.errors import Rejected
from tests.benchmarks.judged.halves import HALVES, parser
from tests.benchmarks.judged.query_analysis import Analysis, NoAnalysis, analyse
from tests.benchmarks.judged.query_attempts import FILE, attempt
from tests.corpora.sql import Attack, Query, Schema, attacks, queries, schema, text_of


@dataclass
class Tally:
    """What was found of one half."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def add(self, fault: str, text: str) -> None:
        """Count a fault, and say which."""
        self.counts[fault] += 1
        self.lines.append(f"    {fault:<16} {text}")

    def show(self, half: str, *, lines: bool) -> None:
        """Print it; the `lines` name each fault."""
        of = self.counts
        print(
            f"  {half:<9} queries: {of['right']} of {of['fine']} right,"
            f" {of['refused']} refused though fine, {of['raised']} raised;"
            f" columns: {of['missed']} of {of['columns']} missed, {of['too many']} too many;"
            f" names wrong {of['names']}, groups wrong {of['groups']};"
            f" faults not found: {of['accepted']} of {of['faulty']};"
            f" attacks let through: {of['let through']} of {of['attacks']}; of {of['run']} run,"
            f" marks told {of['told']}, endless {of['endless']}"
        )
        print("\n".join(self.lines if lines else ()))


def main(arguments: Sequence[str] = ()) -> None:
    """Analyse the queries of both halves, or of `--half tuning`; `--each` names the faults."""
    options = parser()
    options.add_argument("--each", action="store_true")
    options.add_argument("--run", action="store_true")
    asked = options.parse_args(arguments)
    print(f"\nsql: {str(__doc__).splitlines()[0]}")
    for half in asked.halves or HALVES:
        try:
            measured(half, is_run=asked.run).show(half, lines=asked.each)
        except NoAnalysis as error:
            print(f"  {half:<9} {str(error) or error.__doc__}")


def measured(half: str, *, is_run: bool = False) -> Tally:
    """What the analysis says of a half, beside what is right; attacks are run if `is_run`."""
    tally, tables = Tally(), schema(half)
    for query in queries(half):
        _judge(query, tables, tally)
    for attack in attacks(half):
        is_refused = _attack(attack, tables, tally)
        if is_run and not is_refused:
            _run(attack, half, tally)
    return tally


def _judge(query: Query, tables: Schema, tally: Tally) -> None:
    tally.counts["faulty" if query.refused else "fine"] += 1
    try:
        analysis = analyse(query.sql, tables)
    except Rejected as error:
        if query.also_refused:
            tally.counts["right"] += 1
        elif not query.refused:
            tally.add("refused", f"{query.id}: {error}")
        return
    except NoAnalysis:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of the analysis is one of its results
        tally.add("raised", f"{query.id}: {error!r}")
        return
    if query.refused:
        tally.add("accepted", f"{query.id} ({query.refused})")
        return
    faults = list(_faults(query, analysis))
    tally.counts["columns"] += sum(map(len, query.reads.values()))
    tally.counts["right"] += not faults
    for fault, text in faults:
        tally.add(fault, f"{query.id}: {text}")


def _faults(query: Query, analysis: Analysis) -> Iterator[tuple[str, str]]:
    none = frozenset[str]()
    for table in sorted({*query.reads, *analysis.reads}):
        right, read_columns = query.reads.get(table, none), analysis.reads.get(table, none)
        yield from (("missed", f"{table}.{name}") for name in sorted(right - read_columns))
        others = read_columns - right - query.may.get(table, none)
        yield from (("too many", f"{table}.{name}") for name in sorted(others))
        if (table in analysis.reads) != (table in query.reads) and table not in query.may:
            yield "tables", f"{table} is{'' if table in analysis.reads else ' not'} told"
    if query.result is not None and analysis.result != query.result:
        yield "names", f"{', '.join(analysis.result)}, not {', '.join(query.result)}"
    for table, right_groups in query.by.items():
        if analysis.by.get(table, none) != right_groups:
            yield "groups", f"{table} by {analysis.by.get(table, 'nothing')}, not {right_groups}"


def _attack(attack: Attack, tables: Schema, tally: Tally) -> bool:
    """Whether the analysis refuses an attack; one that it should and does not is counted."""
    tally.counts["attacks"] += attack.must == "refused"
    try:
        analyse(text_of(attack.sql, FILE), tables)
    except Rejected:
        return True
    except NoAnalysis:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        tally.add("raised", f"{attack.id}: {error!r}")
        return False
    if attack.must == "refused":
        tally.add("let through", attack.id)
    return False


def _run(attack: Attack, half: str, tally: Tally) -> None:
    tally.counts["run"] += 1
    with TemporaryDirectory(prefix="datalab-bench-") as home:
        outcome = attempt(attack, half, Path(home) / "job")
    for mark in outcome.tells(attack.marks):
        tally.add("told", f"{attack.id}: {mark}")
    if not outcome.is_ended:
        tally.add("endless", f"{attack.id}: {outcome.seconds:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
