"""Another member's recipe is used for a project on data that calls its columns otherwise."""

from typing import Any

from deploy.demo import content
from deploy.demo.story import Story, wait
from tests.e2e.portal.conftest import Enter

RECIPE: dict[str, Any] = {
    "name": "logements-vides",
    "title": "Logements vides par commune",
    "inputs": {"parc": {"title": "Le parc", "columns": {"commune": "commune", "vides": ""}}},
    "steps": [
        {
            "application": "aggregate",
            "inputs": {"table": "parc"},
            "parameters": {"by": ["commune"], "sums": ["vides"]},
            "output": "resultat",
        }
    ],
}


def test_recipe_is_used_without_a_script(enter: Enter, played: Story) -> None:
    """Data and columns are chosen, the preview is read, and the treatment becomes the project's."""
    name = played.staff.post("compute", "/recipes", RECIPE)["name"]
    homes = played.datasets[content.HOMES_FILE]
    asked = {"title": "Vacance", "problem": "Où ?", "theme": "habitat", "territory": ["14"]}
    project_id = played.holder.post("intake", "/projects", asked)["id"]
    path = f"/projects/{project_id}"
    wait("it is advised", lambda: played.holder.get("intake", path)["stage"] == "advised")
    visitor = enter(played.members["agency"], "holder", "owner", scripts=False)
    visitor.go(f"/projets/{project_id}/traitement")
    visitor.open('summary:has-text("Par une recette")')
    page = visitor.press(f'a[href$="/recette/{name}"]')
    page.select_option("#jeu_0", homes)
    visitor.press('button:has-text("Voir leurs colonnes")')
    page.select_option("#colonne_0_0", "com")
    page.select_option("#colonne_0_1", "logements_vacants")
    visitor.press('button:has-text("Voir ce que cela donne")')
    told = page.locator("#apercu tbody").inner_text()
    assert "commune\tcode commune" in told
    visitor.press('button:has-text("Enregistrer ce traitement")')
    treatment = played.holder.get("intake", path)["treatment"]
    assert treatment["recipe"] == f"{name}@1"
    assert [one["application"] for one in treatment["steps"]] == ["query", "aggregate"]
