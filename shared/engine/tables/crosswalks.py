"""Ways from one kind of key to another, so that tables meet whose keys are not the same."""

from enum import StrEnum
from typing import Self

from shared.events.event import Frozen


class Cost(StrEnum):
    """What a way from key to key costs: how many keys can stand on either side of it."""

    EXACT = "exact"
    LOSES_DETAIL = "loses detail"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"

    @classmethod
    def of(cls, *, multiplies: bool, merges: bool) -> Self:
        """Return the cost, given whether keys lead to several and whether several lead to one."""
        if multiplies:
            return cls(cls.MANY_TO_MANY if merges else cls.ONE_TO_MANY)
        return cls(cls.LOSES_DETAIL if merges else cls.EXACT)

    @property
    def multiplies(self) -> bool:
        """Whether a key leads to several."""
        return self in {Cost.ONE_TO_MANY, Cost.MANY_TO_MANY}

    @property
    def merges(self) -> bool:
        """Whether several keys lead to one."""
        return self in {Cost.LOSES_DETAIL, Cost.MANY_TO_MANY}

    @property
    def in_words(self) -> str:
        """State the cost in French."""
        return _TOLD[self]


_TOLD = {
    Cost.EXACT: "sans perte",
    Cost.LOSES_DETAIL: "des clés différentes se confondent",
    Cost.ONE_TO_MANY: "des lignes se répètent, et leurs chiffres ne s'additionnent plus",
    Cost.MANY_TO_MANY: "des clés se confondent et des lignes se répètent, dont les chiffres ne"
    " s'additionnent plus",
}


class Crosswalk(Frozen):
    """A way from keys of kind `source` to keys of kind `target`, and the most that it costs.

    Both are the meanings that columns are recognised with; `description` is French.
    """

    name: str
    source: str
    target: str
    cost: Cost
    description: str

    @property
    def space(self) -> str:
        """Return the space of its targets: the code of an EPCI is its SIREN (INSEE)."""
        return "siren" if self.target == "epci" else self.target


PRESENT = Crosswalk(
    name="commune",
    source="commune",
    target="commune",
    cost=Cost.MANY_TO_MANY,
    description="Code de commune de n'importe quelle année, commune déléguée ou associée,"
    " arrondissement municipal : commune du code officiel géographique actuel. Des communes"
    " fusionnées n'en font plus qu'une ; une commune scindée depuis en donne plusieurs.",
)

_TO_ANOTHER_KIND = {
    ("siret", "siren"): (Cost.LOSES_DETAIL, "Établissement : l'entreprise dont il fait partie."),
    ("siren", "commune"): (
        Cost.EXACT,
        "SIREN d'une commune (depuis 2022) : son code, dans le code officiel actuel.",
    ),
    ("iris", "commune"): (Cost.LOSES_DETAIL, "IRIS : la commune actuelle où il se trouve."),
    ("postcode", "commune"): (
        Cost.MANY_TO_MANY,
        (
            "Code postal : toutes les communes actuelles qu'il dessert, et une commune peut avoir"
            " plusieurs codes postaux. Un code CEDEX mène à la commune dont son bureau porte le"
            " nom ; celui d'un bureau qui n'en porte pas, comme Paris La Défense, ne mène nulle"
            " part."
        ),
    ),
    ("commune", "epci"): (Cost.LOSES_DETAIL, "Commune de toute année : son EPCI actuel."),
    ("commune", "departement"): (Cost.LOSES_DETAIL, "Commune de toute année : son département."),
    ("commune", "region"): (Cost.LOSES_DETAIL, "Commune de toute année : sa région actuelle."),
    ("epci", "commune"): (
        Cost.ONE_TO_MANY,
        "EPCI : toutes ses communes, qui reçoivent chacune la valeur de l'EPCI.",
    ),
    ("epci", "departement"): (
        Cost.MANY_TO_MANY,
        "EPCI : le département de ses communes, ou plusieurs s'il en traverse plus d'un.",
    ),
    ("epci", "region"): (
        Cost.MANY_TO_MANY,
        "EPCI : la région de ses communes, ou plusieurs s'il en traverse plus d'une.",
    ),
    ("departement", "region"): (Cost.LOSES_DETAIL, "Département : sa région actuelle."),
}

CROSSWALKS: dict[str, Crosswalk] = {PRESENT.name: PRESENT} | {
    f"{source}_{target}": Crosswalk(
        name=f"{source}_{target}", source=source, target=target, cost=cost, description=description
    )
    for (source, target), (cost, description) in _TO_ANOTHER_KIND.items()
}
"""Every crosswalk, by its name. Keys of communes are those of the present COG where they arrive."""


def space_behind(via: str | None, space: str) -> str:
    """Return the space in which keys are compared once a crosswalk, if any, mapped them."""
    return CROSSWALKS[via].space if via else space
