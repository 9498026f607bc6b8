"""`datalab project`: from submission to delivery."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, NoAnswer, path_of
from deploy.cli.command_group import CommandGroup, ListRequest
from deploy.cli.commands.recipe_commands import Inputs, Values, made_by
from deploy.cli.written import read_object

app = CommandGroup("Projects, from submission to delivery.")

_JsonFile = Annotated[typer.FileText, typer.Argument(help="JSON file, - for standard input.")]


def _show(project: Answer) -> None:
    show.record(project, leave_out=("guidance", "checks", "waits_for", "invitations", "history"))
    if project["invitations"]:
        show.line("\npilot site and team")
        show.rows(project["invitations"], ("part", "member_id", "state", "reason"))
    if "history" not in project:
        return
    for check in project["checks"]:
        for note in check["persons"]:
            show.line(f"{note['title']}: {note['said']}")
        for change in check["changes"]:
            show.line(f"\nbeyond what was reviewed: {change['title']}")
            show.rows([change], ("before", "after"))
    if any(check["faults"] or check["waits"] for check in project["checks"]):
        show.line("\nin the treatment's way")
        show.rows(project["checks"], ("by", "faults", "waits"))
    if project["waits_for"]:
        show.line("\nwaits for")
        show.rows(project["waits_for"], ("member_id", "dataset_id", "why"))
    for kind, suggestions in (project["guidance"] or {}).items():
        if suggestions:
            show.line(f"\n{kind.replace('_', ' ')}")
            names = ("dataset_id", "application", "member_id", "title", "name")
            columns = [name for name in names if name in suggestions[0]]
            show.rows(suggestions, (*columns, "reasons"))
    show.line("\nhistory")
    show.rows(project["history"], ("at", "stage", "by", "why"))


@app.answers("submit", _show)
def submit(
    api: Client,
    file: Annotated[
        typer.FileText | None, typer.Argument(help="JSON or YAML file, - for standard input.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Name of the recipe that is its treatment.")] = "",
    inputs: Inputs = [],
    values: Values = [],
    title: str = "",
    problem: Annotated[str, typer.Option(help="What is to be found out, in French.")] = "",
    theme: str = "",
    territory: Annotated[list[str], typer.Option(help="INSEE code; several times.")] = [],
    idempotency_key: Annotated[
        str, typer.Option(help="The same key registers the same project once.")
    ] = "",
) -> Answer:
    """Submit the project that FILE describes; options say more, or what FILE would."""
    options = {"title": title, "problem": problem, "theme": theme, "territory": territory}
    project = (read_object(file) if file else {}) | {
        key: value for key, value in options.items() if value
    }
    if recipe:
        project["treatment"] = made_by(api, recipe, inputs, values)
    check_treatment(api, project.get("treatment"))
    return api.post("intake", "/projects", project, idempotency_key)


@app.lists("list", "id", "stage", "holder_id", "title", "submitted_at")
def list_(
    stage: str = "",
    holder: Annotated[str, typer.Option(help="Member id of the holder.")] = "",
    named: Annotated[bool, typer.Option("--named", help="Those with a part for you.")] = False,
) -> ListRequest:
    """List projects."""
    asked = {"stage": stage, "holder_id": holder, "named": "true" if named else ""}
    return "intake", "/projects", asked


@app.answers("show", _show)
def show_(api: Client, project_id: str) -> Answer:
    """Show a project: its stage, guidance with reasons, and history."""
    return api.get("intake", path_of("projects", project_id))


@app.answers("treatment", _show)
def treatment(api: Client, project_id: str, file: _JsonFile) -> Answer:
    """Say what the project does with its data, or say it anew until the project ends."""
    written = read_object(file)
    check_treatment(api, written)
    return api.post("intake", path_of("projects", project_id, "treatment"), written)


@app.answers("narrow", _show)
def narrow(api: Client, project_id: str) -> Answer:
    """Do without the columns that owners left out of their grants."""
    return api.post("intake", path_of("projects", project_id, "treatment", "narrowing"), {})


@app.answers("review", _show)
def review(
    api: Client,
    project_id: str,
    decision: Annotated[str, typer.Option(help="secure, reject, or complete: ask its holder.")],
    reason: Annotated[str, typer.Option(help="In French: the holder reads it.")],
    condition: Annotated[
        list[str], typer.Option(help="What securing binds it to; may be given several times.")
    ] = [],
) -> Answer:
    """Secure a project, turn it down, or ask its holder to complete it, as it is now."""
    read = api.get("intake", path_of("projects", project_id))
    body = {"decision": decision, "reason": reason, "version": read["version"]}
    body |= {"conditions": condition} if condition else {}
    return api.post("intake", path_of("projects", project_id, "review"), body)


@app.answers("pilot-site", _show)
def pilot_site(
    api: Client,
    project_id: str,
    site_id: str,
    then: Annotated[list[str], typer.Option(help="Who is asked next, if it does not.")] = [],
) -> Answer:
    """Ask a member to pilot the project: it is piloted once that one accepts."""
    path = path_of("projects", project_id, "pilot-site")
    return api.post("intake", path, {"site_id": site_id, "then": then})


@app.answers("team", _show)
def team(
    api: Client,
    project_id: str,
    member_ids: list[str],
    then: Annotated[list[str], typer.Option(help="Who is asked in place of who does not.")] = [],
) -> Answer:
    """Ask members to work on the project: it is staffed once all of them accept."""
    body = {"team": member_ids, "then": then}
    return api.post("intake", path_of("projects", project_id, "team"), body)


@app.answers("answer")
def answer(
    api: Client,
    project_id: str,
    reply: Annotated[str, typer.Option("--answer", help="accept or decline.")],
    reason: Annotated[str, typer.Option(help="Why not, in French; declining needs it.")] = "",
) -> Answer:
    """Accept or decline the part in the project that you are asked for."""
    body = {"answer": reply} | ({"reason": reason} if reason else {})
    return api.post("intake", path_of("projects", project_id, "invitation"), body)


@app.answers("deliver", _show)
def deliver(
    api: Client,
    project_id: str,
    job: Annotated[str, typer.Option(help="The full job whose result it is.")],
    title: Annotated[str, typer.Option(help="Title in the catalogue.")],
    description: Annotated[str, typer.Option()],
    licence: Annotated[str, typer.Option()],
    keyword: Annotated[list[str], typer.Option(help="May be given several times.")] = [],
    conditions_met: Annotated[
        bool, typer.Option("--conditions-met", help="The conditions of the review are met.")
    ] = False,
) -> Answer:
    """Deliver a full job's result; it returns to the catalogue."""
    about = {"title": title, "description": description, "licence": licence}
    body = {"job_id": job, **about, "keywords": keyword, "conditions_met": conditions_met}
    return api.post("intake", path_of("projects", project_id, "delivery"), body)


@app.answers("withdraw", _show)
def withdraw(
    api: Client, project_id: str, reason: Annotated[str, typer.Option(help="In French.")] = ""
) -> Answer:
    """Give a project up."""
    body = {"reason": reason} if reason else {}
    return api.post("intake", path_of("projects", project_id, "withdraw"), body)


_REMARKS = {"warning": "warnings", "not checked": "unchecked", "restricted data": "answers"}
"""What is printed before each kind of remark on a treatment."""


def check_treatment(api: Client, treatment: object) -> None:
    """Let compute refuse what cannot run, and print what to think of before it is sent.

    What is not checked is told: the trial will tell the rest.
    """
    if not isinstance(treatment, dict):
        return
    try:
        check_result = api.post("compute", "/treatments/check", treatment) or {}
    except NoAnswer as error:
        typer.echo(f"datalab: the treatment is not checked yet: {error}", err=True)
        return
    for what, remarks in _REMARKS.items():
        for remark in check_result.get(remarks, ()):
            typer.echo(f"datalab: {what}: {remark['field']}: {remark['message']}", err=True)
