"""What an owner says about a dataset."""

from typing import Literal

from pydantic import Field

from services.catalog.terms import Contact, Frequency, HighValue, Language, Period
from shared.eu_codes import PublisherKind
from shared.events import Frozen

Access = Literal["open", "restricted"]


class Metadata(Frozen):
    """What an owner says about a dataset; `territory` holds INSEE codes, or SIREN of EPCI."""

    title: str
    description: str = ""
    theme: str
    keywords: tuple[str, ...] = ()
    territory: tuple[str, ...] = ()
    licence: str
    access: Access
    producer: str = ""
    producer_kind: PublisherKind | None = Field(default=None, description="what body that is")
    source_url: str | None = None
    temporal: Period | None = Field(default=None, description="the days the data is about")
    frequency: Frequency | None = Field(default=None, description="how often it is renewed")
    contact: Contact | None = Field(default=None, description="whom to ask about it")
    hvd: HighValue | None = Field(default=None, description="category of a high-value dataset")
    language: Language = "fr"
