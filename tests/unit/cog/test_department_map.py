"""The small map of départements."""

import re

import shapely

from deploy.cog.department_map import WIDTH, rows_of


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
