"""Every page by keyboard and small screen, and with the rules that a program can check."""

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

from deploy.demo import content
from deploy.demo.story import Story
from shared.aggregate import now
from tests.e2e.portal.conftest import Enter, Visitor, announced

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_VIOLATIONS = "axe.run({ resultTypes: ['violations'] }).then(told => told.violations)"
"""All rules are tried; what keeps them is not told, which takes a page most of the time."""

NARROW = 320


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds wrong with the page that is open, by all its rules."""
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(_VIOLATIONS)
    return found


def faults_of(visitor: Visitor) -> list[str]:
    """What axe-core, and a screen of 320 px, find wrong with the page that is open."""
    visitor.page.set_viewport_size({"width": NARROW, "height": 800})
    found = [one["id"] for one in violations(visitor.page)]
    width = visitor.page.evaluate("document.documentElement.scrollWidth")
    return found if width <= NARROW else [*found, f"{width} px"]


PLAIN = [
    "/",
    "/catalogue?q=logements",
    "/projets",
    "/projets/nouveau",
    "/revue",
    "/donnees",
    "/donnees/nouveau",
    "/demandes?toutes=1",
    "/pilotage",
    "/pilotage?annee=douze",
    "/partenaires",
    "/membres?q=ville",
    "/personnes",
    "/personnes/cles",
    "/compte",
    "/nouvelles",
    "/desabonnement/acc_1.daily.x",
    "/services",
    "/ateliers",
    "/ateliers/nouveau",
    "/aide",
    "/aide/ateliers",
    "/aide/donnees",
    "/aide/pilotage",
    "/nulle-part",
]
"""Pages that are there without anything on them."""


def paths(played: Story) -> list[str]:
    """A page of each kind, with something on it."""
    project, homes = f"/projets/{played.project_id}", played.datasets[content.HOMES_FILE]
    jobs = played.holder.get("compute", "/jobs", project_id=played.project_id)["items"]
    full = next(one["id"] for one in jobs if one["kind"] == "full")
    workshop = f"/ateliers/{announced(played)}"
    return [
        *PLAIN,
        f"/catalogue/{homes}",
        f"/membres/{played.members['agency']}",
        f"/projets?q={content.recipe()['name']}&attend=1",
        project,
        f"{project}/traitement?gauche={homes}&droite={played.datasets['epci_2026.csv']}",
        f"{project}/recette/{content.recipe()['name']}?jeu_0={homes}",
        f"/resultats/{full}",
        f"/revue/{played.project_id}",
        f"/donnees/{homes}",
        f"/donnees/{homes}/description",
        f"/donnees/{homes}/publication",
        f"/donnees/{homes}/fin",
        f"/donnees/{played.result_id}/ouverture",
        f"/pilotage/rapport/{now().year}",
        workshop,
        f"{workshop}/modification",
        f"{workshop}/presence",
    ]


OPENED = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
"""What is behind a heading is a part of its page."""

BEYOND_AXE = """() => {
  const said = [], heads = document.querySelectorAll("h1");
  const head = heads[0] && heads[0].innerText.trim();
  if (heads.length !== 1 || !document.title.startsWith(head)) said.push(`title ${document.title}`);
  for (const one of document.querySelectorAll("[tabindex]"))
    if (one.tabIndex > 0) said.push(`tabindex ${one.tabIndex}`);
  document.documentElement.style.fontSize = "200%";
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) said.push(`${wide} px too wide with letters twice as large`);
  return said;
}"""
"""What axe-core leaves to people, as far as a program can tell: RGAA 8.6, 12.8 and 10.4."""


DRAWN = "image => image.decode().then(() => image.naturalWidth)"
"""How wide a picture is, once it is there."""


def test_pages_break_no_rule_that_a_program_can_check(enter: Enter, played: Story) -> None:
    """axe-core with all its rules, RGAA's among them, finds nothing on any page, nor do we.

    At 320 px nothing is cut off or scrolled sideways but wide tables, in their own frame. No
    script breaks a rule of the page's own, and pictures of a result are drawn.
    """
    visitor = enter(played.members["agency"], "holder", "owner", "reviewer", "operator")
    page, faults = visitor.page, list[tuple[object, ...]]()
    usual_size = page.viewport_size
    assert usual_size
    for path in paths(played):
        visitor.go(path).evaluate(OPENED)
        faults += [
            (path, violation["id"], [node["html"] for node in violation["nodes"]][:3])
            for violation in violations(page)
        ]
        page.set_viewport_size({"width": NARROW, "height": 800})
        width = page.evaluate("document.documentElement.scrollWidth")
        faults += [(path, f"{width} px wide")] if width > NARROW else []
        page.set_viewport_size(usual_size)
        faults += [(path, "beyond axe", sentence) for sentence in page.evaluate(BEYOND_AXE)]
        if path.startswith("/resultats"):
            assert page.locator("figure img").first.evaluate(DRAWN) > 100
    assert faults == []
    # Of an address that leads nowhere, or asks wrongly, the browser says so itself.
    assert [line for line in visitor.console_lines if "responded with a status" not in line] == []


def test_search_is_used_by_keyboard_and_answers_as_one_types(enter: Enter, played: Story) -> None:
    """From the top of the page: past the menu by its link; the address says what was asked."""
    visitor = enter(played.members["agency"], "holder")
    page = visitor.go("/catalogue")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("intercommunalites")
    page.wait_for_url("**/catalogue?q=intercommunalites*")
    assert "EPCI" in page.locator("#trouve").inner_text()
    page.fill("#q", "logements")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "logements" in page.locator("#trouve").inner_text().lower()
    assert visitor.console_lines == []
