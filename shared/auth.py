"""Bearer tokens: signed with Ed25519 (JWT, RFC 7519; EdDSA, RFC 8037), checked on every route."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import AfterValidator, Field

from shared.errors import Invalid, LabError, SettingsError, Unauthenticated

Action = TypeVar("Action", bound=str)

Role = Literal["holder", "owner", "reviewer", "operator", "committee"]
ROLES: frozenset[str] = frozenset(get_args(Role))
OF_MEMBERS: frozenset[str] = frozenset({"holder", "owner"})
"""What one does for a member of the lab; its own staff need not be one."""

OF_FIGURES: frozenset[str] = frozenset({"committee"})
"""What opens only the routes that name it: who has nothing else reads the lab's figures."""

_AUDIENCE = "datalab"
_ALGORITHM = "EdDSA"
_PEM = re.compile(rb"-----BEGIN .*?-----END [^-]*-----", re.DOTALL)
_KEY_ID_CHARACTERS = 16
_SECRET_BYTES = 32
_MEMBER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def checked_member(value: object) -> str:
    """`value` if it can name a member, else Invalid: lists are filtered by it, and logs show it."""
    try:
        return _member(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Invalid(str(error), "member") from error


def _member(value: str) -> str:
    if not _MEMBER.fullmatch(value):
        raise ValueError("l'identifiant d'un membre a de 1 à 64 des caractères A-Z a-z 0-9 _ . -")
    return value


MemberId = Annotated[
    str, AfterValidator(_member), Field(json_schema_extra={"pattern": f"^{_MEMBER.pattern}$"})
]
"""The id of a member, as tokens name one; whether somebody has it is not asked."""


@dataclass(frozen=True)
class Caller:
    """Who calls: the member's id, the roles its token grants, and what the token was made for.

    That is an account, a session or key of intake's, or both; neither where the lab's own key
    signed it by hand.
    """

    member_id: str
    roles: frozenset[str]
    account_id: str = ""
    credential_id: str = ""

    @property
    def is_staff(self) -> bool:
        """Whether the caller works for the lab and sees every project."""
        return bool(self.roles & {"reviewer", "operator"})

    @property
    def reads_figures_alone(self) -> bool:
        """Whether the caller's roles open nothing but the lab's figures."""
        return bool(self.roles) and self.roles <= OF_FIGURES

    def may_see(self, *member_ids: str) -> bool:
        """Whether the caller is staff or one of these members."""
        return self.is_staff or self.member_id in member_ids


def allowed(
    caller: Caller,
    checks: Mapping[Action, Callable[[], object]],
    needed_roles: Mapping[Action, frozenset[Role]],
) -> tuple[Action, ...]:
    """The actions whose check passes, of those that the caller has a role for, if any is needed.

    A check raises a LabError where the command would be refused; what is sent is not looked at.
    """

    def passes(check: Callable[[], object]) -> bool:
        try:
            check()
        except LabError:
            return False
        return True

    return tuple(
        action
        for action, check in checks.items()
        if (action not in needed_roles or caller.roles & needed_roles[action]) and passes(check)
    )


ANYBODY = Caller("", frozenset())
"""Who calls without a token, where the lab lets anybody read its catalogue."""

INSIDE = Caller("", frozenset({"operator"}))
"""A service or partner that the broker lets in: it sees what operators see."""


def bearer_of(authorization: str | None) -> str:
    """The text that an `Authorization` header bears; Unauthenticated if none."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthenticated("il faut un jeton valide (Authorization: Bearer)")
    return text.strip()


def new_secret() -> str:
    """A text that nobody guesses, to be told once and kept as its hash."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    # 32 random bytes need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


def is_hash_of(kept: str, secret: str) -> bool:
    """Whether that is what was kept of this secret."""
    return hmac.compare_digest(kept, hash_of(secret))


class TokenChecker:
    """Checks tokens against the lab's public keys; SettingsError when the file holds none.

    It may hold several, and is read again when it changes: while one key takes another's place,
    tokens of both are valid.
    """

    def __init__(self, public_keys: Path) -> None:
        self._file = public_keys
        self._keys = _read(public_keys)
        self._changed = _changed(public_keys)

    def check(self, authorization: str | None) -> Caller:
        """The caller behind an `Authorization` header; Unauthenticated with the reason if none."""
        token = bearer_of(authorization)
        try:
            claims = jwt.decode(
                token,
                self._key_of(jwt.get_unverified_header(token)),
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["sub", "exp", "roles"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("le jeton a expiré") from error
        except jwt.InvalidTokenError as error:
            raise Unauthenticated("le jeton n'est pas valide") from error
        roles = claims["roles"] if isinstance(claims["roles"], list) else []
        ids = (str(claims.get(name, "")) for name in ("account", "credential"))
        return Caller(_member_of(claims), frozenset(map(str, roles)) & ROLES, *ids)

    def _key_of(self, header: Mapping[str, Any]) -> Ed25519PublicKey:
        """The key that a token says it is signed with; the newest for one that says nothing."""
        # Who is writing the file anew may not be done yet.
        with suppress(OSError, SettingsError):
            if self._changed != (changed := _changed(self._file)):
                self._keys, self._changed = _read(self._file), changed
        named = header.get("kid", next(iter(self._keys)))
        if named not in self._keys:
            raise Unauthenticated("le jeton est signé d'une clé que le Datalab n'a pas, ou plus")
        return self._keys[named]


def _member_of(claims: dict[str, Any]) -> str:
    try:
        return checked_member(claims["sub"])
    except Invalid as error:
        raise Unauthenticated(f"le jeton ne nomme pas de membre : {error.args[0]}") from error


def _read(public_keys: Path) -> Mapping[str, Ed25519PublicKey]:
    """The keys of a file of PEM blocks, by their ids."""
    try:
        keys = [load_pem_public_key(block) for block in _PEM.findall(public_keys.read_bytes())]
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError("DATALAB_TOKEN_PUBLIC_KEY: not a readable public key") from error
    keys_by_id = {_id_of(key): key for key in keys if isinstance(key, Ed25519PublicKey)}
    if not keys_by_id or len(keys_by_id) < len(keys):
        raise SettingsError("DATALAB_TOKEN_PUBLIC_KEY: not an Ed25519 key")
    return keys_by_id


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns


def _id_of(key: Ed25519PublicKey) -> str:
    """What tokens call the key that they are signed with: the start of its hash."""
    written = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(written).hexdigest()[:_KEY_ID_CHARACTERS]


def issue_token(
    private_key: Path,
    member_id: str,
    roles: Iterable[str],
    lifetime: timedelta,
    account_id: str = "",
    *,
    credential_id: str = "",
) -> str:
    """A signed token for `member_id`, valid for `lifetime` from now; Invalid if it is no id."""
    now = datetime.now(UTC)
    claims = {
        "sub": checked_member(member_id),
        "roles": sorted(roles),
        "aud": _AUDIENCE,
        "iat": now,
        "exp": now + lifetime,
    }
    made_for = {"account": account_id, "credential": credential_id}
    claims |= {name: identifier for name, identifier in made_for.items() if identifier}
    key = load_pem_private_key(private_key.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)  # noqa: S101 - the lab made it
    signed_with = {"kid": _id_of(key.public_key())}
    return jwt.encode(claims, key, algorithm=_ALGORITHM, headers=signed_with)
