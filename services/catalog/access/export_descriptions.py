"""How the table of a dataset is exported: its format, its columns, and what is said of it."""

from collections.abc import Iterator

from pydantic import Field

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from services.catalog.licences.compatibility import compatibility_of
from services.catalog.licences.licences import find_licence
from shared.engine.tables.exports import Export, ExportFormat, Line
from shared.inbound import Body
from shared.language.french import file_name, quoted


class VersionQuery(Body):
    """Which version is wanted: its number stays the address of what it has."""

    version: int | None = Field(
        default=None, ge=1, description="a published one, by number; without it, the newest"
    )


class TableQuery(VersionQuery):
    """The table of which version is wanted, in which format."""

    format: ExportFormat | None = Field(
        default=None,
        description="csv as a French Excel opens it, xlsx with its source on a second sheet, or"
        " parquet with real types; without it, the table as it is stored",
    )


def export_of(dataset: Dataset, number: int, export_format: ExportFormat) -> Export:
    """The export of a version's table, as it was described when it was read."""
    version = dataset.history.numbered(number)
    about = tuple(_lines(dataset, version))
    return Export(format=export_format, described=version.described_columns, about=about)


def called(dataset: Dataset, number: int, ending: str) -> str:
    """The name of a file of a version: the dataset's title, and the day when it came."""
    version = dataset.history.numbered(number)
    return file_name(dataset.metadata.title, version.registered_at, ending)


def _lines(dataset: Dataset, version: Version) -> Iterator[Line]:
    about = dataset.metadata
    licence = find_licence(about.licence)
    yield Line(label="Titre", text=about.title)
    yield Line(label="Jeu de données", text=f"{dataset.id}, version {version.number}")
    if about.producer:
        yield Line(label="Producteur", text=about.producer)
    yield Line(label="Licence", text=licence.title if licence else about.licence)
    if licence and licence.url:
        yield Line(label="Adresse de la licence", text=licence.url)
    attribution = compatibility_of(dataset.sources(version)).attribution
    yield Line(label="Attribution", text=attribution)
    if about.source_url:
        yield Line(label="Page d'origine", text=str(about.source_url))
    if units := ", ".join(_units(version)):
        yield Line(label="Unités", text=units)


def _units(version: Version) -> Iterator[str]:
    for column in version.profile.columns if version.profile else ():
        if column.meaning and column.meaning.unit:
            yield f"{quoted(column.name)} : {column.meaning.unit}"
