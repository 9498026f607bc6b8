"""The row of a second table that is nearest by the shortest way on the earth."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
from scipy.spatial import KDTree

from shared.engine.applications.geo.application import Nearest
from shared.engine.applications.geo.run.positions import batches, metres_between
from shared.engine.applications.geo.run.spellings import Points
from shared.engine.database import quoted
from shared.engine.reading.values.value_tests import Numbers
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Rejected

_PLACES = "places"
_GEOGRAPHIC, _GEOCENTRIC = 4979, 4978
_CANDIDATES = 4
"""Places that are measured to: along straight lines through the earth, which order distances but
for some metres in a thousand kilometres, the nearest is among them."""


class Places:
    """The rows of the second table, by where they are."""

    def __init__(self, workbench: Workbench, parameters: Nearest) -> None:
        read = batches(workbench, _PLACES, parameters.position, "nearest.position")
        points = [batch.points for batch in read]
        label = workbench.column(_PLACES, parameters.label, "nearest.label")
        source = quoted(workbench.tables[_PLACES].name)
        labels = workbench.database.sql(f"SELECT CAST({label} AS VARCHAR) AS label FROM {source}")
        self._labels = labels.to_arrow_table()["label"].combine_chunks()
        degrees = np.column_stack(
            [
                np.concatenate([getattr(part, name) for part in points] or [np.empty(0)])
                for name in ("latitude", "longitude")
            ]
        )
        placed = np.flatnonzero(np.isfinite(degrees).all(axis=1))
        self.unplaced = len(degrees) - len(placed)
        if not len(placed):
            raise Rejected("aucune ligne de la table des lieux n'a de position lisible")
        # Of several at one point the first row is meant.
        self._degrees, first = np.unique(degrees[placed], axis=0, return_index=True)
        self._rows = placed[first]
        self._tree = KDTree(_on_earth(*self._degrees.T))

    def nearest(self, points: Points) -> tuple[Any, Numbers]:
        """Return the nearest place's label and distance in metres; null without a position."""
        rows = np.flatnonzero(points.is_read)
        here = points.latitude[rows], points.longitude[rows]
        ranks = list(range(1, 1 + min(_CANDIDATES, len(self._rows))))
        _, near = self._tree.query(_on_earth(*here), ranks)
        there = self._degrees[near]
        metres = metres_between(
            tuple(np.broadcast_to(degrees[:, None], near.shape) for degrees in here),
            (there[..., 0], there[..., 1]),
        )
        best = metres.argmin(axis=1)[:, None]
        chosen, distances = np.full(len(points.latitude), -1), np.full(len(points.latitude), np.nan)
        chosen[rows] = self._rows[np.take_along_axis(near, best, axis=1)[:, 0]]
        distances[rows] = np.take_along_axis(metres, best, axis=1)[:, 0]
        return self._labels.take(pa.array(chosen, mask=chosen < 0)), distances


def _on_earth(latitude: Numbers, longitude: Numbers) -> Any:  # noqa: ANN401 - an array
    """Return points in three dimensions, in metres from the middle of the earth."""
    system = pyproj.Transformer.from_crs(_GEOGRAPHIC, _GEOCENTRIC, always_xy=True)
    return np.column_stack(system.transform(longitude, latitude, np.zeros(len(latitude))))
