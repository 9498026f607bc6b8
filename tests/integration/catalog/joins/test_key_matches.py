"""Before a treatment runs the catalogue tells how its keys meet, and of whom data is asked."""

from typing import Any
from uuid import uuid4

from shared.engine.analysis.preview import KeyMatch, KnownPreview
from tests.integration.catalog.joins.test_joins import sirens
from tests.integration.catalog.lab import Lab
from tests.integration.catalog.tables import csv, publish_table
from tests.integration.compute.jobs import DEMO, step

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


def unmatched(match: KeyMatch) -> dict[str, tuple[Any, ...]]:
    """Values and rows of the left key that meet nothing, and examples of them, by the reason."""
    assert match.left is not None
    return {keys.kind: (keys.values, keys.rows, keys.examples) for keys in match.left.unmatched}


CROSS = step("cross", {"left": "a", "right": "b"}, "c", left_key="cle", right_key="cle")


def test_match_rates_and_reasons_are_counted(lab: Lab) -> None:
    """Both ways, in rows and values; cells without a value are told by themselves.

    Where nothing is crossed yet the keys that join best are proposed.
    """
    left = publish_table(lab, "mbr_1", table(KEYS[:300] + KEYS[:100]), licence="lov2")
    right = publish_table(lab, "mbr_2", table(KEYS[200:400]), licence="lov2")
    preview = previewed(lab, left, right, steps=[CROSS])
    (match,) = preview.matches
    assert (match.step, match.common) == (0, 100)
    assert match.left is not None
    assert match.right is not None
    assert (match.left.values, match.left.rows, match.left.rows_met) == (300, 400, 100)
    assert (match.right.values, match.right.rows_met) == (200, 100)
    assert {kind: counts[:2] for kind, counts in unmatched(match).items()} == {
        "empty": (0, 1),
        "unknown": (200, 300),
    }
    assert "Licence Ouverte" in preview.licence
    assert "Licence Ouverte" in preview.attribution
    assert preview.proposed == ()
    (key,) = previewed(lab, left, right).proposed
    assert (key.left_key, key.right_key, key.common) == ("cle", "cle", 100)


def test_lost_zeros_are_the_reason(lab: Lab) -> None:
    """Values that differ by a first zero alone are counted apart."""
    numbers = [str(10_000_000 + START % 10_000_000 + 7 * n) for n in range(60)]
    padded = [*(f"0{number}" for number in numbers[:50]), *numbers[50:]]
    left, right = (publish_table(lab, "mbr_1", table(keys)) for keys in (numbers, padded))
    (match,) = previewed(lab, left, right, steps=[CROSS]).matches
    assert unmatched(match)["leading_zero"][0] == 50


def test_what_meets_nothing_is_named_with_examples(lab: Lab) -> None:
    """By the other key and the official codes: each value for one cause, its rows beside it."""
    epci = publish_table(lab, "mbr_1", DEMO / "epci_2026.csv")
    codes = [line.split(";")[4] for line in (DEMO / "epci_2026.csv").read_text().splitlines()[1:90]]
    strange = ["14011", "75056", "35238", "35238", "TOTAL", "99999"]
    communes = publish_table(lab, "mbr_1", csv("com", codes * 2 + strange))
    cross = step("cross", {"left": "a", "right": "b"}, "c", left_key="com", right_key="code")
    (match,) = previewed(lab, communes, epci, steps=[cross]).matches
    assert unmatched(match) == {
        "total_label": (1, 1, ("TOTAL",)),
        "other_year": (1, 1, ("14011",)),
        "no_code": (1, 1, ("99999",)),
        "other_area": (2, 3, ("35238", "75056")),
    }
    assert match.left is not None
    said = {keys.kind: keys.said for keys in match.left.unmatched}
    assert said["other_area"] == (
        "2 valeurs (3 lignes) sont d'un département qui n'est pas en face : « 35238 » et « 75056 »"
    )
    assert said["other_year"].endswith(" : « 14011 » ; le passage « commune » y mène")


def test_postcodes_of_offices_are_named(lab: Lab) -> None:
    """Against ordinary ones; and those that lead to no commune by the passage, in rows."""
    lines = (DEMO / "codes_postaux.csv").read_text().splitlines()[:800]
    codes = [line.split(";")[0] for line in lines[1:80]]
    written_codes = [*codes, "14038", "76059", "76059", "92042", "76991"]
    addresses = publish_table(lab, "mbr_1", csv("zip_code", written_codes))
    communes = publish_table(lab, "mbr_1", DEMO / "epci_2026.csv")
    postcodes = publish_table(lab, "mbr_1", "\n".join(lines).encode())
    tables = {"left": "a", "right": "b"}
    plain = step("cross", tables, "c", left_key="zip_code", right_key="codePostal")
    (match,) = previewed(lab, addresses, postcodes, steps=[plain]).matches
    assert unmatched(match)["cedex"][:2] == (2, 3)
    keys = {"left_key": "zip_code", "right_key": "code", "left_via": "postcode_commune"}
    led = step("cross", tables, "c", **keys)
    (match,) = previewed(lab, addresses, communes, steps=[led]).matches
    assert unmatched(match) == {"no_target": (2, 2, ("76991", "92042"))}
    assert match.said.endswith(" % des lignes de « Communes » se croisent (82 sur 84)")


