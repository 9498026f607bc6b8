"""Where the services are and who calls them: options, environment, or the local stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.api_client import CallError, Client
from deploy.local.stack import Stack
from shared.auth import issue_token

URLS = {
    "intake": "http://127.0.0.1:8001",
    "catalog": "http://127.0.0.1:8002",
    "compute": "http://127.0.0.1:8003",
    "notify": "http://127.0.0.1:8004",
}
LOCAL_ROLES = ("holder", "owner", "reviewer", "operator")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
After = Annotated[str, typer.Option(help="Start after this cursor.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1, max=100)]


@dataclass(frozen=True)
class Session:
    """What the options before the command said."""

    home: Path
    token: str
    member: str
    urls: Mapping[str, str] = field(default_factory=dict)

    def client(self) -> Client:
        """A client of the services, with the caller's token."""
        given = {name: url for name, url in self.urls.items() if url}
        return Client({**URLS, **self._local_urls(), **given}, self._bearer)

    def amqp_uri(self) -> str:
        """The broker of the local stack; raises CallError when there is none."""
        stack = self._stack()
        if stack is None:
            raise CallError("which broker? Set DATALAB_AMQP_URI or --amqp-uri")
        return stack.environment()["DATALAB_AMQP_URI"]

    def sign(self, member: str, roles: tuple[str, ...], lifetime: timedelta) -> str:
        """A token signed with the local stack's private key; raises CallError without one."""
        key = self.home / "keys" / "token.pem"
        if not key.exists():
            raise CallError(
                f"no token: set DATALAB_TOKEN or --token (there is no key {key} to sign one with)"
            )
        return issue_token(key, member, roles, lifetime)

    def _bearer(self) -> str:
        return self.token or self.sign(self.member, LOCAL_ROLES, timedelta(minutes=10))

    def _local_urls(self) -> Mapping[str, str]:
        stack = self._stack()
        return stack.urls() if stack else {}

    def _stack(self) -> Stack | None:
        return Stack.found(self.home, {}) if (self.home / "stack.json").exists() else None


def session(context: typer.Context) -> Session:
    """The session of this invocation."""
    found = context.find_object(Session)
    assert found is not None  # noqa: S101 - the callback of the application makes one
    return found


def client(context: typer.Context) -> Client:
    """The client of this invocation."""
    return session(context).client()
