"""What people and programs ask of credentials."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from services.intake.accounts.bodies import MakeKey, MakeLink
from services.intake.accounts.credential import Credential, Made, make, parts_of, proves, refused
from shared.aggregate import now
from shared.auth import Caller, issue_token
from shared.endings.departures import has_left
from shared.errors import Forbidden, Invalid, NotFound, Unavailable
from shared.inbound import Paging
from shared.store import Store

LINK_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(hours=12)
KEPT_AFTER = timedelta(days=30)
"""How long one that ended is kept, so that its member sees what became of it."""

TOKEN_LIFETIME = timedelta(minutes=1)
"""So long is heard of what ended: services check a token without asking anybody."""


def make_link(store: Store, body: MakeLink) -> Made:
    """A link that signs somebody in once, as a member."""
    if has_left(store, body.member_id):
        raise Invalid("ce membre a quitté le Datalab", "member_id")
    return _keep(store, make("link", body.member_id, body.roles, LINK_LIFETIME))


def open_session(store: Store, link: str) -> Made:
    """The session of who shows a link, once; Unauthenticated for any other credential."""
    shown = _shown(store, link)
    if shown.kind != "link":
        raise refused()
    used = store.of(Credential).change(shown.id, Credential.use)
    return _keep(store, make("session", used.member_id, used.roles, SESSION_LIFETIME))


def exchange(store: Store, text: str, private_key: Path | None) -> tuple[Credential, str]:
    """A token for the bearer of a session or key, valid for TOKEN_LIFETIME everywhere."""
    shown = _shown(store, text)
    if shown.kind == "link" or has_left(store, shown.member_id):
        raise refused()
    if private_key is None:
        raise Unavailable("this service has no key to sign tokens with")
    if now() - shown.used_at > TOKEN_LIFETIME:
        shown = store.of(Credential).change(shown.id, Credential.use)
    return shown, issue_token(private_key, shown.member_id, shown.roles, TOKEN_LIFETIME)


def end_session(store: Store, text: str) -> None:
    """Sign out; a session that ended already stays so."""
    identifier, secret = parts_of(text)
    found = store.of(Credential).find_one(identifier)
    if proves(found, secret):
        store.of(Credential).change(identifier, Credential.end)


def make_key(store: Store, caller: Caller, body: MakeKey) -> Made:
    """A key of the caller's member, with roles that the caller has itself."""
    beyond = sorted(set(body.roles) - caller.roles)
    if beyond:
        raise Forbidden(f"une clé n'a que des rôles de qui la demande, pas : {', '.join(beyond)}")
    lifetime = timedelta(days=body.days)
    return _keep(store, make("key", caller.member_id, body.roles, lifetime, body.name))


def page_keys(store: Store, caller: Caller, query: Paging) -> tuple[list[Credential], str | None]:
    """The keys of the caller's member, oldest first, those that ended too."""
    where = {"member_id": caller.member_id, "kind": "key"}
    return store.of(Credential).page(where, after=query.after, limit=query.limit)


def revoke_key(store: Store, caller: Caller, key_id: str) -> Credential:
    """End a key of the caller's member; an operator ends anybody's. NotFound for any other."""
    key = store.of(Credential).find_one(key_id)
    is_seen = key and ("operator" in caller.roles or key.member_id == caller.member_id)
    if not key or key.kind != "key" or not is_seen:
        raise NotFound.of(key_id)
    return store.of(Credential).change(key_id, Credential.end)


def forget_all(store: Store, member_id: str) -> int:
    """Forget the credentials of a member who is erased; how many."""
    return _forget(store, {"member_id": member_id})


def forget_ended(store: Store) -> None:
    """Forget the credentials that ended long ago."""
    _forget(store, {"ends_at": {"$lt": now() - KEPT_AFTER}})


def _forget(store: Store, where: Mapping[str, object]) -> int:
    found = list(store.of(Credential).every(where))
    for one in found:
        store.of(Credential).remove(one)
    return len(found)


def _shown(store: Store, text: str) -> Credential:
    identifier, secret = parts_of(text)
    found = store.of(Credential).find_one(identifier)
    if found is None or not proves(found, secret):
        raise refused()
    return found


def _keep(store: Store, made: Made) -> Made:
    store.of(Credential).save(made.credential)
    return made
