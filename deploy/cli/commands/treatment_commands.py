"""`datalab treatment` and `datalab cross`: what to do with data, before it is sent."""

from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, CallError, Client, path_of
from deploy.cli.command_group import CommandGroup
from deploy.cli.commands.project_commands import check_treatment

_PAGE = 100


def add_cross(app: CommandGroup) -> None:
    """Let `app` have the command `cross`."""
    app.answers("cross", _show)(cross)


def _show(answer: Answer) -> None:
    if "stage" in answer:
        show.record(answer, leave_out=("guidance", "checks", "waits_for", "invitations", "history"))
        return
    show.line(answer["key"]["reason"])
    show.record({"left": answer["key"]["columns_here"], "right": answer["key"]["columns_there"]})
    show.line("\nWith --submit this becomes a project; its treatment:")
    show.rows(answer["treatment"]["steps"], ("application", "parameters", "output"))


def cross(
    api: Client,
    left: Annotated[str, typer.Argument(help="Dataset whose rows are kept.")],
    right: Annotated[str, typer.Argument(help="Dataset whose columns are added.")],
    on: Annotated[str, typer.Option(help="Kind of key: commune, siren, epci, ...")] = "",
    count: Annotated[bool, typer.Option("--count", help="Count the rows of LEFT.")] = False,
    by: Annotated[list[str], typer.Option(help="Column to count by; several times.")] = [],
    submit: Annotated[bool, typer.Option("--submit", help="Submit it as a project.")] = False,
    title: str = "",
    problem: Annotated[str, typer.Option(help="What is to be found out, in French.")] = "",
) -> Answer:
    """Cross two datasets by the keys that suit best, and perhaps count; see it, or submit it."""
    key = _best_key(api, left, right, on)
    treatment = {"inputs": {"gauche": left, "droite": right}, "steps": _steps(key, count, by)}
    check_treatment(api, treatment)
    if not submit:
        return {"key": key, "treatment": treatment}
    about = api.get("catalog", path_of("datasets", left))
    other = api.get("catalog", path_of("datasets", right))
    named = title or f"Croiser « {about['title']} » et « {other['title']} »"[:200]
    project = {
        "title": named,
        "problem": problem or named,
        "theme": about["theme"],
        "territory": about["territory"] or other["territory"],
        "treatment": treatment,
    }
    return api.post("intake", "/projects", project)


def _best_key(api: Client, left: str, right: str, on: str) -> dict[str, Any]:
    """The best pair of columns with values in common; CallError tells what other keys do."""
    found, after = [], ""
    while after is not None:
        page = api.get("catalog", path_of("datasets", left, "joins"), after=after, limit=_PAGE)
        found += [one for one in page["items"] if one["dataset_id"] == right]
        after = page["next"]
    single = [one for one in found if len(one["columns_here"]) == 1]
    fitting = [one for one in single if not on or on in {one["key"], *one["columns_here"]}]
    if fitting:
        return fitting[0]
    kinds = ", ".join(dict.fromkeys(one["key"] for one in single)) or "none"
    raise CallError(f"the two have no values in common by {on or 'one column'}; by: {kinds}")


def _steps(key: dict[str, Any], count: bool, by: list[str]) -> list[dict[str, Any]]:
    (left_key,), (right_key,) = key["columns_here"], key["columns_there"]
    vias = {"left_via": key["via_here"], "right_via": key["via_there"]}
    crossing = {
        "application": "cross",
        "inputs": {"left": "gauche", "right": "droite"},
        "parameters": {
            "left_key": left_key,
            "right_key": right_key,
            **{name: via for name, via in vias.items() if via},
        },
        "output": "croisement",
    }
    counting = {
        "application": "aggregate",
        "inputs": {"table": "croisement"},
        "parameters": {"by": by or [left_key], "counts": [left_key]},
        "output": "comptes",
    }
    return [crossing, counting] if count else [crossing]
