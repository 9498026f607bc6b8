"""Types of columns, told beside csv-detective and frictionless: precision, recall and speed.

Every column of the corpus stands last in a file of its own, once with its own name, once with one
that says nothing and once with one that misleads. Each contender types the same files in a process
of its own. A column of a type that a contender does not know counts neither for nor against it.
After it the judged files of tests/corpora/typing, each half by itself.
"""

import contextlib
import csv
import io
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shared.engine.database import open_database
from shared.engine.reading.columns.profile import describe
from tests.benchmarks.corpus import Sample, luhn, samples
from tests.benchmarks.judged import typers
from tests.benchmarks.judged.halves import HALVES, parser
from tests.benchmarks.judged.typers import CONTENDERS, CSV_DETECTIVE, FRICTIONLESS
from tests.benchmarks.judged.typing import report
from tests.integration.compute.jobs import ingest

PEERS = Path(sys.prefix) / "peers" / "bin" / "python"
"""Of their own environment: they need other versions of what the lab uses."""

ROUNDS = 3
ROWS = 100_000
_KNOWN = {
    "csv-detective": {*CSV_DETECTIVE.values(), "text"},
    "frictionless": {*FRICTIONLESS.values(), "text"},
}


@dataclass(frozen=True)
class Case:
    """A sample in a file, with one of its names: `own`, `neutral` or `misleading`."""

    path: str
    sample: Sample
    name: str


Types = Mapping[str, str]
"""What a contender says of each file."""


def main(arguments: Sequence[str] = ()) -> None:
    """Type the columns, the judged files and the large file by every contender, and print.

    Of the judged files both halves, or one: `--half tuning`.
    """
    halves = parser().parse_args(arguments).halves or HALVES
    present = [name for name in CONTENDERS if is_present(name)]
    with TemporaryDirectory(prefix="dl-typing-") as home:
        cases = list(_written(Path(home)))
        paths = [case.path for case in cases]
        types_by_contender = {name: _last(_run(name, paths)["types"]) for name in present}
        print(f"\ntyping: {str(__doc__).splitlines()[0]}")
        _print_types(cases, types_by_contender)
        _print_groups(cases, types_by_contender)
        for half in halves:
            report(half, {name: partial(_types, name) for name in present}, _KNOWN)
        _print_speed(present, _large(Path(home)))


def _types(name: str, paths: list[str]) -> Mapping[str, list[str]]:
    types: Mapping[str, list[str]] = _run(name, paths)["types"]
    return types


def _last(types: Mapping[str, list[str]]) -> Types:
    """What the last column of each file is."""
    return {path: columns[-1] if columns else "nothing" for path, columns in types.items()}


def is_present(name: str) -> bool:
    """Whether a contender runs here; says so where it does not."""
    try:
        _run(name, [])
    except (OSError, subprocess.CalledProcessError):
        print(f"  {name} does not run here, and is not measured: `make bench` installs it")
        return False
    return True


def _written(home: Path) -> Iterator[Case]:
    for number, sample in enumerate(samples()):
        names = {"own": sample.header, "neutral": "valeur", "misleading": sample.misleading}
        for name, header in names.items():
            path = home / f"{number}-{name}.csv"
            before = [f"colonne {at}" for at in range(len(sample.beside))]
            rows = zip(range(len(sample.values)), *sample.beside, sample.values, strict=True)
            _write(path, ("ligne", *before, header), rows)
            yield Case(str(path), sample, name)


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _run(name: str, paths: list[str]) -> Any:
    python = sys.executable if name == "ours" else str(PEERS)
    # The folder of typers.py has a typing.py: `-P` keeps it out of what the script imports from.
    command = [python, "-P", str(Path(typers.__file__)), name, *paths]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _print_types(cases: list[Case], types_by_contender: Mapping[str, Types]) -> None:
    """Precision and recall for each type of the corpus."""
    print(f"  {'type':<12} columns" + "".join(f"{name:>24}" for name in types_by_contender))
    print(f"  {'':<20}" + f"{'precision   recall':>24}" * len(types_by_contender))
    for kind in sorted({case.sample.type for case in cases}):
        meant = [case for case in cases if case.sample.type == kind]
        cells = [
            _cell(name, kind, meant, cases, types) for name, types in types_by_contender.items()
        ]
        print(f"  {kind:<12} {len(meant):>7}" + "".join(f"{cell:>24}" for cell in cells))


