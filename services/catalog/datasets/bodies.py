"""What owners send about their data: bounded, and refused when a field is unknown."""

from collections import Counter
from datetime import date, timedelta
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from services.catalog.datasets.legal_basis import Basis
from services.catalog.datasets.metadata import AccessLevel, Contact, Day, Metadata
from services.catalog.licences.licences import canonical
from shared.aggregate import now
from shared.catalogues.markup import plain_text, untagged
from shared.engine.tables.manifest import ColumnDescription
from shared.engine.tables.territory import Places
from shared.events import DeclarationAnswer, RepairName
from shared.inbound import Body
from shared.language.french import legible, quoted

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(plain_text)
]
"""What people write is shown on pages, and in catalogues of others, as it is: without tags."""

Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(plain_text),
]
Purpose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(plain_text)
]


SheetName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


def _named_plainly(contact: Contact | None) -> Contact | None:
    if contact:
        untagged(contact.name)
    return contact


def _past(day: date | None) -> date | None:
    if day and day > (now() + _AHEAD).date():
        raise ValueError("ne peut pas être dans l'avenir")
    return day


_AHEAD = timedelta(days=1)
"""Where the sun rises first, it is tomorrow already."""

PastDay = Annotated[Day, AfterValidator(_past)]
_MODIFIED = Field(default=None, description="the day its source last changed it, where known")


class NewColumnDescription(ColumnDescription, Body):
    """What the column of that name holds, in plain text."""

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
        AfterValidator(legible),
    ]
    description: Purpose = Field(min_length=1)


def _each_once(descriptions: tuple[NewColumnDescription, ...]) -> tuple[NewColumnDescription, ...]:
    names = Counter(description.name for description in descriptions)
    (name, times), *_ = names.most_common(1) or [("", 0)]
    if times > 1:
        raise ValueError(f"décrit plusieurs fois la colonne {quoted(name)}")
    return descriptions


class NewDataset(Metadata, Body):
    """The metadata of an upload; `territory` holds names, INSEE codes, or SIREN of EPCI."""

    title: Label
    description: Text = ""
    theme: Label
    keywords: tuple[Label, ...] = Field(default=(), max_length=30)
    territory: Places = Field(default=(), max_length=5000)
    licence: Label
    access: AccessLevel = "restricted"
    producer: Text = ""
    modified: PastDay | None = _MODIFIED
    contact: Annotated[Contact | None, AfterValidator(_named_plainly)] = Field(
        default=None, description="whom to ask about it"
    )
    source_url: str | None = Field(default=None, pattern=r"^https?://\S+$", max_length=2000)
    columns: Annotated[tuple[NewColumnDescription, ...], AfterValidator(_each_once)] = Field(
        default=(),
        max_length=2000,
        description="what columns hold; of names that no column has once the table was read, those"
        " sent before are kept, and told as unknown",
    )

    @model_validator(mode="after")
    def _fits_its_content(self) -> Self:
        if self.content == "files" and self.columns:
            raise ValueError("columns : un jeu de fichiers n'a pas de colonnes à décrire")
        return self

    def plain(self) -> Metadata:
        """The same as the dataset keeps it."""
        about = self.model_dump()
        return Metadata(**about | {"licence": canonical(self.licence)})


_SHEET = Field(
    default="",
    description="of a workbook, the sheet that is read: by default the one that holds most, of"
    " another version the one of that name that was asked for before",
)


class NewUpload(NewDataset):
    """The same, and which sheet of a workbook is the table."""

    sheet: SheetName = _SHEET

    @model_validator(mode="after")
    def _has_sheets(self) -> Self:
        if self.content == "files" and self.sheet:
            raise ValueError("sheet : un jeu de fichiers n'a pas de feuille à lire")
        return self


def _without_defaults(schema: dict[str, Any]) -> None:
    """Remove defaults: callers that send them would overwrite what they left out."""
    for field in schema["properties"].values():
        field.pop("default", None)


class ChangeDataset(NewDataset):
    """What to change of what a dataset's owner said of it; fields that are not sent stay."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    # Made, and not given: an empty text is no label.
    title: Label = Field(default_factory=str)
    theme: Label = Field(default_factory=str)
    licence: Label = Field(default_factory=str)

    def applied_to(self, metadata: Metadata) -> Metadata:
        """Return `metadata` with the fields that were sent in place of its own."""
        fields = dict(self.plain())
        return metadata.model_copy(update={name: fields[name] for name in self.model_fields_set})


class NewVersion(Body):
    """The metadata of another version."""

    note: Text = ""
    modified: PastDay | None = _MODIFIED
    sheet: SheetName = _SHEET


class NewLegalBasis(Body):
    """On what basis a held version may be published: one of RGPD article 6(1)."""

    version: int | None = Field(default=None, ge=1, description="by default the newest held one")
    basis: Basis
    purpose: Purpose = Field(min_length=1, description="what the data is published for, in French")
    note: Text = ""
    restrict: bool = Field(default=False, description="make an open dataset restricted")


Columns = Annotated[tuple[Annotated[str, Field(max_length=500)], ...], Field(max_length=200)]


class NewDeclaration(Body):
    """That what was found in columns of a version is no personal data, and why."""

    version: int | None = Field(
        default=None, ge=1, description="by default the newest held one, else the one shown"
    )
    columns: Columns = Field(min_length=1, description="as the findings name them")
    reason: Purpose = Field(
        min_length=1, description="in French: reviewers and owners who are asked read it"
    )


class DeclarationWord(Body):
    """What the lab's staff answers to a declaration, or that its owner takes it back."""

    version: int | None = Field(default=None, ge=1, description="as in a declaration")
    columns: Columns = Field(default=(), description="of the declaration; by default all of them")
    answer: DeclarationAnswer
    reason: Purpose = ""


class NewRepair(Body):
    """A repair that the profile of the published version proposes for a column."""

    column: str = Field(max_length=500)
    repair: str = Field(description=f"one of {', '.join(get_args(RepairName))}")
