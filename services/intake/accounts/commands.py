"""What people and programs ask of accounts and credentials.

A credential grants now no more than who made it could grant now.
"""

import hmac
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from services.intake.accounts.bodies import (
    Identity,
    ListAccounts,
    ListKeys,
    MakeKey,
    MakeLink,
    OpenAccount,
)
from services.intake.accounts.model import (
    Account,
    Credential,
    NewCredential,
    make,
    refused,
    unknown,
)
from services.intake.members.commands import check_members
from services.intake.workshops.commands import forget
from shared.aggregate import Aggregate, new_id, now
from shared.auth import OF_MEMBERS, ROLES, Caller, Role, issue_token
from shared.endings.departures import has_left
from shared.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from shared.store import Store

_NOTHING: frozenset[str] = frozenset()
_LONGEST_CHAIN = 8
"""How many keys may have been made with one another."""

log = logging.getLogger(__name__)

_LINK_LIFETIME = timedelta(minutes=10)
_SESSION_LIFETIME = timedelta(hours=12)
_KEPT_AFTER = timedelta(days=30)
"""How long one that ended is kept, so that its member sees what became of it."""

TOKEN_LIFETIME = timedelta(minutes=1)
"""So long is heard of what ended: services check a token without asking anybody."""


def open_account(store: Store, caller: Caller, body: OpenAccount) -> Account:
    """An account for a person of a member; Invalid for an address that has one."""
    _check_operator(store, caller)
    check_members(store, {"member_id": body.member_id})
    if _account_by(store, "mail", body.mail):
        raise Invalid("un compte a déjà cette adresse", "mail")
    return store.of(Account).add(Account(id=new_id("acc"), **dict(body)).open())


def page_accounts(store: Store, query: ListAccounts) -> tuple[list[Account], str | None]:
    """The accounts of a member, or of all; oldest first."""
    where = {"member_id": query.member_id} if query.member_id else {}
    return store.of(Account).page(where, after=query.after, limit=query.limit)


def change_roles(store: Store, caller: Caller, account_id: str, roles: tuple[Role, ...]) -> Account:
    """Change the roles of a person, who has to sign in again."""
    _check_operator(store, caller)

    def decide(account: Account) -> None:
        account.roles = roles

    changed = store.of(Account).change(account_id, decide)
    for credential in list(store.of(Credential).every({"account_id": account_id})):
        store.of(Credential).change(credential.id, Credential.end)
    return changed


def read_account(store: Store, caller: Caller, account_id: str) -> Account:
    """An account, one's own or, as an operator, anybody's; NotFound for any other."""
    if caller.account_id != account_id and "operator" not in _present_roles(store, caller):
        raise NotFound.of(account_id)
    return store.of(Account).get(account_id)


def recipient(store: Store, account_id: str) -> Account:
    """Return the account of a person to write to; raises NotFound if its member left."""
    account = store.of(Account).get(account_id)
    if has_left(store, account.member_id):
        raise NotFound.of(account_id)
    return account


def erase_account(store: Store, caller: Caller, account_id: str) -> None:
    """Erase an account that the caller may read, with its sessions, keys and seats in workshops."""
    account = read_account(store, caller, account_id)
    forget(store, account_id)
    _forget(store, Credential, {"account_id": account_id})
    store.of(Account).remove(account)


def make_link(store: Store, caller: Caller, body: MakeLink) -> NewCredential:
    """A link that signs somebody in once, as a member."""
    _check_operator(store, caller)
    if has_left(store, body.member_id):
        raise Invalid("ce membre a quitté le Datalab", "member_id")
    # The lab's staff need not be a member: who signs tokens by hand says who else is of it.
    is_by_hand = not (caller.account_id or caller.credential_id)
    is_staff = OF_MEMBERS.isdisjoint(body.roles)
    if not (is_staff and (is_by_hand or body.member_id == caller.member_id)):
        check_members(store, {"member_id": body.member_id})
    maker_id = _maker_of(store, caller)
    link = make("link", body.member_id, body.roles, _LINK_LIFETIME, maker_id=maker_id)
    return _keep(store, link)


