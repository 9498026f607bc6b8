"""What the sandbox reads out of one page of another catalogue, and the catalogue keeps."""

from pydantic import Field

from shared.engine.tables.manifest import ColumnDescription
from shared.events.event import Frozen

ENTRIES = "entries.jsonl"
"""The file a harvest job makes: one PageEntry a line."""

READER = 8
"""What reads a page is known by this number: a page that another one read is read again."""


class Distribution(Frozen):
    """Where data can be fetched from its producer, as the other catalogue says."""

    url: str
    title: str = ""
    format: str = ""
    media_type: str = ""
    size: int | None = Field(default=None, ge=0, description="bytes")
    checksum: str = Field(default="", description="algorithm:value, such as sha1:da39a3ee...")
    modified: str = Field(default="", description="ISO date or time")


class Record(Frozen):
    """One dataset as another catalogue describes it, whichever way it is written there.

    Of texts in several languages the French one, then one without a language, then English.
    """

    identifier: str = Field(min_length=1, max_length=500)
    others: tuple[str, ...] = Field(
        default=(), description="what it is called elsewhere, as where it was harvested from"
    )
    title: str = Field(min_length=1, max_length=500)
    description: str = ""
    theme: str = Field(default="", description="in French")
    keywords: tuple[str, ...] = ()
    territory: tuple[str, ...] = Field(default=(), description="INSEE codes")
    licence: str = ""
    restricted: bool = False
    producer: str = ""
    producer_kind: str = Field(default="", description="what body that is, in the lab's words")
    page: str | None = None
    issued: str = ""
    modified: str = Field(default="", description="ISO date or time")
    start: str | None = Field(default=None, description="first day the data is about")
    end: str | None = None
    frequency: str = Field(default="", description="code of the EU's table of frequencies")
    language: str = ""
    contact: str = ""
    contact_email: str = ""
    contact_url: str = ""
    hvd: str = ""
    distributions: tuple[Distribution, ...] = ()
    columns: tuple[ColumnDescription, ...] = Field(
        default=(), description="what columns of its tables hold, the first text of each name"
    )


class PageEntry(Frozen):
    """One dataset of a page: its record, or in French why there is none; `where` names it then."""

    where: str
    identifier: str = ""
    record: Record | None = None
    reason: str = ""


class PageReport(Frozen):
    """What a harvest job reports; `next` what it says of where the next one is.

    That is relative to the address of the page, and whatever the page makes of it.
    """

    format: str = Field(description="json-ld, turtle, rdf-xml or data.gouv")
    read: int = Field(ge=0)
    refused: int = Field(ge=0)
    next: str | None = None


_IN_FRENCH = {
    "identifier": "son identifiant",
    "title": "son titre",
    "description": "sa description",
    "theme": "son thème",
    "keywords": "un de ses mots-clés",
    "territory": "son territoire",
    "licence": "sa licence",
    "producer": "son producteur",
    "page": "l'adresse de sa page",
    "source_url": "l'adresse de sa page",
    "temporal": "sa période",
    "distributions": "un de ses fichiers",
    "contact": "son contact",
    "columns": "la description d'une de ses colonnes",
}


def in_french(field: str) -> str:
    """Return the French name of a field of a record or of metadata."""
    return _IN_FRENCH.get(field.partition(".")[0], "une de ses indications")