def _cell(name: str, kind: str, meant: list[Case], cases: list[Case], types: Types) -> str:
    if kind not in _KNOWN.get(name, {kind}):
        return "unknown to it"
    right = sum(types[case.path] == kind for case in meant)
    total = sum(types[case.path] == kind for case in cases if _knows(name, case))
    precision = f"{right / total:.1%}" if total else "-"
    return f"{precision:>9}   {right / len(meant):>6.1%}"


def _print_groups(cases: list[Case], types_by_contender: Mapping[str, Types]) -> None:
    """The share of columns typed right, of those whose type the contender knows."""
    groups: dict[str, Callable[[Case], bool]] = {
        "all columns": lambda _case: True,
        **{
            f"{case_group}": _in_group(case_group) for case_group in ("real", "made", "with faults")
        },
        **{f"{name} name": _by_name(name) for name in ("own", "neutral", "misleading")},
    }
    print("\n  columns typed right, of those whose type the contender knows")
    for title, belongs in groups.items():
        chosen = [case for case in cases if belongs(case)]
        cells = [_share(chosen, name, types) for name, types in types_by_contender.items()]
        print(f"  {title:<20}" + "".join(f"{cell:>24}" for cell in cells))


def _in_group(group: str) -> Callable[[Case], bool]:
    return lambda case: case.sample.group == group


def _by_name(name: str) -> Callable[[Case], bool]:
    return lambda case: case.name == name


def _knows(name: str, case: Case) -> bool:
    return case.sample.type in _KNOWN.get(name, {case.sample.type})


def _share(cases: list[Case], name: str, types: Types) -> str:
    known_cases = [case for case in cases if _knows(name, case)]
    right = sum(types[case.path] == case.sample.type for case in known_cases)
    return f"{right:>4} of {len(known_cases):>4}   {right / len(known_cases):>6.1%}"


def _large(home: Path) -> str:
    """A file of ten columns, half of them with nearly as many values as rows."""
    chance, path = random.Random(7), home / "large.csv"
    some = {sample.header: sample.values for sample in samples()}
    repeated = ("CODGEO", "date", "courriel", "statut", "code_postal", "avis")
    rows = (
        [
            number,
            luhn(f"{chance.randrange(10**8):08}"),
            f"{chance.uniform(0, 1e5):.2f}".replace(".", ","),
            f"{chance.uniform(48, 50):.5f}",
            *(chance.choice(some[name]) for name in repeated),
        ]
        for number in range(ROWS)
    )
    _write(path, ("id", "siren", "montant", "lat", *repeated), rows)
    return str(path)


def _print_speed(present: list[str], path: str) -> None:
    """Medians, and what typing alone takes of ours; processor time bears a busy machine."""
    rounds = [{name: _run(name, [path]) for name in present} for _ in range(ROUNDS)]
    print(f"\n  {ROWS:,} rows x 10 columns, read and typed whole: medians of {ROUNDS}")
    median = {
        name: _medians([(turn[name]["seconds"], turn[name]["cpu"]) for turn in rounds])
        for name in present
    }
    median["ours, typing alone"] = _medians([_typing_alone(path) for _ in range(ROUNDS)])
    for name, (seconds, cpu) in median.items():
        ratio = cpu / median["ours"][1]
        print(f"  {name:<20}{seconds:7.2f} s   processor {cpu:7.2f} s, x{ratio:.2f} of ours")


def _medians(clocks: list[tuple[float, float]]) -> list[float]:
    return [statistics.median(clock) for clock in zip(*clocks, strict=True)]


def _typing_alone(path: str) -> tuple[float, float]:
    """Seconds, and those of the processor, that the columns of a table take that is read."""
    with TemporaryDirectory(prefix="dl-typing-") as home, contextlib.redirect_stdout(io.StringIO()):
        outcome = ingest(Path(home) / "job", Path(path)).output_path("table.parquet")
        with open_database(Path(home) / "job", 2_000_000_000) as database:
            database.read_parquet(str(outcome)).create_view("large")
            began, cpu = time.perf_counter(), time.process_time()
            describe(database, "large", lambda _share, _what: None)
            return time.perf_counter() - began, time.process_time() - cpu


if __name__ == "__main__":
    main(sys.argv[1:])
