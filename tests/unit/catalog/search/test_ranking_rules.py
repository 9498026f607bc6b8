"""How words, meanings and places count, and what is left out as noise."""

import pytest

from services.catalog.search.catalogue_index import CatalogueIndex
from shared.engine.tables.manifest import Column, ColumnDescription, Meaning, Profile
from tests.unit.catalog.samples import metadata, published
from tests.unit.catalog.search.catalogue import dataset, found, index_of, page

NORMANDY = ("14", "27", "50", "61", "76")


def test_a_word_that_is_nowhere_empties_nothing() -> None:
    """And is named; one in full that nobody has is answered with nothing."""
    index = index_of([dataset("a", "Musées de la ville")])
    answer = page(index, q="musées patinoires zzyzx")
    assert [item.id for item in answer.items] == ["dts_a"]
    assert answer.note == (
        "Aucun jeu de données n'a « patinoires » et « zzyzx » : la liste n'en tient pas compte."
    )
    assert page(index, q="zzyzx").total == 0


def test_a_rare_word_counts_as_rare_whatever_it_may_be_mistaken_for() -> None:
    """Though many have a word that differs by a letter."""
    alike = [dataset(f"a{n}", f"Manteaux {n}") for n in range(40)]
    common = [dataset(f"c{n}", f"Relevé {n}") for n in range(10)]
    index = index_of([*alike, *common, dataset("rare", "Marteaux")])
    assert found(index, "relevé marteaux")[0] == "rare"


def test_what_all_share_and_a_territory_do_not_outweigh_what_is_asked_for() -> None:
    """Titles with them come after texts that have the other word as well, be it national data."""
    shared = [dataset(f"s{n}", f"Communes de Normandie {n}", territory=NORMANDY) for n in range(4)]
    outlines = dataset(
        "outlines", "Contours des communes", territory=NORMANDY, keywords=("communes",)
    )
    codes = dataset(
        "codes", "Code officiel", description="Communes et population", territory=NORMANDY
    )
    census = dataset("census", "Recensement de la population", description="Par commune")
    index = index_of([*shared, outlines, codes, census])
    assert {*found(index, "population communes normandie")[:2]} == {"codes", "census"}


@pytest.mark.parametrize(
    ("q", "title", "reason"),
    [
        ("com com", "Liste des EPCI", "« EPCI » (même sujet que « com com ») dans le titre"),
        (
            "logements vides",
            "Locaux inoccupés",
            "« inoccupé » (même sujet que « vides ») dans le titre",
        ),
        ("bike", "Voies cyclables", "« voie cyclable » (même sujet que « bike ») dans le titre"),
        ("EHPAD", "Maisons de retraite", "« maison de retraite » (même sujet que « ehpad »)"),
    ],
)
def test_what_means_the_same_is_found_and_says_so(q: str, title: str, reason: str) -> None:
    """Abbreviations, everyday words and English ones."""
    index = index_of([dataset("a", title), dataset("b", "Zèbres")])
    [item] = page(index, q=q).items
    assert item.id == "dts_a"
    assert item.reasons[0].startswith(reason)


def test_words_of_a_term_go_with_what_the_whole_term_goes_with() -> None:
    """And give one reason; the last word of a term is not meant by itself."""
    index = index_of([dataset("tax", "Taxe d'habitation"), dataset("homes", "Logements")])
    [item] = page(index, q="impôts locaux").items
    assert item.reasons == [
        "« taxe d'habitation » (même sujet que « impôts locaux ») dans le titre"
    ]
    assert found(index, "taxe d'habitation") == ["tax"]
    assert found(index, "habitation")[0] == "tax"


def test_misspelt_words_are_taken_for_terms_and_places() -> None:
    """A term is found by what means the same as it, a place by what lies there."""
    datasets = (dataset("a", "Deux-roues", territory=("76",)), dataset("b", "Zèbres"))
    index = index_of([*datasets, dataset("c", "Tarifs en Seine-Maritime")])
    assert found(index, "bicyclete")[0] == "a"
    assert "a" in found(index, "bicyclette seine maritme")


