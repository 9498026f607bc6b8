"""Terms that mean the same."""

import pytest

from shared.thesaurus import groups, keys_of, same_as


def test_groups_are_terms_that_can_be_told_apart() -> None:
    """At least 150 groups, none with one term or with a term twice."""
    assert len(groups()) >= 150
    for group in groups():
        keys = [min(keys_of(term)) for term in group.terms]
        assert len(keys) > 1, group
        assert all(keys), group


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("EPCI", "communauté de communes", True),
        ("Intercommunalités", "epci", True),
        ("machine learning", "Apprentissage automatique", True),
        ("gestion de projets", "gestion de projet", True),
        ("gestion de données", "gestion de projet", False),
        ("mairie", "commune", False),
        ("inconnu", "Inconnus", True),
    ],
)
def test_terms_of_a_group_mean_the_same(one: str, other: str, *, are_same: bool) -> None:
    """Whatever their case, accents and number; those that only go together do not."""
    assert bool(same_as(one) & same_as(other)) == are_same
