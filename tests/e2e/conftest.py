"""One whole lab, running for the end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.demo.partner import Partner
from deploy.demo.story import Story
from tests.chaos.lab import Lab
from tests.e2e.consent import Consent


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    """A stack of its own with a partner; the folder's path is short enough for sockets."""
    with TemporaryDirectory(prefix="dl-") as home:
        lab = Lab(Path(home), workers=1)
        with lab.up():
            yield lab


@pytest.fixture
def receiver() -> Iterator[Partner]:
    """A member's own server: what the lab's partner refuses is counted by other tests."""
    partner = Partner()
    yield partner
    partner.close()


@pytest.fixture(scope="package")
def story_lines() -> list[str]:
    """What the story says while it is played."""
    return []


@pytest.fixture(scope="package")
def story(lab: Lab, story_lines: list[str]) -> Story:
    """The demonstration's story, played to its end."""
    story = Story(lab.client, lab.partner, story_lines.append)
    story.play(f"http://127.0.0.1:{lab.partner.port}/events")
    return story


@pytest.fixture(scope="package")
def consent(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Consent:
    """A project that made a result of a carrier's restricted data, up to its delivery."""
    consent = Consent(lab, tmp_path_factory.mktemp("consent"))
    consent.play()
    return consent
