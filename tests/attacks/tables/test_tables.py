"""The attackers of protected tables are able: without protection they are right each time."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random
from typing import Any

import pytest

from shared.engine.contract.policy import COUNT, TABLE
from tests.attacks.lab import Treatment, aggregate
from tests.attacks.learning import Attack, Trial, measured
from tests.attacks.tables.doors import WAITING, ask, published
from tests.attacks.tables.held_out.readers import trials
from tests.attacks.tables.towns import MINIMUM, Inhabitant, communes, epci_of, only_women, policy

_PLACES, _MEN = 16, 45
_LEVELS = ("commune", "epci", "sexe", "rsa")


def bare_tables(rows: Sequence[Inhabitant]) -> Iterator[dict[str, Any]]:
    """All tables of counts with nothing hidden but what is too small."""
    persons = [row._asdict() | {"epci": epci_of(row.commune)} for row in rows]
    for size in range(1, 4):
        for names in combinations(_LEVELS, size):
            counts: dict[tuple[str, ...], int] = {}
            for person in persons:
                keys = tuple(person[name] for name in names)
                counts[keys] = counts.get(keys, 0) + 1
            for keys, count in counts.items():
                shown = count if count >= MINIMUM else None
                yield {TABLE: " ".join(names), **dict(zip(names, keys, strict=True)), COUNT: shown}


def _bare(random: Random) -> Sequence[Trial]:
    world = only_women(random, communes(_PLACES), _MEN)
    return trials(world, list(bare_tables(world.rows)))


def test_who_reads_tables_with_small_cells_alone_hidden_is_right_each_time() -> None:
    """All of a commune, less its men: what equations give away shows."""
    outcome = measured(Attack("bare", "the aid of the only woman", _bare, 2, 1, 1))
    assert outcome.right == outcome.trials == _PLACES


@pytest.mark.parametrize("by", [["id"], ["age"], ["commune", "age"], ["montant"]])
def test_what_is_in_no_table_waits(by: list[str]) -> None:
    """Whatever is in the data; and a sum of cells is answered as the tables have it."""
    table, made_by = only_women(Random(1), communes(4), _MEN).table, policy("commune", "sexe")
    tables = {"aides": table}
    assert ask(Treatment([aggregate("aides", by, rows="n")], tables), made_by) == WAITING
    seen = ask(Treatment([aggregate("aides", ["sexe"], rows="n")], tables), made_by)
    rows = published(table, made_by).rows
    counts = {row["sexe"]: row[COUNT] for row in rows if row[TABLE] == "sexe"}
    assert {row["sexe"]: row["n"] for row in seen.rows} == counts
