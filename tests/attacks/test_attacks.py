"""Attackers are right as often as chance: nobody learns of one unit from what leaves the lab."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.attacks.learning import Attack, Guesser, Outcome, Trial, measured
from tests.benchmarks.judged.attacks import attacks
from tests.servers import require

HERE = Path(__file__).parent
TUNING = "tuning"
HALVES = (TUNING, "held_out")


def open_ones(half: str) -> list[str]:
    """The attackers that the rules are known not to stop."""
    return [name for path in HERE.glob(f"**/{half}/open.txt") for name in path.read_text().split()]


_ONE_TRIAL_EACH = 8


def is_slow(attack: Attack) -> bool:
    """Whether each of its trials starts a Python of its own, or it takes longer than a suite has.

    test_protected.py has those of own code.
    """
    return attack.is_long or (bool(attack.needs) and attack.practice >= _ONE_TRIAL_EACH)


CASES = [
    attack
    for attack in attacks(TUNING)
    if attack.name not in open_ones(TUNING) and not is_slow(attack)
]
"""Those held out are tried by the benchmark: whoever runs these tests, tunes by them."""


@pytest.mark.parametrize("attack", CASES, ids=lambda attack: attack.name)
def test_attackers_guess_no_better_than_by_chance(attack: Attack) -> None:
    """What they learn without rules shows in one world."""
    require(attack.name if attack.can_be_tried else None, attack.needs)
    outcome = measured(few(attack))
    assert not outcome.is_above_chance, f"{attack.name}: {outcome.right} of {outcome.trials}"


def few(attack: Attack) -> Attack:
    """In fewer worlds than the benchmark takes: one, or ten where a world is one trial.

    Whoever is right in all ten is above chance; in nine nobody could be.
    """
    if attack.practice < _ONE_TRIAL_EACH:
        return replace(attack, practice=1, worlds=1)
    return replace(attack, practice=5, worlds=10)


@pytest.mark.parametrize("half", HALVES)
def test_open_attackers_exist(half: str) -> None:
    """A name that no attacker has would hide that another one succeeds."""
    assert set(open_ones(half)) <= {attack.name for attack in attacks(half)}


def tell(random: Random) -> list[Trial]:
    """A world that tells the truth in nine of ten trials."""
    truths = [random.choice(("no", "yes")) for _ in range(50)]
    return [
        Trial(truth, {"told": truth if random.random() < 0.9 else "?", "noise": random.random()})
        for truth in truths
    ]


def test_attacker_finds_what_tells_the_truth() -> None:
    """Among features that tell nothing."""
    outcome = measured(Attack("tell", "it", tell))
    assert outcome.rate > 0.85
    assert outcome.is_above_chance


def test_attacker_learns_from_what_is_missing() -> None:
    """A cell that is shown in one case only tells as much as its figure."""
    guesser = Guesser([Trial("yes", {"cell": 7}), Trial("no", {}), Trial("no", {})])
    assert (guesser.guess({"cell": 7}), guesser.guess({})) == ("yes", "no")


def test_few_worlds_find_who_always_knows() -> None:
    """A test with fewer could not fail."""

    def world(random: Random) -> list[Trial]:
        truth = random.choice(("no", "yes"))
        return [Trial(truth, {"said": truth})]

    assert measured(few(Attack("always", "", world, practice=_ONE_TRIAL_EACH))).is_above_chance


@pytest.mark.parametrize(("right", "is_above"), [(50, False), (60, False), (66, True), (100, True)])
def test_chance_is_the_tail_of_the_binomial(right: int, is_above: bool) -> None:
    """Sixty-six of a hundred coins are heads once in a thousand."""
    assert Outcome(100, right, 2).is_above_chance == is_above
