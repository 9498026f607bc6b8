"""Joins through crosswalks are told where they find more than the values as they are."""

from collections.abc import Iterable, Mapping

from services.catalog.joins.index import Index
from shared.key_file import KeyBlock, KeyColumn, blocks_of

Column = tuple[str, str, str]
"""Name, key space and crosswalk."""


def blocks(columns: Mapping[Column, str]) -> Iterable[KeyBlock]:
    """Columns with their values, one row for each."""
    for (name, space, via), text in columns.items():
        values = text.split()
        column = KeyColumn(
            columns=(name,), space=space, via=via, rows=len(values), distinct=len(values)
        )
        yield from blocks_of(column, [(value, 1) for value in values])


def index_of(**tables: Mapping[Column, str]) -> Index:
    """An index of these datasets."""
    index = Index()
    for dataset_id, columns in tables.items():
        index.replace(dataset_id, blocks(columns))
    return index


def told(index: Index, dataset_id: str) -> list[tuple[str, str, str, str, int]]:
    """Column and crosswalk on either side, and how many values meet, the best first."""
    return [
        (
            *(join.here.column.columns[0], join.here.column.via),
            *(join.there.column.columns[0], join.there.column.via),
            join.matches,
        )
        for join in index.joins(dataset_id)
    ]


PRESENT = {("code", "commune", ""): "14581 14001 14003"}
OLD = {
    ("com", "commune", ""): "14011 14001 14003",
    ("com", "commune", "commune"): "14581 14001 14003",
}


def test_old_codes_find_all_present_ones_and_as_they_are_fewer() -> None:
    """Both are told: the first finds all of them, the second costs nothing."""
    index = index_of(old=OLD, new=PRESENT)
    assert told(index, "old") == [("com", "commune", "code", "", 3), ("com", "", "code", "", 2)]
    assert told(index, "new") == [("code", "", "com", "commune", 3), ("code", "", "com", "", 2)]


def test_two_old_columns_meet_as_they_are() -> None:
    """What both lead to finds no more, and is not told."""
    assert told(index_of(a=OLD, b=OLD), "a") == [("com", "", "com", "", 3)]


def test_columns_of_different_years_may_both_need_the_crosswalk() -> None:
    """Nothing less finds all of them."""
    older = {
        ("insee", "commune", ""): "14695 14001 14003",
        ("insee", "commune", "commune"): "14581 14001 14003",
    }
    assert told(index_of(old=OLD, older=older), "old")[0] == (
        "com",
        "commune",
        "insee",
        "commune",
        3,
    )


def test_establishment_finds_its_company() -> None:
    """One side leads to keys that the other has."""
    establishments = {
        ("siret", "siret", ""): "21140001500013",
        ("siret", "siren", "siret_siren"): "211400015",
    }
    index = index_of(a=establishments, b={("siren", "siren", ""): "211400015 217500016"})
    assert told(index, "a") == [("siret", "siret_siren", "siren", "", 1)]


def test_two_columns_that_lead_to_another_kind_do_not_meet_there() -> None:
    """Communes of one EPCI are not the same commune."""
    here = {("a", "commune", ""): "14001", ("a", "siren", "commune_epci"): "200000001"}
    there = {("b", "commune", ""): "14003", ("b", "siren", "commune_epci"): "200000001"}
    assert told(index_of(here=here, there=there), "here") == []


def test_values_as_they_are_come_first_among_equals() -> None:
    """Without a crosswalk nothing is lost on the way."""
    both = {("x", "commune", ""): "14001", ("y", "commune", "iris_commune"): "14001"}
    index = index_of(here={("k", "commune", ""): "14001"}, there=both)
    assert [via for _, _, _, via, _ in told(index, "here")] == ["", "iris_commune"]
