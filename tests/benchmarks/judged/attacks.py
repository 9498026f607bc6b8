"""How often attackers learn of others' restricted data, beside chance.

Each draws the truth fairly among the candidates, so that who knows nothing is right as often as
chance says. `before` of the README of tests/attacks has the figures without rules.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.attacks.learning import Attack, measured
from tests.benchmarks.judged.halves import HALVES, parser

_FOLDER = Path(__file__).resolve().parents[2] / "attacks"


def main(arguments: Sequence[str] = ()) -> None:
    """Let the attackers of both halves try, or those of `--half tuning`; `--only NAME` of one."""
    options = parser()
    options.add_argument("--only", metavar="NAME")
    asked = options.parse_args(arguments)
    print(f"\nattacks: {str(__doc__).splitlines()[0]}")
    for half in asked.halves or HALVES:
        for attack in attacks(half):
            if asked.only in (None, attack.name) and attack.can_be_tried:
                show(half, attack)


def attacks(half: str) -> list[Attack]:
    """The attackers of a half."""
    paths = sorted(_FOLDER.glob(f"**/{half}/*.py"))
    names = [".".join(path.relative_to(_FOLDER).with_suffix("").parts) for path in paths]
    modules = [import_module(f"tests.attacks.{name}") for name in names]
    return [attack for module in modules for attack in module.ATTACKS]


def show(half: str, attack: Attack) -> None:
    """Measure one, and print how often it was right."""
    outcome = measured(attack)
    verdict = "above chance" if outcome.is_above_chance else "chance"
    print(
        f"  {half:<9} {attack.name:<24} {outcome.right:>4} of {outcome.trials:>4} right"
        f" {outcome.rate:>5.0%} (chance {1 / outcome.candidates:.0%}):"
        f" {verdict:<13} {attack.wants}",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
