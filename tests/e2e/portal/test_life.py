"""A project's whole life in a browser, by people who never saw a command line."""

import pytest
from docx import Document

from deploy.demo import content
from deploy.demo.story import Story
from tests.e2e.portal.conftest import Enter, Visitor

SEE = "form[method=get] button:has-text('Voir ce que cela donne')"


@pytest.mark.timeout(600)
def test_project_goes_from_a_problem_to_a_map(enter: Enter, played: Story) -> None:
    """A holder asks and builds, a reviewer secures, a city and a laboratory accept: a map.

    All of it without JavaScript; what scripts add is in test_pages.py.
    """
    members = played.members
    holder = enter(members["agency"], "holder", "owner", scripts=False)
    staff = enter("staff", "reviewer", "operator", scripts=False)
    city = enter(members["city"], "holder", scripts=False)
    laboratory = enter(members["laboratory"], "holder", scripts=False)

    project = ask(holder)
    build(holder, project, played)
    complete(staff, holder, project)
    secure(staff, project)
    page = staff.until(project, "#site_id")
    page.select_option("#site_id", members["city"])
    staff.press("main button:has-text('Inviter')")
    accept(city, project)
    page = staff.until(project, "[name=team]")
    page.check(f"[name=team][value={members['laboratory']}]")
    staff.press("main button:has-text('Inviter')")
    accept(laboratory, project)
    result = deliver(holder, project)

    page = holder.go(result)
    assert "200065597" in page.locator("table").inner_text()
    assert page.locator("figure img").count()
    assert [visitor.said for visitor in (holder, staff, city, laboratory)] == [[], [], [], []]


def ask(holder: Visitor) -> str:
    """Send the question in; the path of the project's page."""
    page = holder.go("/projets/nouveau")
    page.fill("#title", "Combien de logements vacants par EPCI ?")
    page.fill("#problem", "Les intercommunalités veulent savoir où agir d'abord.")
    page.fill("#theme", "habitat")
    page.fill("#territory", "Calvados, Seine-Maritime")
    holder.press("text=Déposer le projet")
    assert "Calvados et Seine-Maritime" in page.locator("[role=status]").inner_text()
    return "/projets/" + page.url.rpartition("/")[2]


def build(holder: Visitor, project: str, played: Story) -> None:
    """Choose two datasets and their key, then what to add up, then a map and a report."""
    holder.until(project, "text=Construire le traitement")
    page = holder.go(f"{project}/traitement")
    page.select_option("#gauche", played.datasets[content.HOMES_FILE])
    page.select_option("#droite", played.datasets["epci_2026.csv"])
    holder.press(SEE)
    page.check("input[name=cle] >> nth=0")
    holder.press(SEE)
    page.select_option("#par", ["epci", "nom_epci"])
    page.select_option("#sommes", ["logements_vacants"])
    holder.press(SEE)
    page.select_option("#territoire", "epci")
    page.select_option("#couleur", "logements_vacants")
    page.check("[name=rapport]")
    holder.press(SEE)
    assert "logements_vacants" in page.locator("#apercu").inner_text()
    holder.press("text=Enregistrer ce traitement")


def complete(staff: Visitor, holder: Visitor, project: str) -> None:
    """Ask the holder for what the review lacks, and read its answer."""
    review = project.replace("projets", "revue")
    # What changes while it is read is shown again first.
    staff.until(project, "text=sont au catalogue")
    staff.until(project, "text=peut être exécuté")
    page = staff.until(review, "text=Demander de compléter")
    page.fill("#reason", "De quelle année parlez-vous ?")
    staff.press("text=Demander de compléter")
    page = holder.until(project, "text=De quelle année parlez-vous ?")
    page.fill("#answer", "De 2021, comme le recensement.")
    holder.press("button:has-text('Répondre')")
    staff.until(review, "text=De 2021, comme le recensement.")


def secure(staff: Visitor, project: str) -> None:
    """Look at the evidence once it is complete, and decide."""
    staff.until(project, "text=sont au catalogue")
    page = staff.until(project.replace("projets", "revue"), "text=sert à croiser avec")
    with page.expect_download() as saved:
        page.click("a[href$='registre?format=docx']")
    paper = Document(str(saved.value.path()))
    assert any("recensement" in one.text or "EPCI" in one.text for one in paper.paragraphs)
    page.fill("#reason", "Les données sont de l'agence et de l'INSEE.")
    page.fill("#conditions", "Citer le recensement.")
    staff.press("text=Sécuriser le projet")


def accept(member: Visitor, project: str) -> None:
    """Take the part that is offered."""
    member.until(project, "text=Accepter")
    member.press("text=Accepter")


def deliver(holder: Visitor, project: str) -> str:
    """Deliver the full job's result; its path."""
    page = holder.until(project, "#job_id")
    result = page.locator("a:has-text('Calcul complet')").first.get_attribute("href")
    assert result
    page.locator("summary:has-text('Livrer')").click()
    page.fill("#description", "Logements vacants par EPCI.")
    page.check("[name=conditions_met]")
    holder.press("form button:has-text('Livrer')")
    holder.until(project, "[aria-current=step]:has-text('livré')")
    return result
