"""What is said of a dataset, with periods, contacts and codes of the EU's vocabularies."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from shared.catalogues.eu_codes import PublisherKind
from shared.engine.tables.manifest import ColumnDescription
from shared.events.event import Content, Frozen
from shared.language.french import legible

Day = Annotated[date, PlainSerializer(date.isoformat, return_type=str)]
"""A day that documents keep as text: they have no dates without a time."""


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


# fmt: off
_FrequencyCode = Literal[
    "UPDATE_CONT", "CONT", "HOURLY", "DAILY", "DAILY_2", "WEEKLY", "WEEKLY_2", "WEEKLY_3",
    "BIWEEKLY", "MONTHLY", "MONTHLY_2", "MONTHLY_3", "BIMONTHLY", "QUARTERLY", "ANNUAL", "ANNUAL_2",
    "ANNUAL_3", "BIENNIAL", "TRIENNIAL", "QUADRENNIAL", "QUINQUENNIAL", "DECENNIAL", "AS_NEEDED",
    "IRREG", "NEVER", "NOT_PLANNED", "OTHER", "UNKNOWN",
]
# fmt: on
Frequency = Annotated[_FrequencyCode, BeforeValidator(_upper)]
"""How often data is renewed: codes of the EU's authority table `frequency`, in any case."""

HighValue = Literal[
    "geospatial", "earth_observation", "meteorological", "statistics", "companies", "mobility"
]
"""The categories of high-value datasets: Implementing Regulation (EU) 2023/138, annex."""

Language = Literal["fr", "en", "de", "es", "it", "nl", "pt", "br", "ca", "co", "eu", "oc"]
"""ISO 639-1; languages of France and its neighbours."""


class Period(Frozen):
    """The days that data is about, from `start` to `end`; open where one is missing."""

    start: Day | None = None
    end: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start is None and self.end is None:
            raise ValueError("une période a un début ou une fin")
        if self.start and self.end and self.start > self.end:
            raise ValueError("une période ne finit pas avant son début")
        return self


class Contact(Frozen):
    """Whom to ask about data: a service or person with an address to write to or a page."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(legible)]
    email: str | None = Field(default=None, pattern=r"^[^\s@<>\"]+@[^\s@<>\"]+$", max_length=254)
    url: str | None = Field(default=None, pattern=r"^https?://\S+$", max_length=2000)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not (self.email or self.url):
            raise ValueError("un contact a une adresse électronique ou une URL")
        return self


AccessLevel = Literal["open", "restricted"]


class Metadata(Frozen):
    """What an owner says about a dataset; `territory` holds INSEE codes, or SIREN of EPCI."""

    title: str
    description: str = ""
    theme: str
    keywords: tuple[str, ...] = ()
    territory: tuple[str, ...] = ()
    licence: str
    access: AccessLevel
    content: Content = Field(
        default="table",
        description="what is uploaded: one table, or files that are kept as they are (pictures,"
        " PDF, GeoTIFF, NetCDF, sound), alone or in a ZIP archive; it stays what it was at first",
    )
    producer: str = ""
    producer_kind: PublisherKind | None = Field(default=None, description="what body that is")
    source_url: str | None = None
    temporal: Period | None = Field(default=None, description="the days the data is about")
    modified: Day | None = Field(default=None, description="the day its source last changed it")
    frequency: Frequency | None = Field(default=None, description="how often it is renewed")
    contact: Contact | None = Field(default=None, description="whom to ask about it")
    hvd: HighValue | None = Field(default=None, description="category of a high-value dataset")
    language: Language = "fr"
    columns: tuple[ColumnDescription, ...] = Field(
        default=(), description="what columns hold, by name, as its data dictionary says"
    )
    minimum_units: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="of restricted data, how many persons, companies or rows have to be behind each"
        " figure that is made of it: more than the rules of release ask for, never fewer",
    )
    unit_column: str = Field(
        default="",
        max_length=500,
        description="of restricted data, the column that says whose a row is: rows of a person, a"
        " household or a company count as one; empty: its numbers of persons or companies, else"
        " each row",
    )
    joins_shown: bool = Field(
        default=False,
        description="of restricted data, whether others are told how many of its identifiers other"
        " data has, down to multiples of five; else only which kind of identifiers it has",
    )

    on_cluster: bool = Field(
        default=False,
        description="of restricted data, whether machines of a cluster may compute with what was"
        " granted; else that stays with the lab's own",
    )

    def without_content(self, title: str) -> "Metadata":
        """What a deleted dataset keeps, under that title: its producer and its terms."""
        return Metadata(
            title=title,
            theme=self.theme,
            licence=self.licence,
            access=self.access,
            content=self.content,
            producer=self.producer,
        )
