"""The form by which owners say what may be shown of restricted data, and what came of that."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.portal.french import named
from services.portal.lab import Json
from services.portal.visit import Faults, Visit
from shared.engine.contract.policy import MadeTables, ReleasePolicy
from shared.language.french import french_list, quoted

_LEVELS = {
    "region": "régions",
    "departement": "départements",
    "epci": "EPCI",
    "commune": "communes",
    "year": "années",
    "quarter": "trimestres",
    "month": "mois",
    "classes": "classes",
    "value": "valeurs telles quelles",
}
_DATES = ("year quarter", "year month", "year quarter month", "year")
_OFFERED: dict[str, Sequence[str]] = {
    "commune": (
        "epci commune",
        "departement commune",
        "commune",
        "epci",
        "departement",
        "region departement",
        "region",
    ),
    "iris": ("commune",),
    "epci": ("epci",),
    "departement": ("departement", "region departement", "region"),
    "region": ("region",),
    "date": _DATES,
    "datetime": _DATES,
}
"""What columns are shown by, by their type, from the coarsest level to the finest."""

_NUMBERS = ("integer", "decimal")
_PLACE = re.compile(r"([a-z_]+(?:\.\w+)*): ")
"""What a job's refusal begins with that names a field; in French a space is before the colon."""

METHODS = {
    "exact": "chiffres exacts ; ceux qui porteraient sur trop peu d'unités sont masqués",
    "noise": "toutes les cases, un peu fausses : rien n'est masqué",
}
"""What an owner chooses between, by what it does."""

READERS = {
    "lab": "tout le Datalab, sans vous demander",
    "granted": "les projets à qui vous accordez ces données, sans relecteur",
}
"""Who reads the tables."""

REPEATED = {
    "": "comme dans les données d'aujourd'hui",
    "oui": "oui, plusieurs",
    "non": "non, une seule",
}
"""Whether a unit may have several rows: unsaid, it is as the data has it when it is sent."""

_HAS_SEVERAL: dict[str, bool] = {"oui": True, "non": False}
_MOST_COLUMNS = 120
"""A form has 600 fields at most; a column of numbers sends four, and its ticks where it is used."""


class PolicyState:
    """What may be shown of a dataset as the catalogue has it, and how far its tables are."""

    def __init__(self, view: Json) -> None:
        self.policy, self.proposal = view["policy"], view["proposal"]
        self.number, self.shows_nothing = view["number"], view["shows_nothing"]
        place = _PLACE.match(view["refusal"])
        self._refused_at = place[1] if place else ""
        self.refusal = view["refusal"][place.end() if place else 0 :]
        self.tables_id = view["tables_id"] if view["published"] else ""
        self.is_agreed = bool(view["agreed_at"])
        self.waiting, self.close_percent = view["waiting"], view["close_percent"]
        latest = view["latest"]
        self.tables = latest if latest and latest["number"] == self.number else None
        self._is_public = self.tables is not None and self.tables == view["published"]

    @property
    def is_under_way(self) -> bool:
        """Whether tables are being made, or published, so that the page changes by itself."""
        if self.policy is None or self.refusal or self.waiting:
            return False
        return not (self._is_public if self.is_agreed else self.tables)

    @property
    def description(self) -> str:
        """How far it is, in a sentence."""
        if self.policy is None:
            return self._without_policy
        if self.refusal:
            earlier = " ; ceux d'avant restent publiés" if self.tables_id else ""
            return f"les tableaux ne sont pas faits : {self.refusal}{earlier}"
        if self.tables is None:
            return "les tableaux sont en train d'être faits"
        if self.waiting:
            return "des tableaux attendent d'être publiés"
        if self.is_agreed:
            return "publiés" if self._is_public else "en train d'être publiés"
        return "des tableaux sont prêts à relire, et ne sont pas encore publiés"

    @property
    def _without_policy(self) -> str:
        if self.shows_nothing:
            return "rien, comme vous l'avez dit : chaque demande attend des personnes"
        return f"rien encore{' ; une proposition est prête' if self.proposal else ''}"

    @property
    def is_for_edition(self) -> bool:
        """Whether the next agreement is to the tables of this version alone, which it names."""
        return bool(self.waiting) or self.policy["editions_a_year"] == 0

    @property
    def faults(self) -> Faults:
        """What kept the last job from making tables, at the field of the policy that it names."""
        faults = Faults(self.refusal, self._refused_at.partition(".")[0])
        return fault_at_column(faults, self._refused_at, self.policy)

    @property
    def summary(self) -> str:
        """Which tables there are, and how many of their cells are shown, in French."""
        return MadeTables.model_validate(self.tables["tables"]).summary if self.tables else ""

    @property
    def accuracy(self) -> str:
        """How wrong figures with noise are, in French; empty of exact ones."""
        return MadeTables.model_validate(self.tables["tables"]).accuracy if self.tables else ""


class OfferedColumn(NamedTuple):
    """A column to count by or to add up; its choices of `levels`, as `epci commune`, in French."""

    levels: dict[str, str]
    is_number: bool = False


def fields_of(policy: Json) -> dict[str, Json]:
    """The fields of the form as that policy has them, or where there is none to begin with."""
    if policy is None:
        policy = ReleasePolicy.model_construct(dimensions=()).model_dump()
    dimensions, measures = policy["dimensions"], policy["measures"]
    return {
        "unit": "\n".join(policy["unit"]),
        "units_repeat": {True: "oui", False: "non"}.get(policy["units_repeat"], ""),
        "minimum_units": policy["minimum_units"],
        "most_at_once": str(policy["most_at_once"]),
        "editions_a_year": policy["editions_a_year"],
        "series": policy["series"],
        "readers": policy["readers"],
        "method": policy["method"],
        "guess_percent": policy["guess_percent"],
        "most_rows": policy["most_rows"],
        "dimensions": [dimension["column"] for dimension in dimensions],
        "measures": [measure["column"] for measure in measures],
        "full": [measure["column"] for measure in measures if measure["is_full"]],
        **{f"levels {part['column']}": " ".join(part["levels"]) for part in dimensions},
        **{f"bounds {part['column']}": _listed(part["bounds"]) for part in dimensions},
        **{f"values {part['column']}": "\n".join(part["values"]) for part in dimensions},
        **{f"cap {part['column']}": _in_french(part["cap"]) for part in measures if part["cap"]},
    }


