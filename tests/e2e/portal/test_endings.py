"""Data ends in a browser: what ends with it is said before, and a receipt stands after."""

from pathlib import Path

from tests.chaos.lab import Lab
from tests.e2e.acting import offered
from tests.e2e.portal.conftest import Enter, Visitor, registered
from tests.e2e.portal.test_pages import faults_of

TITLE = "Quais a < b > c & d"


def quays(lab: Lab, owner_id: str, folder: Path) -> str:
    """The id of a published dataset of that owner's."""
    file = folder / "quais.csv"
    rows = (f"{14_101 + at};{at * 7}" for at in range(40))
    file.write_text("\n".join(["code_commune;longueur", *rows]), encoding="utf-8")
    about = {"title": TITLE, "theme": "ports", "licence": "lov2", "access": "open"}
    return offered(lab.client(owner_id, "owner"), about, file)


def end_without_reason(owner: Visitor) -> None:
    """Try both ways to end the data, each of which tells at its own field what it lacks."""
    page = owner.page
    for button, field in (("Retirer du catalogue", "retrait"), ("définitivement", "suppression")):
        page.fill(f"#{field}", " ")
        owner.press(f"button:has-text('{button}')")
        at_fields = page.locator("small.fault").count()
        assert at_fields == page.locator(f"#{field}-fault").count() == 1


def test_data_is_retired_then_deleted_and_a_receipt_stays(
    enter: Enter, lab: Lab, tmp_path: Path
) -> None:
    """Without scripts; a reason that is missing is told at its own form, and nothing ended.

    Others, reviewers among them, are led to what they may see; deleted, to no receipt.
    """
    owner_id, stranger = registered(lab, "Port"), registered(lab, "Autre")
    dataset = quays(lab, owner_id, tmp_path)
    owner, ending = enter(owner_id, "owner", scripts=False), f"/donnees/{dataset}/fin"
    other = enter(stranger, "owner")
    assert other.go(ending).url.endswith(f"/catalogue/{dataset}")
    reviewer = enter(stranger, "reviewer").go(ending)
    assert reviewer.url.endswith(f"/donnees/{dataset}")
    assert reviewer.locator("text=Retirer ou supprimer").count() == 0
    page = owner.go(f"/donnees/{dataset}")
    owner.press("text=Retirer ou supprimer ces données")
    assert page.locator("h1").inner_text().replace("\u00a0", " ").endswith(f"« {TITLE} »")
    assert "Aucun projet" in page.locator("#arrete + p").inner_text()
    end_without_reason(owner)
    assert lab.client(owner_id, "owner").get("catalog", f"/datasets/{dataset}")["state"] == (
        "published"
    )
    page.fill("#retrait", "relevé faux")
    owner.press("button:has-text('Retirer du catalogue')")
    assert "relevé faux" in page.locator("main").inner_text()
    owner.press("text=Supprimer ces données")
    assert page.locator("#retrait").count() == 0
    page.fill("#suppression", "plus à nous")
    page.uncheck("[name=keep_title]")
    owner.press("button:has-text('définitivement')")
    assert page.locator("h1").inner_text() == "Jeu de données supprimé"
    assert TITLE not in page.content()
    done = owner.until(ending, "text=Tout est effacé")
    assert "plus à nous" in done.locator("main").inner_text()
    assert "propriétaire" in other.go(ending).locator("main").inner_text()
    operator = enter("operator", "operator")
    assert "plus à nous" in operator.go(ending).locator("main").inner_text()
    assert faults_of(operator) == []
