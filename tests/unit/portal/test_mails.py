"""The page that a mail's link leads to, and what the guide says of mails."""

import pytest

from services.portal.pages import account, mails
from services.portal.pages import help as guide
from tests.unit.portal.pages import page_of


@pytest.mark.parametrize(
    ("scope", "scope_text"),
    [("tasks", "ce qui vous attend"), ("workshops", "les ateliers"), ("daily", "quotidien")],
)
def test_link_says_what_it_ends_before_it_does(scope: str, scope_text: str) -> None:
    """A person may have links of several kinds."""
    text = page_of(mails.show, {}, link=f"acc_1.{scope}.proof")
    assert (
        f"Vous ne recevrez plus de courriel {'' if scope == 'daily' else 'sur '}{scope_text}"
        in text
    )


@pytest.mark.parametrize("link", ["acc_1", "acc_1.other.proof", "<b>.x.y"])
def test_link_that_is_none_is_not_explained(link: str) -> None:
    """Whether it is one is told once it is used."""
    assert "Vous ne recevrez plus" not in page_of(mails.show, {}, link=link)


def test_guide_says_where_reviewers_read_what_waits() -> None:
    """What waits for a role is no member's news."""
    text = page_of(guide.show, {}, "reviewer", name="entrer")
    assert "ce qui attend les agents du Datalab est à l'accueil" in text


def test_person_reads_that_its_address_takes_no_mail() -> None:
    """What it asked for does not come, and it would not know why."""
    chosen = {"tasks": "daily", "projects": "never", "data": "never", "workshops": "never"}
    for at, is_said in (("2026-11-30T07:12:00Z", True), (None, False)):
        answers = {
            "/mail-preferences": {**chosen, "is_sent": True, "refused_at": at},
            "/accounts/acc_1": {"name": "Une agente", "mail": "a@ville.example", "roles": []},
            "/keys": {"items": [], "next": None},
            "/members/ville": {"name": "Ville", "is_erased": False},
        }
        session = {"account_id": "acc_1"}
        text = page_of(account.show, answers, "holder", session=session)
        assert ("Votre adresse a refusé notre courriel du 30/11/2026" in text) == is_said
