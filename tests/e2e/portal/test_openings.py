"""Restricted data in a browser: what is shown of it, and the opening of a result made of it."""

from pathlib import Path

from tests.chaos.lab import Lab
from tests.e2e.acting import offered
from tests.e2e.consent import Consent
from tests.e2e.portal.conftest import Enter, Visitor, registered
from tests.e2e.portal.test_pages import OPENED, faults_of
from tests.e2e.test_protected_tables import ABOUT, TOWNS, Publishing

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


def faults_within(owner: Visitor) -> list[str]:
    """What is wrong with the page that is open, and with its parts that are closed."""
    owner.page.evaluate(OPENED)
    return faults_of(owner)


def test_owner_says_what_may_be_shown_sees_it_and_publishes_it(
    enter: Enter, lab: Lab, tmp_path: Path
) -> None:
    """The page begins with a proposal and follows the job; others find the tables, to their end.

    At each of its states it breaks no rule.
    """
    owner_id, about = registered(lab, "Caisse"), {**ABOUT, "title": "Aides montrées"}
    client, files = lab.client(owner_id, "owner"), Publishing(lab, tmp_path)
    dataset_id = offered(client, about, files.file(TOWNS))
    owner = enter(owner_id, "owner")
    page = owner.go("/")
    owner.press(f".todo a[href='/donnees/{dataset_id}/publication']")
    assert (page.input_value("#unit"), faults_within(owner)) == ("foyer", [])
    correct_minimum(owner)
    page.wait_for_selector("text=Publier ces tableaux")
    facts = client.get("catalog", f"/datasets/{dataset_id}/release-policy")["policy"]
    assert (facts["units_repeat"], facts["measures"][0]["is_full"]) == (False, True)
    assert "14118" in page.locator("main table").inner_text()
    assert owner.save("a:has-text('CSV')").read_text("utf-8").startswith("tableau;")
    assert faults_within(owner) == []
    owner.press("text=Publier ces tableaux")
    page.wait_for_selector("text=Voir les tableaux publiés")
    reader = enter(registered(lab, "Commune"), "holder", scripts=False)
    tables = reached(reader, dataset_id)
    more = files.file({**TOWNS, "61001": 50})
    client.upload("catalog", f"/datasets/{dataset_id}/versions", {}, more)
    publish_edition(owner, dataset_id)
    read_changes(reader, owner, tables)
    owner.go(f"/donnees/{dataset_id}/publication")
    owner.open("summary:has-text('Ne plus publier')")
    owner.press("details button:has-text('Ne plus publier')")
    assert "rien n'en est montré" in page.locator(".said").inner_text()
    owner.until(tables, "dd:text-is('retiré')")
    # Of a fault in a form, the browser says so itself.
    assert [line for line in owner.console_lines if "status of 422" not in line] == []


def test_owner_is_asked_once_what_may_be_shown(enter: Enter, lab: Lab, tmp_path: Path) -> None:
    """Who answers that nothing is, is asked no more, and may still think again."""
    owner_id, about = registered(lab, "Agence"), {**ABOUT, "title": "Aides non montrées"}
    files = Publishing(lab, tmp_path)
    dataset_id = offered(lab.client(owner_id, "owner"), about, files.file(TOWNS))
    owner = enter(owner_id, "owner", scripts=False)
    link = f".todo a[href='/donnees/{dataset_id}/publication']"
    owner.go("/")
    page = owner.press(link)
    page.click("summary:has-text('Ne rien montrer')")
    owner.press("details button:has-text('Ne rien montrer')")
    assert "Rien, comme vous l'avez dit" in page.locator("#etat ~ [role=status]").inner_text()
    assert page.locator("button:has-text('Faire les tableaux')").count() == 1
    assert owner.go("/").locator(link).count() == 0


def correct_minimum(owner: Visitor) -> None:
    """Ask for fewer units than the law does, and then for as many; what else was typed stays."""
    page = owner.page
    page.fill("#minimum_units", "2")
    page.fill("[name='cap aide']", "1 000")
    owner.press("text=Faire les tableaux")
    assert page.locator("#minimum_units-fault").count() == 1
    assert page.input_value("[name='cap aide']") == "1 000"
    assert faults_within(owner) == []
    page.fill("#minimum_units", "11")
    owner.press("text=Faire les tableaux")


def publish_edition(owner: Visitor, dataset_id: str) -> None:
    """Read why the tables of another version wait, and publish them all the same."""
    button = "text=Publier cette édition maintenant"
    page = owner.until(f"/donnees/{dataset_id}/publication", button)
    assert "Les tableaux de la version 2 attendent" in page.locator("main").inner_text()
    assert faults_within(owner) == []
    owner.press(button)
    page.wait_for_selector("[role=status]:text-is('Publiés.')")


def reached(reader: Visitor, dataset_id: str) -> str:
    """The page of the tables, to which that of the data leads another member."""
    reader.go(f"/catalogue/{dataset_id}")
    page = reader.press("text=ses tableaux protégés")
    assert "Tableaux protégés" in page.locator("h1").inner_text()
    assert "ce n'est pas un zéro" in page.locator("#origine ~ p").inner_text()
    return page.url.removeprefix(reader.url)


def read_changes(reader: Visitor, owner: Visitor, tables: str) -> None:
    """Read what the second edition changed of the first, without scripts; no rule is broken."""
    page = reader.follow(tables, "a:has-text('Voir ce que la version 2 change')")
    assert page.locator("#change").inner_text() == "De la version 1 à la version 2"
    text = page.locator("main").inner_text()
    assert "Chaque ligne est reconnue par : epci, commune, statut." in text.replace("\u00a0", " ")
    table = page.locator("table:has(caption:has-text('Les chiffres qui ont le plus changé'))")
    assert table.locator("tbody tr:has-text('nombre')").count() > 0
    owner.go(f"{tables}/changements")
    assert faults_within(owner) == []
