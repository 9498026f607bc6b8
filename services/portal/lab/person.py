"""Who signed in, and the pages that are for them."""

from dataclasses import dataclass

from shared.auth import OF_FIGURES

_MENU = (
    ("/projets", "Mes projets", ()),
    ("/donnees", "Mes données", ("holder", "owner")),
    ("/catalogue", "Catalogue", ()),
    ("/services", "Services rendus", ()),
    ("/ateliers", "Ateliers", ()),
    ("/demandes", "Demandes d'accès", ("holder", "owner")),
    ("/revue", "Revue", ("reviewer", "operator")),
    ("/pilotage", "Pilotage", ("reviewer", "operator", "committee")),
    ("/partenaires", "Partenaires", ()),
    ("/membres", "Membres", ("operator",)),
    ("/personnes", "Personnes", ("operator",)),
    ("/compte", "Compte", ()),
)
"""Address, title, and the roles that it is for; none for whoever does not read figures alone."""

_PUBLIC_MENU = ("/catalogue", "/services", "/ateliers")
"""The addresses that are for everybody where the lab says so."""


@dataclass(frozen=True)
class Person:
    """Who signed in, as a member with roles; by a link without an account."""

    member_id: str
    roles: frozenset[str]
    account_id: str = ""

    def has(self, *roles: str) -> bool:
        """Whether the person has one of these roles."""
        return bool(self.roles & set(roles))

    @property
    def reads_figures_alone(self) -> bool:
        """Whether the services open nothing but the lab's figures to the person."""
        return bool(self.roles) and self.roles <= OF_FIGURES


def menu_of(person: Person | None, *, is_public: bool) -> list[tuple[str, str]]:
    """The addresses of the pages that a person, or anybody, uses, with their titles."""
    if person is None:
        return [(path, title) for path, title, _ in _MENU if is_public and path in _PUBLIC_MENU]
    return [
        (path, title)
        for path, title, roles in _MENU
        if (person.has(*roles) if roles else not person.reads_figures_alone)
    ]
