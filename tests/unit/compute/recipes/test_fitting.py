"""Columns that a recipe cannot work with are refused where they are chosen."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.compute.recipes.fitting import Fitting
from services.compute.recipes.model import RecipeVersion
from shared.engine.analysis.known_tables import KnownColumn, KnownTable
from shared.errors import Invalid
from tests.integration.compute.jobs import step

STEPS: list[dict[str, Any]] = [
    step("cross", {"left": "homes", "right": "towns"}, "crossed", left_key="com", right_key="code"),
    step("aggregate", {"table": "crossed"}, "summed", by=["nom"], sums=["${what}", "homes"]),
]
RECIPE = RecipeVersion.model_validate(
    {
        "number": 1,
        "published_at": datetime.now(UTC),
        "title": "Par nom",
        "description": "",
        "inputs": {
            "homes": {
                "title": "Logements",
                "columns": {"com": "commune", "homes": "", "empty": ""},
            },
            "towns": {"title": "Communes", "columns": {"code": "commune", "nom": ""}},
        },
        "parameters": {"what": {"title": "Additionné", "default": "empty"}},
        "steps": STEPS,
    }
)
HOMES = KnownTable(
    dataset_id="dts_1",
    columns=(
        KnownColumn(name="insee", kind="text", key="commune", type="commune"),
        KnownColumn(name="arrivee", kind="text", key="commune", type="commune"),
        KnownColumn(name="nom", kind="text"),
        KnownColumn(name="parc", kind="integer"),
        KnownColumn(name="vides", kind="text", type="decimal"),
    ),
)
TOWNS = KnownTable(
    dataset_id="dts_2", columns=(KnownColumn(name="code", kind="text", key="commune"),)
)
GOOD = {"com": "insee", "homes": "parc", "empty": "vides"}
OF_TOWNS = {"code": "code", "nom": "code"}


def check(homes: dict[str, str], towns: dict[str, str] | None = None, **values: Any) -> None:
    """Check choices for both inputs."""
    tables = {"homes": HOMES, "towns": TOWNS}
    Fitting(RECIPE, values, tables).check({"homes": homes, "towns": towns or OF_TOWNS})


def refusal(**changed: str) -> tuple[str, str]:
    """Where a choice for the homes is refused, and why."""
    with pytest.raises(Invalid) as caught:
        check({**GOOD, **changed})
    return caught.value.field, str(caught.value.args[0])


def test_text_where_steps_count_is_refused_with_what_would_do() -> None:
    """Numbers that are written as French ones are numbers."""
    field, reason = refusal(empty="nom")
    assert field == "columns.homes.empty"
    assert reason == "« nom » n'est pas lue comme des nombres. Conviennent : « parc » et « vides »"
    assert "« insee » n'est pas lue comme des nombres" in refusal(homes="insee")[1]


def test_column_without_the_key_is_refused_with_what_would_do() -> None:
    """A crossing by it would meet nothing."""
    field, reason = refusal(com="nom")
    assert field == "columns.homes.com"
    assert reason == (
        "« nom » n'est pas lue comme le code commune. Conviennent : « insee » et « arrivee »"
    )


def test_what_a_parameter_names_is_counted_with() -> None:
    """The steps are looked at as they would run."""
    check({**GOOD, "empty": "nom"}, what="homes")


def test_column_that_is_not_there_is_told_at_its_field() -> None:
    """Also one that was not chosen and is called otherwise."""
    with pytest.raises(Invalid, match=r"n'a pas de colonne « empty » ; il faut des nombres\. Conv"):
        check({"com": "insee", "homes": "parc"})
    assert "n'a pas de colonne « x »" in refusal(com="x")[1]


def test_one_column_is_not_two_figures() -> None:
    """A rate of both would compare it with itself."""
    field, reason = refusal(empty="parc")
    assert field == "columns.homes.empty"
    assert reason == "« parc » est déjà choisie pour « homes » : il en faut une autre"


def test_table_that_nobody_knows_yet_is_not_looked_at() -> None:
    """It is still being read; the check of the treatment comes later."""
    tables = {"homes": KnownTable(dataset_id="dts_1"), "towns": TOWNS}
    Fitting(RECIPE, {}, tables).check({"homes": {"com": "x"}, "towns": OF_TOWNS})


def test_table_without_any_column_that_does_says_so() -> None:
    """There is nothing to choose."""
    only = KnownTable(dataset_id="dts_1", columns=(KnownColumn(name="com", kind="text"),))
    with pytest.raises(Invalid, match="Aucune colonne de ce jeu ne convient"):
        Fitting(RECIPE, {}, {"homes": only, "towns": TOWNS}).check({"towns": OF_TOWNS})
