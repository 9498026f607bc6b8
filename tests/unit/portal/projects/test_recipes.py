"""A recipe's page: what fits is filled in, and what is chosen makes a treatment."""

from typing import Any

from services.portal.lab import Json, Refused
from services.portal.pages.projects import recipes
from tests.unit.portal.pages import html_of, plain

PROJECT = {
    "id": "prj_1",
    "title": "Greniers",
    "holder_id": "ville",
    "guidance": {"datasets": [{"dataset_id": "dts_a", "title": "Conseillé"}]},
}
LATEST: dict[str, Any] = {
    "number": 2,
    "title": "Vacance par commune",
    "description": "",
    "inputs": {
        "logements": {"title": "Des logements", "columns": {"com": "commune", "vacants": ""}}
    },
    "parameters": {
        "seuil": {"title": "Au moins", "type": "integer", "default": 10},
        "carte": {"title": "Avec une carte", "type": "boolean", "default": True},
    },
}
FIT = {
    "name": "vacance",
    "input": "logements",
    "columns": {"com": "code_insee", "vacants": "vacants"},
}
TREATMENT = {"inputs": {"logements": "dts_a"}, "steps": [{"application": "aggregate"}]}
SENT = {
    "version": "2",
    "jeu_0": "dts_a",
    "colonne_0_0": "code_insee",
    "colonne_0_1": "vides",
    "valeur_0": "1 000",
    "valeur_1": "false",
}


def table(*names: str) -> Json:
    """A dataset with these columns."""
    profile = {"columns": [{"name": name} for name in names]}
    return {"title": "Parc de 2026", "versions": [{"profile": profile}]}


def answers(**changed: Any) -> dict[str, Any]:
    """What the services say of the project, the recipe and two datasets."""
    return {
        "/projects/prj_1": PROJECT,
        "/recipes/vacance": {"name": "vacance", "latest": LATEST},
        "/recipes": {"items": []},
        "/datasets": {"items": [{"id": "dts_b", "title": "Autre"}]},
        "/datasets/dts_a": table("code_insee", "vacants", "vides"),
        "/datasets/dts_b": table("vacants"),
        "/datasets/dts_a/recipes": {"items": [FIT]},
        "/datasets/dts_b/recipes": {"items": []},
        "/treatments/preview": Refused(422, "inconnue", "steps.0"),
        **changed,
    }


def recipe_page(
    handler: Any = recipes.show, answers_by_path: dict[str, Any] | None = None, **asked: Any
) -> str:
    """The page, for its holder."""
    parts = {"project_id": "prj_1", "recipe": "vacance"}
    return html_of(handler, answers_by_path or answers(), "holder", **asked, **parts)


def test_data_and_columns_that_fit_are_filled_in() -> None:
    """As the catalogue says, under the names that the data has."""
    page = recipe_page()
    assert '<option value="dts_a" selected>Conseillé</option>' in page
    assert page.count("<option selected>code_insee</option>") == 1
    assert "Parc de 2026</legend>" in page
    assert 'name="valeur_0" value="10"' in page


def test_data_that_one_comes_from_goes_before_what_is_advised() -> None:
    """From its own page, where the recipe is listed."""
    fit = {**FIT, "columns": {"com": "vacants", "vacants": "vacants"}}
    answers_by_path = answers(**{"/datasets/dts_b/recipes": {"items": [fit]}})
    page = recipe_page(answers_by_path=answers_by_path, query=b"avec=dts_b")
    assert '<option value="dts_b" selected>Autre</option>' in page
    assert page.count("<option selected>vacants</option>") == 2


def test_choices_make_a_treatment() -> None:
    """Of that version, with values as they were typed; its page shows what it would do."""
    sent: dict[str, Json] = {}
    answers_by_path = answers(**{"/recipes/vacance/treatment": TREATMENT})
    page = recipe_page(recipes.fill, answers_by_path, form=SENT, sent=sent)
    assert sent["/recipes/vacance/treatment"] == {
        "version": 2,
        "inputs": {"logements": "dts_a"},
        "columns": {"logements": {"com": "code_insee", "vacants": "vides"}},
        "parameters": {"seuil": "1 000", "carte": "false"},
    }
    assert sent["/treatments/preview"] == {**TREATMENT, "holder_id": "ville"}
    assert 'action="/projets/prj_1/traitement/apercu"' in page
    assert "Inconnue" in page


def test_what_is_refused_stands_at_its_field_with_what_was_chosen() -> None:
    """In the service's words."""
    refused = Refused(422, "doit être un nombre entier", "parameters.seuil")
    answers_by_path = answers(**{"/recipes/vacance/treatment": refused})
    page = recipe_page(recipes.fill, answers_by_path, form={**SENT, "valeur_0": "dix"})
    assert 'name="valeur_0" value="dix" aria-invalid="true"' in page
    assert "Doit être un nombre entier" in page
    assert "<option selected>vides</option>" in page


def test_column_that_is_refused_is_told_at_its_choice() -> None:
    """With those that would do; what was chosen stays to be seen."""
    refused = Refused(422, "« vides » n'est pas lue comme des nombres", "columns.logements.vacants")
    page = recipe_page(recipes.fill, answers(**{"/recipes/vacance/treatment": refused}), form=SENT)
    assert 'name="colonne_0_1" aria-invalid="true" aria-describedby="colonne_0_1-fault"' in page
    fault_text = page.partition('id="colonne_0_1-fault"')[2]
    assert "lue comme des nombres" in fault_text.partition("</small>")[0]
    assert "<option selected>vides</option>" in page


def test_column_that_stands_for_two_is_told_of() -> None:
    """It may be meant: a code that is its own label."""
    answers_by_path = answers(**{"/recipes/vacance/treatment": TREATMENT})
    same = {**SENT, "colonne_0_1": "code_insee"}
    expected_text = "« code_insee » sert pour « com » et « vacants »"
    assert expected_text in plain(recipe_page(recipes.fill, answers_by_path, form=same))
    assert "sert pour" not in recipe_page(recipes.fill, answers_by_path, form=SENT)


def test_another_version_is_shown_before_it_is_used() -> None:
    """Its fields may mean something else."""
    page = recipe_page(recipes.fill, form={**SENT, "version": "1"})
    assert "La recette a changé" in page
