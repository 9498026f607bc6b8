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
    wanted = _chosen(dataset, url)
    return _keep(store, dataset_id, wanted, fetcher.fetch(wanted.url, _ANYTHING))


def renew(store: Store, fetcher: Fetcher, dataset: Dataset) -> bool:
    """Fetch an outdated dataset's data again; whether that made another version.

    Raises what the fetcher raises, and WrongStage for a file that is not what its source says.
    """
    wanted, taken = dataset.outdated, dataset.taken
    if not (wanted and taken):
        return False
    known = taken if taken.distribution.url == wanted.url else None
    kept = _keep(store, dataset.id, wanted, fetcher.fetch(wanted.url, _ANYTHING, known), known)
    return len(kept.versions) > len(dataset.versions)


def _keep(
    store: Store,
    dataset_id: str,
    wanted: Distribution,
    found: PortalResponse,
    known: FetchedCopy | None = None,
) -> Dataset:
    """Make a version of what was fetched; of the same as was `known` nothing."""
    file = found.file
    if file is None and known is None:
        raise WrongStage("le portail répond 304 à qui ne connaît pas le fichier")
    algorithm, _, digest = wanted.checksum.partition(":")
    sha256 = file.sha256 if file else known.sha256 if known else ""
    if algorithm == "sha256" and digest != sha256:
        raise WrongStage("le fichier n'a pas la somme de contrôle que sa source annonce")

    def decide(dataset: Dataset) -> None:
        if file:
            note = f"récupéré de {wanted.url}"
            said = day_of(dataset.harvested.dated(wanted)) if dataset.harvested else None
            dataset.register(
                VersionContent(file=file, filename=_name_of(wanted), note=note, modified=said)
            )
        dataset.taken = FetchedCopy(
            distribution=wanted,
            modified=dataset.harvested.dated(wanted) if dataset.harvested else "",
            sha256=sha256,
            etag=found.etag,
            last_modified=found.last_modified,
        )

    return store.of(Dataset).change(dataset_id, decide)


def _chosen(dataset: Dataset, url: str) -> Distribution:
    found = dataset.harvested.distributions if dataset.harvested else ()
    if url:
        named = next((one for one in found if one.url == url), None)
        if named is None:
            raise Invalid("n'est l'adresse d'aucun fichier de ce jeu de données", "url")
        return named
    tables = [one for one in found if format_of(one) in _TABLES]
    if not tables:
        raise WrongStage(
            "aucun fichier de ce jeu n'est annoncé comme une table : donnez l'adresse de l'un d'eux"
        )
    return min(tables, key=lambda one: _TABLES.index(format_of(one)))


def format_of(one: Distribution) -> str:
    """The table that a distribution is announced as, as `_TABLES` calls it, or nothing."""
    ending = _path_of(one).rpartition(".")[2]
    names = (one.format, one.media_type.rpartition("/")[2], ending)
    known = (_ALSO.get(name.lower(), name.lower()) for name in names)
    return next((name for name in known if name in _TABLES), "")


def _path_of(one: Distribution) -> str:
    """Of an address that cannot be read nothing: the fetcher refuses it."""
    try:
        return urlsplit(one.url).path
    except ValueError:
        return ""


def _name_of(one: Distribution) -> str:
    return plain_name(unquote(_path_of(one))) or f"donnees.{format_of(one) or 'bin'}"
