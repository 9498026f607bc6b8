"""What is found by words and by filters, in which order, and why."""

import random
from typing import Any

import pytest

from services.catalog.search.catalogue_index import CatalogueIndex
from services.catalog.search.finder import search
from services.catalog.search.search_query import DatasetQuery
from shared.auth import ANYBODY as NOBODY
from shared.auth import Caller
from shared.errors import Forbidden, Invalid
from tests.unit.catalog.samples import registered
from tests.unit.catalog.search.catalogue import ANYBODY, dataset, found, index_of, page

CATALOGUE = (
    dataset("title", "Chaussées refaites", theme="Mobilité", licence="odbl"),
    dataset("keyword", "Inventaire", keywords=("chaussée",), producer="Ville de Caen"),
    dataset("description", "Inspections", description="État des chaussées en 2025"),
    dataset("schools", "Élèves des écoles", territory=("14118",), keys=("commune",)),
    dataset("water", "Données sur l'eau", territory=("14",), theme="Eau & réseaux"),
)


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    """The index of that catalogue."""
    return index_of(CATALOGUE)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("chaussées", ["title", "keyword", "description"]),
        ("CHAUSSEE", ["title", "keyword", "description"]),
        ("eleve", ["schools"]),
        ("donnee", ["water"]),
        ("l'eau", ["water"]),
        ("réseau", ["water"]),
        ("les chaussées de la ville", ["keyword", "title", "description"]),
        ("caen", ["schools", "water", "keyword"]),
        ("code commune", ["schools"]),
        ("patinoire", []),
    ],
)
def test_words_are_found_in_every_form(index: CatalogueIndex, q: str, expected: list[str]) -> None:
    """Accents, case, number, elisions and stop words make no difference; no word is needed."""
    assert found(index, q) == expected


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("chausées", {"title", "keyword", "description"}),
        ("chxsseees", set()),
        ("villr", {"keyword"}),
        ("eua", set()),
        ("chau", {"title", "keyword", "description"}),
        ("chau ville", {"keyword"}),
        ("2026", set()),
    ],
)
def test_typos_and_beginnings_are_forgiven(
    index: CatalogueIndex, q: str, expected: set[str]
) -> None:
    """One wrong letter from 4, two from 8; the last word may be unfinished, numbers are exact."""
    assert set(found(index, q)) == expected


def test_a_word_itself_ranks_above_a_word_nearly_so() -> None:
    """Wherever they stand."""
    typo = dataset("typo", "Logemants")
    longer = dataset("longer", "Logementalité")
    exact = dataset("exact", "Divers", description="Des logements")
    assert found(index_of([typo, longer, exact]), "logement") == ["exact", "longer", "typo"]


def test_title_keywords_columns_and_description_rank_in_this_order() -> None:
    """And a title that is just the words asked for comes first."""
    datasets = (
        dataset("d", "Un", description="communes"),
        dataset("c", "Deux", keys=("commune",)),
        dataset("k", "Trois", keywords=("communes",)),
        dataset("t", "Budget des communes"),
        dataset("w", "Les communes"),
    )
    assert found(index_of(datasets), "commune") == ["w", "t", "k", "c", "d"]


def test_near_words_count_only_where_few_have_the_word_itself() -> None:
    """Who looks for `habitats` and finds many is not shown inhabitants."""
    many = [dataset(f"{n:02}", f"Habitats {n}") for n in range(20)]
    index = index_of([*many, dataset("people", "Habitants")])
    assert page(index, q="habitat").total == 20
    assert found(index_of([*many[:3], dataset("people", "Habitants")]), "habitat")[-1] == "people"


@pytest.mark.parametrize(
    ("q", "identifier", "reasons"),
    [
        ("chaussées", "title", ["« chaussées » dans le titre"]),
        ("chaussée", "keyword", ["« chaussée » dans le mot-clé « chaussée »"]),
        ("caen", "keyword", ["« caen » dans le nom du producteur"]),
        ("chausées", "title", ["« chaussées » (proche de « chausées ») dans le titre"]),
        ("refai", "title", ["« refaites » (commence par « refai ») dans le titre"]),
        (
            "élève commune",
            "schools",
            ["« élève » dans le titre", "« commune » comme clé : le code commune"],
        ),
    ],
)
def test_each_word_has_its_reason(
    index: CatalogueIndex, q: str, identifier: str, reasons: list[str]
) -> None:
    """In French: the place that counted most, and which word of the data it was."""
    items = {item.id: item for item in page(index, q=q).items}
    assert items[f"dts_{identifier}"].reasons == reasons


