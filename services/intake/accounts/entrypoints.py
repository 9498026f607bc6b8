"""What intake serves of those who sign in, by HTTP."""

from services.intake.accounts import commands
from services.intake.accounts.bodies import (
    AccountPage,
    AccountView,
    ChangeRoles,
    CredentialPage,
    CredentialView,
    Identity,
    ListAccounts,
    ListKeys,
    MadeView,
    MakeKey,
    MakeLink,
    OpenAccount,
    RecipientView,
    TokenView,
)
from services.intake.members.entrypoints import OPERATORS
from shared.http import Call, http
from shared.inbound import Identifier
from shared.messaging import rpc
from shared.settings import Settings
from shared.store import Store


class ForAccounts:
    """Credentials become tokens here, and tokens are all that the other services know."""

    documents: Store
    settings: Settings

    @http("POST", "/accounts", body=OpenAccount, returns=AccountView, status=201, roles=OPERATORS)
    def open_account(self, call: Call) -> AccountView:
        """Open an account for a person of a member, who signs in at the lab's identity provider."""
        return AccountView.of(commands.open_account(self.documents, call.caller, call.body))

    @http("GET", "/accounts", query=ListAccounts, returns=AccountPage, roles=OPERATORS)
    def page_accounts(self, call: Call) -> AccountPage:
        """List the accounts of a member, or of all, oldest first."""
        return AccountPage.of(commands.page_accounts(self.documents, call.query))

    @http("GET", "/accounts/{account_id}", returns=AccountView)
    def read_account(self, call: Call, account_id: str) -> AccountView:
        """Read an account, one's own or, as an operator, anybody's."""
        return AccountView.of(commands.read_account(self.documents, call.caller, account_id))

    @http("PATCH", "/accounts/{account_id}", body=ChangeRoles, returns=AccountView, roles=OPERATORS)
    def change_roles(self, call: Call, account_id: str) -> AccountView:
        """Change what a person may do; its sessions and keys end."""
        roles = call.body.roles
        return AccountView.of(commands.change_roles(self.documents, call.caller, account_id, roles))

    @http("DELETE", "/accounts/{account_id}")
    def erase_account(self, call: Call, account_id: str) -> None:
        """Erase an account, one's own or, as an operator, anybody's; sessions, keys, seats end."""
        commands.erase_account(self.documents, call.caller, account_id)

    @rpc
    def get_recipient(self, recipient_id: Identifier) -> RecipientView:
        """Read whom to write to: the address of an account, while its member is of the lab."""
        return RecipientView.of(commands.recipient(self.documents, recipient_id))

    @http("POST", "/sign-in-links", body=MakeLink, returns=MadeView, status=201, roles=OPERATORS)
    def make_link(self, call: Call) -> MadeView:
        """Make a link by which somebody signs in as a member, once and within ten minutes."""
        return MadeView.of_made(commands.make_link(self.documents, call.caller, call.body))

    @http("POST", "/sessions", returns=MadeView, status=201, takes="credential")
    def open_session(self, call: Call) -> MadeView:
        """Open a session for who shows a link's text as bearer token; it lasts twelve hours."""
        return MadeView.of_made(commands.open_session(self.documents, call.credential))

    @http(
        "POST",
        "/sessions/by-identity",
        body=Identity,
        returns=MadeView,
        status=201,
        takes="credential",
    )
    def open_session_of(self, call: Call) -> MadeView:
        """Open a session for whom a provider vouched for; the portal shows DATALAB_SIGN_IN_KEY."""
        key = self.settings.sign_in_key
        new_credential = commands.open_session_of(self.documents, call.body, call.credential, key)
        return MadeView.of_made(new_credential)

    @http("POST", "/sessions/end", takes="credential")
    def end_session(self, call: Call) -> None:
        """Sign out of the session, or end the key, whose text is the bearer token."""
        commands.end_session(self.documents, call.credential)

    @http("POST", "/tokens", returns=TokenView, status=201, takes="credential")
    def exchange(self, call: Call) -> TokenView:
        """Exchange a session or key, as bearer token, for a token that lasts a minute."""
        key = self.settings.token_private_key
        credential, token = commands.exchange(self.documents, call.credential, key)
        seconds = round(commands.TOKEN_LIFETIME.total_seconds())
        return TokenView.of(credential, token, seconds)

    @http("GET", "/keys", query=ListKeys, returns=CredentialPage)
    def page_keys(self, call: Call) -> CredentialPage:
        """List the keys of the caller's member or, as an operator, of all; oldest first."""
        return CredentialPage.of(commands.page_keys(self.documents, call.caller, call.query))

    @http("POST", "/keys", body=MakeKey, returns=MadeView, status=201)
    def make_key(self, call: Call) -> MadeView:
        """Make a key for a program of the caller's member; its text is told this once."""
        return MadeView.of_made(commands.make_key(self.documents, call.caller, call.body))

    @http("POST", "/keys/{key_id}/revocation", returns=CredentialView)
    def revoke_key(self, call: Call, key_id: str) -> CredentialView:
        """Revoke a key; every service refuses its tokens within a minute."""
        return CredentialView.of(commands.revoke_key(self.documents, call.caller, key_id))
