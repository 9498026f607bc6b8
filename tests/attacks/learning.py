"""How an attacker learns to guess from what it sees, and whether it guesses better than by chance.

An attacker knows the lab's code, so that it can practise in worlds that it makes up: it notes what
it sees there, and which answer was right. In the trial it gives the likeliest answer (naive Bayes,
each value of a feature counted once more than it was seen; beforehand all answers are as likely).
So whatever tells the truth apart is used, if a figure, an empty cell, a refusal or its words.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from random import Random
from typing import NamedTuple

ABOVE = 1e-3
"""A success that chance brings about more rarely than this is not chance."""

Features = Mapping[str, Hashable]


class Trial(NamedTuple):
    """One guess: the truth, drawn fairly from the candidates, and what is seen before it."""

    truth: str
    seen: Features


@dataclass(frozen=True)
class Attack:
    """A program that wants to know `wants`; a world gives one trial or several.

    `practice` and `worlds` are how many worlds it learns in, and is measured in; `needs` is a
    module of an extra, without which it cannot be tried. One that `is_long` the benchmark tries.
    """

    name: str
    wants: str
    world: Callable[[Random], Sequence[Trial]]
    candidates: int = 2
    practice: int = 3
    worlds: int = 5
    needs: str = ""
    is_long: bool = False

    @property
    def can_be_tried(self) -> bool:
        """Whether what it needs is installed."""
        return not self.needs or find_spec(self.needs) is not None


class Outcome(NamedTuple):
    """How often an attacker was right."""

    trials: int
    right: int
    candidates: int

    @property
    def rate(self) -> float:
        """The share of right guesses."""
        return self.right / self.trials

    @property
    def chance_of_as_many(self) -> float:
        """How probable as many right guesses or more are by chance: the binomial's upper tail."""
        p = 1 / self.candidates
        return sum(
            math.comb(self.trials, k) * p**k * (1 - p) ** (self.trials - k)
            for k in range(self.right, self.trials + 1)
        )

    @property
    def is_above_chance(self) -> bool:
        """Whether chance does not explain it."""
        return self.chance_of_as_many < ABOVE


class Guesser:
    """What was learnt in practice; that a feature is missing is seen as well."""

    def __init__(self, practice: Sequence[Trial]) -> None:
        names = {name for trial in practice for name in trial.seen}
        self._truths = Counter(trial.truth for trial in practice)
        self._seen: dict[str, dict[str, Counter[Hashable]]] = {
            name: {truth: Counter() for truth in self._truths} for name in names
        }
        for trial in practice:
            for name in names:
                self._seen[name][trial.truth][trial.seen.get(name)] += 1

    def guess(self, seen: Features) -> str:
        """The likeliest truth."""
        return max(sorted(self._truths), key=lambda truth: self._likelihood(truth, seen))

    def _likelihood(self, truth: str, seen: Features) -> float:
        of = self._truths[truth]
        return sum(
            math.log((counted[truth][seen.get(name)] + 1) / (of + _values(counted) + 1))
            for name, counted in self._seen.items()
        )


def _values(counted: Mapping[str, Counter[Hashable]]) -> int:
    return len(set().union(*counted.values()))


def measured(attack: Attack, seed: int = 11) -> Outcome:
    """Let an attacker practise, and count how often it is right in other worlds."""
    worlds = [
        attack.world(Random(f"{attack.name} {seed} {number}"))
        for number in range(attack.practice + attack.worlds)
    ]
    guesser = Guesser([trial for world in worlds[: attack.practice] for trial in world])
    trials = [trial for world in worlds[attack.practice :] for trial in world]
    right = sum(guesser.guess(trial.seen) == trial.truth for trial in trials)
    return Outcome(len(trials), right, attack.candidates)
