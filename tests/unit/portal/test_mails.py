"""The page that a mail's link leads to, and what the guide says of mails."""

import pytest

from services.portal.pages import help as guide
from services.portal.pages import mails
from tests.unit.portal.pages import page_of


@pytest.mark.parametrize(
    ("scope", "said"),
    [("tasks", "ce qui vous attend"), ("workshops", "les ateliers"), ("daily", "quotidien")],
)
def test_link_says_what_it_ends_before_it_does(scope: str, said: str) -> None:
    """A person may have links of several kinds."""
    text = page_of(mails.show, {}, link=f"acc_1.{scope}.proof")
    assert f"Vous ne recevrez plus de courriel {'' if scope == 'daily' else 'sur '}{said}" in text


@pytest.mark.parametrize("link", ["acc_1", "acc_1.other.proof", "<b>.x.y"])
def test_link_that_is_none_is_not_explained(link: str) -> None:
    """Whether it is one is told once it is used."""
    assert "Vous ne recevrez plus" not in page_of(mails.show, {}, link=link)


def test_guide_says_where_reviewers_read_what_waits() -> None:
    """What waits for a role is no member's news."""
    text = page_of(guide.show, {}, "reviewer", name="entrer")
    assert "ce qui attend les agents du Datalab est à l'accueil" in text
