"""Draws horizontal bars, without a display."""

import textwrap
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from services.compute.applications.aggregate import Chart

_COLOUR = "#1f5fa8"
_WIDTH = 38


def draw_bars(path: Path, bars: list[tuple[str, float]], chart: Chart) -> None:
    """Write a PNG with one bar per (label, value), the first on top."""
    labels = [textwrap.fill(textwrap.shorten(label, 90), _WIDTH) for label, _ in bars]
    # Labels come from the data: a dollar sign in them is no formula.
    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(9, 1.6 + 0.45 * len(bars)), layout="constrained")
        axes = figure.subplots()
        drawn = axes.barh(range(len(bars)), [value for _, value in bars], color=_COLOUR)
        axes.bar_label(drawn, [_text(value, chart.unit) for _, value in bars], padding=3)
        axes.set_yticks(range(len(bars)), labels)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(chart.value + (f" ({chart.unit})" if chart.unit else ""))
        axes.set_title(textwrap.fill(chart.title, 70), loc="left")
        figure.savefig(path, dpi=110)


def _text(value: float, unit: str) -> str:
    number = f"{value:,.2f}".rstrip("0").rstrip(".").replace(",", "\u202f").replace(".", ",")
    return f"{number}\u00a0{unit}" if unit else number
