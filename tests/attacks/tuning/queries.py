"""What does one person of each commune get? By queries whose groups are all large."""

from collections.abc import Callable, Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Treatment, leaves, query, signs
from tests.attacks.learning import Attack, Features, Trial
from tests.attacks.worlds import (
    beneficiaries,
    coin,
    commune,
    crowd,
    one_in_each,
    person,
    person_ids,
)

_PLACES = [commune(number) for number in range(20)]
_AID = {"yes": "rsa", "no": "apl"}

_TARGETED = "WITH cibles(id) AS (VALUES {targets}) "
_IS_RSA = "(id IN (FROM cibles) AND aide = 'rsa')"


def _each(sql: str, figure: str) -> Callable[[Random], Sequence[Trial]]:
    """One query; of each commune a figure is looked at, and which row is the commune's."""

    def world(random: Random) -> Sequence[Trial]:
        aids, targets = one_in_each(random, _AID, _PLACES)
        listed = ", ".join(f"('{target}')" for _, _, target in targets)
        text = (_TARGETED + sql).format(targets=listed, is_rsa=_IS_RSA)
        seen = release(Treatment([query(text, "aides")], {"aides": aids}), Ledger())
        return [Trial(truth, _looked_at(seen, place, figure)) for truth, place, _ in targets]

    return world


def _looked_at(seen: Seen, place: str, figure: str) -> Features:
    rows = [row for row in seen.rows if place in str(row.get("commune"))]
    figure_shown = rows[0].get(figure) if rows else None
    return {
        "figure": figure_shown > 100_000
        if isinstance(figure_shown, (int, float))
        else figure_shown,
        "label": str(rows[0].get("commune")).replace(place, "") if rows else None,
        "rows": len(rows),
        **signs(seen),
    }


def _lists(random: Random) -> Sequence[Trial]:
    """Ten known members and the target of each of twenty lists, counted by list."""
    persons, rows, asked = crowd(random, 40, _PLACES[:5]), [], []
    for number in range(20):
        *members, target = person_ids(random, 11)
        truth, group = coin(random), f"liste{number}"
        persons += [person(random, member, _PLACES[0]) for member in members]
        persons += [person(random, target, _PLACES[0])] * (truth == "yes")
        rows += [f"('{person_id}', '{group}')" for person_id in (*members, target)]
        asked.append((truth, group))
    text = (
        "SELECT groupe, count(*) AS n FROM (VALUES LISTES) l(numero, groupe)"
        " JOIN aides ON aides.id = numero GROUP BY groupe"
    ).replace("LISTES", ", ".join(rows))
    tables = {"aides": beneficiaries(random, persons)}
    seen = release(Treatment([query(text, "aides")], tables), Ledger())
    return [
        Trial(
            truth, {"n": seen.cell("n", groupe=group), "row": seen.has(groupe=group), **signs(seen)}
        )
        for truth, group in asked
    ]


def _failing(random: Random) -> Sequence[Trial]:
    """A query that fails where the target gets the aid, in words that are its author's."""
    aids, ((truth, _, target), *_) = one_in_each(random, _AID, _PLACES[:8])
    text = (
        "SELECT commune, count(*) AS n, max(CASE WHEN id = 'CIBLE' AND aide = 'rsa'"
        " THEN CAST('x' || aide AS INTEGER) ELSE 0 END) AS v FROM aides GROUP BY commune"
    ).replace("CIBLE", target)
    seen = release(Treatment([query(text, "aides")], {"aides": aids}), Ledger())
    return [Trial(truth, {**leaves(seen.reports), "rows": len(seen.rows), **signs(seen)})]


def _how_many_rows(random: Random) -> Sequence[Trial]:
    """As many rows as the target's aid says."""
    aids, ((truth, _, target), *_) = one_in_each(random, _AID, _PLACES[:8])
    text = (
        "SELECT commune, count(*) AS n FROM aides GROUP BY commune ORDER BY commune LIMIT"
        " (SELECT CASE aide WHEN 'rsa' THEN 3 ELSE 6 END FROM aides WHERE id = 'CIBLE')"
    ).replace("CIBLE", target)
    seen = release(Treatment([query(text, "aides")], {"aides": aids}), Ledger())
    return [Trial(truth, {**leaves(seen.reports), "rows": len(seen.rows), **signs(seen)})]


_BY = " FROM aides GROUP BY commune"
ATTACKS = (
    Attack("query_lists", "membership in lists within the query", _lists),
    Attack(
        "query_extremes",
        "an aid by the largest value",
        _each("SELECT commune, max(CASE WHEN {is_rsa} THEN 1000000 ELSE 0 END) AS v" + _BY, "v"),
    ),
    Attack(
        "query_amplified",
        "an aid in a sum that it makes large",
        _each("SELECT commune, sum(CASE WHEN {is_rsa} THEN 1000000 ELSE 1 END) AS v" + _BY, "v"),
    ),
    Attack(
        "query_label",
        "an aid in the name of a group",
        _each(
            "SELECT commune || coalesce(o.plus, '') AS commune, count(*) AS v FROM aides"
            " LEFT JOIN (SELECT commune AS c, max('+') AS plus FROM aides WHERE {is_rsa}"
            " GROUP BY c) o ON o.c = commune GROUP BY ALL",
            "v",
        ),
    ),
    Attack(
        "query_listed",
        "an aid in a list of values",
        _each(
            "SELECT commune, count(*) AS n, coalesce(string_agg(CASE WHEN {is_rsa} THEN 'x' END),"
            " '-') AS v" + _BY,
            "v",
        ),
    ),
    Attack("query_failing", "an aid by a failure", _failing, practice=16, worlds=24),
    Attack("query_rows", "an aid by the number of rows", _how_many_rows, practice=16, worlds=24),
)
