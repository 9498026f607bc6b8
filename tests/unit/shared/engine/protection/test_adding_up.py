"""Noisy figures that add up, none below 0, and how wrong they are then."""

from itertools import pairwise

import numpy as np
import pytest

from shared.engine.protection.adding_up import Adjustment, Grid, NoisyFigures
from shared.engine.protection.domains import Domain
from shared.engine.protection.lattice import Amounts, Dimension, tables_of


def domain(*sizes: int) -> Domain:
    """A dimension of so many classes at each level, evenly in the coarser ones."""
    outer = [np.zeros(sizes[0], np.int64)]
    outer += [np.arange(inner) * size // inner for size, inner in pairwise(sizes)]
    names = tuple(f"{len(sizes)}{size}" for size in sizes)
    return Domain(names, tuple(tuple(map(str, range(size))) for size in sizes), tuple(outer), {})


def grid(*domains: Domain) -> Grid:
    """All tables of two of these dimensions at once."""
    return Grid(domains, tables_of([Dimension("", domain.levels) for domain in domains], 2))


def counts(tables: Grid, number: int) -> Amounts:
    """The counts of so many, most of them in few classes."""
    random = np.random.default_rng(2)
    rows = [
        np.floor(random.random(number) ** 3 * len(domain.classes[-1])).astype(int)
        for domain in tables.domains
    ]
    return np.concatenate(
        [
            np.bincount(
                np.ravel_multi_index(tuple(tables.classes_at(table, rows)), tables.shapes[table]),
                minlength=size,
            ).astype(np.float64)
            for table, size in zip(tables.tables, tables.sizes, strict=True)
        ]
    )


def test_what_adds_up_stays_and_what_does_not_is_made_to() -> None:
    """Also over levels: a commune, its EPCI and all."""
    tables = grid(domain(3, 12), domain(4), domain(2))
    exact = counts(tables, 500)
    equations = tables.equations()
    assert equations @ exact == pytest.approx(0)
    adjustment = Adjustment(tables, np.full(len(tables.tables), 5.0))
    assert adjustment.adding_up(exact) == pytest.approx(exact)
    noisy = exact + np.random.default_rng(3).normal(0, 5, len(exact))
    for figures in (adjustment.adding_up(noisy), adjustment.not_negative(noisy)):
        assert np.abs(equations @ figures).max() < 1e-3
    assert adjustment.not_negative(noisy).min() >= 0


def test_errors_are_as_they_are_said_to_be() -> None:
    """Of the whole and of cells by two dimensions, of which most are of nobody."""
    tables = grid(domain(5, 60), domain(6), domain(4))
    exact, deviations = counts(tables, 3000), np.full(len(tables.tables), 8.0)
    figures = NoisyFigures(tables, deviations)
    random = np.random.default_rng(4)
    squares = np.zeros_like(exact)
    for _ in range(60):
        drawn = exact + random.normal(size=len(exact)) * np.repeat(deviations, tables.sizes)
        squares += (figures.consistent(drawn) - exact) ** 2 / 60
    for error, part in zip(figures.standard_errors, tables.parts(squares), strict=True):
        # Of one cell, 60 draws are within a third; that none is below 0 makes small ones better.
        assert part.mean() ** 0.5 < 1.34 * error
