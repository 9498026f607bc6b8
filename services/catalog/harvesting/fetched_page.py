"""A page of a harvest, and what came of its records, counted and in plain French."""

from pydantic import BaseModel, Field

from shared.engine.contract.harvested_page import READER
from shared.events.event import FileRef, Frozen
from shared.language.french import counted

_WORDS = {
    "unchanged": ("inchangé", "inchangés"),
    "new": ("nouveau", "nouveaux"),
    "changed": ("modifié", "modifiés"),
    "returned": ("de retour", "de retour"),
    "here": ("déjà dans ce catalogue", "déjà dans ce catalogue"),
    "ended": ("retiré ici par décision", "retirés ici par décision"),
    "refused": ("refusé", "refusés"),
}


class Counts(Frozen):
    """How many datasets were what; each one that was read counts once."""

    unchanged: int = 0
    new: int = 0
    changed: int = 0
    returned: int = Field(default=0, description="retired before, and there again")
    here: int = Field(default=0, description="of this catalogue, come back to it")
    ended: int = Field(default=0, description="retired or deleted here, and not taken back")
    refused: int = 0
    renewed: int = Field(default=0, description="whose data, taken in before, came anew")
    outdated: int = Field(default=0, description="whose data could not be taken anew")

    def plus(self, other: "Counts") -> "Counts":
        """The sums of both counts."""
        mine, others = self.model_dump(), other.model_dump()
        return Counts(**{name: mine[name] + others[name] for name in mine})

    @property
    def read(self) -> int:
        """The number of all datasets that were read, each counted once."""
        counts = self.model_dump()
        return sum(counts[name] for name in _WORDS)


class RefusedDataset(Frozen):
    """A dataset that could not be taken: on which page, its identifier or title, and why."""

    page: int
    where: str
    reason: str


class FetchedPage(BaseModel):
    """One page: what was fetched, what the server knows it by, and what the sandbox made of it.

    `base` is the address it came from in the end, redirections followed; of an uploaded file,
    which has no `url`, the address of its source.
    """

    number: int
    url: str
    base: str = ""
    file: FileRef
    etag: str = ""
    last_modified: str = ""
    next_link: str = Field(default="", description="what the server's Link header says")
    manifest: FileRef | None = None
    reader: int = READER

    @property
    def is_read(self) -> bool:
        """Whether the present reader has read it."""
        return self.manifest is not None and self.reader == READER


def tell(counts: Counts, retired: int, note: str = "") -> str:
    """`3 jeux de données lus : 2 inchangés, 1 nouveau ; 1 retiré.`, and the note."""
    numbers = counts.model_dump()
    parts = [counted(numbers[name], *_WORDS[name]) for name in _WORDS if numbers[name]]
    text = counted(counts.read, "jeu de données lu", "jeux de données lus")
    if parts:
        text += f" : {', '.join(parts)}"
    if retired:
        text += f" ; {counted(retired, 'retiré', 'retirés')}"
    sentences = [f"{text}."]
    if counts.renewed:
        sentences.append(f"Données reprises à la source : {counts.renewed}.")
    if counts.outdated:
        sentences.append(f"Données à reprendre à la prochaine moisson : {counts.outdated}.")
    return " ".join([*sentences, note]).strip()
