"""Takes data of which the catalogue only knows where it is into the lab, as an upload would.

And takes it again, once its source tells of it otherwise.
"""

from urllib.parse import unquote, urlsplit

from pydantic import Field

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.source_record import FetchedCopy, day_of
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.visibility import visible
from services.catalog.harvesting.fetching import Fetcher, PortalResponse
from shared.auth import Caller
from shared.engine.contract.harvested_page import Distribution
from shared.errors import Forbidden, Invalid, WrongStage
from shared.http.upload import plain_name
from shared.inbound import Body
from shared.store import Store

_TABLES = (
    *("parquet", "csv", "tsv", "xlsx", "ods", "xls"),
    *("geojson", "gpkg", "shp", "json", "gpx", "kml", "kmz"),
)
"""Formats that are read as tables, those that keep most of them first."""

_ALSO = {
    "geopackage": "gpkg",
    "shapefile": "shp",
    "esri shapefile": "shp",
    "geopackage+sqlite3": "gpkg",
    "geo+json": "geojson",
    "vnd.google-earth.kml+xml": "kml",
    "vnd.google-earth.kmz": "kmz",
    "gpx+xml": "gpx",
    "vnd.shp": "shp",
    "x-shapefile": "shp",
}
"""What portals and the types of media call some of them."""

_ANYTHING = "*/*"


class TakeIn(Body):
    """Which distribution to fetch."""

    url: str = Field(default="", description="one of its distributions; by default the best table")


def take_in(
    store: Store, fetcher: Fetcher, dataset_id: str, caller: Caller, url: str = ""
) -> Dataset:
    """Fetch a distribution of the caller's harvested dataset as its next version.

    The same bytes again are no new version. Raises Forbidden for anybody else, WrongStage when its
    source has it no more or there is no table to fetch, Invalid for another address than its
    distributions', and what the fetcher raises.
    """
    dataset = visible(store, dataset_id, caller)
    if dataset.owner_id != caller.member_id:
        raise Forbidden("seul le propriétaire du jeu y ajoute des versions")
    dataset.check_present()
    distribution = _chosen(dataset, url)
    return _keep(store, dataset_id, distribution, fetcher.fetch(distribution.url, _ANYTHING))


def renew(store: Store, fetcher: Fetcher, dataset: Dataset) -> bool:
    """Fetch an outdated dataset's data again; return whether that made another version.

    Raises what the fetcher raises, and WrongStage for a file that is not what its source says.
    """
    distribution, taken = dataset.outdated, dataset.taken
    if not (distribution and taken):
        return False
    previous = taken if taken.distribution.url == distribution.url else None
    kept = _keep(
        store,
        dataset.id,
        distribution,
        fetcher.fetch(distribution.url, _ANYTHING, previous),
        previous,
    )
    return len(kept.versions) > len(dataset.versions)


def _keep(
    store: Store,
    dataset_id: str,
    distribution: Distribution,
    response: PortalResponse,
    previous: FetchedCopy | None = None,
) -> Dataset:
    """Make a version of what was fetched; none when it is the same as `previous`."""
    file = response.file
    if file is None and previous is None:
        raise WrongStage("le portail répond 304 à qui ne connaît pas le fichier")
    algorithm, _, digest = distribution.checksum.partition(":")
    sha256 = file.sha256 if file else previous.sha256 if previous else ""
    if algorithm == "sha256" and digest != sha256:
        raise WrongStage("le fichier n'a pas la somme de contrôle que sa source annonce")

    def decide(dataset: Dataset) -> None:
        if file:
            note = f"récupéré de {distribution.url}"
            source_date = (
                day_of(dataset.harvested.dated(distribution)) if dataset.harvested else None
            )
            dataset.register(
                VersionContent(
                    file=file, filename=_name_of(distribution), note=note, modified=source_date
                )
            )
        dataset.taken = FetchedCopy(
            distribution=distribution,
            modified=dataset.harvested.dated(distribution) if dataset.harvested else "",
            sha256=sha256,
            etag=response.etag,
            last_modified=response.last_modified,
        )

    return store.of(Dataset).change(dataset_id, decide)


def _chosen(dataset: Dataset, url: str) -> Distribution:
    distributions = dataset.harvested.distributions if dataset.harvested else ()
    if url:
        named = next(
            (distribution for distribution in distributions if distribution.url == url), None
        )
        if named is None:
            raise Invalid("n'est l'adresse d'aucun fichier de ce jeu de données", "url")
        return named
    tables = [distribution for distribution in distributions if format_of(distribution) in _TABLES]
    if not tables:
        raise WrongStage(
            "aucun fichier de ce jeu n'est annoncé comme une table : donnez l'adresse de l'un d'eux"
        )
    return min(tables, key=lambda distribution: _TABLES.index(format_of(distribution)))


def format_of(distribution: Distribution) -> str:
    """The format of table that a distribution announces, as in `_TABLES`; empty for none."""
    ending = _path_of(distribution).rpartition(".")[2]
    names = (distribution.format, distribution.media_type.rpartition("/")[2], ending)
    formats = (_ALSO.get(name.lower(), name.lower()) for name in names)
    return next((name for name in formats if name in _TABLES), "")


def _path_of(distribution: Distribution) -> str:
    """The path of its address; empty when that cannot be read: the fetcher refuses it."""
    try:
        return urlsplit(distribution.url).path
    except ValueError:
        return ""


def _name_of(distribution: Distribution) -> str:
    return (
        plain_name(unquote(_path_of(distribution))) or f"donnees.{format_of(distribution) or 'bin'}"
    )
