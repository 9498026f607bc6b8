"""A person who acts for a member: who it is, and what it may do."""

from typing import ClassVar, Self

from pydantic import AwareDatetime, Field

from shared.aggregate import LONG_AGO, Aggregate, now
from shared.auth import Role
from shared.errors import Unauthenticated


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

    def sign_in(self, identity: str) -> Self:
        """Note who signed in; Unauthenticated for another than the first time."""
        if self.identity not in {"", identity}:
            raise unknown()
        self.identity, self.signed_in_at = identity, now()
        return self


def unknown() -> Unauthenticated:
    """One sentence for whoever has no account here: it does not tell which addresses have one."""
    return Unauthenticated("aucun compte du Datalab n'est ouvert pour cette personne")
