"""The guide names no period that a lab sets otherwise."""

import re

import pytest

from services.portal.pages import help as guide
from tests.unit.portal.pages import page_of

PERIOD = re.compile(r"\b(une?|deux|trois|\d+) (jours?|semaines?|mois)\b")


@pytest.mark.parametrize("name", ["projets", "demandes", "revue", "donnees"])
def test_waits_that_are_settings_are_told_without_figures(name: str) -> None:
    """The pages of what is waited for name the day."""
    assert PERIOD.findall(page_of(guide.show, {}, "holder", name=name)) == []
