"""Intake where the lab is open to everybody, beside the two processes where it is not."""

from collections.abc import Iterator

import pytest

from tests.integration.intake.conftest import SPEC
from tests.integration.intake.lab import Lab
from tests.integration.intake.workshops.town import Town
from tests.servers import running


@pytest.fixture(scope="module")
def town(lab: Lab) -> Iterator[Town]:
    """One more process, on the same documents."""
    with running(SPEC, {**lab.environ, "DATALAB_PUBLIC_CATALOG": "true"}) as service:
        yield Town(lab, service.url)
