"""The figures as a table that a spreadsheet opens."""

import csv
import io

import pytest

from services.notify.steering.views import Figure, Row, SteeringView, csv_of
from shared.events import DatasetPublished, ProjectSubmitted, ProjectWithdrawn
from tests.unit.notify.steering.story import NOW, OWNER, Teller, delivered, view


def lines(of: SteeringView) -> list[list[str]]:
    """The lines of its CSV."""
    text = csv_of(of).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_table_has_one_line_for_each_value() -> None:
    """With its figure, group and unit, and a decimal comma."""
    told = view(delivered())
    header, *found = lines(told)
    assert header == ["chiffre", "groupe", "unité", "valeur"]
    assert len(found) == sum(len(one.rows) for one in told.figures)
    assert ["Calcul utilisé par mois", "avril", "secondes", "62,5"] in found
    assert ["Projets par étape", "livré", "projets", "1"] in found


@pytest.mark.parametrize("start", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "'=1", "''@x", "\r=2"])
def test_no_title_is_a_formula(start: str) -> None:
    """A theme and a title are what anybody wrote."""
    teller = Teller()
    teller.tell(ProjectSubmitted, 0, theme=start)
    given = {"dataset_id": "dts_1", "owner_id": OWNER, "title": start, "keys": ()}
    teller.tell(DatasetPublished, 0, "dts_1", **given)
    groups = [line[1] for line in lines(view(teller.told))]
    hostile = [group for group in groups if start.strip("'\t\r") in group]
    assert len(hostile) == 2
    assert all(group.startswith("'") for group in hostile)


def test_large_and_hidden_values_are_written_whole() -> None:
    """No exponent, and « moins de 5 » in place of a number."""
    rows = (
        Row(group='a;b\n"c"', value=12_345_678.0),
        Row(group="d", value=None, hidden="moins de 5"),
        Row(group="e", value=None),
    )
    figure = Figure(name="n", title="t", unit="u", said="s", rows=rows)
    of = SteeringView(
        year=2026, until=NOW, years=(2026,), is_empty=False, cut=0, figures=(figure,), ends=()
    )
    assert lines(of)[1:] == [
        ["t", 'a;b\n"c"', "u", "12345678"],
        ["t", "d", "u", "moins de 5"],
        ["t", "e", "u", ""],
    ]


def test_table_has_no_reason() -> None:
    """What people wrote of why they gave up is on the committee's page alone."""
    teller = Teller()
    teller.tell(ProjectSubmitted, 0)
    teller.tell(ProjectWithdrawn, 1, reason="Jeanne Dupont est partie.")
    told = view(teller.told)
    assert told.ends[0].reason == "Jeanne Dupont est partie."
    assert "Dupont" not in csv_of(told).decode()
