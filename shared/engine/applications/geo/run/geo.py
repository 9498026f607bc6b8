"""Places the rows of a table, and adds what follows from their positions."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj

from shared.engine.applications.geo.application import GeoParameters, Nearest, Target
from shared.engine.applications.geo.run.borders import NONE, Borders, borders, own_borders
from shared.engine.applications.geo.run.positions import PositionBatch, batches, metres_between
from shared.engine.applications.geo.run.spellings import Points
from shared.engine.contract.result import Report
from shared.engine.database import quoted
from shared.engine.drawing.outlines import SOURCE
from shared.engine.reading.columns.reference_files import read_reference
from shared.engine.reading.values.value_tests import Numbers
from shared.engine.running.steps.workbench import TABLE, Workbench
from shared.engine.tables.column_names import unique
from shared.errors import Rejected
from shared.language.french import counted

_PLACES = "places"
_GEOGRAPHIC, _GEOCENTRIC = 4979, 4978
_CANDIDATES = 4
"""Places that are measured to: along straight lines through the earth, which order distances but
for some metres in a thousand kilometres, the nearest is among them."""

_ARRIVING, _MADE = "positions arriving", "positions made"


def run(workbench: Workbench, parameters: GeoParameters) -> Report:
    """Make the table with what is added behind its columns, in the order of its rows.

    Raises Invalid naming the parameter whose column does not exist, Rejected when no row has a
    position that can be read.
    """
    work = _Work(workbench, parameters)
    workbench.say(0.1, "lit les positions")
    columns_by_batch: list[dict[str, Any]] = [
        work.columns_of(batch)
        for batch in batches(workbench, TABLE, parameters.position, "position")
    ]
    report = work.report()
    table = None
    if columns_by_batch:
        table = pa.concat_tables([pa.table(columns) for columns in columns_by_batch])
    workbench.say(0.8, "écrit la table")
    _join(workbench, parameters, table)
    return report


def _join(workbench: Workbench, parameters: GeoParameters, table: Any) -> None:  # noqa: ANN401 - pyarrow has no types
    source = quoted(workbench.tables[TABLE].name)
    names = unique(parameters.added, workbench.columns(TABLE))
    if table is None:
        empty = ", ".join(f"CAST(NULL AS VARCHAR) AS {quoted(name)}" for name in names)
        workbench.make(f"SELECT *, {empty} FROM {source}")
        return
    database = workbench.database
    database.register(_ARRIVING, table.rename_columns(names))
    database.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(_MADE)} AS FROM {quoted(_ARRIVING)}")
    database.unregister(_ARRIVING)
    workbench.make(f"SELECT * FROM {source} POSITIONAL JOIN {quoted(_MADE)}")
    database.execute(f"DROP TABLE {quoted(_MADE)}")


class _Work:
    """What is made of each batch, and what is counted of all."""

    def __init__(self, workbench: Workbench, parameters: GeoParameters) -> None:
        self._parameters = parameters
        self._counts = Counter[str]()
        self._areas = _Located(borders(), parameters.near) if parameters.areas else None
        self._zones: _Located | None = None
        if parameters.outlines:
            self._zones = _Located(own_borders(workbench, parameters.outlines), parameters.near)
        self._places = _Places(workbench, parameters.nearest) if parameters.nearest else None

    def columns_of(self, batch: PositionBatch) -> dict[str, Any]:
        """Return the columns that are added, in the order of their names."""
        parameters, points = self._parameters, batch.points
        read = int(points.is_read.sum())
        self._counts.update(
            rows=len(batch.x),
            unreadable=points.filled - read,
            empty=len(batch.x) - points.filled,
            read=read,
            beyond=read - int(np.isfinite(batch.x).sum()),
        )
        columns = _communes(self._areas.labels(batch)) if self._areas else {}
        if parameters.outlines and self._zones:
            columns[parameters.outlines.name] = self._zones.labels(batch)
        if "wgs84" in parameters.coordinates:
            columns["latitude_wgs84"] = _numbers(np.round(points.latitude, 7))
            columns["longitude_wgs84"] = _numbers(np.round(points.longitude, 7))
        if "lambert93" in parameters.coordinates:
            columns["x_lambert93"] = _numbers(np.round(batch.x, 2))
            columns["y_lambert93"] = _numbers(np.round(batch.y, 2))
        if parameters.distance:
            columns[parameters.distance.name] = _numbers(_distances(points, parameters.distance))
        if parameters.nearest and self._places:
            label, metres = self._places.nearest(points)
            columns |= {
                parameters.nearest.name: label,
                f"{parameters.nearest.name}_m": _numbers(metres),
            }
        return {name: columns[name] for name in parameters.added}

    def report(self) -> Report:
        """Return what was placed, and what was not; raises Rejected when nothing can be read."""
        counts = self._counts
        if counts["rows"] and not counts["read"]:
            raise Rejected("aucune position n'est lisible : vérifiez les colonnes nommées")
        rows = {"in": counts["rows"], "out": counts["rows"]}
        positions = {name: n for name, n in counts.items() if name != "rows"}
        report: Report = {"rows": rows, "positions": positions, "warnings": []}
        sentences = [*_in_words(counts, self._parameters)]
        for key, located, where in (
            ("positions", self._areas, "une commune de Normandie"),
            ("outlines", self._zones, "vos contours"),
        ):
            if located:
                report.setdefault(key, {}).update(located.counts)
                report["warnings"] += located.warnings()
                sentences += located.in_words(where)
        if self._places:
            positions["unplaced_places"] = unplaced = self._places.unplaced
            lost = counted(unplaced, "lieu sans position lisible", "lieux sans position lisible")
            sentences += [lost] * bool(unplaced)
        source = {"source": SOURCE} if self._areas else {}
        return {**report, "summary": " ; ".join(sentences), **source}


def _communes(codes: Any) -> dict[str, Any]:  # noqa: ANN401 - pyarrow has no types
    return {
        "commune": codes,
        "commune_nom": pa.array(map(_names().get, codes.to_pylist()), pa.string()),
        "departement": pc.utf8_slice_codeunits(codes, 0, 2),
    }


def _distances(points: Points, target: Target) -> Numbers:
    there = (target.latitude, target.longitude)
    latitude, longitude = (np.full(len(points.latitude), degrees) for degrees in there)
    return metres_between((points.latitude, points.longitude), (latitude, longitude))


def _numbers(numbers: Numbers) -> Any:  # noqa: ANN401 - pyarrow has no types
    return pa.array(numbers, mask=~np.isfinite(numbers))


@cache
def _names() -> dict[str, str]:
    table = read_reference("outlines.csv.gz")
    rows = zip(*(table[name].to_pylist() for name in ("level", "code", "name")), strict=True)
    return {code: name for level, code, name in rows if level == "commune"}


def _in_words(counts: Counter[str], parameters: GeoParameters) -> Iterator[str]:
    rows = counted(counts["rows"], "ligne", "lignes")
    yield f"{rows}, {counted(counts['read'], 'située', 'situées')}"
    if counts["unreadable"]:
        yield f"{counted(counts['unreadable'], 'position illisible', 'positions illisibles')}"
    if counts["empty"]:
        yield counted(counts["empty"], "ligne sans position", "lignes sans position")
    if counts["beyond"] and parameters.needs_plane:
        beyond = counted(counts["beyond"], "position est", "positions sont")
        yield f"{beyond} hors du domaine du Lambert-93 (France métropolitaine)"


class _Located:
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


class _Places:
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
        from scipy.spatial import KDTree  # noqa: PLC0415 - slow to load

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
