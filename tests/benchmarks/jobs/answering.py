"""How well protected tables answer judged requests on restricted data, beside the rows themselves.

`right` are honest requests that leave at once with no figure but that of the rows; `waits` are
those that have to be refused. Making the tables takes a minute, most of it `allocataires`.
"""

import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.judged.halves import HALVES, parser
from tests.corpora.requests.judge import Judgement, Request, judge, protected, requests


@dataclass
class Tally:
    """What became of the requests of one half."""

    outcomes: Counter[str] = field(default_factory=Counter)
    figures: int = 0
    shown: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, request: Request, judgement: Judgement, seconds: float) -> None:
        """Count a request, whose answer and rows took so long."""
        self.outcomes[outcome_of(request, judgement)] += 1
        if not judgement.refusal:
            self.figures += judgement.figures
            self.shown += judgement.shown
            self.seconds.append(seconds)

    def show(self, half: str) -> None:
        """Print it."""
        of = self.outcomes
        leaves, waits = (
            sum(of[name] for name in names)
            for names in (("right", "wrong", "refused"), ("waits", "answered"))
        )
        print(
            f"  {half:<9} {of['right']} of {leaves} right at once, {of['wrong']} wrong,"
            f" {of['refused']} refused; {of['waits']} of {waits} wait;"
            f" figures shown: {self.shown / max(1, self.figures):.0%};"
            f" median {statistics.median(self.seconds or [0]):.2f} s with the rows"
        )


def outcome_of(request: Request, judgement: Judgement) -> str:
    """Return what became of a request, in a word."""
    if not request.leaves:
        return "waits" if judgement.refusal else "answered"
    if judgement.refusal:
        return "refused"
    return "wrong" if judgement.wrong else "right"


def main(arguments: Sequence[str] = ()) -> None:
    """Answer both halves, or `--half tuning`; `--table NAME`, once or more, of these alone.

    `--each` names what is not as judged, of the half that rules are tuned on.
    """
    options = parser()
    options.add_argument("--table", action="append", dest="tables")
    options.add_argument("--each", action="store_true")
    asked = options.parse_args(arguments)
    print(f"\nrequests: {str(__doc__).splitlines()[0]}")
    for half in asked.halves or HALVES:
        tally = Tally()
        for request in requests(half):
            if asked.tables and request.table not in asked.tables:
                continue
            protected(request.table)
            start = time.perf_counter()
            judgement = judge(request)
            tally.add(request, judgement, time.perf_counter() - start)
            outcome = outcome_of(request, judgement)
            if asked.each and half == "tuning" and outcome not in ("right", "waits"):
                print(f"    {outcome:<9} {request.id}: {judgement.refusal or judgement}")
        tally.show(half)


if __name__ == "__main__":
    main(sys.argv[1:])
