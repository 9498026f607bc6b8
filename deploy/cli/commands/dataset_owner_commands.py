"""What owners do: `datalab dataset add`, `describe`, `open`, `retire`, `delete`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup
from deploy.cli.written import described

app = CommandGroup("What owners do with their datasets.")

ABOUT = partial(show.record, leave_out=("versions", "criteria", "columns"))
"""Shows a dataset without its long lists."""

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
_Optional = Annotated[str | None, typer.Option(help="Empty takes it away.")]
_Columns = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="CSV: a column's name, and what it holds."),
]


@app.answers("add")
def add(
    api: Client,
    file: _File,
    title: Annotated[str, typer.Option()],
    theme: Annotated[str, typer.Option()],
    licence: Annotated[str, typer.Option()],
    access: Annotated[str, typer.Option(help="open or restricted.")] = "restricted",
    files: Annotated[bool, typer.Option("--files", help="No table: keep it as it is.")] = False,
    sheet: Annotated[str, typer.Option(help="Of a workbook; else the one that holds most.")] = "",
    description: str = "",
    keyword: Annotated[list[str], typer.Option(help="May be given several times.")] = [],
    territory: Annotated[list[str], typer.Option(help="INSEE code; several times.")] = [],
    producer: str = "",
    producer_kind: Annotated[str, typer.Option(help="local_authority, company, ...")] = "",
    source_url: str | None = None,
    temporal_start: Annotated[str, typer.Option(help="First day it is about.")] = "",
    temporal_end: Annotated[str, typer.Option(help="Last day it is about.")] = "",
    modified: Annotated[str, typer.Option(help="Day its source last changed it.")] = "",
    frequency: Annotated[str, typer.Option(help="EU code: annual, monthly, never, ...")] = "",
    contact_name: Annotated[str, typer.Option(help="Whom to ask, with one of the next.")] = "",
    contact_email: str = "",
    contact_url: str = "",
    hvd: Annotated[str, typer.Option(help="Category of a high-value dataset.")] = "",
    language: str = "fr",
    columns: _Columns = None,
) -> Answer:
    """Upload FILE as a new dataset; it is published once it was read."""
    about = {"title": title, "theme": theme, "licence": licence, "access": access}
    about |= {"content": "files" if files else "table", "sheet": sheet, "language": language}
    content_fields = {"description": description, "keywords": keyword, "territory": territory}
    optional = {"modified": modified or None, "frequency": frequency or None, "hvd": hvd or None}
    metadata = {**about, **content_fields, **optional} | {
        "producer": producer,
        "producer_kind": producer_kind or None,
        "source_url": source_url,
        "temporal": _given(start=temporal_start, end=temporal_end),
        "contact": _given(name=contact_name, email=contact_email, url=contact_url),
    }
    return api.upload("catalog", "/datasets", metadata | {"columns": described(columns)}, file)


@app.answers("describe", ABOUT)
def describe(
    api: Client,
    dataset_id: str,
    title: str | None = None,
    theme: str | None = None,
    licence: str | None = None,
    access: Annotated[str | None, typer.Option(help="open or restricted.")] = None,
    description: str | None = None,
    keyword: Annotated[list[str], typer.Option(help="All of them: several times.")] = [],
    territory: Annotated[list[str], typer.Option(help="All INSEE codes: several times.")] = [],
    producer: str | None = None,
    producer_kind: _Optional = None,
    source_url: _Optional = None,
    temporal_start: Annotated[str, typer.Option(help="First day; without end, an open one.")] = "",
    temporal_end: Annotated[str, typer.Option(help="Last day it is about.")] = "",
    modified: _Optional = None,
    frequency: _Optional = None,
    contact_name: Annotated[str, typer.Option(help="Whom to ask, with one of the next.")] = "",
    contact_email: str = "",
    contact_url: str = "",
    hvd: _Optional = None,
    language: str | None = None,
    columns: _Columns = None,
    minimum_units: Annotated[
        int | None, typer.Option(help="Persons, companies or rows behind each figure made of it.")
    ] = None,
    unit_column: Annotated[str | None, typer.Option(help="Which says whose a row is.")] = None,
    joins_shown: Annotated[bool | None, typer.Option(help="Tell how its identifiers join.")] = None,
) -> Answer:
    """Change what is said of one's dataset; what is not given stays."""
    fields: dict[str, object] = {"title": title, "theme": theme, "producer": producer}
    fields |= {"licence": licence, "access": access, "description": description}
    optional = {"source_url": source_url, "modified": modified, "frequency": frequency, "hvd": hvd}
    optional["producer_kind"], fields["joins_shown"] = producer_kind, joins_shown
    fields["unit_column"] = unit_column
    whole: dict[str, object] = {"keywords": keyword, "territory": territory}
    whole |= {"minimum_units": minimum_units, "columns": described(columns), "language": language}
    whole["temporal"] = _given(start=temporal_start, end=temporal_end)
    whole["contact"] = _given(name=contact_name, email=contact_email, url=contact_url)
    return api.patch("catalog", path_of("datasets", dataset_id), _changes(fields, optional, whole))


