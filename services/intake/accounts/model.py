"""Persons who act for members, and what proves who calls: a secret that is kept as its hash."""

from datetime import timedelta
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.aggregate import LONG_AGO, NEVER, Aggregate, new_id, now
from shared.auth import Role, hash_of, is_hash_of, new_secret
from shared.errors import Unauthenticated
from shared.events import AccountOpened

CredentialKind = Literal["link", "session", "key"]
_PREFIXES: dict[CredentialKind, str] = {"link": "lnk", "session": "ses", "key": "key"}

LONGEST_DAYS = 365
"""How long any credential lasts at most, those of before there was a limit too."""


class Account(Aggregate):
    """A person of a member, by the address that an identity provider knows it by.

    `identity` is the issuer and the subject of who signed in first with that address, and nobody
    else does afterwards: addresses change hands, subjects do not (OpenID Connect Core, 5.7). Its
    roles are those of every session, asked for at each token. Nothing else is kept of a person.
    """

    collection: ClassVar[str] = "accounts"
    indexes: ClassVar[tuple[str, ...]] = ("member_id", "mail", "identity")

    member_id: str
    name: str
    mail: str
    roles: tuple[Role, ...]
    identity: str = ""
    made_at: AwareDatetime = Field(default_factory=now)
    signed_in_at: AwareDatetime = LONG_AGO

    def open(self) -> Self:
        """Let its person be told that it is there."""
        self.record(AccountOpened(account_id=self.id, member_id=self.member_id))
        return self

    def sign_in(self, identity: str) -> Self:
        """Note who signed in; Unauthenticated for another than the first time."""
        if self.identity not in {"", identity}:
            raise unknown()
        self.identity, self.signed_in_at = identity, now()
        return self


def unknown() -> Unauthenticated:
    """One sentence for whoever has no account here: it does not tell which addresses have one."""
    return Unauthenticated("aucun compte du Datalab n'est ouvert pour cette personne")


class Credential(Aggregate):
    """A link signs somebody in once, a session goes on, a key is a program's.

    What it proves is that its bearer acts for `member_id` with `roles`, and whose `account_id` it
    is where a person signed in. The account or key that made it is `maker_id`; empty is who holds
    the lab's signing key, and the provider of a session by identity. What it grants now is asked
    of both (rights.py). The secret itself is told once, to who asked for it.
    """

    collection: ClassVar[str] = "credentials"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("kind", "member_id", "account_id", "ends_at")

    kind: CredentialKind
    member_id: str
    account_id: str = ""
    maker_id: str = ""
    roles: tuple[Role, ...]
    name: str = ""
    sha256: str
    made_at: AwareDatetime = Field(default_factory=now)
    ends_at: AwareDatetime
    used_at: AwareDatetime = LONG_AGO
    ended_at: AwareDatetime = NEVER

    @model_validator(mode="after")
    def _ends(self) -> Self:
        self.ends_at = min(self.ends_at, self.made_at + timedelta(days=LONGEST_DAYS))
        return self

    @property
    def is_valid(self) -> bool:
        """Whether it still proves anything; a link does so until it was used."""
        is_spent = self.kind == "link" and self.used_at != LONG_AGO
        return not is_spent and now() < min(self.ends_at, self.ended_at)

    def is_proved_by(self, secret: str) -> bool:
        """Whether that is its secret, and it is valid."""
        return is_hash_of(self.sha256, secret) and self.is_valid

    def use(self) -> Self:
        """Note that it was shown; Unauthenticated when it proves nothing any more."""
        if not self.is_valid:
            raise refused()
        self.used_at = now()
        return self

    def end(self) -> None:
        """Let it prove nothing any more, the first time that it is said."""
        self.ended_at = min(self.ended_at, now())


class NewCredential(NamedTuple):
    """A new credential, and the text that its bearer shows."""

    credential: Credential
    text: str


def make(
    kind: CredentialKind,
    member_id: str,
    roles: tuple[Role, ...],
    lifetime: timedelta,
    *,
    name: str = "",
    account_id: str = "",
    maker_id: str = "",
) -> NewCredential:
    """A credential that lasts for `lifetime` from now; nobody can learn its text from it later."""
    secret, made_at = new_secret(), now()
    credential = Credential(
        id=new_id(_PREFIXES[kind]),
        kind=kind,
        member_id=member_id,
        account_id=account_id,
        maker_id=maker_id,
        roles=roles,
        name=name,
        sha256=hash_of(secret),
        made_at=made_at,
        ends_at=made_at + lifetime,
    )
    return NewCredential(credential, f"{credential.id}.{secret}")


def refused() -> Unauthenticated:
    """One sentence for what is unknown, wrong, used or ended: who guesses learns nothing."""
    return Unauthenticated("ce lien, cette session ou cette clé ne vaut pas, ou plus")
