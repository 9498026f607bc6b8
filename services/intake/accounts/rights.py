"""What a credential grants now: no more than who made it could grant now."""

from services.intake.accounts.model import Account, Credential
from shared.auth import ROLES, Caller
from shared.endings.departures import has_left
from shared.errors import Forbidden
from shared.store import Store

_NOTHING: frozenset[str] = frozenset()
_LONGEST_CHAIN = 8
"""How many keys may have been made with one another."""


def present_roles(store: Store, caller: Caller) -> frozenset[str]:
    """The caller's roles of this moment: its token tells those of when it was signed."""
    return caller.roles & _roles_of(store, caller.credential_id or caller.account_id)


def check_operator(store: Store, caller: Caller) -> None:
    """Raise Forbidden when the caller is no operator any more."""
    if "operator" not in present_roles(store, caller):
        raise Forbidden("ce compte n'agit plus comme opérateur du Datalab")


def rights_of(store: Store, credential: Credential, chain: int = 0) -> frozenset[str]:
    """The roles that a credential grants now: none when it, or what it was made with, ended."""
    is_over = not credential.is_valid or has_left(store, credential.member_id)
    if is_over or chain > _LONGEST_CHAIN:
        return _NOTHING
    own = _roles_of(store, credential.account_id)
    return own & grantable(_roles_of(store, credential.maker_id, chain + 1)) & {*credential.roles}


def grantable(roles: frozenset[str]) -> frozenset[str]:
    """What others may be granted by who has these roles: all by operators, else the same."""
    return ROLES if "operator" in roles else roles


def maker_of(store: Store, caller: Caller) -> str:
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
        return rights_of(store, credential, chain)
    account = store.of(Account).find_one(identifier)
    if account is None or has_left(store, account.member_id):
        return _NOTHING
    return frozenset(account.roles)
