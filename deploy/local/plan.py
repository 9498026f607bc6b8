"""What a stack consists of: which processes, with which settings, on which ports."""

import secrets
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from deploy import PORTAL, SERVICES
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.servers import BrokerNode, BrokerPorts, DocumentServer
from deploy.local.signing_keys import KeyPair, key_pair
from deploy.local.supervision import Program

_BROKER_USER = "datalab"


class Plan:
    """The processes of one stack and everything they are told."""

    def __init__(self, home: Path, ports: Ports, environ: Mapping[str, str], workers: int) -> None:
        self._given = _told(environ) if environ else {}
        self.home, self.ports, self.workers = home, ports, workers
        self.documents = DocumentServer(home / "documents", ports.documents)
        self.starts_broker = "DATALAB_AMQP_URI" not in self._given
        self.starts_documents = "DATALAB_MONGODB_URI" not in self._given

    @property
    def keys(self) -> KeyPair:
        """The key pair of this stack's tokens, generated the first time."""
        return key_pair(self.home / "keys")

    @cached_property
    def broker(self) -> BrokerNode:
        """The private node; its only user's password is generated the first time."""
        ports = self.ports
        own = BrokerPorts(ports.broker, ports.broker_distribution, ports.broker_epmd)
        options = {
            "default_vhost": _BROKER_USER,
            "default_user": _BROKER_USER,
            "default_pass": self._secret("broker.password"),
            "prometheus.tcp.ip": LOOPBACK,
            "prometheus.tcp.port": str(ports.broker_metrics),
        }
        return BrokerNode(self.home / "broker", own, ("rabbitmq_prometheus",), options)

    @property
    def amqp_uri(self) -> str:
        """The address of the private node, with user, password and virtual host."""
        user = f"{_BROKER_USER}:{self._secret('broker.password')}"
        return f"amqp://{user}@{LOOPBACK}:{self.ports.broker}/{_BROKER_USER}"

    def service_processes(self) -> dict[str, str]:
        """Every service process by name - `intake`, `intake-2`, ... - and the service it runs."""
        return {
            name if worker == 1 else f"{name}-{worker}": name
            for worker in range(1, self.workers + 1)
            for name in SERVICES
        }

    def port(self, program: str) -> int:
        """The HTTP port of a service process."""
        if program in {*SERVICES, PORTAL}:
            return int(getattr(self.ports, program))
        return self.ports.workers + list(self.service_processes()).index(program) - len(SERVICES)

    def url(self, program: str) -> str:
        """The address of a service process."""
        return f"http://{LOOPBACK}:{self.port(program)}"

    def listeners(self) -> dict[str, int]:
        """Every port this stack opens, by the name of its process or its own."""
        taken = {name: self.port(name) for name in self.service_processes()}
        taken[PORTAL] = self.port(PORTAL)
        if self.starts_broker:
            names = ("broker", "broker_metrics", "broker_distribution", "broker_epmd")
            taken |= {name: int(getattr(self.ports, name)) for name in names}
        if self.starts_documents:
            taken["documents"] = self.ports.documents
        return taken

    def given_servers(self) -> dict[str, str]:
        """The addresses of the servers that run already, by the variable that gives them."""
        names = ("DATALAB_AMQP_URI", "DATALAB_MONGODB_URI")
        return {name: self._given[name] for name in names if name in self._given}

    def settings(self, program: str) -> dict[str, str]:
        """The complete DATALAB_* settings of one service process."""
        defaults = {
            "DATALAB_AMQP_URI": self._given.get("DATALAB_AMQP_URI") or self.amqp_uri,
            "DATALAB_MONGODB_URI": self.documents.uri,
            "DATALAB_STORAGE_URL": f"file://{self.home / 'files'}",
            "DATALAB_TOKEN_PUBLIC_KEY": str(self.keys.public),
            "DATALAB_WATCHED_FOLDERS": ",".join(map(str, self._server_folders())),
        }
        if self.workers == 1:
            # There is no other process that balancers could call.
            defaults["DATALAB_HTTP_DRAIN_SECONDS"] = "0"
        if self.service_processes()[program] == "intake":
            defaults["DATALAB_TOKEN_PRIVATE_KEY"] = str(self.keys.private)
            defaults["DATALAB_SIGN_IN_KEY"] = self._secret("sign_in.key")
        address = {"DATALAB_HTTP_HOST": LOOPBACK, "DATALAB_HTTP_PORT": str(self.port(program))}
        return {**defaults, **self._given, **address}

    def portal_settings(self) -> dict[str, str]:
        """The complete DATALAB_* settings of the portal."""
        defaults = {f"DATALAB_{name.upper()}_URL": self.url(name) for name in SERVICES}
        defaults["DATALAB_SIGN_IN_KEY"] = self._secret("sign_in.key")
        own = {
            "DATALAB_COOKIE_KEY": self._secret("portal.key"),
            "DATALAB_HTTP_HOST": LOOPBACK,
            "DATALAB_HTTP_PORT": str(self.port(PORTAL)),
        }
        return {**defaults, **_told(self._given, of_portal=True), **own}

    def _server_folders(self) -> Iterator[Path]:
        """Where the servers that run here write to."""
        if self.starts_broker:
            yield self.broker.home
        if self.starts_documents:
            yield self.documents.home

    def packages(self) -> list[str]:
        """The Debian packages whose programs run here."""
        return ["rabbitmq-server"] * self.starts_broker + ["bubblewrap"]

    def prepare(self) -> None:
        """Write the servers' configuration; the data of an earlier run stay."""
        if self.starts_broker:
            self.broker.prepare()
        if self.starts_documents:
            self.documents.prepare()

    def servers(self) -> Iterator[Program]:
        """The servers this stack starts, in the order in which they need one another."""
        node = self.broker
        if self.starts_broker:
            environment = node.environment()
            yield Program("epmd", "names", node.epmd_command, environment, node.home)
            yield Program("broker", "servers", node.command, environment, node.home)
        if self.starts_documents:
            server = self.documents
            yield Program("documents", "servers", server.command, {}, server.home)

    def services(self) -> Iterator[Program]:
        """The service processes."""
        for name, service in self.service_processes().items():
            command = [sys.executable, "-m", "deploy.run", SERVICES[service]]
            yield Program(name, "services", command, self.settings(name), self.home)
        command = [sys.executable, "-m", "services.portal"]
        yield Program(PORTAL, "services", command, self.portal_settings(), self.home)

    def _secret(self, name: str) -> str:
        """What that file holds; generated the first time."""
        file = self.home / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24))
        return file.read_text()


def _told(environ: Mapping[str, str], *, of_portal: bool = False) -> dict[str, str]:
    """The settings of services and portal in an environment, or those of the portal alone."""
    # Only a start pays for the models of settings: most commands look for addresses.
    from services.portal.portal_settings import PortalSettings  # noqa: PLC0415
    from shared.settings import PREFIX, Settings  # noqa: PLC0415

    names = {*PortalSettings.model_fields, *(() if of_portal else Settings.model_fields)}
    variables = {PREFIX + name.upper() for name in names}
    return {name: environ[name] for name in variables if environ.get(name)}
