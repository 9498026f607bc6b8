"""The small map of départements."""

import re

import shapely

from deploy.cog import cog_files
from deploy.cog.department_map import WIDTH, rows_of

LARGEST = 60_000


def test_outlines_fill_the_width_with_north_up() -> None:
    """Two squares side by side, the eastern one further north."""
    outlines = {
        "14": shapely.box(400_000, 6_800_000, 450_000, 6_850_000),
        "27": shapely.box(450_000, 6_850_000, 500_000, 6_900_000),
    }
    west, east = rows_of({"14": "Calvados", "27": "Eure"}, outlines)
    assert west[:2] == ("14", "Calvados")
    assert (west[3], east[3]) == (WIDTH // 4, 3 * WIDTH // 4)
    assert west[4] > east[4]
    assert sorted(set(re.findall(r"\d+ \d+", east[2]))) == ["160 0", "160 160", "320 0", "320 160"]


def test_island_of_no_pixel_is_left_out() -> None:
    """The département that it belongs to is drawn."""
    land = shapely.box(0, 0, 320_000, 320_000)
    rock = shapely.box(330_000, 0, 330_100, 100)
    ((_, _, path, _, _),) = rows_of({"50": "Manche"}, {"50": shapely.union_all([land, rock])})
    assert path.count("M") == 1


def test_committed_map_is_small() -> None:
    """It is part of every page that shows it."""
    assert cog_files.DEPARTMENTS.stat().st_size < LARGEST
