"""Draws the pictures of a treatment, when it is known what of its tables leaves the lab."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shared.engine.applications import APPLICATIONS, parse_parameters
from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.drawing.french_labels import french_day, french_number
from shared.engine.drawing.picture import Caption, Drawing, Format, write
from shared.engine.drawing.report_page import DoneStep, Picture
from shared.engine.running.steps.application_work import draw_of
from shared.engine.running.steps.workbench import TABLE, Workbench
from shared.engine.tables.manifest import INVENTED, Input
from shared.engine.tables.provenance import Provenance
from shared.errors import Invalid
from shared.events.event import Step
from shared.language.french import PARIS, quoted

_SOURCES = "Sources : "

_MEDIA_TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8"}


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


def draw_pictures(
    work: Work, out: Path, reports: list[Report], benches: Sequence[Workbench], hidden: str
) -> list[OutputFile]:
    """Draw what the steps ask for, in order, into `out`; each report gets what it has of it.

    `benches` have the table of each step in the role TABLE: of the last, the result. Only that is
    checked before it leaves: others of protected data are not drawn, and the report says so.
    `hidden` says what the result keeps secret.
    """
    drawn_at = (work.drawn_at or datetime.now(PARIS)).astimezone(PARIS)
    pictures, files = list[Picture](), list[str]()
    for number, step in enumerate(work.steps):
        if not APPLICATIONS[step.application].is_drawn(step):
            continue
        is_result = benches[number].tables[TABLE].name == benches[-1].tables[TABLE].name
        if not is_result and _origins(work, step) & work.protected.keys():
            reports[number] = _not_drawn(reports[number])
            continue
        task = PictureWork(
            workbench=benches[number],
            path=out / _stem(work, number, files),
            sources=_sources(work, step),
            steps=tuple(_done(work.steps, reports)),
            pictures=tuple(pictures),
            drawn_at=drawn_at,
            head=tuple(_head(work, reports[: number + 1], hidden if is_result else "")),
            provenance=work.provenance,
        )
        drawing = _draw(task, number, step)
        # Of a picture in two formats, the page has the last, which prints well.
        pictures += [
            Picture(picture["title"], picture["text"], out / picture["file"], picture["notes"])
            for picture in drawing.get("pictures", ())[-1:]
        ]
        files += drawing.pop("files", ())
        reports[number] = _with_picture(reports[number], drawing)
    return [OutputFile(name=name, path=f"out/{name}", media_type=_type_of(name)) for name in files]


def _not_drawn(report: Report) -> Report:
    sentence = (
        "pas dessiné : des données protégées entrent dans cette table, et seule celle du résultat"
        " est vérifiée avant de sortir"
    )
    warnings = [*report.get("warnings", ()), {"kind": "not_drawn", "told": sentence}]
    return _with_picture(report, {"summary": sentence, "warnings": warnings})


def _draw(task: PictureWork, number: int, step: Step) -> Report:
    parameters = parse_parameters(APPLICATIONS[step.application], step, f"steps.{number}")
    try:
        return draw_of(step.application)(task, parameters)
    except Invalid as error:
        raise Invalid(error.args[0], f"steps.{number}.{error.field}") from error


def _stem(work: Work, number: int, files: Sequence[str]) -> str:
    """Return what a step's files are called: the last by what it is, the others by their table."""
    step = work.steps[number]
    stem = APPLICATIONS[step.application].picture
    is_taken = any(Path(name).stem == stem for name in files)
    return stem if number == len(work.steps) - 1 and not is_taken else step.output


def _type_of(name: str) -> str:
    return _MEDIA_TYPES[Path(name).suffix]


def _sources(work: Work, step: Step) -> tuple[Input, ...]:
    """Return the datasets whose data went into the step's table."""
    origins = _origins(work, step)
    return tuple(source for source in work.sources if source.name in origins)


def _origins(work: Work, step: Step) -> set[str]:
    """Return the names of the tables that went into the step's table."""
    makers = {step.output: step for step in work.steps}
    names, origins = list(step.inputs.values()), set[str]()
    while names:
        name = names.pop()
        origins.add(name)
        if name in makers:
            names += makers[name].inputs.values()
    return origins


def _done(steps: Sequence[Step], reports: Sequence[Report]) -> Iterator[DoneStep]:
    for step, report in zip(steps, reports, strict=True):
        title = APPLICATIONS[step.application].title
        yield DoneStep(title, step.output, step.parameters, report)


def _head(work: Work, reports: Sequence[Report], hidden: str) -> Iterator[str]:
    """State in French what is read first: what a trial saw of its tables, and what is hidden.

    How many rows a dataset has is in the catalogue. Of invented rows no number is.
    """
    sentences = (
        f"{french_number(sample['rows'])} lignes sur {french_number(sample['of'])}"
        for report in reports
        if (sample := report.get("sample"))
    )
    if work.invented:
        yield INVENTED
    elif listed := " ; ".join(dict.fromkeys(sentences)):
        yield f"Essai sur un échantillon : {listed}."
    elif work.sample_rows is not None:
        yield "Essai, sur toutes les lignes."
    if hidden:
        yield hidden


def _with_picture(report: Report, drawing: Report) -> Report:
    before = report["summary"].removeprefix(" ; ")
    summary = " ; ".join(filter(None, (drawing.get("summary", ""), before)))
    return report | drawing | {"summary": summary}
