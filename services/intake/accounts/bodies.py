"""What callers send of accounts, links and keys, and what they are shown."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints

from services.intake.accounts.model import LONGEST_DAYS, Credential, CredentialKind, NewCredential
from services.intake.bodies import Line, Mail
from shared.aggregate import LONG_AGO, OptionalDate, View, ViewPage
from shared.auth import ROLES, MemberId, Role
from shared.inbound import Body, Paging

_Roles = Annotated[tuple[Role, ...], Field(min_length=1, max_length=len(ROLES))]
_AnyMail = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)]
_Used = Annotated[
    AwareDatetime | None, BeforeValidator(lambda date: None if date == LONG_AGO else date)
]


class OpenAccount(Body):
    """A person who is to act for a member, and what it may do."""

    member_id: MemberId
    name: Line
    mail: Mail = Field(description="the address that its identity provider knows it by")
    roles: _Roles


class ChangeRoles(Body):
    """What a person may do from now on."""

    roles: _Roles


class ListAccounts(Paging):
    """Whose accounts are asked for; all when nothing is said."""

    member_id: MemberId | None = None


class Identity(Body):
    """Whom an identity provider vouched for: OpenID Connect Core, 2 and 5.1."""

    issuer: Line
    subject: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    mail: Mail | None = Field(default=None, description="its address, if the provider verified it")
    unverified_mail: _AnyMail | None = Field(
        default=None,
        description="the address that it did not: signs nobody in, and tells operators why",
    )

    @property
    def name(self) -> str:
        """What an account keeps of it."""
        return f"{self.issuer} {self.subject}"


class AccountView(View):
    """A person's account."""

    id: str
    member_id: str
    name: str
    mail: str
    roles: tuple[Role, ...]
    made_at: AwareDatetime
    signed_in_at: _Used = Field(description="when it last signed in; null if never")


class RecipientView(View):
    """A person to write to."""

    name: str
    mail: str
    member_id: str
    roles: tuple[Role, ...]


class AccountPage(ViewPage[AccountView]):
    """A page of them."""


class MakeLink(Body):
    """Who is to sign in by a link, and as what."""

    member_id: MemberId
    roles: _Roles


class MakeKey(Body):
    """A key for a program."""

    name: Line = Field(description="what it is for, as its member will know it by")
    roles: _Roles
    days: int = Field(default=LONGEST_DAYS, ge=1, le=LONGEST_DAYS, description="how long it lasts")


class ListKeys(Paging):
    """Whose keys are asked for."""

    whose: Literal["member", "all"] = Field(
        default="member", description="`all` are everybody's, for operators"
    )


class CredentialView(View):
    """A credential, without what proves it."""

    id: str
    kind: CredentialKind
    member_id: str
    account_id: str
    maker_id: str = Field(
        description="the account or key that it was made with, and ends with; empty for the lab's"
        " own signing key, and for a session that a provider vouched for"
    )
    roles: tuple[Role, ...]
    name: str
    made_at: AwareDatetime
    ends_at: AwareDatetime
    used_at: _Used = Field(description="when it was last shown, to the minute; null if never")
    ended_at: OptionalDate = Field(description="when it was revoked, or its session signed out")


class CredentialPage(ViewPage[CredentialView]):
    """A page of them."""


class MadeView(CredentialView):
    """A new credential with its text, which is told this once."""

    text: str

    @classmethod
    def of_made(cls, new_credential: NewCredential) -> Self:
        """Return the view of a new credential, with its text."""
        view = CredentialView.of(new_credential.credential)
        return cls(**dict(view), text=new_credential.text)


class TokenView(BaseModel):
    """A token for the bearer of a session or key, and whom it names."""

    token: str
    member_id: str
    roles: tuple[Role, ...]
    lifetime_seconds: int

    @classmethod
    def of(cls, credential: Credential, token: str, lifetime_seconds: int) -> Self:
        """The view of a token that was made for a credential."""
        return cls(
            token=token,
            member_id=credential.member_id,
            roles=credential.roles,
            lifetime_seconds=lifetime_seconds,
        )
