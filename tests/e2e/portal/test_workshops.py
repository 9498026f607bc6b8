"""Workshops: announced by the staff, open to strangers and members, told to projects."""

from contextlib import closing
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.demo import content
from deploy.demo.story import Story
from services.intake.workshops.model import Workshop
from shared.aggregate import now
from shared.store import Store
from tests.chaos.lab import Lab
from tests.e2e.portal.conftest import Enter, Visitor, announced
from tests.e2e.portal.test_pages import faults_of
from tests.servers import eventually

HOSTILE = "Cartes & <script>document.title='pris'</script>"
STAFF = ("reviewer", "operator")


def register(visitor: Visitor, path: str, name: str, mail: str) -> str:
    """Fill the form in as somebody would; what the next page says."""
    visitor.go(path)
    visitor.page.fill("#name", name)
    visitor.page.fill("#mail", mail)
    visitor.press("main form[action$='/inscription'] button")
    return str(visitor.page.locator("main").inner_text())


def let_begin(lab: Lab, workshop_id: str) -> None:
    """Let time pass until a workshop has begun."""
    with closing(Store(lab.stack.environment()["DATALAB_MONGODB_URI"], "datalab_intake")) as store:
        store.of(Workshop).change(
            workshop_id,
            lambda workshop: setattr(workshop, "starts_at", now() - timedelta(minutes=5)),
        )


def test_staff_announces_changes_and_cancels_a_workshop(enter: Enter, played: Story) -> None:
    """What is wrong is told at its field, and nothing typed is lost; hours are those of Paris."""
    visitor = enter("lab", *STAFF, scripts=False)
    page = visitor.go("/ateliers/nouveau")
    starts_at = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=9)
    page.fill("#title", HOSTILE.replace("<", "‹").replace(">", "›"))
    page.fill("#theme", "cartographie")
    page.fill("#starts_at", f"{starts_at:%Y-%m-%d}T14:00")
    page.fill("#ends_at", f"{starts_at:%Y-%m-%d}T13:00")
    page.fill("#place", "Rouen")
    page.fill("#seats", "12")
    page.click("text=Projets liés")
    page.check(f"[name=project_ids][value={played.project_id}]")
    visitor.press("main form button")
    assert "La fin doit suivre le début" in page.locator("#ends_at-fault").inner_text()
    assert page.input_value("#starts_at") == f"{starts_at:%Y-%m-%d}T14:00"
    assert (page.input_value("#seats"), page.input_value("#place")) == ("12", "Rouen")
    assert page.is_checked(f"[name=project_ids][value={played.project_id}]")
    page.fill("#ends_at", f"{starts_at:%Y-%m-%d}T16:00")
    visitor.press("main form button")
    text = page.locator("main").inner_text()
    assert "L'atelier est annoncé" in text
    assert "14\u00a0h\u00a000" in text
    visitor.press("text=Modifier l'annonce")
    page.fill("#place", "Caen")
    visitor.press("main form button")
    assert "Caen" in page.locator("dl").inner_text()
    page.locator("details summary").click()
    page.fill("#reason", "Grève.")
    page.check("#sure")
    visitor.press("details button")
    assert "par courriel si le Datalab en envoie" in page.locator("[role=status]").inner_text()
    assert "Cet atelier est annulé. Grève." in page.locator("main").inner_text()
    visitor.go("/ateliers?theme=cartographie")
    assert "annulé" in page.locator("section[aria-labelledby=venir]").inner_text()


