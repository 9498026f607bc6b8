"""Bearer tokens: signed with Ed25519 (JWT, RFC 7519; EdDSA, RFC 8037), checked on every route."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import AfterValidator, Field

from shared.errors import Invalid, SettingsError, Unauthenticated

Role = Literal["holder", "owner", "reviewer", "operator"]
ROLES: frozenset[str] = frozenset(get_args(Role))
_AUDIENCE = "datalab"
_ALGORITHM = "EdDSA"
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
    str,
    AfterValidator(_member),
    Field(json_schema_extra={"pattern": f"^{_MEMBER.pattern}$"}),
]
"""The id of a member, as tokens name one; whether somebody has it is not asked."""


@dataclass(frozen=True)
class Caller:
    """Who calls: the member's id and the roles its token grants."""

    member_id: str
    roles: frozenset[str]

    @property
    def is_staff(self) -> bool:
        """Whether the caller works for the lab and sees every project."""
        return bool(self.roles & {"reviewer", "operator"})

    def may_see(self, *member_ids: str) -> bool:
        """Whether the caller is staff or one of these members."""
        return self.is_staff or self.member_id in member_ids


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


class TokenChecker:
    """Checks tokens against the lab's public key; SettingsError when the file holds none."""

    def __init__(self, public_key: Path) -> None:
        self._key = _read(public_key)

    def check(self, authorization: str | None) -> Caller:
        """The caller behind an `Authorization` header; Unauthenticated with the reason if none."""
        token = bearer_of(authorization)
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["sub", "exp", "roles"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("le jeton a expiré") from error
        except jwt.InvalidTokenError as error:
            raise Unauthenticated("le jeton n'est pas valide") from error
        roles = claims["roles"] if isinstance(claims["roles"], list) else []
        return Caller(_member_of(claims), frozenset(map(str, roles)) & ROLES)


def _member_of(claims: dict[str, Any]) -> str:
    try:
        return checked_member(claims["sub"])
    except Invalid as error:
        raise Unauthenticated(f"le jeton ne nomme pas de membre : {error.args[0]}") from error


def _read(public_key: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(public_key.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError("DATALAB_TOKEN_PUBLIC_KEY: not a readable public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError("DATALAB_TOKEN_PUBLIC_KEY: not an Ed25519 key")
    return key


def issue_token(
    private_key: Path, member_id: str, roles: Iterable[str], lifetime: timedelta
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
    return jwt.encode(claims, private_key.read_bytes(), algorithm=_ALGORITHM)