def open_session(store: Store, link: str) -> NewCredential:
    """Open a session for the bearer of a sign-in link, once; else raises Unauthenticated."""
    credential = _shown(store, link)
    if credential.kind != "link" or not _rights_of(store, credential):
        raise refused()
    used = store.of(Credential).change(credential.id, Credential.use)
    session = make("session", used.member_id, used.roles, _SESSION_LIFETIME, maker_id=used.maker_id)
    return _keep(store, session)


def open_session_of(store: Store, identity: Identity, shown_key: str, key: str) -> NewCredential:
    """Open a session for a person whom an identity provider vouched for, as the portal says.

    The portal shows `key`, which nobody else has; without one, nobody signs in so.
    """
    if not key or not hmac.compare_digest(shown_key.encode(), key.encode()):
        raise refused()
    account = _vouched_for(store, identity)
    account = store.of(Account).change(account.id, lambda entered: entered.sign_in(identity.name))
    session = make(
        "session", account.member_id, account.roles, _SESSION_LIFETIME, account_id=account.id
    )
    return _keep(store, session)


def exchange(store: Store, text: str, private_key: Path | None) -> tuple[Credential, str]:
    """Issue a token, valid for TOKEN_LIFETIME, to the bearer of a session or key."""
    credential = _shown(store, text)
    rights = _rights_of(store, credential)
    credential.roles = tuple(role for role in credential.roles if role in rights)
    if credential.kind == "link" or not credential.roles:
        raise refused()
    if private_key is None:
        raise Unavailable("this service has no key to sign tokens with")
    if now() - credential.used_at > TOKEN_LIFETIME:
        store.of(Credential).change(credential.id, Credential.use)
    token = issue_token(
        private_key,
        credential.member_id,
        credential.roles,
        TOKEN_LIFETIME,
        credential.account_id,
        credential_id=credential.id,
    )
    return credential, token


def end_session(store: Store, text: str) -> None:
    """Sign out; a session that ended already stays so."""
    with suppress(Unauthenticated):
        store.of(Credential).change(_shown(store, text).id, Credential.end)


def make_key(store: Store, caller: Caller, body: MakeKey) -> NewCredential:
    """Make a key of the caller's member, with roles that the caller has."""
    beyond = sorted(set(body.roles) - _present_roles(store, caller))
    if beyond:
        raise Forbidden(f"une clé n'a que des rôles de qui la demande, pas : {', '.join(beyond)}")
    if OF_MEMBERS & set(body.roles):
        check_members(store, {"member_id": caller.member_id})
    new_credential = make(
        "key",
        caller.member_id,
        body.roles,
        timedelta(days=body.days),
        name=body.name,
        account_id=caller.account_id,
        maker_id=_maker_of(store, caller),
    )
    if not _rights_of(store, new_credential.credential):
        raise Forbidden("trop de clés sont faites l'une de l'autre : faites-la dans le portail")
    return _keep(store, new_credential)


def page_keys(store: Store, caller: Caller, query: ListKeys) -> tuple[list[Credential], str | None]:
    """The keys of the caller's member, or of all; oldest first, those that ended too."""
    where = {"kind": "key"}
    if query.whose == "all":
        _check_operator(store, caller)
    else:
        where["member_id"] = caller.member_id
    return store.of(Credential).page(where, after=query.after, limit=query.limit)


def revoke_key(store: Store, caller: Caller, key_id: str) -> Credential:
    """End a key of the caller's member; an operator ends anybody's. NotFound for any other."""
    key = store.of(Credential).find_one(key_id)
    if not key or key.kind != "key":
        raise NotFound.of(key_id)
    if key.member_id != caller.member_id and "operator" not in _present_roles(store, caller):
        raise NotFound.of(key_id)
    return store.of(Credential).change(key_id, Credential.end)


