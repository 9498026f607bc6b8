"""The lab's staff in a browser: the steering committee's page, and people's accounts."""

import csv
from pathlib import Path

import pytest

from deploy.demo.story import Story
from tests.e2e.portal.conftest import Enter

pytestmark = pytest.mark.usefixtures("played")


def test_committee_reads_what_happened_and_takes_it_away(enter: Enter, tmp_path: Path) -> None:
    """From the menu, without JavaScript: figures, a report to print, a year of nothing, a table."""
    visitor = enter("staff", "reviewer", scripts=False)
    page = visitor.go("/")
    page.get_by_role("link", name="Pilotage").click()
    page = visitor.until("/pilotage", "tr:has-text('livré')")
    text = page.locator("main").inner_text()
    assert "Services vivants" in text
    assert "logements" in text.lower()
    assert "Carte de la Normandie" in str(page.locator("svg.map title").text_content())
    assert page.locator("svg.map path").count() == 5
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    header, *lines = csv.reader(file.open(encoding="utf-8-sig", newline=""), delimiter=";")
    assert header == ["chiffre", "groupe", "unité", "valeur"]
    assert ["Projets par étape", "livré", "projets"] in [line[:3] for line in lines]
    page.get_by_role("link", name="Rapport").click()
    assert "Le Datalab a suivi" in page.locator("main").inner_text()
    page.get_by_role("link", name="Retour au pilotage").click()
    page.locator("svg.map").wait_for(state="attached")
    page = visitor.go("/pilotage?annee=douze")
    assert page.locator("#annee").get_attribute("aria-describedby") == "annee-fault"
    page.fill("#annee", "2001")
    visitor.press("main button:has-text('Voir')")
    assert "Rien n'est connu de 2001" in page.locator("main").inner_text()


def test_delay_of_few_members_is_for_operators(enter: Enter, played: Story) -> None:
    """One member was asked to be a pilot site: a reviewer is told that they are too few."""
    figures_by_role = {}
    for role in ("reviewer", "operator"):
        page = enter("staff", role).go("/pilotage")
        region = page.get_by_role("region", name="Tableau : Durée des attentes par étape")
        figures_by_role[role] = region.inner_text()
    assert "moins de 3 membres" in figures_by_role["reviewer"]
    assert "moins de 3 membres" not in figures_by_role["operator"]
    member = enter(played.members["agency"], "holder", "owner").go("/")
    assert member.get_by_role("link", name="Pilotage").count() == 0


def test_operator_opens_changes_and_erases_an_account(enter: Enter, played: Story) -> None:
    """What is wrong is told at its field, and nothing typed is lost."""
    page = enter("operator", "operator").go("/personnes")
    page.fill("#name", "Une agente")
    page.fill("#mail", "agente@agence.example")
    page.select_option("#member_id", played.members["agency"])
    page.click("text=Ouvrir le compte")
    assert "au moins un rôle" in page.locator("#roles-fault").inner_text()
    assert page.input_value("#mail") == "agente@agence.example"
    page.locator("form[action='/personnes'] input[value=owner]").check()
    page.click("text=Ouvrir le compte")
    assert "Le compte de Une agente est ouvert" in page.locator("main").inner_text()
    row = page.locator("tr", has_text="agente@agence.example")
    row.locator("input[value=holder]").check()
    row.locator("text=Changer").click()
    row = page.locator("tr", has_text="agente@agence.example")
    assert row.locator("input[value=holder]").is_checked()
    row.locator("summary").click()
    row.locator("button", has_text="Effacer le compte").click()
    assert "Le compte est effacé" in page.locator("main").inner_text()
    assert page.locator("tr", has_text="agente@agence.example").count() == 0