def test_texts_with_line_breaks_and_tabs_are_named_in_one_line() -> None:
    """A keyword may have been pasted with them; what stands after it has its reason too."""
    keywords = ("eau\tpotable\nrésidus", "captage")
    index = index_of([dataset("a", "Analyses", keywords=keywords, producer="Agence\nrégionale")])
    reasons = {q: page(index, q=q).items[0].reasons for q in ("potable", "captage", "agence")}
    assert reasons == {
        "potable": ["« potable » dans le mot-clé « eau potable résidus »"],
        "captage": ["« captage » dans le mot-clé « captage »"],
        "agence": ["« agence » dans le nom du producteur"],
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"theme": "MOBILITE"}, {"title"}),
        ({"theme": "eau & reseaux"}, {"water"}),
        ({"licence": "Open Database License"}, {"title"}),
        ({"territory": "14"}, {"schools", "water"}),
        ({"territory": "14118"}, {"schools", "water"}),
        ({"territory": "14119"}, {"water"}),
        ({"key": "commune"}, {"schools"}),
        ({"producer": "VILLE DE CAEN"}, {"keyword"}),
        ({"format": "csv", "key": "commune"}, {"schools"}),
        ({"updated_within": "week", "theme": "mobilite"}, {"title"}),
        ({"quality": 50}, {"schools"}),
        ({"owner_id": "mbr_other"}, set()),
        ({"q": "de la", "territory": "14"}, {"schools", "water"}),
    ],
)
def test_filters_hold_together(
    index: CatalogueIndex, query: dict[str, Any], expected: set[str]
) -> None:
    """A commune is met by its department's data, a department by that of its communes."""
    assert set(found(index, **query)) == expected


@pytest.mark.parametrize(
    ("q", "is_said"), [("le de la", True), ("!", True), ("", False), ("eau", False)]
)
def test_words_that_seek_nothing_are_said_to(
    index: CatalogueIndex, q: str, *, is_said: bool
) -> None:
    """Everything is listed then, which looks like an answer to them."""
    assert bool(page(index, q=q).note) == is_said


def test_what_can_be_joined_is_found_among_the_rest(index: CatalogueIndex) -> None:
    """None of the others, and nothing where nothing can be."""
    query = DatasetQuery(q="chaussées")
    some = search(index, query, ANYBODY, joinable={"dts_keyword", "dts_water"})
    assert [item.id for item in some.items] == ["dts_keyword"]
    assert search(index, query, ANYBODY, joinable=set()).total == 0


def test_facets_count_all_that_is_found(index: CatalogueIndex) -> None:
    """Not the page only; each value finds as many as it counts."""
    answer = page(index, facets=True, limit=1)
    assert answer.facets is not None
    counts = {
        (name, facet_value.value): facet_value.count
        for name, values in answer.facets.items()
        for facet_value in values
    }
    assert counts["licence", "lov2"] == 4
    assert counts["territory", "14"] == 2
    assert counts["updated_within", "week"] == 5
    for (name, value), count in counts.items():
        asked: dict[str, Any] = {name: value}
        assert page(index, **asked).total == count, (name, value)


def test_facets_say_in_french_what_they_count(index: CatalogueIndex) -> None:
    """As somebody wrote it, or as its licence is called."""
    facets = page(index, facets=True).facets or {}
    assert {"Mobilité", "divers"} <= {one.label for one in facets["theme"]}
    assert "Licence Ouverte 2.0" in {facet_value.label for facet_value in facets["licence"]}
    assert [facet_value.label for facet_value in facets["key"]] == ["code commune"]


def test_territories_are_told_by_name_and_found_by_their_number() -> None:
    """EPCI as départements: what lies in them, be it a commune or an EPCI."""
    index = index_of(
        (
            dataset("metropole", "Bus", territory=("200023414",)),
            dataset("rouen", "Vélos", territory=("76540",)),
            dataset("seine", "Trains", territory=("76",)),
            dataset("cherbourg", "Bateaux", territory=("50129",)),
        )
    )
    facets = page(index, facets=True).facets or {}
    assert {
        (facet_value.value, facet_value.label, facet_value.count)
        for facet_value in facets["territory"]
    } == {
        ("76", "Seine-Maritime (76)", 3),
        ("200023414", "Métropole Rouen Normandie", 2),
        ("50", "Manche (50)", 1),
        ("200067205", "CA du Cotentin", 1),
    }
    for facet_value in facets["territory"]:
        assert page(index, territory=facet_value.value).total == facet_value.count
    assert set(found(index, territory="76540")) == {"rouen", "metropole", "seine"}


