"""The form by which owners say what their data is: its fields, and what is sent of them."""

from collections.abc import Mapping

from services.portal.lab import Json
from services.portal.visit import Visit
from shared.catalogues.licence_titles import TITLES
from shared.engine.places.names import labelled

_OFFERED = (
    "lov2",
    "odc-odbl",
    "cc-by",
    "cc-by-sa",
    "cc-zero",
    "other-at",
    "other-open",
    "notspecified",
)
LICENCES = {licence: TITLES[licence] for licence in _OFFERED}
"""Those that forms offer; the catalogue knows more, and a dataset keeps its own."""

FREQUENCIES = {
    "": "non précisé",
    "CONT": "en continu",
    "DAILY": "chaque jour",
    "WEEKLY": "chaque semaine",
    "MONTHLY": "chaque mois",
    "QUARTERLY": "chaque trimestre",
    "ANNUAL_2": "deux fois par an",
    "ANNUAL": "chaque année",
    "BIENNIAL": "tous les deux ans",
    "IRREG": "sans régularité",
    "NEVER": "jamais",
}
"""How often data is renewed: those of the EU's codes that forms offer."""

_TEXTS = ("title", "description", "theme", "licence", "access", "producer")
_LISTS = ("keywords", "territory")
_OPTIONAL = ("source_url", "modified", "frequency")
_CONTACT = ("name", "email", "url")


def sent(visit: Visit) -> dict[str, str]:
    """Return the fields as they were sent, to show them again beside a fault."""
    contact = (f"contact_{name}" for name in _CONTACT)
    field_names = (
        *_TEXTS,
        *_LISTS,
        *_OPTIONAL,
        *contact,
        "minimum_units",
        "unit_column",
        "joins_shown",
        "on_cluster",
    )
    return {name: visit.text(name) for name in field_names}


def given_of(dataset: Json) -> dict[str, str]:
    """The fields as the catalogue has them."""
    contact = dataset["contact"] or {}
    return {
        **{name: dataset[name] or "" for name in (*_TEXTS, *_OPTIONAL)},
        "keywords": ", ".join(dataset["keywords"]),
        "territory": ", ".join(labelled(dataset["territory"])),
        **{f"contact_{name}": contact.get(name) or "" for name in _CONTACT},
        "minimum_units": str(dataset["minimum_units"] or ""),
        "unit_column": dataset["unit_column"],
        "joins_shown": "1" if dataset["joins_shown"] else "",
        "on_cluster": "1" if dataset["on_cluster"] else "",
    }


def metadata_of(visit: Visit) -> dict[str, object]:
    """What the catalogue is told of the fields that were sent; an empty one takes it away."""
    return {
        **{name: visit.text(name) for name in _TEXTS},
        **{name: visit.words(name) for name in _LISTS},
        **{name: visit.text(name) or None for name in _OPTIONAL},
        "contact": _contact(visit),
        "minimum_units": visit.text("minimum_units") or None,
        "unit_column": visit.text("unit_column"),
        "joins_shown": bool(visit.text("joins_shown")),
        "on_cluster": bool(visit.text("on_cluster")),
    }


def _contact(visit: Visit) -> Mapping[str, str] | None:
    contact = {name: visit.text(f"contact_{name}") for name in _CONTACT}
    return {name: text for name, text in contact.items() if text} or None
