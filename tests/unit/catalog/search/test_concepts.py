"""Terms of the thesaurus in texts."""

from services.catalog.search.concepts import groups_in, relation_of
from shared.language.folding import sequence


def singulars(text: str) -> list[str]:
    """The words of a text as terms are compared."""
    return [word for word, _written in sequence(text)]


def test_two_texts_meet_in_a_group() -> None:
    """Whichever of its terms they have; each tells the longest."""
    abbreviated, full = groups_in(singulars("EPCI")), groups_in(singulars("communauté de communes"))
    shared = {one for one in abbreviated.keys() & full.keys() if relation_of(one) == "same"}
    assert {full[one] for one in shared} == {"communauté de communes"}


def test_words_of_one_stem_are_not_mistaken_for_each_other() -> None:
    """An inhabitant is no habitation."""
    inhabitant, dwelling = groups_in(["habitant"]), groups_in(["habitation"])
    assert not {one for one in inhabitant.keys() & dwelling.keys() if relation_of(one) == "same"}
