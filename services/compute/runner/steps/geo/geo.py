"""Places the rows of a table, and adds what follows from their positions."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from services.compute.execution.job_folder import Report
from services.compute.runner.columns.reference_files import read_reference
from services.compute.runner.database import quoted
from services.compute.runner.drawing.outlines import SOURCE
from services.compute.runner.steps.geo.borders import NEAR_BORDER, NONE, borders
from services.compute.runner.steps.geo.positions import PositionBatch, batches
from services.compute.runner.steps.geo.spellings import Points
from services.compute.runner.steps.workbench import TABLE, Workbench
from services.compute.runner.values.value_tests import Numbers
from shared.applications.geo_application import GeoParameters, Nearest
from shared.errors import Rejected
from shared.words import counted, unique

_PLACES = "places"
_ARRIVING, _MADE = "positions arriving", "positions made"
_ELLIPSOID = pyproj.Geod(ellps="GRS80")


def run(workbench: Workbench, parameters: GeoParameters) -> Report:
    """Make the table with what is added behind its columns, in the order of its rows.

    Raises Invalid naming the parameter whose column does not exist, Rejected when no row has a
    position that can be read.
    """
    work = _Work(workbench, parameters)
    workbench.say(0.1, "lit les positions")
    made: list[dict[str, Any]] = [
        work.columns_of(batch)
        for batch in batches(workbench, TABLE, parameters.position, "position")
    ]
    report = work.report()
    table = pa.concat_tables([pa.table(one) for one in made]) if made else None
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


class _Places:
    """The rows of the second table, by where they are."""

    def __init__(self, workbench: Workbench, told: Nearest) -> None:
        found = list(batches(workbench, _PLACES, told.position, "nearest.position"))
        label = workbench.column(_PLACES, told.label, "nearest.label")
        source = quoted(workbench.tables[_PLACES].name)
        labels = workbench.database.sql(f"SELECT CAST({label} AS VARCHAR) AS label FROM {source}")
        points = [one.points for one in found]
        self.latitude = np.concatenate([it.latitude for it in points] or [np.array([])])
        self.longitude = np.concatenate([it.longitude for it in points] or [np.array([])])
        self.labels = labels.to_arrow_table()["label"].combine_chunks()
        self.tree = shapely.STRtree(np.concatenate([it.plane for it in found] or [np.array([])]))
        self.unplaced = int(sum(np.isnan(it.x).sum() for it in found))
        if self.unplaced == len(self.latitude):
            raise Rejected("aucune ligne de la table des lieux n'a de position lisible en France")

    def nearest(self, batch: PositionBatch) -> tuple[Any, Numbers]:
        """The label of the nearest place, and how far it is in metres; none for no position."""
        where = np.flatnonzero(np.isfinite(batch.x))
        at, places = self.tree.query_nearest(batch.plane[where], all_matches=False)
        rows = where[at]
        metres = np.full(len(batch.x), np.nan)
        metres[rows] = _metres(
            (batch.points.latitude[rows], batch.points.longitude[rows]),
            (self.latitude[places], self.longitude[places]),
        )
        chosen = np.full(len(batch.x), -1)
        chosen[rows] = places
        indices = pa.array(chosen, mask=chosen < 0)
        return self.labels.take(indices), metres


def _metres(here: tuple[Numbers, Numbers], there: tuple[Numbers, Numbers]) -> Numbers:
    """Along the ellipsoid (Karney 2013), of latitudes and longitudes, to the decimetre."""
    _, _, metres = _ELLIPSOID.inv(here[1], here[0], there[1], there[0])
    rounded: Numbers = np.round(metres, 1)
    return rounded


class _Work:
    """What is made of each batch, and what is counted of all."""

    def __init__(self, workbench: Workbench, told: GeoParameters) -> None:
        self._told, self._bench = told, workbench
        self._counts = Counter[str]()
        self._places = _Places(workbench, told.nearest) if told.nearest else None

    def columns_of(self, batch: PositionBatch) -> dict[str, Any]:
        """The columns that are added, in the order of their names."""
        told, points = self._told, batch.points
        read = int(points.is_read.sum())
        self._counts.update(
            rows=len(batch.x),
            unreadable=points.filled - read,
            empty=len(batch.x) - points.filled,
            read=read,
            beyond=read - int(np.isfinite(batch.x).sum()),
        )
        made = self._areas(batch) if told.areas else {}
        if "wgs84" in told.coordinates:
            made["latitude_wgs84"] = _numbers(np.round(points.latitude, 7))
            made["longitude_wgs84"] = _numbers(np.round(points.longitude, 7))
        if "lambert93" in told.coordinates:
            made["x_lambert93"] = _numbers(np.round(batch.x, 2))
            made["y_lambert93"] = _numbers(np.round(batch.y, 2))
        if told.distance:
            made[told.distance.name] = _numbers(self._distance(points))
        if told.nearest and self._places:
            label, metres = self._places.nearest(batch)
            made |= {told.nearest.name: label, f"{told.nearest.name}_m": _numbers(metres)}
        return {name: made[name] for name in told.added}

    def _areas(self, batch: PositionBatch) -> dict[str, Any]:
        known = borders()
        found = known.find(batch.plane, self._told.near)
        inside = found.places != NONE
        self._counts.update(
            placed=int(inside.sum()),
            close=int((found.close & inside).sum()),
            led=int(found.led.sum()),
            outside=int((np.isfinite(batch.x) & ~inside).sum()),
            outside_close=int((found.close & ~inside).sum()),
        )
        at = pa.array(found.places, mask=~inside)
        return {
            "commune": pa.array(known.codes).take(at),
            "commune_nom": pa.array([_names()[code] for code in known.codes]).take(at),
            "departement": pa.array([code[:2] for code in known.codes]).take(at),
        }

    def _distance(self, points: Points) -> Numbers:
        assert self._told.distance is not None  # noqa: S101 - it is asked for
        here = self._told.distance
        there = tuple(np.full(len(points.latitude), one) for one in (here.latitude, here.longitude))
        return _metres((points.latitude, points.longitude), (there[0], there[1]))

    def report(self) -> Report:
        """What was placed, and what was not; raises Rejected when nothing can be read."""
        found = self._counts
        if found["rows"] and not found["read"]:
            raise Rejected("aucune position n'est lisible : vérifiez les colonnes nommées")
        rows = {"in": found["rows"], "out": found["rows"]}
        counts = {name: n for name, n in found.items() if name != "rows"}
        unplaced = self._places.unplaced if self._places else 0
        if self._places:
            counts["unplaced_places"] = unplaced
        told = " ; ".join(_in_words(found, self._told, unplaced))
        source = {"source": SOURCE} if self._told.areas else {}
        return {"rows": rows, "positions": counts, "summary": told, **source}


def _numbers(numbers: Numbers) -> Any:  # noqa: ANN401 - pyarrow has no types
    return pa.array(numbers, mask=~np.isfinite(numbers))


@cache
def _names() -> dict[str, str]:
    table = read_reference("outlines.csv.gz")
    rows = zip(*(table[name].to_pylist() for name in ("level", "code", "name")), strict=True)
    return {code: name for level, code, name in rows if level == "commune"}


def _in_words(found: Counter[str], told: GeoParameters, unplaced: int) -> Iterator[str]:
    rows = counted(found["rows"], "ligne", "lignes")
    yield f"{rows}, {counted(found['read'], 'située', 'situées')}"
    if found["unreadable"]:
        yield f"{counted(found['unreadable'], 'position illisible', 'positions illisibles')}"
    if found["empty"]:
        yield counted(found["empty"], "ligne sans position", "lignes sans position")
    if found["beyond"]:
        beyond = counted(found["beyond"], "position est", "positions sont")
        yield f"{beyond} hors du domaine du Lambert-93 (France métropolitaine)"
    if told.areas:
        yield from _of_areas(found, told)
    if unplaced:
        yield counted(unplaced, "lieu sans position lisible", "lieux sans position lisible")


def _of_areas(found: Counter[str], told: GeoParameters) -> Iterator[str]:
    share = f"{100 * found['close'] / max(1, found['placed']):.1f}".replace(".", ",")
    yield f"{counted(found['placed'], 'point', 'points')} dans une commune de Normandie"
    yield (
        f"{share} % de ces points sont à moins de {NEAR_BORDER} m d'une limite, et les contours"
        " sont simplifiés : ils peuvent être de la commune voisine"
    )
    if found["led"]:
        led = counted(found["led"], "point rattaché", "points rattachés")
        yield f"{led} au contour le plus proche, à {told.near} m au plus"
    if found["outside"]:
        outside = counted(found["outside"], "point hors", "points hors")
        close = counted(found["outside_close"], "est", "sont")
        yield f"{outside} de tout contour, dont {close} à moins de {NEAR_BORDER} m d'un"