def test_stranger_registers_waits_and_gives_up(stranger: Visitor, played: Story) -> None:
    """Without an account, on pages that break no rule; a seat that comes free is the next one's."""
    workshop_id = announced(played, seats=1)
    path = f"/ateliers/{workshop_id}"
    page = stranger.go("/ateliers")
    assert "Ateliers" in page.locator("header nav").inner_text()
    for calendar in ("/ateliers/calendrier.ics", f"{path}/calendrier.ics"):
        body = page.request.get(stranger.url + calendar).text()
        assert f"{workshop_id}@datalab" in body
        assert "visio.example" not in body
    assert "visio.example" not in stranger.go(path).content()
    register(stranger, path, "Zoé", "zoe@ville")
    assert page.locator("#mail-fault").count() == 1
    assert page.input_value("#name") == "Zoé"
    assert "place réservée" in register(stranger, path, "Zoé", "zoe@ville.example")
    assert faults_of(stranger) == []
    first = page.url.removeprefix(stranger.url)
    page.reload()
    assert "place réservée" in page.locator("main").inner_text()
    assert page.input_value("#lien").endswith(first)
    atelier = register(stranger, path, "Ali", "ali@ville.example")
    assert "liste d'attente" in atelier
    second = page.url.removeprefix(stranger.url)
    assert "https://visio.example/salle" in stranger.go(first).locator("main").inner_text()
    assert "sur liste d'attente" in stranger.go(second).locator("main").inner_text()
    assert faults_of(stranger) == []
    stranger.go(first)
    stranger.press("text=Retirer mon inscription")
    assert "inscription retirée" in page.locator("main").inner_text()
    assert "place réservée" in stranger.go(second).locator("main").inner_text()
    wrong = ("x", "reg_1.x", second.partition("=")[2][:-2], "", "%C3%A9", "a%0Ab")
    wrong_links = (f"inscription?code={code}" for code in wrong)
    for path in ("wsh_ghost", "wsh_ghost/calendrier.ics", *wrong_links):
        assert "Introuvable" in stranger.go(f"/ateliers/{path}").title()


def test_member_registers_and_the_staff_notes_who_came(
    enter: Enter, lab: Lab, played: Story
) -> None:
    """It gives its seat up first, and takes one again; the host sees it, and decides nothing."""
    workshop_id = announced(played, title=HOSTILE.replace("<", "").replace(">", ""))
    path = f"/ateliers/{workshop_id}"
    member = enter(played.members["city"], "holder")
    register(member, path, "Une agente", "agente@ville.example")
    member.press("text=Retirer mon inscription")
    assert "Votre inscription est retirée" in member.page.locator("main").inner_text()
    assert "À bientôt" in register(member, path, "Une agente", "agente@ville.example")
    assert "visio.example" in member.page.locator("dl").inner_text()
    assert member.go(f"{path}/presence").title().startswith("Ce n'est pas permis")
    host = enter(played.members["agency"], "holder").go(f"{path}/presence")
    assert "agente@ville.example" in host.locator("table").inner_text()
    assert host.locator("table button").count() == 0
    staff = enter("lab", *STAFF)
    staff.go(f"{path}/presence")
    let_begin(lab, workshop_id)
    page = staff.go(f"{path}/presence")
    page.locator("label", has_text="a participé").locator("input").check()
    page.fill("#attendance", "7")
    staff.press("#presence button")
    assert "7\u00a0participants" in page.locator("dl").inner_text()
    assert staff.go(f"{path}/presence").locator("input[name=came]").is_checked()
    page = staff.go(path)
    page.fill("#material", "Diapositives")
    page.fill("#url", "ftp://ville.example/d.pdf")
    staff.press("form[action$='/supports'] button")
    assert page.locator("#url-fault").count() == 1
    page.fill("#url", "https://ville.example/d.pdf")
    staff.press("form[action$='/supports'] button")
    assert page.locator("#supports ~ ul a").get_attribute("href") == "https://ville.example/d.pdf"

    def told() -> str:
        return str(staff.go(f"/projets/{played.project_id}").locator("main").inner_text())

    eventually(lambda: "a eu lieu" in told(), what="the project's timeline has the workshop")
    assert "nouveau support" in told()


def test_stranger_reads_the_catalogue_and_what_was_delivered(
    stranger: Visitor, played: Story
) -> None:
    """Open data to the file; of the rest what the services show anybody, and no more."""
    page = stranger.go("/catalogue?q=logements")
    homes = played.datasets[content.HOMES_FILE]
    assert page.locator(f"a[href='/catalogue/{homes}']").count() == 1
    assert "Se croise avec" not in stranger.go(f"/catalogue/{homes}").locator("main").inner_text()
    assert "Services rendus" in stranger.go("/services").title()
