"""What mails say, as a page, and the page that a mail's link leads to: it ends such mails."""

from starlette.responses import Response

from services.portal.lab import Refused
from services.portal.visit import Visit, get, post

_NOT_FOUND = 404

_ENDED = {
    "tasks": "de courriel sur ce qui vous attend",
    "projects": "de courriel sur vos projets",
    "data": "de courriel sur vos données",
    "workshops": "de courriel sur les ateliers",
    "daily": "de courriel quotidien",
}
_KINDS = {"tasks": "À faire", "projects": "Projets", "data": "Données", "workshops": "Ateliers"}


async def news(visit: Visit) -> Response:
    """List what happened to my member, newest first."""
    news_page = await visit.lab.get("notify", "/news", after=visit.asked("suite"))
    return visit.page("mails/news.html", news=news_page, kinds=_KINDS)


async def show(visit: Visit) -> Response:
    """Ask whoever follows the link to confirm: programs that look at links end nothing."""
    _, scope, *_ = f"{visit.part('link')}..".split(".")
    return visit.page("mails/stop.html", ends=_ENDED.get(scope, ""))


async def stop(visit: Visit) -> Response:
    """End what the link is for; mail programs do so by themselves (RFC 8058)."""
    link = visit.part("link")
    try:
        stopped = await visit.lab.show("notify", "POST", "/mail-preferences/stop", link)
    except Refused as refused:
        if refused.status != _NOT_FOUND:
            raise
        return visit.page("mails/stop.html", refused.status, fault=refused.detail)
    return visit.page("mails/stop.html", ended=_ENDED[stopped["scope"]])


ROUTES = [
    get("/nouvelles", news),
    get("/desabonnement/{link}", show, is_open=True),
    post("/desabonnement/{link}", stop, is_open=True, is_proven=True),
]
