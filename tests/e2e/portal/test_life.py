"""A project's whole life in a browser, by people who never saw a command line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from docx import Document
from playwright.sync_api import Page

from deploy.demo import content
from deploy.demo.story import Story
from tests.e2e.portal.conftest import Enter, Visitor
from tests.e2e.portal.keyboard import Keyboard
from tests.e2e.portal.test_pages import NARROW

SEE = "form[method=get] button:has-text('Voir ce que cela donne')"
INVITE = "main button:has-text('Inviter')"
QUESTION, ANSWER = "De quelle année parlez-vous ?", "De 2021, comme le recensement."
CONDITION = "Citer l'agence d'urbanisme."
HOW: dict[str, Any] = {"by": Keyboard, "scripts": False, "width": NARROW}


def plain(page: Page, selector: str) -> str:
    """What a part of the page says, with plain spaces."""
    return " ".join(page.locator(selector).inner_text().split())


@dataclass
class Life:
    """One project and its five people, each in a browser of their own.

    The owner's data is restricted: it reads what is asked, and grants that. A reviewer decides what
    leaves of the trial and of the full job.
    """

    title: str
    name_of: Callable[[str], str]
    holder: Visitor
    owner: Visitor
    staff: Visitor
    city: Visitor
    laboratory: Visitor
    path: str = ""

    def linked(self, label: str) -> str:
        """The link about the project on somebody's first page that says so."""
        return f"a:has-text({label!r}):has-text({self.title!r})"

    def ask(self) -> None:
        """Send the question in."""
        self.holder.go("/projets")
        self.holder.press("text=Poser une question")
        self.holder.fill("#title", self.title)
        self.holder.fill("#problem", "Les intercommunalités veulent savoir où agir d'abord.")
        self.holder.fill("#theme", "habitat")
        self.holder.fill("#territory", "Calvados ; Seine-Maritime")
        page = self.holder.press("text=Déposer le projet")
        self.path = "/projets/" + page.url.rpartition("/")[2]
        assert "Vous devez" in page.locator("#maintenant + ul").inner_text()

    def build(self, homes: str, bodies: str) -> None:
        """Choose two datasets and their key, which rows to add up and how, a map and a report."""
        holder = self.holder
        holder.until(self.path, "#conseil")
        holder.press("text=Construire le traitement")
        holder.choose("#gauche", homes)
        holder.choose("#droite", bodies)
        holder.press(SEE)
        holder.check("input[name=cle]")
        holder.press(SEE)
        holder.choose("#colonne", "logements_vacants")
        holder.choose("#comparaison", ">")
        holder.fill("#valeur", "0")
        holder.open("#par")
        holder.check("[name=par][value=epci]")
        holder.check("[name=par][value=nom_epci]")
        holder.open("#sommes")
        holder.check("[name=sommes][value=logements_vacants]")
        holder.press(SEE)
        holder.choose("#territoire", "epci")
        holder.choose("#couleur", "logements_vacants")
        holder.check("[name=rapport]")
        page = holder.press(SEE)
        assert "logements_vacants" in page.locator("#apercu table").inner_text()
        page = holder.press("text=Enregistrer ce traitement")
        assert "Colore une carte selon « logements_vacants »" in plain(page, "#traitement + ol")
        page = holder.press("text=Changer le traitement")
        assert page.locator("#couleur").input_value() == "logements_vacants"
        assert "où « logements_vacants » est supérieur à « 0 »" in plain(page, "#apercu ol")
        assert page.locator("#droite").input_value() == bodies

    def complete(self) -> None:
        """Ask the holder for what the review lacks, and read its answer."""
        # What changes while it is read is shown again first.
        checked = "#suivi ~ ol:has-text('sont au catalogue'):has-text('peut être exécuté')"
        self.staff.until(self.path, checked)
        self.staff.press("text=Relire ce projet")
        self.staff.fill("#reason", QUESTION)
        self.staff.press("text=Demander de compléter")
        page = self.holder.follow("/", self.linked("Répondre au relecteur"))
        assert QUESTION in page.locator("blockquote").inner_text()
        self.holder.fill("#answer", ANSWER)
        self.holder.press("button:has-text('Répondre')")

    def secure(self) -> None:
        """Look at the evidence once it is complete, save a draft of it, and decide."""
        review = self.path.replace("projets", "revue")
        text = f"main:has-text('{ANSWER}'):has-text('sert à croiser avec')"
        self.staff.until(review, text)
        paper = Document(str(self.staff.save("a[href$='registre?format=docx']")))
        assert any(
            "recensement" in paragraph.text or "EPCI" in paragraph.text
            for paragraph in paper.paragraphs
        )
        self.staff.fill("#reason", "Les données sont de l'agence et de l'INSEE.")
        self.staff.fill("#conditions", "Citer le recensement.")
        self.staff.press("text=Sécuriser le projet")

    def grant(self) -> None:
        """Read what is asked of the owner's data, and grant it on a condition."""
        page = self.owner.follow("/", self.linked("Répondre à une demande d'accès"))
        asked = page.locator("#demande + ul").inner_text()
        assert "la somme de « logements_vacants »" in asked.replace("\u00a0", " ")
        self.owner.fill("#conditions", CONDITION)
        self.owner.check("[name=service]")
        page = self.owner.press("button[value=grant]")
        granted = plain(page, "#accorde + ul")
        assert "et pour le service une fois livré" in granted
        assert CONDITION in granted

    def invite(self, site_id: str, member_id: str) -> None:
        """Find a pilot site, then a team, each of whom accepts."""
        self.staff.until(self.path, "#membre")
        self.change_site(member_id, site_id)
        self.accept(self.city)
        self.staff.until(self.path, "legend:has-text('équipe'), #membre")
        self.find(member_id)
        self.staff.check(f"[name=team][value={member_id}]")
        self.staff.press(INVITE)
        self.accept(self.laboratory)

    def find(self, member_id: str) -> None:
        """Search the form's members for one, by its name."""
        self.staff.fill("#membre", self.name_of(member_id))
        self.staff.press("main button:has-text('Chercher')")

    def change_site(self, before: str, site_id: str) -> None:
        """Invite another site than before; a page from before that withdraws nobody unasked."""
        old = self.staff.page.context.new_page()
        self.find(before)
        self.staff.choose("#site_id", before)
        old.goto(self.staff.page.url)
        self.staff.press(INVITE)
        old.select_option("#site_id", before)
        with old.expect_navigation():
            old.click(INVITE)
        assert "invitations ont changé" in old.locator("main").inner_text()
        old.close()
        self.find(site_id)
        self.staff.choose("#site_id", site_id)
        page = self.staff.press(INVITE)
        assert "Invitation retirée" in page.locator("[role=status]").inner_text()

    def accept(self, member: Visitor) -> None:
        """Take the part that is offered."""
        member.follow("/", self.linked("votre participation est demandée"))
        member.press("text=Accepter")

    def release(self, job: str) -> None:
        """Read what of a job's result would leave, and let it go."""
        self.staff.until(self.path, "#maintenant + ul:has-text('Un relecteur doit dire')")
        self.staff.press(f"a:has-text({job!r})")
        page = self.staff.press("text=Voir ce qui a été vérifié")
        assert "200065597" in page.locator("table").inner_text()
        self.staff.fill("#reason", "Des sommes par intercommunalité.")
        self.staff.press("button[value=release]")

    def deliver(self) -> None:
        """Look at the full job's result, save its map, and deliver it to the catalogue."""
        holder = self.holder
        holder.follow("/", self.linked("Livrer le service"))
        page = holder.press("a:has-text('Calcul complet')")
        assert "200065597" in page.locator("table").inner_text()
        assert page.locator("figure img").count()
        assert holder.save("a:has-text('carte.png')").read_bytes().startswith(b"\x89PNG")
        holder.press("text=Retour au projet")
        holder.open("summary:has-text('Livrer')")
        holder.fill("#description", "Logements vacants par EPCI.")
        holder.check("[name=conditions_met]")
        page = holder.press("form button:has-text('Livrer')")
        assert page.locator("[aria-current=step]").inner_text() == "livré"
        assert CONDITION in page.locator("#acces + ul").inner_text()
        page = holder.follow("/services", f"a:has-text({self.title!r})")
        assert "restreint" in page.locator("dl").inner_text()

    def keep_up(self) -> None:
        """Have the service renewed by schedule, and now; a reviewer lets that go; then end it."""
        holder = self.holder
        holder.until(self.path, "#service ~ form")
        holder.check("[name=mode][value=on_schedule]")
        holder.fill("#every_days", "30")
        page = holder.press("#service ~ form button:has-text('Enregistrer')")
        assert "prévue le" in plain(page, "#service + dl")
        holder.press("button:has-text('Il sert toujours')")
        page = holder.press("button:has-text('Actualiser maintenant')")
        edition = "/resultats/" + page.url.rpartition("/")[2]
        self.staff.until(edition, "a:has-text('Voir ce qui a été vérifié')")
        self.staff.press("text=Voir ce qui a été vérifié")
        self.staff.fill("#reason", "Des sommes par intercommunalité, comme avant.")
        self.staff.press("button[value=release]")
        holder.until(self.path, "#service + dl:has-text('Édition 2')")
        holder.open("summary:has-text('Mettre fin')")
        holder.fill("#service-reason", "Une autre carte la remplace.")
        page = holder.press("form button:has-text('Mettre fin')")
        assert "terminé" in plain(page, "#service + dl")


