"""Warns of codes of communes that do not meet because each table follows the COG of a year."""

from services.compute.runner.bench import Bench, Report
from services.compute.runner.cog import Fit, best_year
from services.compute.runner.crosswalks import lead
from services.compute.runner.identifiers import Texts
from services.compute.runner.passage import keys
from shared.crosswalks import PRESENT

_MOST_KEYS = 100_000
"""There are fewer codes: a column with more keys holds something else."""

_ENOUGH = 0.95
"""Share of the keys that must be codes of communes, of any year."""


def warn(bench: Bench, met: int) -> list[Report]:
    """The use of the communes' crosswalk that lets most left keys meet, if it is of any use.

    `met` is how many distinct left keys met without it.
    """
    left, right = (_texts(bench, keys(side)) for side in ("left", "right"))
    if met == len(left):
        return []
    fits = [_fit(values) for values in (left, right)]
    if fits[0] is None or fits[1] is None:
        return []
    gains = _gains(left, right)
    best = max(gains, key=lambda parameters: gains[parameters])
    if gains[best] <= met:
        return []
    years = fits[0].year, fits[1].year
    return [_warning(best, gains[best] - met, len(left) - met, years)]


def _gains(left: Texts, right: Texts) -> dict[tuple[str, ...], int]:
    """How many left keys meet by each use of the crosswalk, the simplest use first."""
    here, there = _led(left), _led(right)
    known, arriving = there.keys(), set().union(*there.values())
    return {
        ("left_via",): sum(not targets.isdisjoint(known) for targets in here.values()),
        ("right_via",): len(here.keys() & arriving),
        ("left_via", "right_via"): sum(
            not targets.isdisjoint(arriving) for targets in here.values()
        ),
    }


def _texts(bench: Bench, table: str) -> Texts:
    """Distinct keys as Arrow strings, up to one more than can be codes of communes."""
    query = f"SELECT key FROM {table} WHERE key IS NOT NULL LIMIT {_MOST_KEYS + 1}"
    return bench.database.sql(query).to_arrow_table()["key"].combine_chunks()


def _fit(values: Texts) -> Fit | None:
    """The year of values that are nearly all codes of communes; None if they are not."""
    fit = best_year(values) if len(values) <= _MOST_KEYS else None
    if fit is None or fit.kinds.get("unknown", 0) > (1 - _ENOUGH) * len(values):
        return None
    return fit


def _led(values: Texts) -> dict[str, set[str]]:
    """Each value with its present communes, none for what is no code."""
    result: dict[str, set[str]] = {value: set() for value in values.to_pylist()}
    at, targets = lead(PRESENT.name, values)
    for value, target in zip(values.take(at).to_pylist(), targets.to_pylist(), strict=True):
        result[value].add(target)
    return result


def _warning(
    parameters: tuple[str, ...], gained: int, missing: int, years: tuple[int, int]
) -> Report:
    return {
        "parameters": list(parameters),
        "via": PRESENT.name,
        "keys": gained,
        "years": {"left": years[0], "right": years[1]},
        "told": (
            f"{missing} codes de communes de la table principale, qui suit le code officiel de"
            f" {years[0]}, ne sont pas dans la table croisée, qui suit celui de {years[1]} ;"
            f" {' et '.join(parameters)} = « {PRESENT.name} » en rattache {gained}"
        ),
    }
