"""Draws a choropleth: territories in the colour of the class that their value is in."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from matplotlib import colormaps
from matplotlib.collections import PathCollection
from matplotlib.patches import Patch
from matplotlib.path import Path as Curve

from shared.engine.drawing.charts import AxisScale
from shared.engine.drawing.french_labels import french_number, shortened
from shared.engine.drawing.outlines import LEVELS, Area, areas
from shared.engine.drawing.picture import Axes, Drawing
from shared.engine.drawing.placing import HIDDEN

_MOST_DIGITS = 12

_COLOURS = "YlGnBu"
"""ColorBrewer's, which the colour-blind read, and printers of greys."""

_NONE, _HIDDEN, _OTHER = "#d0d0d0", "#e8d5e3", "#f4f4f4"
_EDGES = {"other": "#bbbbbb", "blank": "#999999", "secret": "#7a5573"}
_HATCHES = {"blank": "///", "secret": "..."}
_WIDTH, _MOST, _LEAST = 9.0, 7.5, 3.5
_MARGIN = 0.06
_LEGEND = 2.4
_FINE = 500


class Classes(NamedTuple):
    """Classes from each bound up to the next, in ascending order; one more than bounds."""

    bounds: tuple[float, ...]
    digits: int

    def of(self, value: float) -> int:
        """Return the number of a value's class, from 0."""
        return bisect_right(self.bounds, value)

    def labels(self, unit: str = "") -> list[str]:
        """Return the texts beside the classes' colours."""
        if not self.bounds:
            return ["toutes les valeurs"]
        bounds = [french_number(bound, digits=self.digits) for bound in self.bounds]
        between = [f"{low} à moins de {high}" for low, high in pairwise(bounds)]
        after = f"\u00a0{unit}" if unit else ""
        labels = [f"moins de {bounds[0]}", *between, f"{bounds[-1]} et plus"]
        return [f"{label}{after}" for label in labels]


def quantiles(values: Sequence[float], number: int) -> Classes:
    """Make at most `number` classes with about as many values each, and readable bounds.

    Fewer where values repeat so often that two bounds would be one.
    """
    distinct = sorted(set(values))
    if len(distinct) < 2:  # noqa: PLR2004 - nothing to part
        return Classes((), 0)
    shares = np.linspace(0, 1, number + 1)[1:-1]
    bounds = np.quantile(np.array(values, float), shares)
    steps = [float(step) for step in np.diff(bounds) if step > 0]
    gap = min(steps, default=distinct[-1] - distinct[0])
    digits = min(_MOST_DIGITS, max(0, 1 - math.floor(math.log10(gap))))
    digits = 0 if all(value == int(value) for value in distinct) else digits
    rounded = sorted({round(float(bound), digits) for bound in bounds})
    kept = [bound for bound in rounded if distinct[0] < bound <= distinct[-1]]
    return Classes(tuple(kept), digits)


def classes_between(bounds: Sequence[float]) -> Classes:
    """Make the classes between chosen bounds."""
    written = (f"{bound:.10f}".rstrip("0").partition(".")[2] for bound in bounds)
    return Classes(tuple(bounds), max((len(digits) for digits in written), default=0))


@dataclass(frozen=True)
class Choropleth:
    """What is coloured: values by code; `blank` are territories that have rows and no one value."""

    level: str
    values: Mapping[str, float]
    blank: Mapping[str, str]
    classes: Classes
    scale: AxisScale


