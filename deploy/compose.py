"""Makes what docker-compose.yml reads and nobody commits: passwords, users, token keys.

`python -m deploy.compose` writes them once below `.datalab/compose`; delete the folder for new
ones (and the volume `documents`: MongoDB makes its users when it is empty). Each service has a
user of its own of the broker, that may do what the service does and no more, and of MongoDB, that
may read and write the service's database.

Containers see these files through mounts, as users that the host does not know: so the files can
be read by all, and the folder by its owner alone.
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
from deploy.topology import CLIENTS
from shared.messaging.declared_queues import PARKED, PROBE_KEY, REPLY_KEY, RPC_EXCHANGE
from shared.settings import Settings

FOLDER = Path(".datalab/compose")
VHOST = "datalab"

_BROKER, _DOCUMENTS = "rabbitmq:5672", "mongo:27017"
_ALL, _NOTHING = ".*", "^$"


@dataclass(frozen=True)
class User:
    """A broker user with the names it may configure, write to and read from, as patterns.

    `sends` are the routing keys that it may send calls and replies to, `binds` those that it may
    have them sent to its queues by.
    """

    name: str
    configure: str
    write: str
    read: str
    sends: str = _NOTHING
    binds: str = _NOTHING

    def permission(self) -> dict[str, str]:
        """The entry of the broker's definitions."""
        allowed = {"configure": self.configure, "write": self.write, "read": self.read}
        return {"user": self.name, "vhost": VHOST, **allowed}

    def topic_permission(self) -> dict[str, str]:
        """The same of the exchange of calls, by their routing keys."""
        allowed = {"exchange": RPC_EXCHANGE.name, "write": self.sends, "read": self.binds}
        return {"user": self.name, "vhost": VHOST, **allowed}


def users() -> list[User]:
    """Everybody who talks to the broker: one who declares, one who mends, and the services."""
    return [
        User("topology", _ALL, _ALL, _ALL, _ALL, _ALL),
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
        **permissions(),
    }


def permissions() -> dict[str, Any]:
    """The part of the definitions that a release may change."""
    return {
        "permissions": [user.permission() for user in users()],
        "topic_permissions": [user.topic_permission() for user in users()],
    }


def database_users(passwords: dict[str, str]) -> str:
    """Return the script that makes the services' database users when MongoDB is new."""
    accounts = [
        {
            "user": name,
            "pwd": passwords[name],
            "roles": [{"role": "readWrite", "db": _database(name)}],
        }
        for name in SERVICES
    ]
    loop = "for (const user of users) db.getSiblingDB(user.roles[0].db).createUser(user);"
    return f"const users = {json.dumps(accounts, indent=1)};\n{loop}\n"


def write(folder: Path) -> None:
    """Write everything below `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = key_pair(folder)
    broker = {user.name: secrets.token_urlsafe(24) for user in users()}
    documents = {name: secrets.token_urlsafe(24) for name in SERVICES}
    files = {
        f"{name}_amqp_uri": f"amqp://{name}:{broker[name]}@{_BROKER}/{VHOST}" for name in broker
    }
    for name, password in documents.items():
        files[f"{name}_mongodb_uri"] = f"mongodb://{name}:{password}@{_DOCUMENTS}/{_database(name)}"
    files["intake_token_private_key"] = keys.private.read_text()
    files["oidc_client_secret"] = ""  # the identity provider's to give
    files["smtp_url"] = ""  # with the password there; without it the lab sends no mail
    files["sign_in_key"] = secrets.token_urlsafe(32)
    files["portal_cookie_key"] = secrets.token_urlsafe(32)
    files["mongo_root_password"] = secrets.token_urlsafe(24)
    files["mongo_users.js"] = database_users(documents)
    files["definitions.json"] = json.dumps(definitions(broker), indent=1)
    for name, text in files.items():
        file = folder / name
        file.write_text(text)
        file.chmod(0o644)


def renew(file: Path) -> None:
    """Give the users of a lab of before the permissions that they have now."""
    file.write_text(json.dumps(json.loads(file.read_text()) | permissions(), indent=1))


def main() -> None:
    """Write the files; where they are, only what users may do may change."""
    if (FOLDER / "definitions.json").exists():
        renew(FOLDER / "definitions.json")
        sys.stdout.write(f"{FOLDER} keeps its passwords and keys.\n")
    else:
        write(FOLDER)
        sys.stdout.write(f"Passwords and keys are in {FOLDER}; now: docker compose up --build\n")


def _service(name: str) -> User:
    """A service publishes its own events, retries and parks, calls, answers, and hears its own."""
    replies, rpc = rf"rpc\.reply-{name}-[0-9a-f-]+", RPC_EXCHANGE.name
    calls = sorted({rf"{client.service}\.\w+" for client in CLIENTS[name]})
    return User(
        name,
        configure=_only(replies),
        write=_only(rf"{name}\.events", r"datalab\.retry\.\d+", re.escape(PARKED), rpc, replies),
        read=_only(rf"{name}\.on\..*", rf"rpc-{name}", rpc, replies),
        sends=_only(*calls, re.escape(PROBE_KEY), REPLY_KEY.pattern),
        binds=_only(replies),
    )


def _database(service: str) -> str:
    """The service's database, as DATALAB_DATABASE_PREFIX names it unless it is set."""
    return f"{Settings.model_fields['database_prefix'].default}_{service}"


def _only(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"


def _hash(password: str) -> str:
    """RabbitMQ's salted SHA-256, as its documentation of password hashing gives it."""
    salt = secrets.token_bytes(4)
    return b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


if __name__ == "__main__":
    main()
