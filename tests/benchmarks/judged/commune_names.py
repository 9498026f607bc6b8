"""Names of communes as people write them, judged in tests/corpora/commune_names, by halves.

A name is right with the code that it was judged to have, and told as a former one where it is; one
that is none, or could be several, is right without a code. A wrong code is worse than none.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from shared.engine.codes.commune_names import FoundCommune, find_commune
from tests.benchmarks.judged.halves import HALVES, parser

CORPUS = Path(__file__).resolve().parents[2] / "corpora" / "commune_names"


class JudgedName(NamedTuple):
    """A written name, what stands beside it, what is right of it, and what is found."""

    name: str
    beside: str
    right: str
    is_former: bool
    commune: FoundCommune

    @property
    def verdict(self) -> str:
        """`right`, `wrong` where it has a code that is not its own, else `missed`."""
        code = self.right if self.right[0].isdigit() else ""
        if self.commune.code != code:
            return "wrong" if self.commune.code else "missed"
        is_told = code == "" or (self.commune.outcome == "former") == self.is_former
        return "right" if is_told else "missed"


def judged(half: str) -> Iterator[JudgedName]:
    """Every name of a half, with what the rule finds."""
    with (CORPUS / f"{half}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            name, beside = row["name"], row["beside"]
            commune = find_commune(name, beside)
            yield JudgedName(name, beside, row["right"], row["former"] == "yes", commune)


def main(arguments: Sequence[str] = ()) -> None:
    """Print what is right of each half, or of one: `--half tuning`; of that also the faults."""
    asked = parser().parse_args(arguments).halves
    print(f"\ncommune_names: {str(__doc__).splitlines()[0]}")
    for half in asked or HALVES:
        names = list(judged(half))
        counts = Counter(name.verdict for name in names)
        print(
            f"  {half}: right {counts['right']} of {len(names)},"
            f" wrong codes {counts['wrong']}, missed {counts['missed']}"
        )
        for name in names if asked else ():
            if name.verdict != "right":
                print(f"    {name.name} | {name.beside}: {name.commune}, not {name.right}")
