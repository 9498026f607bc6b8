"""The servers of a stack: a private RabbitMQ node, and nx-27017 for documents."""

import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import LOOPBACK

_DEBIAN = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Any user may run this one; /usr/sbin/rabbitmq-server insists on the package's own user."""


def server_program() -> str | None:
    """The path of the server, or None where RabbitMQ is not installed."""
    return shutil.which(_DEBIAN) or shutil.which("rabbitmq-server")


@dataclass(frozen=True)
class BrokerPorts:
    """The loopback ports of one node; `epmd` is Erlang's name server, ours alone."""

    amqp: int
    distribution: int
    epmd: int


@dataclass(frozen=True)
class BrokerNode:
    """One node below `home`; `options` are lines of its rabbitmq.conf beyond the listeners.

    `name` is `<short name>@localhost`: nodes never meet, each has an epmd of its own.
    """

    home: Path
    ports: BrokerPorts
    plugins: tuple[str, ...]
    options: Mapping[str, str]
    name: str = "datalab@localhost"

    @property
    def command(self) -> list[str]:
        """The server, in the foreground; SIGTERM stops it properly."""
        return [server_program() or _DEBIAN]

    @property
    def epmd_command(self) -> list[str]:
        """Erlang's name server, in the foreground: started by the node it would outlive it."""
        return ["epmd", "-port", str(self.ports.epmd), "-address", LOOPBACK]

    def prepare(self) -> None:
        """Write the configuration; the data of an earlier run stay."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._write_cookie()
        plugins = ",".join(self.plugins)
        (self.home / "enabled_plugins").write_text(f"[{plugins}].\n")
        options = {"listeners.tcp.1": f"{LOOPBACK}:{self.ports.amqp}", **self.options}
        configuration = self.home / "rabbitmq.conf"
        configuration.touch(mode=0o600)  # it may hold the first user's password
        configuration.write_text("".join(f"{key} = {value}\n" for key, value in options.items()))

    def environment(self) -> dict[str, str]:
        """What the server and `rabbitmqctl` read; nothing of a system-wide node's."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self.ports.epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_CRASH_DUMP_SECONDS": "0",
            # The script then becomes the server instead of watching it: one process to signal.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",  # not the package's
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.home / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
        }

    def _write_cookie(self) -> None:
        cookie = self.home / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(secrets.token_hex(20))
            cookie.chmod(0o400)


@dataclass(frozen=True)
class DocumentServer:
    """One nx-27017 below `home`: a SQLite file for each database, its own log and pid file."""

    home: Path
    port: int

    @property
    def command(self) -> list[str]:
        """The server, in the foreground."""
        program = [sys.executable, "-m", "deploy.local.documents", "--threaded"]
        # Without --data-dir every logical database shares its collections with the others.
        folders = ["--data-dir", str(self.home / "data")]
        own = ["--log-file", str(self.home / "log"), "--pid-file", str(self.home / "pid")]
        return [*program, "--host", LOOPBACK, "--port", str(self.port), *folders, *own]

    @property
    def uri(self) -> str:
        """Where pymongo finds it."""
        return f"mongodb://{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Make the folder; the data of an earlier run stay."""
        (self.home / "data").mkdir(parents=True, exist_ok=True)
