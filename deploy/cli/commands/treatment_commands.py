"""`datalab treatment` and `datalab cross`: what to do with data, before it is sent."""

from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, CallError, Client, path_of
from deploy.cli.command_group import CommandGroup
from deploy.cli.written import read_object

app = CommandGroup("Treatments, before they are sent.")


def add_cross(app: CommandGroup) -> None:
    """Let `app` have the command `cross`."""
    app.answers("cross", _show)(cross)


def _show(answer: Answer) -> None:
    if "preview" in answer:
        show_preview(answer["preview"])
        show.line("\nWith --submit this becomes a project.")
    else:
        show.record(answer, leave_out=("guidance", "checks", "waits_for", "invitations", "history"))


def show_preview(preview: Answer) -> None:
    """Print what a treatment would make, in the lab's sentences."""
    for pair in (*preview["matches"], *preview["proposed"]):
        show.line(pair["said"])
        for side in filter(None, (pair["left"], pair["right"])):
            for why in side["unmatched"]:
                show.line(f"  {side['column']}: {why['said']}")
    for warning in preview["warnings"]:
        show.line(f"warning: {warning['field']}: {warning['message']}")
    rows = "" if preview["rows"] is None else f", {preview['rows']} rows"
    if preview["columns"]:
        show.line(f"\nresult{rows}{', perhaps more columns' if preview['is_open'] else ''}")
        show.rows(preview["columns"], ("name", "kind", "unit", "key"))
    for request in preview["asked"]:
        columns = ", ".join(request["columns"]) if request["columns"] else "all"
        show.line(f"\nasks {request['owner_id']} for « {request['title']} »: {columns}")
    for check in preview["checks"]:
        show.line(f"checked: {check}")
    show.line(f"licence: {preview['licence']}{preview['conflict'] and ' - ' + preview['conflict']}")
    if estimate := preview["estimate"]:
        size = f"{estimate['memory_bytes'] / 1e6:.0f} MB"
        where = f" ({estimate['executor']})" if estimate["executor"] else ""
        show.line(f"takes about {estimate['seconds']} s and {size}{where}")
        if estimate["shards"] > 1:
            show.line(f"or about {estimate['shards_seconds']} s in {estimate['shards']} shards")


@app.answers("preview", show_preview)
def preview(
    api: Client,
    file: Annotated[typer.FileText, typer.Argument(help="JSON or YAML, - for standard input.")],
) -> Answer:
    """Tell what the treatment in FILE would make, and what it needs."""
    return api.post("compute", "/treatments/preview", read_object(file))


def cross(
    api: Client,
    left: Annotated[str, typer.Argument(help="Dataset whose rows are kept.")],
    right: Annotated[str, typer.Argument(help="Dataset whose columns are added.")],
    on: Annotated[str, typer.Option(help="Kind of key: commune, siren, epci, ...")] = "",
    count: Annotated[bool, typer.Option("--count", help="Count the crossed rows.")] = False,
    by: Annotated[list[str], typer.Option(help="Column to count by; several times.")] = [],
    many_to_many: Annotated[
        bool,
        typer.Option(
            "--many-to-many",
            help="Where several rows of both have a key, cross each with each; else it is refused.",
        ),
    ] = False,
    submit: Annotated[bool, typer.Option("--submit", help="Submit it as a project.")] = False,
    title: str = "",
    problem: Annotated[str, typer.Option(help="What is to be found out, in French.")] = "",
) -> Answer:
    """Cross two datasets by the keys that suit best, and perhaps count; see it, or submit it."""
    inputs = {"gauche": left, "droite": right}
    proposed = api.post("compute", "/treatments/preview", {"inputs": inputs})["proposed"]
    crossing = _crossing(_best(proposed, on))
    if many_to_many:
        crossing["parameters"] |= {"many_to_many": "kept"}
    treatment = {"inputs": inputs, "steps": [crossing, *_counted(crossing, count, by)]}
    preview = _previewed(api, treatment)
    if not submit:
        return {"preview": preview, "treatment": treatment}
    here, there = (
        api.get("catalog", path_of("datasets", dataset_id)) for dataset_id in (left, right)
    )
    named = title or f"Croiser « {here['title']} » et « {there['title']} »"[:200]
    project = {
        "title": named,
        "problem": problem or named,
        "theme": here["theme"],
        "territory": here["territory"] or there["territory"],
        "treatment": treatment,
    }
    return api.post("intake", "/projects", project)


def _best(proposed: list[dict[str, Any]], on: str) -> dict[str, Any]:
    """Return the best key with values in common; CallError names the others if none has."""
    fitting = [pair for pair in proposed if not on or on in {pair["key"], pair["left_key"]}]
    if fitting:
        return fitting[0]
    kinds = ", ".join(dict.fromkeys(pair["key"] for pair in proposed)) or "none"
    raise CallError(f"the two have no values in common by {on or 'one column'}; by: {kinds}")


def _previewed(api: Client, treatment: dict[str, Any]) -> Answer:
    """The preview; what refuses a crossing that nobody chose names the option that chooses it."""
    try:
        return api.post("compute", "/treatments/preview", treatment)
    except CallError as error:
        if "parameters.many_to_many:" not in str(error):
            raise
        raise CallError(f"{error} (here: --many-to-many)", error.status) from error


def _crossing(key: dict[str, Any]) -> dict[str, Any]:
    names = ("left_key", "right_key", "left_via", "right_via")
    return {
        "application": "cross",
        "inputs": {"left": "gauche", "right": "droite"},
        "parameters": {name: key[name] for name in names if key[name]},
        "output": "croisement",
    }


def _counted(crossing: dict[str, Any], count: bool, by: list[str]) -> list[dict[str, Any]]:
    """The step that counts the crossed rows, if that is asked for."""
    step = {
        "application": "aggregate",
        "inputs": {"table": "croisement"},
        "parameters": {"by": by or [crossing["parameters"]["left_key"]], "rows": "lignes"},
        "output": "comptes",
    }
    return [step] if count else []
