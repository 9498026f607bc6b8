"""Charts of a table's rows: bars, lines and points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple

from matplotlib.dates import AutoDateLocator, date2num, num2date
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shared.engine.drawing.french_labels import (
    are_years,
    digits_of,
    french_day,
    french_number,
    shortened,
)
from shared.engine.drawing.picture import COLOURS, Axes, Drawing

Curves = Literal["lines", "points"]
X = float | date | str
"""What a point stands at: a number, a day, or a word."""

_WIDTH, _HEIGHT = 9.0, 4.6
_BAR, _EDGES = 0.42, 1.1
_LABEL, _TITLE = 38, 60
_CROWDED = 3000
_WORDS = 14
_MARKS = "osD^vP*X"
_DASHES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class AxisScale:
    """What the values are and what is written after them."""

    value: str
    unit: str = ""

    @property
    def title(self) -> str:
        """Return the text along the axis."""
        title = f"{self.value} ({self.unit})" if self.unit else self.value
        return shortened(title, _TITLE)


class Point(NamedTuple):
    """A value, where it stands, and the series that it is of."""

    x: X
    y: float | None
    series: str = ""


def bars(rows: Sequence[tuple[str, float]], scale: AxisScale) -> Drawing:
    """Draw one horizontal bar for each (label, value), the first on top."""
    labels = [shortened(label, _LABEL) for label, _ in rows]
    digits = max((digits_of(value) for _, value in rows), default=0)
    numbers = [french_number(value, scale.unit, digits) for _, value in rows]
    texts = [f"{label} : {value}" for (label, _), value in zip(rows, numbers, strict=True)]

    def draw(axes: Axes) -> None:
        drawn = axes.barh(range(len(rows)), [value for _, value in rows], color=COLOURS[0])
        axes.bar_label(drawn, numbers, padding=3, fontsize=9)
        axes.set_yticks(range(len(rows)), labels)
        axes.invert_yaxis()
        axes.margins(x=0.14)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(scale.title)
        axes.xaxis.set_major_formatter(_numbers())
        _plain(axes)
        for number, patch in enumerate(drawn):
            patch.set_gid(f"bar-{number}")

    height = _EDGES + sum(_BAR + 0.14 * label.count("\n") for label in labels)
    told_of = {f"bar-{at}": [text] for at, text in enumerate(texts)}
    return Drawing(draw, _WIDTH, height, told_of, not rows)


def curves(points: Sequence[Point], x_title: str, scale: AxisScale, kind: Curves) -> Drawing:
    """Draw each series as a line in the order of x, with gaps, or as points."""
    series = dict.fromkeys(point.series for point in points)
    places = _places(points)

    def draw(axes: Axes) -> None:
        for number, name in enumerate(series):
            mine = [point for point in points if point.series == name]
            _draw_series(axes, number, mine, places, kind)
        axes.set_xlabel(shortened(x_title, _TITLE))
        axes.set_ylabel(scale.title)
        axes.yaxis.set_major_formatter(_numbers())
        _set_x_axis(axes, points, places)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        _plain(axes)
        if len(series) > 1:
            axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=9)

    is_empty = all(point.y is None for point in points)
    return Drawing(draw, _WIDTH, _HEIGHT, {}, is_empty)


def _draw_series(
    axes: Axes, number: int, points: Sequence[Point], places: Mapping[str, int], kind: Curves
) -> None:
    x = [_number_of(point.x, places) for point in points]
    y = [float("nan") if point.y is None else point.y for point in points]
    look: dict[str, Any] = {
        "color": COLOURS[number % len(COLOURS)],
        "marker": _MARKS[number % len(_MARKS)],
        "markersize": 4 if len(points) <= _CROWDED else 1.5,
        "label": shortened(points[0].series, 24),
        "linestyle": _DASHES[number // len(COLOURS) % len(_DASHES)] if kind == "lines" else "none",
        # One by one they would make an SVG of megabytes.
        "rasterized": len(points) > _CROWDED,
    }
    axes.plot(x, y, gid=f"series-{number}", **look)


def _places(points: Sequence[Point]) -> dict[str, int]:
    """Return the position of each word, in order of occurrence."""
    words = dict.fromkeys(point.x for point in points if isinstance(point.x, str))
    return {word: place for place, word in enumerate(words)}


def _number_of(x: X, places: Mapping[str, int]) -> float:
    if isinstance(x, str):
        return places[x]
    return float(date2num(x)) if isinstance(x, date) else x


def _set_x_axis(axes: Axes, points: Sequence[Point], places: Mapping[str, int]) -> None:
    if places:
        step = -(-len(places) // _WORDS)
        labelled_words = list(places)[::step]
        axes.set_xticks(
            [places[word] for word in labelled_words],
            [shortened(word, 14) for word in labelled_words],
            fontsize=8,
        )
        if len(labelled_words) > 6:  # noqa: PLR2004 - more words do not fit side by side
            axes.tick_params(axis="x", rotation=45)
    elif points and isinstance(points[0].x, date):
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=9))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda day, _: french_day(num2date(day))))
    else:
        values = [float(point.x) for point in points if isinstance(point.x, (int, float))]
        if values and are_years(values):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
        else:
            axes.xaxis.set_major_formatter(_numbers())


def _numbers() -> Any:  # noqa: ANN401 - matplotlib has no types
    return FuncFormatter(lambda value, _: french_number(value))


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
