"""The outlines that maps are drawn of."""

import shapely

from deploy.cog.cog_outlines import Commune, Row, rows_of


def _square(east: float, north: float) -> shapely.Geometry:
    return shapely.box(east, north, east + 0.1, north + 0.1)


def _rows(communes: list[Commune]) -> dict[tuple[str, str], Row]:
    names = {("commune", "14001"): "Ablon", ("departement", "14"): "Calvados"}
    return {row[:2]: row for row in rows_of(communes, names)}


def test_a_body_is_its_communes_united_and_one_without_outline_is_listed() -> None:
    """A commune without an outline has a row, so that a map can say that it lacks."""
    rows = _rows(
        [
            Commune("14001", "200000001", _square(0, 49)),
            Commune("14002", "200000001", _square(0.1, 49)),
            Commune("14581", "200000001", None),
            Commune("27001", "", _square(1, 49)),
        ]
    )
    assert rows["commune", "14581"] == ("commune", "14581", "", "")
    assert rows["commune", "14001"][2] == "Ablon"
    assert sorted(level for level, _ in rows) == [*["commune"] * 4, *["departement"] * 2, "epci"]
    united = shapely.from_wkt(rows["epci", "200000001"][3])
    parts = [shapely.from_wkt(rows["commune", code][3]) for code in ("14001", "14002")]
    assert united.geom_type == "Polygon"
    assert abs(united.area / sum(part.area for part in parts) - 1) < 0.001


def test_what_the_source_lacks_is_no_hole_in_a_department() -> None:
    """The commune in the middle of eight has no outline: their département has no hole."""
    around = [
        Commune(f"1400{number}", "", _square(0.1 * (number % 3), 49 + 0.1 * (number // 3)))
        for number in range(9)
        if number != 4
    ]
    united = shapely.from_wkt(_rows(around)["departement", "14"][3])
    assert len(united.interiors) == 0