@pytest.mark.parametrize(
    ("q", "title"), [("licée", "Lycées"), ("farmacie", "Pharmacies"), ("ortofoto", "Orthophotos")]
)
def test_words_are_found_as_they_sound(q: str, title: str) -> None:
    """However many letters differ, and though a short word with another letter is another word."""
    index = index_of([dataset("a", title), dataset("b", "Zèbres")])
    assert found(index, q) == ["a"]


def test_what_a_guessed_word_means_says_that_it_is_a_guess() -> None:
    """And counts less than what was written means."""
    index = index_of([dataset("a", "Deux-roues"), dataset("b", "Zèbres")])
    [guessed], [known] = (page(index, q=q).items for q in ("biciclette", "bicyclette"))
    assert guessed.reasons == [
        "« deux-roues » (même sujet que « bicyclette », proche de « biciclette ») dans le titre"
    ]
    assert (guessed.score or 0) < (known.score or 0)


def test_rate_is_an_english_word_and_no_grid_operator() -> None:
    """It asks as « taux » does, and is no slip for RTE."""
    index = index_of([dataset("grid", "Production électrique"), dataset("jobs", "Taux de chômage")])
    assert found(index, "rate") == ["jobs"]
    assert found(index, "unemployment rate") == ["jobs"]


@pytest.fixture(scope="module")
def places() -> CatalogueIndex:
    """Accidents, of several territories."""
    return index_of(
        [
            dataset("own", "Accidents", territory=("76",)),
            dataset("region", "Accidents", territory=NORMANDY),
            dataset("part", "Accidents", territory=("76351",)),
            dataset("france", "Accidents"),
            dataset("other", "Accidents", territory=("14",)),
            dataset("sea", "Poissons de la Manche", territory=("76",)),
        ]
    )


@pytest.mark.parametrize(
    "q", ["accidents Seine-Maritime", "accidents 76", "accident dans le département 76"]
)
def test_places_meet_territories(places: CatalogueIndex, q: str) -> None:
    """Own data first, then what holds it; data of another department is not what was asked for."""
    assert found(places, q) == ["own", "region", "part", "france"]


def test_kinds_of_places_in_the_plural_are_what_is_looked_for() -> None:
    """« communes du Calvados » asks for communes, « commune de Caen » for all there is on Caen."""
    index = index_of(
        [
            dataset("stations", "Bornes de recharge du Calvados", territory=("14",)),
            dataset("communes", "Code officiel : les communes", territory=NORMANDY),
        ]
    )
    assert found(index, "liste des communes du Calvados") == ["communes"]
    assert found(index, "communes de Normandie")[0] == "communes"
    assert found(index, "département du Calvados") == ["stations", "communes"]
    assert set(found(index, "commune de Caen")) == {"stations", "communes"}


def test_places_say_which_territory_serves(places: CatalogueIndex) -> None:
    """In French, by its name."""
    reasons = {item.id: item.reasons for item in page(places, q="accidents Le Havre").items}
    assert reasons["dts_own"][1] == "« havre » dans le territoire : Seine-Maritime"
    assert reasons["dts_part"][1] == "« havre » dans le territoire : Le Havre"
    assert reasons["dts_france"][1] == "« havre » : données de toute la France, ou sans territoire"


def test_a_name_may_be_a_place_or_a_word(places: CatalogueIndex) -> None:
    """The sea is found beside the department."""
    index = index_of(
        [dataset("sea", "Poissons de la Manche"), dataset("dep", "Poissons", territory=("50",))]
    )
    assert set(found(index, "poissons manche")) == {"sea", "dep"}
    assert found(places, "manche") == ["sea"]


def test_where_nothing_serves_a_place_others_are_shown_and_said_to_be() -> None:
    """An empty answer would hide that there is something of the kind."""
    index = index_of([dataset("a", "Accidents", territory=("14",))])
    answer = page(index, q="accidents Orne")
    assert [item.id for item in answer.items] == ["dts_a"]
    assert answer.note == "Rien de tel sur « orne » : la liste montre d'autres territoires."
    assert answer.items[0].reasons[1] == "« orne » : autre territoire (Calvados)"


