"""Who one is here, and the keys of one's programs."""

from starlette.responses import Response

from services.portal.lab import Json, path_of
from services.portal.lab.lab_calls import if_seen
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post
from shared.language.labels import NEWS_KINDS

_CADENCES = {"never": "Jamais", "immediate": "Tout de suite", "daily": "Une fois par jour"}
_DAYS = {"30": "un mois", "90": "trois mois", "365": "un an"}


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show my member, my roles and my keys."""
    parts = await visit.lab.parts(
        # The lab's operators need not be members.
        member=if_seen(visit.lab.get("intake", path_of("members", visit.member_id))),
        keys=visit.lab.get("intake", "/keys", after=visit.asked("suite")),
        account=own_account(visit),
        mails=_mails(visit),
    )
    variables = {
        "days": _DAYS,
        "kinds": NEWS_KINDS,
        "cadences": _CADENCES,
        "name": visit.text("name"),
        "faults": faults,
    }
    return visit.page("account/show.html", faults.status, **parts, **variables)


@faults_on(show)
async def make_key(visit: Visit) -> Response:
    """Make a key; its text is only on the answer's page."""
    body = {"name": visit.text("name"), "roles": visit.texts("roles"), "days": visit.text("days")}
    key = await visit.lab.post("intake", "/keys", body)
    return visit.secret("account/key.html", made=key)


async def revoke_key(visit: Visit) -> Response:
    """End a key."""
    path = path_of("keys", visit.part("key_id"), "revocation")
    await visit.lab.post("intake", path)
    return visit.go("/compte", "La clé est révoquée : elle n'ouvre plus rien d'ici une minute.")


@faults_on(show)
async def choose_mails(visit: Visit) -> Response:
    """Choose when to get mails, by kind."""
    cadences = {kind: visit.text(kind) for kind in NEWS_KINDS}
    await visit.lab.put("notify", "/mail-preferences", cadences)
    return visit.go("/compte", "Vos choix de courriels sont enregistrés.")


async def erase(visit: Visit) -> Response:
    """Erase the person's own account, and sign out."""
    await visit.lab.delete("intake", path_of("accounts", visit.account_id))
    visit.request.session.clear()
    return visit.go("/connexion", "Votre compte est effacé.")


async def own_account(visit: Visit) -> Json:
    """The person's own account; who came by a link has none."""
    if not visit.account_id:
        return None
    return await visit.lab.get("intake", path_of("accounts", visit.account_id))


async def _mails(visit: Visit) -> Json:
    """When the person is written; who came by a link has no address."""
    if not visit.account_id:
        return None
    return await visit.lab.get("notify", "/mail-preferences")


ROUTES = [
    get("/compte", show),
    post("/compte/courriels", choose_mails),
    post("/compte/effacement", erase),
    post("/compte/cles", make_key),
    post("/compte/cles/{key_id}/revocation", revoke_key),
]