def sent_fields(visit: Visit) -> dict[str, Json]:
    """The same as they were sent, to show them again beside a fault."""
    return {
        **{name: visit.text(name) for name in visit.form},
        "unit": "\n".join(visit.lines("unit")),
        "dimensions": visit.texts("dimensions"),
        "measures": visit.texts("measures"),
        "full": visit.texts("full"),
    }


def policy_of(visit: Visit) -> dict[str, Json]:
    """What the catalogue is told of the fields that were sent."""
    return {
        "unit": visit.lines("unit"),
        "units_repeat": _HAS_SEVERAL.get(visit.text("units_repeat")),
        "minimum_units": visit.number("minimum_units"),
        "dimensions": [_dimension(visit, column) for column in visit.texts("dimensions")],
        "measures": [_measure(visit, column) for column in visit.texts("measures")],
        "most_at_once": visit.number("most_at_once"),
        "editions_a_year": visit.number("editions_a_year"),
        "series": visit.text("series"),
        "readers": visit.text("readers"),
        "method": visit.text("method"),
        "guess_percent": visit.number("guess_percent"),
        "most_rows": visit.number("most_rows"),
    }


def _dimension(visit: Visit, column: str) -> dict[str, Json]:
    levels = visit.text(f"levels {column}").split() or ["value"]
    bounds = visit.text(f"bounds {column}") if "classes" in levels else ""
    # With a decimal comma, semicolons stand between numbers.
    parts = bounds.split(";" if ";" in bounds else ",")
    numbers = [number for part in parts if (number := _number(part))]
    values = visit.lines(f"values {column}")
    return {"column": column, "levels": levels, "bounds": numbers, "values": values}


def _measure(visit: Visit, column: str) -> dict[str, Json]:
    cap = _number(visit.text(f"cap {column}")) or None
    return {"column": column, "cap": cap, "is_full": column in visit.texts("full")}


def fault_at_column(faults: Faults, at: str, policy: dict[str, Json]) -> Faults:
    """The same, told at the column's field where the catalogue names one, as `dimensions.0`."""
    kind, _, rest = at.partition(".")
    number, _, part_field = rest.partition(".")
    if kind not in {"dimensions", "measures"} or not number.isdigit():
        return faults
    part = policy[kind][int(number)]
    has_classes = "classes" in part.get("levels", ())
    field = "cap" if kind == "measures" else "bounds" if has_classes else "levels"
    field = "values" if part_field.startswith("values") else field
    field = "full" if part_field == "is_full" else field
    message = f"{quoted(part['column'])} : {faults.message}"
    return Faults(message, f"{field} {part['column']}", faults.status)


def offered_units(profile: Json, fields: dict[str, Json]) -> list[tuple[str, str]]:
    """The columns that may say whose a row is, with the several that are chosen together."""
    names = [column["name"] for column in (profile or {}).get("columns", ())]
    units = dict.fromkeys((fields["unit"], *names) if fields["unit"] else names)
    pairs = [(unit, french_list(unit.split("\n"))) for unit in units]
    return [("", "chaque ligne est à quelqu'un d'autre"), *pairs]


def offered_columns(profile: Json, fields: dict[str, Json]) -> dict[str, OfferedColumn]:
    """The columns that may be chosen: what is chosen first, and none else that names persons."""
    columns = {column["name"]: column for column in (profile or {}).get("columns", ())}
    privacy = (profile or {}).get("privacy") or {"findings": []}
    findings = privacy["findings"]
    direct = {finding["column"] for finding in findings if finding["role"] == "direct"}
    chosen = (*fields["dimensions"], *fields["measures"])
    others = [name for name in columns if name not in direct][:_MOST_COLUMNS]
    return {
        name: _offered(columns.get(name), fields.get(f"levels {name}", ""))
        for name in dict.fromkeys((*chosen, *others))
    }


def _offered(column: Json, chosen: str) -> OfferedColumn:
    meaning = (column and column["meaning"]) or {"type": ""}
    is_number = bool(column and column["kind"] in _NUMBERS and not column["key"])
    usual = ("value", "classes") if is_number else ("value",)
    choices = (chosen, *_OFFERED.get(meaning["type"], usual))
    levels = {levels: _in_words(levels.split()) for levels in choices if levels}
    return OfferedColumn(levels, is_number)


def _in_words(levels: Iterable[str]) -> str:
    return ", puis ".join(named(level, _LEVELS) for level in levels)


def _number(text: str) -> str:
    """A number as the catalogue reads it, of one in French: `1 000,5` is `1000.5`."""
    return "".join(text.split()).replace(",", ".")


def _in_french(number: float) -> str:
    return f"{number:.15g}".replace(".", ",")


def _listed(numbers: Iterable[float]) -> str:
    """Numbers as `_dimension` reads them: `18, 25, 40`, or `0,5 ; 1`, and `0,5 ;` alone."""
    texts = [_in_french(number) for number in numbers]
    if not any("," in text for text in texts):
        return ", ".join(texts)
    return " ; ".join(texts) if len(texts) > 1 else f"{texts[0]} ;"