def test_a_place_that_nothing_is_about_has_no_other_for_an_answer() -> None:
    """An empty answer says why, and does not speak of a list."""
    answer = page(index_of([dataset("a", "Accidents", territory=("14",))]), q="Pays de Caux")
    assert (answer.total, answer.note) == (0, "Rien de tel sur « pays de caux ».")
    assert page(index_of([]), q="zzyzx").note == "Aucun jeu de données n'a « zzyzx »."


def test_france_is_what_every_dataset_is_about() -> None:
    """Those of all of it first; in the name of a body it is a word of that name."""
    index = index_of(
        [dataset("part", "Chômage en Normandie", territory=NORMANDY), dataset("all", "Zèbres")]
    )
    answer = page(index, q="France")
    assert ([item.id for item in answer.items], answer.note) == (["dts_all", "dts_part"], "")
    assert found(index, "chômage en France") == ["part"]
    assert found(index, "France Travail") == ["part"]


@pytest.mark.parametrize("q", ["Perche", "manche", "département de la Manche"])
def test_a_name_that_no_text_has_as_a_word_is_a_place(q: str) -> None:
    """And one after its kind is, whoever has the word."""
    sea = [dataset("sea", "Poissons de la Manche")] * q.startswith("dép")
    datasets = [
        dataset("a", "Accidents", territory=("50",)),
        dataset("b", "Vélos", territory=("61",)),
    ]
    assert found(index_of([*datasets, *sea]), q)[0] == ("b" if q == "Perche" else "a")


def test_columns_are_found_by_what_is_said_of_them_and_by_their_type() -> None:
    """But not by what is said of a column that the table has not: it may be held back."""
    descriptions = (
        ColumnDescription(name="rsec", description="nombre de résidences secondaires"),
        ColumnDescription(name="hidden", description="revenus"),
    )
    columns = (
        Column(name="rsec", kind="integer", filled=1, distinct=1),
        Column(
            name="c1",
            kind="text",
            filled=1,
            distinct=1,
            meaning=Meaning(type="email", confidence=1, valid=1),
        ),
    )
    about = metadata("Table").model_copy(update={"columns": descriptions})
    table = published(about=about, shown=Profile(rows=1, encoding="utf-8", columns=columns))
    index = index_of([table])
    assert page(index, q="résidence secondaire").items[0].reasons == [
        "« résidence » dans la colonne « rsec » (nombre de résidences secondaires)",
        "« secondaire » dans la colonne « rsec » (nombre de résidences secondaires)",
    ]
    assert found(index, "adresse électronique") == ["a"]
    assert page(index, q="revenus").total == 0


def test_a_page_goes_on_by_the_weights_of_the_first() -> None:
    """Whatever became rare or common in between: none comes twice, none is left out."""
    datasets = [dataset(f"{n:02}", f"Relevé {'de crapauds' * (n % 2)} {n}") for n in range(18)]
    index = index_of(datasets)
    ids = found(index, "relevé crapauds", limit=100)
    first = page(index, q="relevé crapauds", limit=5)
    index.put(dataset(f"new{n}", "Crapauds") for n in range(9))
    rest = page(index, q="relevé crapauds", limit=100, after=first.next)
    read = [item.id.removeprefix("dts_") for item in (*first.items, *rest.items)]
    assert [identifier for identifier in read if not identifier.startswith("new")] == ids


@pytest.mark.parametrize("after", ["1.5:3:99.0.1", "1.5:3:0.0", "1.5:3:x", "1.5:3"])
def test_cursors_that_no_page_gave_are_refused(after: str) -> None:
    """They name the parameter."""
    index = index_of([dataset("a", "Crapauds")])
    with pytest.raises(Exception, match="n'est pas le `next`"):
        page(index, q="crapauds relevé", after=after)
