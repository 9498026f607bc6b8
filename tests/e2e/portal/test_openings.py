"""A restricted result in a browser: its opening is asked for, refused, given and taken back."""

from tests.e2e.consent import Consent
from tests.e2e.portal.conftest import Enter
from tests.e2e.portal.test_pages import faults_of

HELD_BACK = "le tracé des lignes reste à négocier"


def test_a_result_is_asked_for_refused_opened_and_closed(enter: Enter, consent: Consent) -> None:
    """By two people, each of whom sees what the other said, on pages that break no rule."""
    own, path = f"/donnees/{consent.result_id}", f"/donnees/{consent.result_id}/ouverture"
    city, agency = consent.members["city"], consent.members["agency"]
    holder, owner = (enter(member_id, "holder", "owner") for member_id in (city, agency))
    holder.go(own)
    holder.press("text=Demander l'ouverture")
    holder.page.fill("#reason", "utile si a < b > c & d")
    holder.press("text=Demander l'ouverture à tous")
    assert "pas de réponse" in holder.page.locator("#reponses + ul").inner_text()
    assert faults_of(holder) == []
    owner.go("/")
    owner.press(f".todo a[href='{path}']")
    assert "utile si a < b > c & d" in owner.page.locator("#demande + ul").inner_text()
    owner.page.click("summary:has-text('Refuser')")
    owner.page.fill("#motif", "  ")
    owner.press("button[value=refuse]")
    assert owner.page.locator("#motif-fault").count() == 1
    assert faults_of(owner) == []
    owner.page.fill("#motif", HELD_BACK)
    owner.press("button[value=refuse]")
    assert owner.go("/").locator(f".todo a[href='{path}']").count() == 0
    assert HELD_BACK in holder.go(path).locator("#reponses + ul").inner_text()
    holder.press("text=Demander l'ouverture à tous")
    owner.go(f"/catalogue/{consent.result_id}")
    owner.press("text=Donner votre réponse")
    owner.press("button[value=open]")
    assert consent.status(consent.stranger) == 200
    owner.page.click("summary:has-text('Retirer')")
    owner.page.fill("#motif", "erreur de ma part")
    owner.press("button[value=withdraw]")
    assert consent.status(consent.stranger) == 403
