"""`make screenshots`: play the demo's story in a lab of its own, and take the README's pictures."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from playwright.sync_api import ViewportSize, sync_playwright

from deploy.demo import content
from deploy.demo.story import Story
from tests.chaos.lab import Lab
from tests.e2e.portal.conftest import CHROMIUM, QUIET, link

FOLDER = Path(__file__).parents[3] / "deploy" / "demo" / "screenshots"
SIZE: ViewportSize = {"width": 1200, "height": 900}
SCALE = 0.75
"""A wide screen's page, in a picture of 900 by 675 points."""


def shots(story: Story) -> dict[str, str]:
    """The pages that are shown, by the names of their pictures."""
    homes, bodies = story.datasets[content.HOMES_FILE], story.datasets["epci_2026.csv"]
    crossed = {"gauche": homes, "droite": bodies, "compter": "1", "par": "nom_epci"}
    return {
        "project": f"/projets/{story.project_id}",
        "crossing": f"/projets/{story.project_id}/traitement?{urlencode(crossed)}",
    }


def take(lab: Lab, story: Story) -> None:
    """Sign in as the agency, and look at each page."""
    with sync_playwright() as playwright:
        program = shutil.which(CHROMIUM)
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        page = browser.new_page(viewport=SIZE, device_scale_factor=SCALE, locale="fr-FR")
        url = lab.stack.portal_url
        page.goto(f"{url}/connexion/lien?code={link(lab, story.members['agency'], 'holder')}")
        page.click("main button")
        for name, path in shots(story).items():
            page.goto(url + path)
            if (keys := page.locator("[name=cle]")).count():
                keys.first.check()
                page.click("text=Voir ce que cela donne >> nth=0")
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


def tell(text: str) -> None:
    """Say what the story does."""
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Write the pictures; 0 when they are there."""
    with TemporaryDirectory(prefix="dl-") as home:
        lab = Lab(Path(home), workers=1)
        with lab.up():
            story = Story(lab.client, lab.partner, tell)
            story.play(f"http://127.0.0.1:{lab.partner.port}/events")
            take(lab, story)
    return 0


if __name__ == "__main__":
    sys.exit(main())
