"""How French text is compared."""

import pytest

from services.catalog.search.french_words import meaningful, stem
from shared.language.folding import lexical


def test_plural_meets_singular() -> None:
    """A plural in s or x has the stem of its singular."""
    assert set(meaningful("Logements vacants, réseaux d'eaux")) == set(
        meaningful("logement vacant RÉSEAU eau")
    )


def test_stop_words_and_elisions_carry_no_meaning() -> None:
    """Articles, elided ones too, and prepositions are dropped."""
    found = meaningful("L'habitat dans les communes d'Orne et de l'Eure")
    assert set(found) == {"habitat", "commune", "orne", "eure"}


def test_words_are_kept_as_they_were_first_written() -> None:
    """A stem leads to the word a reader knows."""
    assert meaningful("Forêts", "fore\u0302t") == {"foret": "forêts"}


def test_short_words_keep_their_last_letter() -> None:
    """`gaz`, `bus` and numbers are no plurals."""
    assert set(meaningful("bus gaz 2026")) == {"bus", "gaz", "2026"}


def test_nothing_but_stop_words_is_nothing() -> None:
    """Text without meaning has no words."""
    assert meaningful("", "de la, à l'", "_ - !") == {}


@pytest.mark.parametrize(
    "forms",
    [
        "chaussées chaussee CHAUSSÉE chaussees",
        "élèves eleve élève",
        "données donnee",
        "vélos velo",
        "emplois emploi",
        "eaux eau",
        "œuvres oeuvre",
        "qualités qualite",
        "mobilités mobilité mobilite",
        "énergétiques energetique",
        "vacants vacante vacantes",
        "rues rue",
        "écoles ecole",
        "ports port",
        "votes votants voter",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    """With and without accents, in the singular and the plural."""
    assert len({stem(next(iter(lexical(form)))) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("logements", "logs"),
        ("vacances", "vacance"),
        ("vacances", "vacants"),
        ("aires", "air"),
        ("loyers", "lois"),
        ("bâtiments", "bât"),
        ("lotissements", "lot"),
        ("gisements", "GIS"),
        ("taxes", "taxis"),
        ("mères", "mer"),
        ("soles", "sol"),
        ("dates", "data"),
        ("ventes", "vents"),
        ("pluies", "PLUi"),
        ("trames", "tram"),
        ("portes", "ports"),
        ("communes", "commun"),
        ("communes", "communication"),
        ("ecoli", "écoles"),
        ("stations", "stationnement"),
        ("arrêts", "arrêtés"),
        ("collectes", "collectif"),
        ("concerts", "concertation"),
        ("formats", "formation"),
        ("généralistes", "général"),
        ("habitants", "habitation"),
        ("traits", "traitement"),
    ],
)
def test_words_that_mean_something_else_have_other_stems(word: str, other: str) -> None:
    """Of those that the thesaurus and the judged datasets have."""
    stems = [{stem(singular) for singular in lexical(one)} for one in (word, other)]
    assert stems[0].isdisjoint(stems[1])