@pytest.fixture
def life(enter: Enter, played: Story) -> Life:
    """A life that is about to begin."""
    members = played.members

    def name_of(member_id: str) -> str:
        return str(played.staff.get("intake", f"/members/{member_id}")["name"])

    return Life(
        "Combien de logements vacants par EPCI ?",
        name_of,
        holder=enter(members["lab"], "holder", **HOW),
        owner=enter(members["agency"], "owner", **HOW),
        staff=enter("staff", "reviewer", "operator", **HOW),
        city=enter(members["city"], "holder", **HOW),
        laboratory=enter(members["laboratory"], "holder", **HOW),
    )


def test_project_goes_from_a_problem_to_a_map(life: Life, played: Story) -> None:
    """A holder builds, an owner grants, a city and a laboratory accept, a reviewer decides.

    By keyboard alone, in a narrow window without scripts; by mouse and with scripts, others of
    these tests use each of the pages.
    """
    life.ask()
    life.build(played.datasets[content.HOMES_FILE], played.datasets["epci_2026.csv"])
    life.complete()
    life.secure()
    life.grant()
    life.invite(played.members["city"], played.members["laboratory"])
    life.release("Calcul complet")
    life.deliver()
    life.keep_up()
    people = (life.holder, life.owner, life.staff, life.city, life.laboratory)
    assert [visitor.console_lines for visitor in people] == [[], [], [], [], []]
