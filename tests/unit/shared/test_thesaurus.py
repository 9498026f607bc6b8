"""Terms that mean the same."""

import json
from pathlib import Path

import pytest

from shared.language.folding import sequence
from shared.thesaurus import groups, keys_of, mentions, same_as


def test_groups_are_terms_that_can_be_told_apart() -> None:
    """At least 150 groups, none with one term or with a term twice."""
    assert len(groups()) >= 150
    for group in groups():
        keys = [min(keys_of(term)) for term in group.terms]
        assert len(keys) > 1, group
        assert all(keys), group


@pytest.mark.parametrize(
    ("term", "other", "are_same"),
    [
        ("EPCI", "communauté de communes", True),
        ("Intercommunalités", "epci", True),
        ("machine learning", "Apprentissage automatique", True),
        ("gestion de projets", "gestion de projet", True),
        ("gestion de données", "gestion de projet", False),
        ("mairie", "commune", False),
        ("inconnu", "Inconnus", True),
        ("vacance", "vacants", True),
        ("vacances", "vacant", False),
        ("vacances", "vide", False),
        ("Vacances scolaires", "calendrier scolaire", True),
        ("maisons de vacances", "résidence secondaire", True),
    ],
)
def test_terms_of_a_group_mean_the_same(term: str, other: str, *, are_same: bool) -> None:
    """Whatever their case, accents and number; those that only go together do not."""
    assert bool(same_as(term) & same_as(other)) == are_same


def singulars(text: str) -> list[str]:
    """The words of a text as terms are compared."""
    return [word for word, _written in sequence(text)]


def test_terms_of_several_words_need_all_of_them_together() -> None:
    """Stop words between them make no difference, other words do."""
    faults = [
        mention.term.written for mention in mentions(singulars("Les communautés des communes"))
    ]
    assert "communauté de communes" in faults
    other = [
        mention.term.written for mention in mentions(singulars("communauté portugaise, commune"))
    ]
    assert "communauté de communes" not in other


@pytest.mark.parametrize(("half", "least"), [("tuning", 1.0), ("held_out", 0.6)])
def test_pairs_of_skills_are_told_apart(half: str, least: float) -> None:
    """As people judged them, at least that share; nobody tunes by the half that is held out."""
    corpus = Path(__file__).parents[2] / "corpora" / "search" / f"skills_{half}.json"
    pairs = json.loads(corpus.read_text(encoding="utf-8"))
    right = sum(
        bool(same_as(pair["a"]) & keys_of(pair["b"])) == pair["alike"] for pair in pairs
    ) / len(pairs)
    assert right >= least
