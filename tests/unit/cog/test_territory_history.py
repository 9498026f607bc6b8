"""Where the territory of codes lay, year by year, as the source tells it."""

from deploy.cog.territory_history import (
    between,
    follow,
    heirs,
    snapshot_of_history,
    snapshot_of_list,
)

HISTORY = [
    {"type": "COM", "code": "A", "dateFin": "1973-01-01", "id": "COM-A@1943-01-01"},
    {"type": "COM", "code": "A", "dateDebut": "1973-01-01", "id": "COM-A@1973-01-01"},
    {
        "type": "COMP",
        "code": "A",
        "dateDebut": "1973-01-01",
        "pole": "COM-A@1973-01-01",
        "id": "COMP-A@1973-01-01",
    },
    {"type": "COM", "code": "B", "dateFin": "1973-01-01", "id": "COM-B@1943-01-01"},
    {
        "type": "COMA",
        "code": "B",
        "dateDebut": "1973-01-01",
        "dateFin": "1983-06-01",
        "pole": "COM-A@1973-01-01",
        "id": "COMA-B@1973-01-01",
    },
    {"type": "COM", "code": "B", "dateDebut": "1983-06-01", "id": "COM-B@1983-06-01"},
]
"""B was associated with A from 1973 to 1983."""


def commune(code: str, *former: str) -> dict[str, object]:
    """A commune of a list."""
    return {"type": "commune-actuelle", "code": code, "anciensCodes": list(former)}


def delegated(code: str, seat: str) -> dict[str, object]:
    """A delegated commune of a list."""
    return {"type": "commune-deleguee", "code": code, "chefLieu": seat}


def test_history_tells_communes_and_parts_of_a_day() -> None:
    """An entry is valid from its first day to the day before its last."""
    during = snapshot_of_history(HISTORY, 1975)
    assert during.communes == {"A"}
    assert during.parts == {"B"}
    assert during.parents == {"B": "A"}
    assert snapshot_of_history(HISTORY, 1973).communes == {"A"}
    assert snapshot_of_history(HISTORY, 1972).communes == {"A", "B"}
    assert snapshot_of_history(HISTORY, 1983).communes == {"A"}
    assert snapshot_of_history(HISTORY, 1984).communes == {"A", "B"}


def test_commune_that_was_two_has_two_heirs() -> None:
    """What A was in 1975 is A and B now; what it was in 1972 is A."""
    places = follow({year: snapshot_of_history(HISTORY, year) for year in (1972, 1975, 1984)})
    assert heirs(places[1975], places[1984]) == {"A": {"A", "B"}}
    assert heirs(places[1972], places[1984]) == {"A": {"A"}, "B": {"B"}}


def test_delegated_commune_may_have_the_code_of_its_own() -> None:
    """The seat's code is the commune's; it is no part of itself."""
    listed = snapshot_of_list([commune("A"), delegated("A", "A"), delegated("B", "A")])
    assert listed.parents == {"B": "A"}
    assert (listed.place("A"), listed.place("B"), listed.place("C")) == ("A", "A", None)


def test_territory_without_a_trace_goes_where_its_commune_went() -> None:
    """B is absorbed by A, and no list has it afterwards; then A becomes a part of C."""
    places = follow(
        {
            2019: snapshot_of_list([commune("A"), delegated("B", "A"), commune("C")]),
            2021: snapshot_of_list([commune("A"), commune("C")]),
            2022: snapshot_of_list([commune("C"), delegated("A", "C")]),
        }
    )
    assert (places[2021]["B"], places[2022]["B"]) == ("A", "C")


def test_former_code_leads_to_the_commune_that_had_it() -> None:
    """A commune that only changed its code."""
    places = follow(
        {2024: snapshot_of_list([commune("A")]), 2025: snapshot_of_list([commune("B", "A")])}
    )
    assert places[2025] == {"A": "B", "B": "B"}


def test_year_without_a_list_has_what_both_neighbours_have() -> None:
    """Of what changed between them, the members of that year's EPCI."""
    before, after = (
        snapshot_of_list([commune("A"), commune("B"), commune("C")]),
        snapshot_of_list([commune("A"), commune("D"), delegated("B", "A"), delegated("C", "A")]),
    )
    filled = between(before, after, frozenset({"A", "B", "D"}))
    assert filled.communes == {"A", "B", "D"}
    assert filled.place("C") == "A"
