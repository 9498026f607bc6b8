"""Locates points in outlines, batch by batch, and says what of it is uncertain."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from shared.engine.applications.geo.run.borders import NONE, Borders
from shared.engine.applications.geo.run.positions import PositionBatch
from shared.engine.contract.result import Report
from shared.language.french import counted


class Located:
    """What is counted of all points that are located in the same outlines."""

    def __init__(self, borders: Borders, near: int) -> None:
        self._borders, self._near = borders, near
        self._counts = Counter[str]()

    def labels(self, batch: PositionBatch) -> Any:  # noqa: ANN401 - pyarrow has no types
        """Return what the outline of each point is called; null for those in none."""
        match = self._borders.find(batch.plane, self._near)
        inside = match.places != NONE
        self._counts.update(
            placed=int(inside.sum()),
            close=int((match.close & inside).sum()),
            led=int(match.led.sum()),
            outside=int((np.isfinite(batch.x) & ~inside).sum()),
            outside_close=int((match.close & ~inside).sum()),
            several=int(match.several.sum()),
        )
        return self._borders.labels.take(pa.array(match.places, mask=~inside))

    @property
    def counts(self) -> dict[str, int]:
        """Return counts of points by outcome, and of outlines not usable as they are."""
        return {
            **self._counts,
            "outlines_unread": self._borders.unread,
            "outlines_mended": self._borders.mended,
        }

    def warnings(self) -> Iterator[Report]:
        """Return a warning of points so near a limit that they may be on its other side, if any."""
        tolerance = self._borders.tolerance
        if close := self._counts["close"] + self._counts["outside_close"]:
            points = counted(close, "point est", "points sont")
            yield {
                "kind": "near_limits",
                "told": f"{points} à moins de {tolerance} m d'une limite, et les contours sont"
                f" simplifiés à {tolerance} m près : le vrai peut être le voisin",
            }

    def in_words(self, where: str) -> Iterator[str]:
        """Yield the sentences of the report."""
        counts = self._counts
        yield f"{counted(counts['placed'], 'point', 'points')} dans {where}"
        yield from (warning["told"] for warning in self.warnings())
        if counts["led"]:
            led = counted(counts["led"], "point rattaché", "points rattachés")
            yield f"{led} au contour le plus proche, à {self._near} m au plus"
        if counts["outside"]:
            yield counted(counts["outside"], "point hors", "points hors") + " de tout contour"
        if counts["several"]:
            several = counted(counts["several"], "point dans plusieurs", "points dans plusieurs")
            yield f"{several} contours : le premier est retenu"
        if unread := self._borders.unread:
            yield counted(unread, "ligne sans contour lisible", "lignes sans contour lisible")
        if mended := self._borders.mended:
            yield counted(
                mended, "contour qui se croise, réparé", "contours qui se croisent, réparés"
            )
