"""The guide: short pages for holders, owners and reviewers, open to everybody."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.portal.visit import Visit, get

_NOT_FOUND = 404

PAGES = {
    "entrer": "Entrer et sortir",
    "projets": "Poser une question : la vie d'un projet",
    "donnees": "Déposer des données",
    "personnes": "Quand des personnes sont nommées",
    "demandes": "Répondre à une demande d'accès",
    "ateliers": "Venir à un atelier",
    "revue": "Relire un projet ou un résultat",
    "pilotage": "Piloter le Datalab : ce que disent les chiffres",
    "programmes": "Brancher un programme",
}
"""The pages by their address, and so by their template, in the order they are read."""


async def index(visit: Visit) -> Response:
    """What there is to read."""
    return visit.page("help/index.html", pages=PAGES)


async def show(visit: Visit) -> Response:
    """One page."""
    name = visit.part("name")
    if name not in PAGES:
        raise HTTPException(_NOT_FOUND)
    return visit.page(f"help/{name}.html", pages=PAGES, name=name)


ROUTES = [get("/aide", index, is_open=True), get("/aide/{name}", show, is_open=True)]
