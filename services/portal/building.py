"""A treatment made of choices: two tables crossed, rows kept, groups counted, a chart, a map."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from services.portal.lab import Json
from shared.engine.applications.cross.application import CHOICE
from shared.engine.tables.crosswalks import CROSSWALKS, PRESENT
from shared.language.french import quoted

Step = dict[str, Json]
Treatment = dict[str, Json]

KEY_PARTS = ("left_key", "right_key", "left_via", "right_via")
"""What a proposed key of the preview says, that the step of a crossing takes."""

CONDITION_PARTS = ("column", "comparison", "value")
"""What the step is told that keeps rows."""

ROWS = "nombre"
"""What the number of a group's rows is called."""

CODE_COLUMN = "code_commune"
"""What the column of added codes is called."""

_LEFT, _RIGHT = "gauche", "droite"


@dataclass(frozen=True)
class Choices:
    """What somebody chose; empty where nothing was chosen yet.

    `named` are the column whose names of communes get codes, and one that tells the département;
    without that, of communes of one name the one in the `territory` is meant.
    `key` has the parts of a proposed key; `kept` are the column, the comparison and the value by
    which rows are kept; `counts` counts the rows of each group; `rate` are two of the figures, the
    first told for 100 of the second. Where the key `repeats` in both tables, each row of one meets
    each of the other.
    `totals` keeps rows of totals.
    """

    left: str = ""
    right: str = ""
    named: tuple[str, str] = ("", "")
    territory: tuple[str, ...] = ()
    key: dict[str, str] = field(default_factory=dict)
    repeats: bool = False
    kept: tuple[str, str, str] = ("", "", "")
    by: tuple[str, ...] = ()
    counts: bool = False
    sums: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    rate: tuple[str, str] = ("", "")
    bars: tuple[str, str] = ("", "")
    coloured: tuple[str, str] = ("", "")
    report: bool = False
    title: str = ""
    totals: bool = False

    @property
    def figures(self) -> tuple[str, ...]:
        """What is counted and added up by group: what a rate may be made of."""
        return (*((ROWS,) if self.counts else ()), *self.sums)

    @property
    def undrawn(self) -> "Choices":
        """The same without chart and map: what these are drawn of."""
        return replace(self, bars=("", ""), coloured=("", ""))

    @property
    def inputs(self) -> dict[str, str]:
        """The datasets by the names of their tables."""
        named = {_LEFT: self.left, _RIGHT: self.right}
        return {name: dataset for name, dataset in named.items() if dataset}


def keys_of_codes(columns: Iterable[Json]) -> Iterator[dict[str, str]]:
    """Yield the keys that join added commune codes with these columns, directly or by a crosswalk.

    Those of communes come first: a table that has some has several rows for what they lie in.
    """
    for column in sorted(columns, key=lambda column: column["key"] != "commune"):
        kind = column["key"] or (column["meaning"] or {}).get("type", "")
        via = f"commune_{kind}"
        if kind == "commune" or via in CROSSWALKS:
            left_via = "" if kind == "commune" else via
            # Names lead to the communes of today, the other codes may be older.
            right_via = PRESENT.name if kind == "commune" else ""
            description = f"les codes ajoutés et la colonne {quoted(column['name'])}"
            parts = (CODE_COLUMN, column["name"], left_via, right_via)
            yield {**dict(zip(KEY_PARTS, parts, strict=True)), "said": description}


def treatment_of(choices: Choices) -> Treatment | None:
    """The treatment that was chosen so far; None while there is nothing to do with the data."""
    steps = list(_steps(choices))
    return {"inputs": choices.inputs, "steps": steps} if steps else None


def choices_of(treatment: Treatment) -> Choices | None:
    """Return the choices that make that treatment, as intake keeps it; None if none do."""
    try:
        choices = _choices_in(treatment)
        remade_treatment = treatment_of(choices)
    except (AttributeError, TypeError, ValueError):
        return None
    steps = [_without_default(step) for step in treatment["steps"]]
    is_same = remade_treatment == {"inputs": treatment["inputs"], "steps": steps}
    return choices if is_same and not treatment.get("recipe") else None


