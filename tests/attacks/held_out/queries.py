"""One person's aid, by queries in which that person alone changes something."""

from collections.abc import Callable, Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Treatment, leaves, query, signs
from tests.attacks.learning import Attack, Features, Trial
from tests.attacks.worlds import commune, one_in_each

_PLACES = [commune(number) for number in range(20)]
_AID = {"yes": "rsa", "no": "apl"}
_IS_RSA = "(aide = 'rsa' AND list_contains([{targets}], id))"


def _asked(
    *texts: str, read: Callable[[list[Seen], str], Features]
) -> Callable[[Random], Sequence[Trial]]:
    """Queries with one ledger, and what is looked at of each commune."""

    def world(random: Random) -> Sequence[Trial]:
        aids, targets = one_in_each(random, _AID, _PLACES)
        listed = ", ".join(f"'{target}'" for _, _, target in targets)
        is_rsa, tables, ledger = _IS_RSA.format(targets=listed), {"aides": aids}, Ledger()
        seen = [
            release(Treatment([query(text.replace("IS_RSA", is_rsa), "aides")], tables), ledger)
            for text in texts
        ]
        return [
            Trial(truth, {**read(seen, place), **signs(seen[-1])}) for truth, place, _ in targets
        ]

    return world


def _shown(seen: list[Seen], place: str) -> Features:
    return {"v": seen[0].cell("v", commune=place), "row": seen[0].has(commune=place)}


def _digit(seen: list[Seen], place: str) -> Features:
    cell = seen[0].cell("v", commune=place)
    return {"digit": None if cell is None else round(float(cell) * 1e6) % 10 >= 5}


def _less(seen: list[Seen], place: str) -> Features:
    pair = [view.cell("v", commune=place) for view in seen]
    return {
        "less": None if None in pair else pair[0] - pair[1],
        "rows": tuple(view.has(commune=place) for view in seen),
    }


def _place(seen: list[Seen], place: str) -> Features:
    order = [str(row.get("commune")) for row in seen[0].rows]
    return {"first": order.index(place) < sum(_is_first(seen)) if place in order else None}


def _is_first(seen: list[Seen]) -> list[bool]:
    order = [str(row.get("commune")) for row in seen[0].rows]
    falls = next((at for at in range(1, len(order)) if order[at] < order[at - 1]), len(order))
    return [at < falls for at in range(len(order))]


def _typed(random: Random) -> Sequence[Trial]:
    """A row more, of no commune, where the target gets the aid."""
    aids, ((truth, _, target), *_) = one_in_each(random, _AID, _PLACES[:8])
    text = (
        "SELECT commune, count(*) AS n FROM aides GROUP BY commune UNION ALL"
        " SELECT 'autres', 25 FROM aides WHERE id = 'CIBLE' AND aide = 'rsa'"
    ).replace("CIBLE", target)
    seen = release(Treatment([query(text, "aides")], {"aides": aids}), Ledger())
    return [Trial(truth, {**leaves(seen.reports), "rows": len(seen.rows), **signs(seen)})]


def _empty(random: Random) -> Sequence[Trial]:
    """A result without any row, or with all."""
    aids, ((truth, _, target), *_) = one_in_each(random, _AID, _PLACES[:8])
    text = (
        "SELECT commune, count(*) AS n FROM aides WHERE EXISTS (SELECT 1 FROM aides b"
        " WHERE b.id = 'CIBLE' AND b.aide = 'rsa') GROUP BY commune"
    ).replace("CIBLE", target)
    seen = release(Treatment([query(text, "aides")], {"aides": aids}), Ledger())
    return [Trial(truth, {**leaves(seen.reports), "rows": len(seen.rows), **signs(seen)})]


_BY = " FROM aides GROUP BY commune"
ATTACKS = (
    Attack(
        "query_digit",
        "an aid in the sixth decimal of a mean",
        _asked(
            "SELECT commune, round(avg(CAST(montant AS DOUBLE)), 2) + CASE WHEN bool_or(IS_RSA)"
            " THEN 0.000007 ELSE 0.000002 END AS v" + _BY,
            read=_digit,
        ),
    ),
    Attack(
        "query_null",
        "an aid by a figure that is empty",
        _asked(
            "SELECT commune, count(*) / nullif(count(*) * (1 - max(CAST(IS_RSA AS INT))), 0) AS v"
            + _BY,
            read=_shown,
        ),
    ),
    Attack(
        "query_histogram",
        "an aid in a map of counts",
        _asked(
            "SELECT commune, CAST(histogram(CASE WHEN IS_RSA THEN 1 ELSE 0 END) AS VARCHAR)"
            " LIKE '%1=1%' AS v" + _BY,
            read=_shown,
        ),
    ),
    Attack(
        "query_order",
        "an aid by the order of rows",
        _asked(
            "SELECT commune, count(*) AS v" + _BY + " ORDER BY max(CAST(IS_RSA AS INT)) DESC,"
            " commune",
            read=_place,
        ),
    ),
    Attack(
        "query_without_one",
        "an aid by two counts with a filter",
        _asked(
            "SELECT commune, count(*) AS v FROM aides WHERE aide LIKE '%' GROUP BY commune",
            "SELECT commune, count(*) AS v FROM aides WHERE NOT IS_RSA GROUP BY commune",
            read=_less,
        ),
    ),
    Attack(
        "query_window",
        "an aid by a window over groups",
        _asked(
            "SELECT DISTINCT commune, max(CASE WHEN IS_RSA THEN 1 ELSE 0 END)"
            " OVER (PARTITION BY commune) AS v FROM aides",
            read=_shown,
        ),
    ),
    Attack("query_row_more", "an aid by a row of constants", _typed, practice=16, worlds=24),
    Attack("query_empty", "an aid by an empty result", _empty, practice=16, worlds=24),
)
