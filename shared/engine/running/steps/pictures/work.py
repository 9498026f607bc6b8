"""What a chart, a map or a report is made with."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shared.engine.contract.result import Report
from shared.engine.drawing.french_labels import french_day
from shared.engine.drawing.picture import Caption, Drawing, Format, write
from shared.engine.drawing.report_page import DoneStep, Picture
from shared.engine.running.steps.workbench import Workbench
from shared.engine.tables.manifest import Input
from shared.engine.tables.provenance import Provenance
from shared.language.french import quoted

_SOURCES = "Sources : "


@dataclass(frozen=True)
class PictureWork:
    """One step's work: it draws the table in the role TABLE of its workbench.

    `path` is where files go, each with an ending of its own; `sources` are the datasets whose data
    the table has, `steps` all of the treatment, `pictures` those of the steps before. `head` is
    what has to be read before all else, in French: that it is a trial, and what is hidden.
    """

    workbench: Workbench
    path: Path
    sources: tuple[Input, ...]
    steps: tuple[DoneStep, ...]
    pictures: tuple[Picture, ...]
    drawn_at: datetime
    head: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def draw(
        self, drawing: Drawing, title: str, formats: tuple[Format, ...], notes: list[str], text: str
    ) -> Report:
        """Write the picture with its sources and date; returns what the report has of it."""
        named = dict.fromkeys(f"Source : {_named(source)}." for source in self.sources)
        below = (*notes, *named, f"Dessiné le {french_day(self.drawn_at)}.")
        caption = Caption(title, below, " ".join((*self.head, text)), self.head)
        written = write(drawing, caption, self.path, sorted(set(formats)))
        notes_text = " ; ".join(note.rstrip(".") for note in notes)
        return {
            "summary": f"{text}{f' ; {notes_text}' if notes_text else ''}",
            "pictures": [
                {"title": title, "text": text, "file": path.name, "notes": notes}
                for path in written
            ],
            "files": [path.name for path in written],
        }


def _named(source: Input) -> str:
    """Return the attribution that the source's licence asks to be printed."""
    if source.attribution:
        return source.attribution.removeprefix(_SOURCES).rstrip(".")
    return f"{quoted(source.title or source.name)}, version {source.version}"
