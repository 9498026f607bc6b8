"""Signing in, and out."""

from starlette.responses import RedirectResponse, Response

from services.portal.lab import Away, Json, Refused
from services.portal.visit import Visit, get, post

_SEEN, _UNAUTHENTICATED = 303, 401
_ENDED = "Vous êtes déconnecté."
_UNSENT = "/reprise"


async def show(visit: Visit) -> Response:
    """How one signs in here."""
    visit.request.session["next"] = own_path(visit.asked("suite"))
    has_left = visit.request.session.pop("left", False)
    return visit.page("entry/sign_in.html", has_left=has_left)


async def show_link(visit: Visit) -> Response:
    """Ask whoever follows a link to confirm: programs that look at links do not use it up."""
    return visit.page("entry/link.html", code=visit.asked("code"))


async def use_link(visit: Visit) -> Response:
    """Sign in by a link, in a new session."""
    try:
        session = await visit.sign_in.by_link(visit.text("code"))
    except Refused:
        return visit.page(
            "entry/sign_in.html",
            _UNAUTHENTICATED,
            fault=("Ce lien a déjà servi, ou n'est plus valable : demandez-en un autre."),
        )
    return _signed_in(visit, session)


async def leave(visit: Visit) -> Response:
    """Go to the identity provider, where there is one."""
    if visit.provider is None:
        return visit.go("/connexion")
    return await visit.provider.leave(visit.request)


async def leave_for_good(visit: Visit) -> Response:
    """Go to where the session at the identity provider ends: the next at this screen is another."""
    if visit.provider is None:
        return visit.go("/connexion")
    return RedirectResponse(await visit.provider.exit_address(), _SEEN)


async def come_back(visit: Visit) -> Response:
    """Sign in the person whom the provider vouches for, in a new session."""
    if visit.provider is None:
        return visit.go("/connexion")
    try:
        session = await visit.sign_in.by_identity(await visit.provider.identity(visit.request))
    except Refused as refused:
        return visit.page("entry/sign_in.html", refused.status, fault=refused.detail)
    return _signed_in(visit, session)


def _signed_in(visit: Visit, session: Json) -> Response:
    kept = visit.request.session
    path, unsent = kept.get("next", "/"), kept.get("unsent", "")
    kept.clear()
    if unsent:
        path, kept["unsent"] = _UNSENT, unsent
    person = {name: session[name] for name in ("member_id", "account_id", "roles")}
    kept.update(session=session["text"], **person)
    return visit.go(path, "Vous êtes connecté.")


async def show_unsent(visit: Visit) -> Response:
    """What was typed before the session ended, to be read again and sent."""
    form = visit.unsent.find(str(visit.request.session.get("unsent", "")), visit.member_id)
    if form is None:
        return visit.go("/", "Ce que vous aviez écrit n'est plus gardé.")
    return visit.page("entry/unsent.html", unsent=form)


async def sign_out(visit: Visit) -> Response:
    """End the session here, and at intake if it answers: it ends by itself otherwise."""
    session = str(visit.request.session.get("session", ""))
    came_by_provider = bool(visit.provider and visit.account_id)
    visit.request.session.clear()
    visit.request.session["left"] = came_by_provider
    try:
        await visit.sign_in.out(session)
    except Away:
        return visit.go("/connexion", f"{_ENDED} Le Datalab l'apprendra au plus tard ce soir.")
    return visit.go("/connexion", _ENDED)


def own_path(text: str) -> str:
    """`text` if it is a path of this portal, else the first page: nobody is sent elsewhere."""
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and "\n" not in text
    return text if is_own else "/"


ROUTES = [
    get("/connexion", show, is_open=True),
    get("/connexion/lien", show_link, is_open=True),
    post("/connexion/lien", use_link, is_open=True),
    get("/connexion/fournisseur", leave, is_open=True),
    get("/connexion/fournisseur/fin", leave_for_good, is_open=True),
    get("/connexion/retour", come_back, is_open=True),
    get(_UNSENT, show_unsent),
    post("/deconnexion", sign_out),
]
