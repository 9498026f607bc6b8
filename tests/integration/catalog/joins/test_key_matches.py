"""Before a treatment runs the catalogue tells how its keys meet, and of whom data is asked."""

from typing import Any
from uuid import uuid4

from shared.treatments.preview import KnownPreview
from tests.integration.catalog.joins.test_joins import sirens
from tests.integration.catalog.lab import Lab
from tests.integration.catalog.tables import csv, publish_table
from tests.integration.compute.jobs import step

START = uuid4().int % 10**8
KEYS = [f"Y{START:08}-{n:03}" for n in range(400)]


def table(keys: list[str]) -> bytes:
    """A table of keys and numbers, the last row without a key."""
    rows = [f"{key};{n}" for n, key in enumerate([*keys, ""])]
    return "\n".join(["cle;n", *rows, ""]).encode()


def previewed(lab: Lab, *datasets: str, member: str = "mbr_1", steps: Any = ()) -> KnownPreview:
    """What a member is told of a treatment of these datasets."""
    inputs = dict(zip("ab", datasets, strict=True))
    with lab.rpc() as rpc:
        answer = rpc.preview_inputs({"inputs": inputs, "steps": list(steps)}, member)
        return KnownPreview.model_validate(answer)


CROSS = step("cross", {"left": "a", "right": "b"}, "c", left_key="cle", right_key="cle")


def test_match_rates_and_reasons_are_counted(lab: Lab) -> None:
    """Both ways, in rows and values; cells without a value are told by themselves."""
    left = publish_table(lab, "mbr_1", table(KEYS[:300] + KEYS[:100]))
    right = publish_table(lab, "mbr_2", table(KEYS[200:400]))
    (match,) = previewed(lab, left, right, steps=[CROSS]).matches
    assert (match.step, match.common) == (0, 100)
    assert match.left is not None
    assert match.right is not None
    assert (match.left.values, match.left.rows, match.left.rows_met) == (300, 400, 100)
    assert (match.right.values, match.right.rows_met) == (200, 100)
    reasons = {one.kind: (one.values, one.rows) for one in match.left.unmatched}
    assert reasons == {"empty": (0, 1), "unknown": (200, 300)}


def test_lost_zeros_are_the_reason(lab: Lab) -> None:
    """Values that differ by a first zero alone are counted apart."""
    start = 10_000_000 + START % 10_000_000
    numbers = [str(start + 7 * n) for n in range(300)]
    left = publish_table(lab, "mbr_1", table(numbers))
    right = publish_table(
        lab, "mbr_1", table([*(f"0{one}" for one in numbers[:250]), *numbers[250:]])
    )
    (match,) = previewed(lab, left, right, steps=[CROSS]).matches
    assert match.left is not None
    assert {one.kind: one.values for one in match.left.unmatched}["leading_zero"] == 250


def test_keys_are_proposed_where_nothing_is_crossed_yet(lab: Lab) -> None:
    """Those that join best, as columns; none where a step crosses the two."""
    left = publish_table(lab, "mbr_1", table(KEYS[:300]))
    right = publish_table(lab, "mbr_1", table(KEYS[100:400]))
    told = previewed(lab, left, right)
    assert [(one.left_key, one.right_key, one.common) for one in told.proposed] == [
        ("cle", "cle", 200)
    ]
    assert previewed(lab, left, right, steps=[CROSS]).proposed == ()


def test_others_restricted_data_is_asked_for_and_not_counted(lab: Lab) -> None:
    """Its owner and columns are named; what it holds is not told, by counts either."""
    left = publish_table(lab, "mbr_1", table(KEYS[:300]))
    right = publish_table(lab, "mbr_2", table(KEYS[100:400]), access="restricted")
    told = previewed(lab, left, right, steps=[CROSS])
    assert [(one.dataset_id, one.owner_id, one.columns) for one in told.asked] == [
        (right, "mbr_2", ("cle", "n"))
    ]
    assert len(told.protected) == 1
    assert [(one.left, one.right, one.common) for one in told.matches] == [(None, None, None)]
    assert "200" not in told.matches[0].said
    assert previewed(lab, left, right, member="mbr_2", steps=[CROSS]).asked == ()


def test_identifiers_of_restricted_data_are_keys_of_a_kind(lab: Lab) -> None:
    """The same is told whether they meet or not: crossed, or proposed to be."""
    values = sirens(80)
    right = publish_table(lab, "mbr_2", csv("siren", values[40:60]), access="restricted")
    cross = step("cross", {"left": "a", "right": "b"}, "c", left_key="siren", right_key="siren")
    for mine in (values[40:60], values[60:]):
        left = publish_table(lab, "mbr_1", csv("siren", mine))
        (match,) = previewed(lab, left, right, steps=[cross]).matches
        (key,) = previewed(lab, left, right).proposed
        for told in (match, key):
            assert (told.key, told.common) == ("siren", None)
            assert told.said == "« siren » et « siren » sont des clés de même nature (« siren »)"


def test_licence_of_the_result_is_told_with_its_attribution(lab: Lab) -> None:
    """As the crossing of both is judged."""
    left = publish_table(lab, "mbr_1", table(KEYS[:300]), licence="lov2")
    told = previewed(lab, left, left, steps=[CROSS])
    assert "Licence Ouverte" in told.licence
    assert "Licence Ouverte" in told.attribution
