"""Operators keep the accounts of those who sign in at the identity provider."""

from deploy.demo.story import Story
from tests.e2e.portal.conftest import Enter


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