def _choices_in(treatment: Treatment) -> Choices:
    parameters_by_application = {
        step["application"]: step["parameters"] for step in treatment["steps"]
    }
    parameters = defaultdict[str, Json](dict, parameters_by_application)
    counted, drawn, coloured = (parameters[name] for name in ("aggregate", "chart", "map"))
    condition = parameters["filter"]
    key = parameters["cross"]
    [adding] = parameters["clean"].get("operations") or [{}]
    return Choices(
        left=treatment["inputs"].get(_LEFT, ""),
        right=treatment["inputs"].get(_RIGHT, ""),
        named=(adding.get("column", ""), adding.get("departement", "")),
        territory=tuple(adding.get("territory", ())),
        key={name: key[name] for name in KEY_PARTS if key.get(name)},
        repeats=key.get(CHOICE) == "kept",
        kept=tuple(condition.get(name, "") for name in CONDITION_PARTS),
        by=tuple(counted.get("by", ())),
        counts="rows" in counted,
        sums=tuple(counted.get("sums", ())),
        means=tuple(counted.get("means", ())),
        rate=(counted["ratio"]["numerator"], counted["ratio"]["denominator"])
        if "ratio" in counted
        else ("", ""),
        bars=(drawn.get("label", ""), drawn.get("value", "")),
        coloured=(coloured.get("key", ""), coloured.get("value", "")),
        report="report" in parameters_by_application,
        title=(drawn or coloured or parameters["report"]).get("title", ""),
        totals=any(
            "totals" in step_parameters for step_parameters in parameters_by_application.values()
        ),
    )


def _without_default(step: Step) -> Step:
    """Return the step without the default that intake writes out."""
    parameters = step["parameters"]
    if parameters.get(CHOICE) != "refused":
        return step
    chosen_parameters = {name: value for name, value in parameters.items() if name != CHOICE}
    return {**step, "parameters": chosen_parameters}


def _steps(choices: Choices) -> Iterator[Step]:
    table = _LEFT
    for step in _made(choices):
        inputs = {
            name: table if input_table == _LEFT else input_table
            for name, input_table in step["inputs"].items()
        }
        parameters = step["parameters"] | ({"totals": "kept"} if choices.totals else {})
        yield {**step, "inputs": inputs, "parameters": parameters}
        table = step["output"]


def _made(choices: Choices) -> Iterator[Step]:
    """Yield the chosen steps; each reads the table of the step before as its left one."""
    column, departement = choices.named
    if column:
        adding: Json = {"op": "commune_codes", "column": column, "name": CODE_COLUMN}
        if departement:
            adding["departement"] = departement
        elif choices.territory:
            adding["territory"] = list(choices.territory)
        yield _step("clean", {"table": _LEFT}, {"operations": [adding]}, "codes_ajoutes")
    if choices.right and choices.key:
        inputs = {"left": _LEFT, "right": _RIGHT}
        key = {name: choices.key[name] for name in KEY_PARTS if choices.key.get(name)}
        repeats = {CHOICE: "kept"} if choices.repeats else {}
        yield _step("cross", inputs, {**key, **repeats}, "croisement")
    if all(choices.kept):
        yield _step("filter", {"table": _LEFT}, _condition(choices), "lignes_gardees")
    if choices.by:
        columns_by_role = {"by": choices.by, "sums": choices.sums, "means": choices.means}
        chosen_columns = {
            name: list(columns) for name, columns in columns_by_role.items() if columns
        }
        rows = {"rows": ROWS} if choices.counts else {}
        yield _step(
            "aggregate", {"table": _LEFT}, {**chosen_columns, **rows, **_ratio(choices)}, "comptes"
        )
    if all(choices.bars):
        label, value = choices.bars
        drawn = {"label": label, "value": value, "title": choices.title}
        yield _step("chart", {"table": _LEFT}, drawn, "graphique")
    if all(choices.coloured):
        key_column, value = choices.coloured
        drawn = {"key": key_column, "value": value, "title": choices.title}
        yield _step("map", {"table": _LEFT}, drawn, "carte")
    if choices.report:
        yield _step("report", {"table": _LEFT}, {"title": choices.title}, "rapport")


def _condition(choices: Choices) -> Step:
    condition: Step = dict(zip(CONDITION_PARTS, choices.kept, strict=True))
    if not choices.by:
        return condition
    # Owners are asked for what is read: where groups are counted, for what that takes.
    columns = dict.fromkeys((*choices.by, *choices.sums, *choices.means))
    return {**condition, "columns": list(columns)}


def _ratio(choices: Choices) -> Step:
    if not set(choices.rate) <= set(choices.figures):
        return {}
    numerator, denominator = choices.rate
    name = f"{numerator} pour 100 {denominator}"
    return {"ratio": {"name": name, "numerator": numerator, "denominator": denominator}}


def _step(application: str, inputs: dict[str, str], parameters: Json, output: str) -> Step:
    return {
        "application": application,
        "inputs": inputs,
        "parameters": parameters,
        "output": output,
    }
