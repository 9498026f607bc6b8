"""A dataset that is files and no table: what is known of each of them, and of all together."""

from pydantic import Field

from shared.events.event import Frozen
from shared.language.french import quoted

LISTING = "files.jsonl"
"""What an ingest job calls the list of the files that it looked at: a `ListedFile` a line."""

NAMED = 200
"""Names of files that a summary has: search finds a dataset by these."""


class ListedFile(Frozen):
    """One file; `width` and `height` are those of a picture, in pixels, where its start tells."""

    name: str = Field(description="with its folders in the archive, e.g. 2024/plan.png")
    size: int = Field(ge=0, description="in bytes; for those who may not read it at most so many")
    media_type: str = Field(description="by how it begins, not by its name")
    sha256: str | None = Field(description="null for those who may not read it")
    width: int | None = None
    height: int | None = None


class FileSummary(Frozen):
    """What is known of all files of a version together."""

    count: int = Field(ge=1)
    size: int = Field(ge=0, description="in bytes, out of the archive")
    media_types: dict[str, int] = Field(description="how many files there are of each")
    names: tuple[str, ...] = Field(
        default=(), description=f"of the first {NAMED}, for those who may see them"
    )


def no_table(name: str) -> str:
    """State in French why a step cannot read files as a table; `name` is their name there."""
    return f"{quoted(name)} est un jeu de fichiers : seule l'application « python » en lit"


def formats_of(summary: FileSummary) -> set[str]:
    """Return the formats that searches filter by: png, tiff, pdf, netcdf, ..."""
    names = {media_type.partition("/")[2].partition(";")[0] for media_type in summary.media_types}
    return {subtype.removeprefix("x-").removeprefix("vnd.") for subtype in names - {"octet-stream"}}
