"""Makes what docker-compose.yml reads and nobody commits: passwords, broker users, token keys.

`python -m deploy.compose` writes them once below `.datalab/compose`; delete the folder for new
ones. Each service has a broker user of its own that may do what the service does and no more.
"""

import hashlib
import json
import re
import secrets
import sys
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import SERVICES
from deploy.local.signing_keys import key_pair
from shared.messaging.topology import PARKED, RPC_EXCHANGE

FOLDER = Path(".datalab/compose")
VHOST = "datalab"
_BROKER = "rabbitmq:5672"
_ALL, _NOTHING = ".*", "^$"


@dataclass(frozen=True)
class User:
    """A broker user with the names it may configure, write to and read from, as patterns."""

    name: str
    configure: str
    write: str
    read: str

    def permission(self) -> dict[str, str]:
        """The entry of the broker's definitions."""
        allowed = {"configure": self.configure, "write": self.write, "read": self.read}
        return {"user": self.name, "vhost": VHOST, **allowed}


def users() -> list[User]:
    """Everybody who talks to the broker: one who declares, one who mends, and the services."""
    return [
        User("topology", _ALL, _ALL, _ALL),
        User("operator", _NOTHING, _only(r"amq\.default"), _only(re.escape(PARKED))),
        *map(_service, SERVICES),
    ]


def definitions(passwords: dict[str, str]) -> dict[str, Any]:
    """The broker's definitions: the virtual host, the users and their permissions."""
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            {"name": name, "password_hash": _hash(password), "tags": []}
            for name, password in passwords.items()
        ],
        "permissions": [user.permission() for user in users()],
    }


def write(folder: Path) -> None:
    """Write everything below `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_pair(folder)
    passwords = {user.name: secrets.token_urlsafe(24) for user in users()}
    for name, password in passwords.items():
        file = folder / f"{name}.env"
        file.touch(mode=0o600)
        file.write_text(f"DATALAB_AMQP_URI=amqp://{name}:{password}@{_BROKER}/{VHOST}\n")
    (folder / "definitions.json").write_text(json.dumps(definitions(passwords), indent=1))


def main() -> None:
    """Write the files unless they are there."""
    if (FOLDER / "definitions.json").exists():
        sys.stdout.write(f"{FOLDER} is complete already.\n")
    else:
        write(FOLDER)
        sys.stdout.write(f"Passwords and keys are in {FOLDER}; now: docker compose up --build\n")


def _service(name: str) -> User:
    """A service publishes its own events, retries and parks, calls, answers, and hears its own."""
    replies, rpc = rf"rpc\.reply-{name}-.*", RPC_EXCHANGE.name
    return User(
        name,
        configure=_only(replies),
        write=_only(rf"{name}\.events", r"datalab\.retry\.\d+", re.escape(PARKED), rpc, replies),
        read=_only(rf"{name}\.on\..*", rf"rpc-{name}", rpc, replies),
    )


def _only(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"


def _hash(password: str) -> str:
    """RabbitMQ's salted SHA-256, as its documentation of password hashing gives it."""
    salt = secrets.token_bytes(4)
    return b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


if __name__ == "__main__":
    main()