def _changes(
    fields: dict[str, object], optional: dict[str, str | None], whole: dict[str, object]
) -> dict[str, object]:
    """Return the changed fields; an empty text removes an optional field."""
    changes = {name: value for name, value in fields.items() if value is not None}
    changes |= {name: text or None for name, text in optional.items() if text is not None}
    return changes | {name: value for name, value in whole.items() if value}


def _given(**fields: str) -> dict[str, str] | None:
    """The fields that were given; None when none was."""
    return {name: value for name, value in fields.items() if value} or None


@app.answers("open")
def open_(
    api: Client,
    dataset_id: str,
    reason: Annotated[str, typer.Option(help="For those who decide, in French.")] = "",
) -> Answer:
    """Ask all whose restricted data went into one's result to open it to everybody."""
    path = path_of("datasets", dataset_id, "opening")
    return api.post("catalog", path, {"reason": reason})


@app.answers("opening")
def opening(
    api: Client,
    dataset_id: str,
    decision: Annotated[str, typer.Option(help="One's own: open, refuse or withdraw.")] = "",
    version: Annotated[int, typer.Option(help="The version that one read about.")] = 1,
    reason: Annotated[str, typer.Option(help="In French; without it only a yes passes.")] = "",
    fingerprint: Annotated[str, typer.Option(help="Of what was read: a yes needs it.")] = "",
) -> Answer:
    """Show whose data went into a result and who agrees to open it; or say whether one does."""
    path = path_of("datasets", dataset_id, "opening")
    if not decision:
        return api.get("catalog", path)
    fields = {"decision": decision, "version": version, "reason": reason}
    return api.post("catalog", f"{path}/decision", fields | {"fingerprint": fingerprint})


def _show_declared(dataset: Answer) -> None:
    """Show a dataset, and what its owner declares of its versions."""
    show.record(dataset, leave_out=("versions", "criteria"))
    for version in dataset["versions"]:
        for declaration in version["not_personal"]:
            columns = ", ".join(finding["column"] for finding in declaration["findings"])
            waits = "waits for the staff" if declaration["needs_word"] else "declared"
            state = declaration["answer"] or waits
            show.line(f"{version['number']}: {columns}: {declaration['reason']} ({state})")


@app.answers("not-personal", _show_declared)
def not_personal(
    api: Client,
    dataset_id: str,
    column: Annotated[list[str], typer.Option(help="Of the findings: several times.")],
    reason: Annotated[str, typer.Option(help="As reviewers and owners read it, in French.")],
    version: Annotated[
        int | None, typer.Option(help="Else the held one, or the one shown.")
    ] = None,
) -> Answer:
    """Say that what screening found in columns of one's dataset is no personal data."""
    body = {"columns": column, "reason": reason, "version": version}
    return api.post("catalog", path_of("datasets", dataset_id, "not-personal"), body)


@app.answers("answer-declaration", _show_declared)
def answer_declaration(
    api: Client,
    dataset_id: str,
    answer: Annotated[str, typer.Option(help="confirm or refuse, as staff; withdraw one's own.")],
    reason: Annotated[str, typer.Option(help="In French; a refusal needs one.")] = "",
    column: Annotated[list[str], typer.Option(help="Of the declaration; else all of them.")] = [],
    version: Annotated[
        int | None, typer.Option(help="Else the held one, or the one shown.")
    ] = None,
) -> Answer:
    """Confirm, refuse or take back that what was found in a dataset is no personal data."""
    body = {"answer": answer, "reason": reason, "columns": column, "version": version}
    return api.post("catalog", path_of("datasets", dataset_id, "not-personal", "answer"), body)


@app.answers("retire", ABOUT)
def retire(
    api: Client,
    dataset_id: str,
    reason: Annotated[str, typer.Option(help="As all who used it read, in French.")],
) -> Answer:
    """Take a dataset out of the catalogue: not found any more, and read by no project."""
    path = path_of("datasets", dataset_id, "retirement")
    return api.post("catalog", path, {"reason": reason})


@app.answers("delete")
def delete(
    api: Client,
    dataset_id: str,
    reason: Annotated[str, typer.Option(help="As all who used it read, in French.")],
    keep_title: Annotated[bool, typer.Option(help="Whether its title stays known.")] = True,
) -> Answer:
    """Delete a dataset with its content, for good; that it was there stays known."""
    body = {"reason": reason, "keep_title": keep_title}
    return api.delete("catalog", path_of("datasets", dataset_id), body)


@app.answers("receipt")
def receipt(api: Client, dataset_id: str) -> Answer:
    """Show what was erased of a deleted dataset, when, and what stays as others have it."""
    return api.get("catalog", path_of("datasets", dataset_id, "deletion"))
