"""What reviewers see of each other's decisions, and what is left to those who may not decide."""

from deploy.demo.story import Story
from tests.chaos.lab import Lab
from tests.e2e.portal.conftest import Enter, registered
from tests.servers import eventually


def advised(lab: Lab) -> tuple[str, str]:
    """A holder of the test's own, and its project, which waits for a review."""
    holder_id = registered(lab, "Association")
    holder = lab.client(holder_id, "holder")
    sent = {"title": "Où manque-t-il des bancs ?", "problem": "On s'assied peu en ville."}
    body = {**sent, "theme": "voirie", "territory": ["14"]}
    project_id = str(holder.post("intake", "/projects", body)["id"])
    path = f"/projects/{project_id}"
    eventually(lambda: holder.get("intake", path)["stage"] == "advised", "it is advised")
    return holder_id, project_id


def test_decision_on_a_file_that_changed_is_shown_the_new_one_first(
    enter: Enter, lab: Lab, played: Story
) -> None:
    """Two reviewers read it at once: the second reads what the first did, and keeps its words."""
    _holder, project_id = advised(lab)
    first, second = (enter(played.members["agency"], "reviewer") for _ in range(2))
    for reviewer in (first, second):
        page = reviewer.go(f"/revue/{project_id}")
        # What the software makes of it is not to be secured: nobody said what is read.
        assert page.locator("button[value=secure]").count() == 0
        page.fill("#reason", "De quels bancs parlez-vous ?")
    first.press("button[value=complete]")
    page = second.press("button[value=complete]")
    assert "a changé depuis que vous l'avez lu" in page.locator("[role=alert]").inner_text()
    assert page.input_value("#reason") == "De quels bancs parlez-vous ?"
    assert "De quels bancs" in page.locator("main").inner_text()


def test_holder_reads_what_waits_for_it_on_its_first_page(enter: Enter, lab: Lab) -> None:
    """First what to do with the data; then the reviewer's question, which ends with the review.

    As a reviewer of its own case it reads why it decides nothing, before anything is written.
    """
    holder_id, project_id = advised(lab)
    holder = enter(holder_id, "holder", "reviewer")
    page = holder.go(f"/revue/{project_id}")
    assert "Vous ne décidez pas de ce projet" in page.inner_text("main")
    assert page.locator("#reason").count() == 0
    assert "Dire ce qu'il faut faire des données" in holder.go("/").inner_text("main")
    staff = lab.client("relecture", "reviewer")
    path = f"/projects/{project_id}"
    for decision in ("complete", "reject"):
        review = {"decision": decision, "reason": "Quels bancs ?"}
        version = staff.get("intake", path)["version"]
        staff.post("intake", f"{path}/review", {**review, "version": version})
        asks = "Répondre au relecteur" in holder.go("/").inner_text("main")
        assert asks == (decision == "complete")
    page = holder.go(f"/projets/{project_id}")
    assert page.locator("#answer").count() == 0
    assert "doit répondre" not in page.inner_text("main")


def test_holder_of_many_projects_reads_what_waits_in_the_newest(enter: Enter, lab: Lab) -> None:
    """Its first page names the newest ones, and leads to the others."""
    holder_id = registered(lab, "Association")
    holder = lab.client(holder_id, "holder")
    body = {"title": "Des bancs", "problem": "Où ?", "theme": "voirie", "territory": ["14"]}
    for _ in range(10):
        holder.post("intake", "/projects", body)
    newest = holder.post("intake", "/projects", {**body, "title": "Des arbres"})["id"]
    page = enter(holder_id, "holder").go("/")
    assert page.locator(f".todo a[href='/projets/{newest}']").count() == 1
    assert "Des arbres" in page.locator("#projets ~ ul li").first.inner_text()
    assert page.locator("a:has-text('Tous mes projets')").count() == 1
