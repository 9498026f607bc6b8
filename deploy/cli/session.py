"""Where the services are and who calls them: options, environment, or the local stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import typer

from deploy.cli import show
from deploy.cli.api_client import CallError, Client
from deploy.local.stack import Stack
from shared.auth import ROLES, issue_token


@dataclass(frozen=True)
class Session:
    """What the options before the command said."""

    home: Path
    token: str
    member: str
    urls: Mapping[str, str] = field(default_factory=dict)

    def client(self) -> Client:
        """Return a client of the services, with the caller's token."""
        chosen_urls = {name: url for name, url in self.urls.items() if url}
        return Client({**Stack.remembered(self.home, {}).urls(), **chosen_urls}, self._bearer)

    def amqp_uri(self) -> str:
        """Return the address of the local stack's broker; raises CallError when there is none."""
        if not (self.home / "stack.json").exists():
            raise CallError("which broker? Set DATALAB_AMQP_URI or --amqp-uri")
        return Stack.remembered(self.home, {}).environment()["DATALAB_AMQP_URI"]

    def sign(self, member: str, roles: tuple[str, ...], lifetime: timedelta) -> str:
        """A token signed with the local stack's private key; raises CallError without one."""
        key = self.home / "keys" / "token.pem"
        if not key.exists():
            raise CallError(
                f"no token: set DATALAB_TOKEN or --token (there is no key {key} to sign one with)"
            )
        return issue_token(key, member, roles, lifetime)

    def _bearer(self) -> str:
        return self.token or self.sign(self.member, tuple(ROLES), timedelta(minutes=10))


def session(context: typer.Context) -> Session:
    """Return the session of this invocation."""
    current = context.find_object(Session)
    assert current is not None  # noqa: S101 - the callback of the application makes one
    return current


def client(context: typer.Context) -> Client:
    """The client of this invocation."""
    return session(context).client()


def save(context: typer.Context, service: str, path: str, output: Path, **query: object) -> None:
    """Download a file, and say how long it is."""
    size = client(context).download(service, path, output, **query)
    show.line(f"{output}: {size} bytes")