def test_rates_after_other_steps_say_what_they_are_of(lab: Lab) -> None:
    """Of whole tables where rows are chosen or grouped; a computed key names its step."""
    left = publish_table(lab, "mbr_1", table(KEYS[:300] + KEYS[:100]))
    right = publish_table(lab, "mbr_2", table(KEYS[200:400]))
    chosen = {"op": "keep_rows", "column": "n", "values": ["3"]}
    cases = (
        ("clean", {"operations": [chosen]}, "ne garde que certaines lignes"),
        ("aggregate", {"by": ["cle"], "rows": "lignes"}, "regroupe des lignes"),
        ("query", {"sql": 'SELECT cle FROM "table" WHERE n > 3'}, "peut choisir, répéter ou"),
    )
    for application, parameters, change in cases:
        before = step(application, {"table": "a"}, "avant", **parameters)
        cross = {**CROSS, "inputs": {"left": "avant", "right": "b"}}
        (match,) = previewed(lab, left, right, steps=[before, cross]).matches
        assert match.said.startswith("estimation sur les jeux entiers, alors que l'étape 1 (« ")
        assert change in match.said
        assert match.left is not None
        assert (match.left.values_met, match.left.rows_met) == (100, 100)
    query_step = step("query", {"table": "a"}, "avant", sql='SELECT upper(cle) AS cle FROM "table"')
    (match,) = previewed(lab, left, right, steps=[query_step, cross]).matches
    assert (match.left, match.common) == (None, None)
    assert match.said == (
        "l'étape 1 (« Interroger des tables en SQL ») calcule « cle » : seul l'essai dira combien"
        " de lignes se croisent"
    )


def test_keys_that_a_job_would_refuse_are_proposed_last(lab: Lab) -> None:
    """One that repeats rows of both tables, however many of them it meets."""
    codes = [line.split(";")[4] for line in (DEMO / "epci_2026.csv").read_text().splitlines()[1:21]]

    def table_of(keys: list[str]) -> bytes:
        return csv("cle;com", [f"{key};{codes[n % 20]}" for n, key in enumerate(keys)])

    left = publish_table(lab, "mbr_1", table_of(KEYS[:200]))
    right = publish_table(lab, "mbr_1", table_of(KEYS[190:390]))
    proposed = previewed(lab, left, right).proposed
    assert [(key.left_key, key.common) for key in proposed] == [("cle", 10), ("com", 20)]
    assert "100,0 % des lignes" in proposed[1].said


def test_dates_are_proposed_after_keys(lab: Lab) -> None:
    """By their kind alone, and crossed as they are: only the run has their values."""
    rows = [f"{key};{n % 28 + 1:02}/01/2026" for n, key in enumerate(KEYS[:60])]
    left = publish_table(lab, "mbr_1", csv("cle;jour", rows))
    days = [f"2026-01-{day:02}" for day in range(1, 29)]
    right = publish_table(lab, "mbr_1", csv("date", days))
    (key,) = previewed(lab, left, right).proposed
    assert (key.key, key.left_key, key.right_key, key.common) == ("date", "jour", "date", None)
    keys = {"left_key": "jour", "right_key": "date"}
    cross = step("cross", {"left": "a", "right": "b"}, "c", **keys)
    (match,) = previewed(lab, left, right, steps=[cross]).matches
    assert match.left is None
    assert match.said.endswith(" : seul l'essai dira combien de lignes se croisent")


def test_others_restricted_data_is_asked_for_and_not_counted(lab: Lab) -> None:
    """Its owner and columns are named; what it holds is not told, by counts either."""
    left = publish_table(lab, "mbr_1", table(KEYS[:300]))
    right = publish_table(lab, "mbr_2", table(KEYS[100:400]), access="restricted")
    preview = previewed(lab, left, right, steps=[CROSS])
    (asked,) = preview.asked
    assert (asked.dataset_id, asked.owner_id, asked.columns) == (right, "mbr_2", ("cle", "n"))
    assert len(preview.protected) == 1
    (match,) = preview.matches
    assert (match.left, match.right, match.common) == (None, None, None)
    assert "200" not in match.said
    assert previewed(lab, left, right, member="mbr_2", steps=[CROSS]).asked == ()


def test_identifiers_of_restricted_data_are_keys_of_a_kind(lab: Lab) -> None:
    """The same is told whether they meet or not: crossed, or proposed to be."""
    values = sirens(80)
    right = publish_table(lab, "mbr_2", csv("siren", values[40:60]), access="restricted")
    cross = step("cross", {"left": "a", "right": "b"}, "c", left_key="siren", right_key="siren")
    said = "« siren » et « siren » sont des clés de même nature (« siren »)"
    for mine in (values[40:60], values[60:]):
        left = publish_table(lab, "mbr_1", csv("siren", mine))
        (match,) = previewed(lab, left, right, steps=[cross]).matches
        (key,) = previewed(lab, left, right).proposed
        for told in (match, key):
            assert (told.key, told.common, told.said) == ("siren", None, said)
