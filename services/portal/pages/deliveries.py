"""The services that came of projects: what was delivered, and is in the catalogue for everybody."""

from starlette.responses import Response

from services.portal.visit import Visit, get


async def page(visit: Visit) -> Response:
    """What projects gave back, open to all."""
    found = await visit.lab.get(
        "catalog", "/datasets", delivered=True, after=visit.asked("after"), limit=20
    )
    return visit.page("deliveries/list.html", found=found)


ROUTES = [get("/services", page, public=True)]
