"""A treatment is built in a browser: by another member's recipe, and of names of communes."""

from pathlib import Path
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


CLUBS = "club;ville;dep;licencies\nA;CAEN;14;10\nB;ST LO;50;3\nC;AIGLE (L');61;5\nD;Vire;14;2\n"
CLUBS += "E;Flers;61;4\n"
SEE = 'button:has-text("Voir ce que cela donne")'


def new_project(played: Story) -> str:
    """The id of a project that was advised."""
    asked = {"title": "Vacance", "problem": "Où ?", "theme": "habitat", "territory": ["14"]}
    project_id = str(played.holder.post("intake", "/projects", asked)["id"])
    path = f"/projects/{project_id}"
    wait("it is advised", lambda: played.holder.get("intake", path)["stage"] == "advised")
    return project_id


def test_recipe_is_used_without_a_script(enter: Enter, played: Story) -> None:
    """Data and columns are chosen, the preview is read, and the treatment becomes the project's."""
    name = played.staff.post("compute", "/recipes", RECIPE)["name"]
    homes = played.datasets[content.HOMES_FILE]
    project_id = new_project(played)
    path = f"/projects/{project_id}"
    visitor = enter(played.members["agency"], "holder", "owner", scripts=False)
    visitor.go(f"/projets/{project_id}/traitement")
    visitor.open('summary:has-text("Par une recette")')
    page = visitor.press(f'a[href$="/recette/{name}"]')
    page.select_option("#jeu_0", homes)
    visitor.press('button:has-text("Voir leurs colonnes")')
    page.select_option("#colonne_0_0", "com")
    page.select_option("#colonne_0_1", "logements_vacants")
    visitor.press('button:has-text("Voir ce que cela donne")')
    text = page.locator("#apercu tbody").inner_text()
    assert "commune\tcode commune" in text
    visitor.press('button:has-text("Enregistrer ce traitement")')
    treatment = played.holder.get("intake", path)["treatment"]
    assert treatment["recipe"] == f"{name}@1"
    assert [step["application"] for step in treatment["steps"]] == ["query", "aggregate"]


def test_names_of_communes_get_codes_by_which_they_are_crossed_and_drawn(
    enter: Enter, played: Story, tmp_path: Path
) -> None:
    """Their owner is advised to; then the page leads from names to a map."""
    file = tmp_path / "clubs.csv"
    file.write_text(CLUBS, encoding="utf-8")
    about = {"title": "Clubs de sport", "theme": "sport", "licence": "lov2", "access": "open"}
    clubs = played.holder.upload("catalog", "/datasets", about, file)["id"]
    visitor = enter(played.members["agency"], "holder", "owner")
    page = visitor.until(f"/donnees/{clubs}", "#reconnu")
    page_text = " ".join(page.locator("main").inner_text().split())
    assert "noms de communes" in page_text
    assert "que « dep » départage (2 lignes, « Vire » (ligne 4" in page_text
    assert "nomme des communes ; ajoutez-en les codes" in page_text
    bodies = played.datasets["epci_2026.csv"]
    page = visitor.go(f"/projets/{new_project(played)}/traitement?gauche={clubs}&droite={bodies}")
    visitor.choose("#nomme", "ville")
    visitor.choose("#departement", "dep")
    visitor.press(SEE)
    visitor.check('input[name=cle][value^="code_commune|code|"]')
    visitor.press(SEE)
    visitor.open("#par")
    visitor.check("[name=par][value=epci]")
    visitor.open("#sommes")
    visitor.check("[name=sommes][value=licencies]")
    visitor.press(SEE)
    assert "epci" in page.locator("#territoire").inner_text()
    assert "licencies" in page.locator("#apercu tbody").inner_text()
    page = visitor.press("text=Enregistrer ce traitement")
    assert "licencies" in page.locator("#traitement + ol").inner_text()
    assert visitor.console_lines == []