def test_others_see_published_datasets_only() -> None:
    """What waits to be read is its owner's and the staff's to find."""
    waiting = registered("dts_waiting", owner_id="mbr_owner")
    index = index_of([dataset("known", "Communes"), waiting])
    owner, staff = Caller("mbr_owner", frozenset({"owner"})), Caller("", frozenset({"operator"}))
    assert found(index, "communes") == ["known"]
    assert page(index, owner, state="pending").total == 1
    assert page(index, staff, state="pending", q="commune").total == 1
    assert page(index, ANYBODY, state="pending").total == 0
    with pytest.raises(Forbidden):
        page(index, ANYBODY, state="pending", owner_id="mbr_owner")
    assert page(index, NOBODY, q="communes").total == 1
    for owner_id in ("", "mbr_owner"):
        with pytest.raises(Forbidden):
            page(index, NOBODY, state="pending", owner_id=owner_id)


def test_delivered_results_are_found_alone() -> None:
    """What members uploaded is not among them."""
    result = dataset("result", "Taux de vacance")
    result.project_id = "prj_1"
    index = index_of([dataset("known", "Communes"), result])
    assert found(index, delivered=True) == ["result"]
    assert found(index, project_id="prj_1") == ["result"]
    assert found(index, project_id="prj_2") == []
    assert sorted(found(index)) == ["known", "result"]


def pages(index: CatalogueIndex, limit: int, **query: Any) -> list[str]:
    """The ids on all pages, one after another."""
    ids, after = list[str](), None
    while True:
        answer = page(index, after=after, limit=limit, **query)
        ids += [item.id for item in answer.items]
        if answer.next is None:
            return ids
        after = answer.next


@pytest.mark.parametrize("query", [{}, {"q": "communes"}, {"q": "commune budget"}], ids=str)
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_follow_each_other_without_gap(query: dict[str, Any], limit: int) -> None:
    """However many are alike, every hit comes once."""
    index = index_of(dataset(f"{n:03}", "Budget des communes") for n in range(40))
    ids = pages(index, limit, **query)
    assert (len(ids), len(set(ids))) == (40, 40)
    assert ids == pages(index, 100, **query)


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_lead_from_titles_to_other_texts(limit: int) -> None:
    """Whether or not the titles fill a page, and with the same total on all."""
    titled = (dataset(f"t{n:02}", "Budget des communes") for n in range(30))
    mixed = (dataset(f"m{n:02}", "Communes", keywords=("budget",)) for n in range(10))
    others = (dataset(f"o{n:02}", "Divers", description="Budget des communes") for n in range(20))
    index = index_of([*titled, *mixed, *others])
    ids = pages(index, limit, q="communes budget")
    assert [identifier[4] for identifier in ids] == ["t"] * 30 + ["m"] * 10 + ["o"] * 20
    assert len(set(ids)) == page(index, q="communes budget", limit=limit).total == 60


def test_a_page_goes_on_where_the_one_before_ended_whatever_came_in_between() -> None:
    """Neither an addition nor a removal shifts the others."""
    index = index_of(dataset(f"{n:03}", "Budget des communes") for n in range(20))
    ids = pages(index, 20, q="communes")
    first = page(index, q="communes", limit=5)
    gone = dataset(ids[7].removeprefix("dts_"), "Autre chose")
    index.put([gone, *(dataset(f"a{n}", "Communes") for n in range(5))])
    rest = page(index, q="communes", limit=100, after=first.next)
    assert [item.id for item in rest.items] == [text for text in ids[5:] if text != gone.id]


@pytest.mark.parametrize(("q", "cursor"), [("chaussée", "dts_title"), ("", "1.5:3"), ("", "zzz")])
def test_a_cursor_of_another_search_names_the_parameter(
    index: CatalogueIndex, q: str, cursor: str
) -> None:
    """With words it has a score, without it is a dataset's id."""
    with pytest.raises(Invalid) as refused:
        page(index, q=q, after=cursor)
    assert refused.value.field == "after"


def test_an_index_made_anew_or_in_another_order_answers_alike() -> None:
    """Also one that held other states of the same datasets before."""
    datasets = [
        dataset(f"{n:03}", f"Budget {n} des communes", territory=("14",) * (n % 2))
        for n in range(60)
    ]
    shuffled = random.Random(1).sample(datasets, len(datasets))
    lived = index_of(dataset(one.id.removeprefix("dts_"), "Communes d'hier") for one in datasets)
    for one in shuffled:
        lived.put([one])
    queries: list[dict[str, Any]] = [
        {"q": "commune"},
        {"q": "budgets comunes"},
        {},
        {"facets": True},
    ]
    for query in queries:
        assert page(lived, **query) == page(index_of(datasets), **query)
