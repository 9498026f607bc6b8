"""What mails say, as a page, and the page that a mail's link leads to: it ends such mails."""

from starlette.responses import Response

from services.portal.lab import Refused
from services.portal.visit import Visit, get, post
from shared.language.labels import NEWS_KINDS

_NOT_FOUND = 404

_ENDED = {
    kind: f"de courriel sur {label[0].lower()}{label[1:]}" for kind, label in NEWS_KINDS.items()
} | {"daily": "de courriel quotidien"}


async def news(visit: Visit) -> Response:
    """List what happened to my member, newest first."""
    news_page = await visit.lab.get("notify", "/news", after=visit.asked("suite"))
    return visit.page("mails/news.html", news=news_page, kinds=NEWS_KINDS)


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