def choropleth(chosen: Choropleth) -> Drawing:
    """Draw the map; neighbours without rows are light grey."""
    areas_by_code = {
        code: area for code, area in areas(chosen.level).items() if area.outline is not None
    }
    frame = _frame(
        [areas_by_code[code].outline for code in (*chosen.values, *chosen.blank)]
        or [area.outline for area in areas_by_code.values()]
    )
    inside = shapely.box(*frame)
    seen = {code: area for code, area in areas_by_code.items() if area.outline.intersects(inside)}
    groups = _groups(chosen, seen)

    def draw(axes: Axes) -> None:
        width = 0.25 if len(seen) > _FINE else 0.6
        for gid, colour, codes in groups:
            paths = [_curve(seen[code].outline) for code in codes]
            edge = _EDGES.get(gid, "#ffffff")
            # Two colours of one kind: a group of one would be written as a marker that is used.
            drawn: Any = PathCollection(
                paths, gid=gid, facecolor=colour, edgecolor=[edge, edge], linewidth=width
            )
            drawn.set_hatch(_HATCHES.get(gid))
            axes.add_collection(drawn)
        axes.set_xlim(frame[0], frame[2])
        axes.set_ylim(frame[1], frame[3])
        axes.set_aspect("equal")
        axes.set_axis_off()
        _draw_legend(axes, chosen, groups)

    height = (_WIDTH - _LEGEND) * (frame[3] - frame[1]) / (frame[2] - frame[0])
    texts = {gid: _told(chosen, seen, codes) for gid, _, codes in groups}
    size = float(np.clip(height, _LEAST, _MOST))
    return Drawing(draw, _WIDTH, size, texts, not chosen.values)


def _frame(outlines: list[Any]) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(outlines)
    margin = _MARGIN * max(east - west, north - south)
    return west - margin, south - margin, east + margin, north + margin


def _groups(chosen: Choropleth, seen: Mapping[str, Area]) -> list[tuple[str, Any, list[str]]]:
    """Group the territories drawn alike: an id, a colour and their codes; lowest class last."""
    number = len(chosen.classes.bounds) + 1
    colours = colormaps[_COLOURS](np.linspace(0.12, 0.95, number) if number > 1 else [0.55])
    groups: list[tuple[str, Any, list[str]]] = [
        ("other", _OTHER, [c for c in seen if c not in chosen.values and c not in chosen.blank]),
        ("blank", _NONE, [code for code in seen if chosen.blank.get(code, HIDDEN) != HIDDEN]),
        ("secret", _HIDDEN, [code for code in seen if chosen.blank.get(code) == HIDDEN]),
    ]
    by_class: dict[int, list[str]] = {number_of_class: [] for number_of_class in range(number)}
    for code, value in chosen.values.items():
        by_class[chosen.classes.of(value)].append(code)
    groups += [
        (f"class-{number_of_class}", colours[number_of_class], codes)
        for number_of_class, codes in by_class.items()
    ]
    return [group for group in groups if group[2] or group[0].startswith("class-")]


def _told(chosen: Choropleth, seen: Mapping[str, Area], codes: Iterable[str]) -> list[str]:
    """Return the text of each territory: its name, its code and its value."""
    return [
        f"{seen[code].name} ({code})"
        + (
            f" : {french_number(chosen.values[code], chosen.scale.unit)}"
            if code in chosen.values
            else f" : {chosen.blank.get(code, 'sans donnée')}"
        )
        for code in codes
    ]


def _curve(outline: Any) -> Curve:  # noqa: ANN401 - shapely has no types
    """Return an outline with its holes as one curve."""
    vertices, codes = [], []
    for ring in _rings(outline):
        points = shapely.get_coordinates(ring)
        vertices.append(points)
        codes += [Curve.MOVETO, *[Curve.LINETO] * (len(points) - 2), Curve.CLOSEPOLY]
    return Curve(np.concatenate(vertices), codes)


def _rings(outline: Any) -> Iterator[Any]:  # noqa: ANN401
    for part in shapely.get_parts(outline):
        yield part.exterior
        yield from part.interiors


def _draw_legend(axes: Axes, chosen: Choropleth, groups: list[tuple[str, Any, list[str]]]) -> None:
    level = LEVELS[chosen.level]
    labels = {f"class-{at}": label for at, label in enumerate(chosen.classes.labels())}
    labels |= {"other": f"autres {level.plural}", "blank": "sans valeur", "secret": HIDDEN}
    handles = [
        Patch(
            facecolor=colour,
            edgecolor=_EDGES.get(gid, "#888888"),
            hatch=_HATCHES.get(gid),
            linewidth=0.5,
            label=labels[gid] + ("" if gid == "other" else f" ({french_number(len(codes))})"),
        )
        # The highest class on top, as the axis of a chart has it; what has none below.
        for gid, colour, codes in reversed(groups)
    ]
    axes.legend(
        handles=handles,
        title=shortened(chosen.scale.title, 26) + f"\n(nombre {level.of_many})",
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        fontsize=9,
        alignment="left",
        title_fontsize=9,
    )
