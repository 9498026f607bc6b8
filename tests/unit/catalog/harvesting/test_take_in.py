"""Which of a portal's files are tables: by format, by media type, or by the end of the address."""

import pytest

from services.catalog.harvesting.take_in import format_of
from shared.engine.contract.harvested_page import Distribution


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"format": "CSV"}, "csv"),
        ({"format": "Shapefile"}, "shp"),
        ({"format": "SHP"}, "shp"),
        ({"format": "GeoPackage"}, "gpkg"),
        ({"media_type": "application/geopackage+sqlite3"}, "gpkg"),
        ({"media_type": "application/geo+json"}, "geojson"),
        ({"media_type": "application/vnd.google-earth.kml+xml"}, "kml"),
        ({"media_type": "application/gpx+xml"}, "gpx"),
        ({"url": "https://a.example/traces/bocage.gpx?v=2"}, "gpx"),
        ({"format": "PDF"}, ""),
    ],
)
def test_tables_are_known_by_what_portals_say(fields: dict[str, str], name: str) -> None:
    """Whichever of the three they say."""
    assert format_of(Distribution.model_validate({"url": "https://a.example/1", **fields})) == name
