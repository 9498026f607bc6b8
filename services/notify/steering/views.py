"""What the steering committee is answered: every figure in one shape, with its unit."""

import csv
import io
import re
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from shared.inbound import Body

_BOM = "\ufeff"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class SteeringQuery(Body):
    """Which year, and how to write it."""

    year: int | None = Field(
        default=None,
        ge=2000,
        le=2100,
        description="calendar year in Europe/Paris; this one if none",
    )
    report: bool = Field(
        default=False,
        description="as a report that leaves the lab: without reasons, and without what operators"
        " alone are told",
    )
    format: Literal["json", "csv"] | None = Field(
        default=None, description="wins over the header `Accept`"
    )


class Row(BaseModel):
    """One group of a figure and its value."""

    group: str = Field(description="what people read; in French, but for what members wrote")
    code: str = Field(default="", description="of a stage, département, dataset, member, ...")
    value: float | None = Field(description="null when it is not told, or there is none")
    hidden: str = Field(default="", description="what is told instead, in French: moins de 5, ...")


class Figure(BaseModel):
    """A figure by groups."""

    name: str
    title: str = Field(description="in French")
    unit: str = Field(description="of the values, in French: projets, jours, secondes, ...")
    said: str = Field(description="how it is counted, in a French sentence")
    rows: tuple[Row, ...]


class EndView(BaseModel):
    """A project that was rejected or withdrawn in the year, with the reason that people gave."""

    project_id: str
    end: Literal["rejected", "withdrawn"]
    stage: str = Field(description="French name of the last stage before")
    at: AwareDatetime
    reason: str = Field(description="as it was written: the CSV and the yearly report leave it out")


class SteeringView(BaseModel):
    """The figures of a year, until its end or now."""

    year: int
    until: AwareDatetime
    years: tuple[int, ...] = Field(description="those of which anything is known")
    is_empty: bool = Field(description="whether nothing at all is known of the year")
    cut: int = Field(description="subjects with so many events of a kind that the last are missing")
    figures: tuple[Figure, ...]
    ends: tuple[EndView, ...] = Field(description="the newest first, 100 at most")


def csv_of(view: SteeringView) -> bytes:
    """One line for each value, as a French spreadsheet opens it: `;`, decimal commas, UTF-8 marked.

    A text that would be worked out as a formula begins with an apostrophe.
    """
    text = io.StringIO()
    lines = csv.writer(text, delimiter=";", lineterminator="\r\n")
    lines.writerow(("chiffre", "groupe", "unité", "valeur"))
    for figure in view.figures:
        lines.writerows(
            (figure.title, _harmless(row.group), figure.unit, _value(row)) for row in figure.rows
        )
    return (_BOM + text.getvalue()).encode()


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _value(row: Row) -> str:
    if row.value is None:
        return row.hidden
    return f"{row.value:.1f}".removesuffix(".0").replace(".", ",")