def forget_all(store: Store, member_id: str) -> int:
    """Forget the accounts and credentials of a member who is erased; how many."""
    return sum(_forget(store, cls, {"member_id": member_id}) for cls in (Account, Credential))


def forget_ended(store: Store) -> None:
    """Forget the credentials that ended long ago."""
    _forget(store, Credential, {"ends_at": {"$lt": now() - _KEPT_AFTER}})


def _forget(store: Store, cls: type[Aggregate], where: Mapping[str, object]) -> int:
    documents = list(store.of(cls).every(where))
    for document in documents:
        store.of(cls).remove(document)
    return len(documents)


def _shown(store: Store, text: str) -> Credential:
    identifier, _, secret = text.partition(".")
    credential = store.of(Credential).find_one(identifier)
    if credential is None or not credential.is_proved_by(secret):
        raise refused()
    return credential


def _vouched_for(store: Store, identity: Identity) -> Account:
    """The account of a person; Unauthenticated where there is none: why is in the log alone.

    The log names the account that was not entered, and nothing of who tried.
    """
    account = (
        _account_by(store, "identity", identity.name)
        or _account_by(store, "mail", identity.mail)
        or _account_by(store, "mail", identity.unverified_mail)
    )
    if account is None:
        reason = "no_account"
    elif has_left(store, account.member_id):
        reason = "member_left"
    elif account.identity == identity.name or (
        not account.identity and account.mail == identity.mail
    ):
        return account
    else:
        reason = "another_subject" if account.identity else "address_not_verified"
    about = {"reason": reason, "account_id": account.id if account else ""}
    log.warning("a person is not signed in", extra=about)
    raise unknown()


def _account_by(store: Store, field: str, value: str | None) -> Account | None:
    return next(iter(store.of(Account).every({field: value})), None) if value else None


def _keep(store: Store, new_credential: NewCredential) -> NewCredential:
    store.of(Credential).save(new_credential.credential)
    return new_credential


def _present_roles(store: Store, caller: Caller) -> frozenset[str]:
    """The caller's roles of this moment: its token tells those of when it was signed."""
    return caller.roles & _roles_of(store, caller.credential_id or caller.account_id)


def _check_operator(store: Store, caller: Caller) -> None:
    """Raise Forbidden when the caller is no operator any more."""
    if "operator" not in _present_roles(store, caller):
        raise Forbidden("ce compte n'agit plus comme opérateur du Datalab")


def _rights_of(store: Store, credential: Credential, chain: int = 0) -> frozenset[str]:
    """The roles that a credential grants now: none when it, or what it was made with, ended."""
    is_over = not credential.is_valid or has_left(store, credential.member_id)
    if is_over or chain > _LONGEST_CHAIN:
        return _NOTHING
    own = _roles_of(store, credential.account_id)
    return own & _grantable(_roles_of(store, credential.maker_id, chain + 1)) & {*credential.roles}


def _grantable(roles: frozenset[str]) -> frozenset[str]:
    """What others may be granted by who has these roles: all by operators, else the same."""
    return ROLES if "operator" in roles else roles


def _maker_of(store: Store, caller: Caller) -> str:
    """What the caller's new credentials depend on: its key, or whoever let its session in.

    A session itself ends within hours, and what was made in it goes on. NotFound for one that is
    gone.
    """
    if not caller.credential_id:
        return caller.account_id
    credential = store.of(Credential).get(caller.credential_id)
    is_key = credential.kind == "key"
    return credential.id if is_key else credential.account_id or credential.maker_id


def _roles_of(store: Store, identifier: str, chain: int = 0) -> frozenset[str]:
    """The roles of an account or a credential now; all of the lab's signing key, whose id is ""."""
    if not identifier:
        return ROLES
    if credential := store.of(Credential).find_one(identifier):
        return _rights_of(store, credential, chain)
    account = store.of(Account).find_one(identifier)
    if account is None or has_left(store, account.member_id):
        return _NOTHING
    return frozenset(account.roles)
