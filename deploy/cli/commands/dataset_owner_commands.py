"""What owners do: `datalab dataset add`, `describe`, `release-policy`, `open`, `retire`, `delete`.

And what they are asked by projects: `access-request`, `decide`.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import yaml  # type: ignore[import-untyped]

from deploy.cli import show
from deploy.cli.api_client import Answer, CallError, Client, path_of
from deploy.cli.command_group import CommandGroup
from deploy.cli.written import described, read_object

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
    minimum_units: Annotated[int | None, typer.Option(help="Units behind each figure.")] = None,
    unit_column: Annotated[str | None, typer.Option(help="Which says whose a row is.")] = None,
    joins_shown: Annotated[bool | None, typer.Option(help="Tell how its identifiers join.")] = None,
    on_cluster: Annotated[bool | None, typer.Option(help="Let a cluster compute with it.")] = None,
) -> Answer:
    """Change what is said of one's dataset; what is not given stays."""
    fields: dict[str, object] = {"title": title, "theme": theme, "producer": producer}
    fields |= {"licence": licence, "access": access, "description": description}
    optional = {"source_url": source_url, "modified": modified, "frequency": frequency, "hvd": hvd}
    optional["producer_kind"], fields["joins_shown"] = producer_kind, joins_shown
    fields["unit_column"], fields["on_cluster"] = unit_column, on_cluster
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


def _show_policy(answer: Answer) -> None:
    """Show a policy and its tables; a proposal as the YAML that `--set` takes."""
    if "dimensions" in answer:
        show.raw(yaml.safe_dump(answer, allow_unicode=True, sort_keys=False))
        return
    # With all events: who asks for something else does not wait for them.
    from shared.engine.contract.policy import MadeTables  # noqa: PLC0415

    show.record(answer, leave_out=("latest", "published", "proposal"))
    for name in ("latest", "published"):
        if made := answer[name]:
            tables = MadeTables.model_validate(made["tables"])
            cells = f"{tables.shown} of {tables.cells} cells are shown"
            wrong = f", each slightly wrong: {tables.accuracy}" if tables.accuracy else ""
            show.line(f"{name}: policy {made['number']}, version {made['version']}: {cells}{wrong}")


@app.answers("release-policy", _show_policy)
def release_policy(
    api: Client,
    dataset_id: str,
    proposal: Annotated[bool, typer.Option("--proposal", help="Print where to begin.")] = False,
    policy: Annotated[
        typer.FileText | None, typer.Option("--set", help="YAML or JSON, - for standard input.")
    ] = None,
    agree: Annotated[int, typer.Option(help="To the tables of the policy of that number.")] = 0,
    edition: Annotated[int, typer.Option(help="With --agree: publish that version's now.")] = 0,
    remove: Annotated[bool, typer.Option("--remove", help="Make no more tables.")] = False,
) -> Answer:
    """Show what may be shown of one's restricted data; or say it, agree to its tables, end it.

    With `method: noise` no cell is hidden and each is slightly wrong, so that who knew all of the
    others would guess at most `guess_percent` times in a hundred right; `close_percent` is what
    that costs: of a hundred large counts, so many are within a tenth.
    """
    path = path_of("datasets", dataset_id, "release-policy")
    if policy:
        return api.put("catalog", path, read_object(policy))
    if agree:
        body = {"number": agree, "version": edition or None}
        return api.post("catalog", f"{path}/agreement", body)
    if remove:
        return api.delete("catalog", path)
    answer = api.get("catalog", path)
    if not proposal:
        return answer
    if answer["proposal"] is None:
        raise CallError("nothing in its columns says what to count by: write a policy")
    return {
        name: [_without_empty(part) for part in value]
        if name in ("dimensions", "measures")
        else value
        for name, value in answer["proposal"].items()
    }


def _without_empty(part: Answer) -> Answer:
    return {name: value for name, value in part.items() if value}


def _show_request(request: Answer) -> None:
    """Show a request field by field, what is asked in sentences, and the fingerprint of that."""
    show.record(request, leave_out=("asked", "code", "licence", "privacy", "fingerprint"))
    for code in request["code"]:
        show.line(f"\ncode of the step {code['step']} ({code['sha256']}):")
        show.line(code["text"])
    for sentence in (*request["asked"], request["licence"], request["privacy"]):
        show.line(sentence)
    show.line("Its fingerprint, for `datalab dataset decide --fingerprint`:")
    # Whole, however narrow the terminal is: it is there to be copied.
    show.raw(f"{show.text(request['fingerprint'])}\n")


@app.answers("access-request", _show_request)
def access_request(api: Client, request_id: str) -> Answer:
    """Show what a project asks of one's data: who, why, which columns, what comes out."""
    return api.get("catalog", path_of("access-requests", request_id))


def _agreed_to(api: Client, request_id: str) -> str:
    """The fingerprint of a request whose sentences somebody read just now, and said yes to."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CallError(
            f"a grant is for what was read: read `datalab dataset access-request {request_id}`,"
            " and give its --fingerprint"
        )
    request = api.get("catalog", path_of("access-requests", request_id))
    _show_request(request)
    if not typer.confirm("Grant this?"):
        raise CallError("nothing was granted")
    return str(request["fingerprint"])


@app.answers("decide")
def decide(
    api: Client,
    request_id: str,
    decision: Annotated[str, typer.Option(help="grant, refuse or revoke.")],
    reason: Annotated[str, typer.Option(help="In French; a refusal or revocation needs one.")] = "",
    purpose: Annotated[str, typer.Option(help="What a grant is for, in French.")] = "",
    until: Annotated[str, typer.Option(help="The last day of a grant: 2026-12-31.")] = "",
    conditions: Annotated[str, typer.Option(help="What is to be kept to, in French.")] = "",
    treatment: Annotated[
        str, typer.Option(help="shown: for what is asked only; any: whatever the project does.")
    ] = "shown",
    service: Annotated[
        bool, typer.Option("--service", help="A grant is for the delivered service, too.")
    ] = False,
    column: Annotated[
        list[str],
        typer.Option(help="What a grant is for, if not for all that is read; several times."),
    ] = [],
    fingerprint: Annotated[
        str, typer.Option(help="Of the request that was read; else a terminal shows it and asks.")
    ] = "",
) -> Answer:
    """Grant or refuse a project's request for one's data, or revoke what was granted."""
    path = path_of("access-requests", request_id)
    if decision == "grant" and not fingerprint:
        fingerprint = _agreed_to(api, request_id)
    fields = {"decision": decision, "reason": reason, "purpose": purpose, "until": until or None}
    fields |= {"conditions": conditions, "treatment": treatment, "fingerprint": fingerprint}
    part = {"columns": column} if column else {}
    return api.post("catalog", f"{path}/decision", {**fields, **part, "service": service})
