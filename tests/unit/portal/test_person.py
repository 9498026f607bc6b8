"""Which pages are for whom."""

from services.portal.pages import home
from services.portal.person import Person, menu_of
from tests.unit.portal.pages import led_to


def test_committee_sees_the_figures_alone() -> None:
    """Its first page is theirs; who is something else besides has that one's pages, too."""
    member = Person("region", frozenset({"committee"}))
    assert menu_of(member, is_public=True) == [("/pilotage", "Pilotage")]
    assert led_to(home.show, {}, "committee") == "/pilotage"
    both = Person("region", frozenset({"committee", "holder"}))
    assert [path for path, _ in menu_of(both, is_public=True)][:1] == ["/projets"]
    assert "/revue" not in dict(menu_of(both, is_public=True))
