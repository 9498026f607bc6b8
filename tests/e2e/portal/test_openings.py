"""A restricted result in a browser: its opening is asked for, refused, given and taken back."""

import httpx
import pytest

from tests.chaos.lab import Lab
from tests.e2e.portal.conftest import Enter, csrf, let_in, registered
from tests.e2e.portal.test_pages import faults_of
from tests.e2e.test_consent import Consent

HELD_BACK = "le tracé des lignes reste à négocier"


def name(consent: Consent, title: str) -> None:
    """Call the result otherwise: what was asked of it before ends."""
    consent.holder.patch("catalog", f"/datasets/{consent.result_id}", {"title": title})


@pytest.mark.timeout(300)
def test_a_result_is_asked_for_refused_opened_and_closed(enter: Enter, consent: Consent) -> None:
    """Without scripts, by two people, each of whom sees what the other said."""
    own, path = f"/donnees/{consent.result_id}", f"/donnees/{consent.result_id}/ouverture"
    city, agency = consent.members["city"], consent.members["agency"]
    holder, owner = (
        enter(member_id, "holder", "owner", scripts=False) for member_id in (city, agency)
    )
    holder.go(own)
    holder.press("text=Demander l'ouverture")
    holder.page.fill("#reason", "utile si a < b > c & d")
    holder.press("text=Demander l'ouverture à tous")
    assert "pas de réponse" in holder.page.locator("#reponses + ul").inner_text()
    owner.go("/")
    owner.press(f".todo a[href='{path}']")
    assert "utile si a < b > c & d" in owner.page.locator("#demande + ul").inner_text()
    owner.page.click("summary:has-text('Refuser')")
    owner.page.fill("#motif", "  ")
    owner.press("button[value=refuse]")
    assert owner.page.locator("#motif-fault").count() == 1
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


def test_a_yes_is_for_what_was_shown(enter: Enter, consent: Consent) -> None:
    """The result is called otherwise while its page is open: nothing is opened by the old one."""
    path = f"/donnees/{consent.result_id}/ouverture"
    name(consent, "Arrêts, sans le détail")
    consent.holder.post("catalog", f"/datasets/{consent.result_id}/opening", {})
    owner = enter(consent.members["agency"], "owner", scripts=False)
    owner.go(path)
    name(consent, "Arrêts, un par un")
    consent.holder.post("catalog", f"/datasets/{consent.result_id}/opening", {})
    owner.press("button[value=open]")
    assert "relisez-la" in owner.page.locator("[role=alert]").inner_text()
    assert "Arrêts, un par un" in owner.page.locator("#demande + ul").inner_text()
    assert consent.status(consent.stranger) == 403


def test_strangers_neither_read_nor_decide_of_an_opening(lab: Lab, consent: Consent) -> None:
    """Not whose data went in, not the forms; what they send all the same changes nothing."""
    name(consent, "Arrêts à ouvrir")
    consent.holder.post("catalog", f"/datasets/{consent.result_id}/opening", {})
    before = consent.owner.get("catalog", f"/datasets/{consent.result_id}/opening")
    path = f"/donnees/{consent.result_id}/ouverture"
    with httpx.Client(base_url=lab.stack.portal_url) as client:
        let_in(lab, client, registered(lab, "Autre"), "holder", "owner")
        token = csrf(client, "/")
        seen = client.get(path)
        assert (seen.status_code, "Montées par arrêt" in seen.text) == (403, False)
        sent = {"csrf": token, "version": "1", "fingerprint": before["fingerprint"]}
        for word in ("open", "refuse", "withdraw"):
            fields = {**sent, "decision": word, "reason": "x"}
            assert client.post(f"{path}/decision", data=fields).status_code == 403
        assert client.post(path, data={**sent, "reason": "x"}).status_code == 403
        assert "ouverture" not in client.get(f"/catalogue/{consent.result_id}").text
    assert consent.owner.get("catalog", f"/datasets/{consent.result_id}/opening") == before


def test_page_of_an_opening_is_for_everybody(enter: Enter, consent: Consent) -> None:
    """To who asks and to who answers axe-core has nothing to say, and it fits a small screen."""
    path = f"/donnees/{consent.result_id}/ouverture"
    for member in ("city", "agency"):
        visitor = enter(consent.members[member], "holder", "owner")
        for summary in visitor.go(path).locator("summary").all():
            summary.click()
        assert faults_of(visitor) == []
