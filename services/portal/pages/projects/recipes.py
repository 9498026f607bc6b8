"""A recipe for a project: which data and columns it takes, and the treatment that it makes."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from services.portal.lab import Json, Refused, path_of
from services.portal.pages.projects import treatments
from services.portal.visit import NO_FAULTS, Faults, Visit, get, post
from shared.language.french import french_list, quoted

_FOUND, _TRIED = 50, 12
_UNUSABLE, _CHANGED = 422, 409
_RENEWED = "la recette a changé depuis que cette page a été affichée : relisez vos choix"


@dataclass
class ChosenColumn:
    """A column that a recipe names, and the one of the chosen data that it is."""

    field: str
    name: str
    key: str
    chosen: str = ""


@dataclass
class ChosenInput:
    """A table that a recipe takes, and the data that is chosen for it; `at` is its field."""

    at: str
    name: str
    title: str
    columns: list[ChosenColumn]
    dataset_id: str = ""
    dataset_title: str = ""
    column_names: list[str] = field(default_factory=list)

    def choose(self, dataset: Json, fit: Mapping[str, str]) -> None:
        """Note the chosen dataset's title and columns, and choose which columns the recipe reads.

        Those that fit, else those of the same name.
        """
        profiles = [
            version["profile"] for version in dataset.get("versions", ()) if version["profile"]
        ]
        self.dataset_title = dataset.get("title", "")
        self.column_names = (
            [column["name"] for column in profiles[-1]["columns"]] if profiles else []
        )
        for column in self.columns:
            same = column.name if column.name in self.column_names else ""
            column.chosen = fit.get(column.name, same)


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show the recipe's form, filled in as far as the lab knows what fits."""
    path = path_of("projects", visit.part("project_id"))
    project, recipe = await asyncio.gather(visit.lab.get("intake", path), _recipe(visit))
    inputs = _inputs(recipe["latest"])
    parts = await visit.lab.parts(
        found=visit.lab.get("catalog", "/datasets", q=visit.asked("q"), limit=_FOUND),
        own=visit.lab.get("catalog", "/datasets", owner_id=project["holder_id"], limit=_FOUND),
    )
    offered = dict(_offered(project, parts))
    await _choose(visit, recipe["name"], inputs, list(offered))
    variables: dict[str, Any] = {
        "project": project,
        "recipe": recipe,
        "inputs": inputs,
        "parameters": list(_parameters(recipe["latest"])),
        "offered": offered,
        "faults": faults,
        "q": visit.asked("q"),
    }
    return visit.page("treatments/recipe.html", faults.status, **parts, **variables)


async def fill(visit: Visit) -> Response:
    """Show the treatment that the recipe makes of the chosen data."""
    recipe = await _recipe(visit)
    latest = recipe["latest"]
    if visit.number("version") != latest["number"]:
        return await show(visit, Faults(_RENEWED, status=_CHANGED))
    inputs, parameters = _inputs(latest), list(_parameters(latest))
    body = {
        "version": latest["number"],
        "inputs": {table.name: data for table in inputs if (data := visit.text(table.at))},
        "columns": {
            table.name: {
                column.name: chosen
                for column in table.columns
                if (chosen := visit.text(column.field))
            }
            for table in inputs
        },
        "parameters": {
            parameter["name"]: visit.text(parameter["field"]) for parameter in parameters
        },
    }
    try:
        treatment = await visit.lab.post(
            "compute", path_of("recipes", recipe["name"], "treatment"), body
        )
    except Refused as refused:
        if refused.status != _UNUSABLE:
            raise
        field = _fields_of(inputs, parameters).get(refused.field, "")
        return await show(visit, Faults(refused.detail, field, refused.status))
    if notice := " ".join(_read_twice(body["columns"])):
        visit.request.session["said"] = notice
    return await treatments.show(visit, treatment=treatment)


def _fields_of(inputs: Iterable[ChosenInput], parameters: Iterable[Json]) -> dict[str, str]:
    """The form's fields, by what compute calls them in what it refuses."""
    fields = {f"parameters.{parameter['name']}": parameter["field"] for parameter in parameters}
    for table in inputs:
        fields[f"inputs.{table.name}"] = table.at
        for column in table.columns:
            fields[f"columns.{table.name}.{column.name}"] = column.field
    return fields


def _read_twice(columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield a warning for each column that is chosen for several columns of the recipe."""
    for chosen in columns.values():
        for column in dict.fromkeys(chosen.values()):
            named = [
                quoted(needed)
                for needed, chosen_column in chosen.items()
                if chosen_column == column
            ]
            if len(named) > 1:
                yield f"{quoted(column)} sert pour {french_list(named)} : vérifiez que c'est voulu."


async def _recipe(visit: Visit) -> Json:
    return await visit.lab.get("compute", path_of("recipes", visit.part("recipe")))


def _offered(project: Json, parts: Json) -> Iterator[tuple[str, str]]:
    """Yield the datasets to choose from, with titles: own, advised, then search results."""
    for dataset in parts["own"].items:
        yield dataset["id"], dataset["title"]
    for dataset in (project.get("guidance") or {}).get("datasets", ()):
        yield dataset["dataset_id"], dataset["title"]
    for dataset in parts["found"].items:
        yield dataset["id"], dataset["title"]


async def _choose(visit: Visit, recipe: str, inputs: list[ChosenInput], offered: list[str]) -> None:
    """Note the chosen data: as sent, else the first that fits according to the catalogue."""
    sent = {table.at: visit.text(table.at) or visit.asked(table.at) for table in inputs}
    tried = list(filter(None, sent.values())) or offered[:_TRIED]
    if preferred_id := visit.asked("avec"):
        tried = [preferred_id, *tried]
    offers = await visit.lab.seen("catalog", "datasets", tried, "recipes")
    fits = {
        (fit["input"], dataset_id): fit["columns"]
        for dataset_id, offer in offers.items()
        for fit in (offer or {}).get("items", ())
        if fit["name"] == recipe
    }
    for table in inputs:
        taken = {other.dataset_id for other in inputs}
        fitting = (
            dataset_id
            for dataset_id in tried
            if (table.name, dataset_id) in fits and dataset_id not in taken
        )
        table.dataset_id = sent[table.at] if any(sent.values()) else next(fitting, "")
    chosen = filter(None, (table.dataset_id for table in inputs))
    datasets = await visit.lab.seen("catalog", "datasets", chosen)
    for table in inputs:
        table.choose(
            datasets.get(table.dataset_id) or {}, fits.get((table.name, table.dataset_id), {})
        )
        for column in table.columns:
            column.chosen = visit.text(column.field) or column.chosen


def _inputs(latest: Json) -> list[ChosenInput]:
    return [
        ChosenInput(
            f"jeu_{at}",
            name,
            declaration["title"],
            [
                ChosenColumn(f"colonne_{at}_{number}", column, key)
                for number, (column, key) in enumerate(declaration["columns"].items())
            ],
        )
        for at, (name, declaration) in enumerate(latest["inputs"].items())
    ]


def _parameters(latest: Json) -> Iterator[Json]:
    for at, (name, declaration) in enumerate(latest["parameters"].items()):
        default = str(declaration["default"])
        shown_default = default.lower() if declaration["type"] == "boolean" else default
        yield {**declaration, "name": name, "field": f"valeur_{at}", "default": shown_default}


ROUTES = [
    get("/projets/{project_id}/recette/{recipe}", show),
    post("/projets/{project_id}/recette/{recipe}", fill),
]
