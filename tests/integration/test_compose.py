"""docker-compose.yml: bounds, secrets, and users that may do their work and nothing else."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import amqp
import pytest
import yaml  # type: ignore[import-untyped]
from nameko.standalone.rpc import ClusterRpcProxy

from deploy import PORTAL, SERVICES
from deploy.compose import FOLDER, VHOST, definitions, renew, users, write
from deploy.local.ports import LOOPBACK
from deploy.parked import parked
from deploy.topology import declare_all
from services.portal.portal_settings import PortalSettings
from shared.errors import NotFound
from shared.messaging.declared_queues import RPC_EXCHANGE
from shared.settings import PREFIX, Settings, load_settings
from tests.servers import PATIENCE_SECONDS, Broker, running

RPC = RPC_EXCHANGE.name
COMPOSE = yaml.safe_load(Path("docker-compose.yml").read_text())
PASSWORDS = {user.name: f"password of {user.name}" for user in users()}


@pytest.fixture(scope="module")
def guarded(broker: Broker) -> Iterator[Broker]:
    """A broker with the users and permissions of the compose file."""
    broker.manage("POST", "definitions", definitions(PASSWORDS))
    yield broker
    broker.delete_vhost(VHOST)
    for name in PASSWORDS:
        broker.manage("DELETE", f"users/{name}")


def _uri(broker: Broker, user: str) -> str:
    password = PASSWORDS[user].replace(" ", "%20")
    return f"amqp://{user}:{password}@{LOOPBACK}:{broker.port}/{VHOST}"


def _channel(broker: Broker, user: str) -> amqp.Channel:
    connection = amqp.Connection(
        f"{LOOPBACK}:{broker.port}", userid=user, password=PASSWORDS[user], virtual_host=VHOST
    )
    connection.connect()
    return connection.channel()


@pytest.fixture(scope="module")
def declared(guarded: Broker) -> Broker:
    """The same with the topology declared by its own user."""
    given = {
        "DATALAB_AMQP_URI": _uri(guarded, "topology"),
        "DATALAB_MONGODB_URI": "mongodb://unused",
        "DATALAB_STORAGE_URL": "file:///unused",
        "DATALAB_TOKEN_PUBLIC_KEY": "unused",
        "DATALAB_HTTP_PORT": "1",
    }
    declare_all(load_settings(given))
    return guarded


@pytest.mark.parametrize(("name", "spec"), SERVICES.items(), ids=SERVICES)
def test_a_service_runs_with_its_own_user(
    declared: Broker, environ: dict[str, str], name: str, spec: str
) -> None:
    """It consumes, declares its reply queue and is ready: its permissions suffice.

    It answers a caller: a stock client's key for replies is none of ours.
    """
    with running(spec, environ | {"DATALAB_AMQP_URI": _uri(declared, name)}) as service:
        assert service.ready()
        assert "access" not in service.log().lower()
        if name == "intake":
            caller = {"AMQP_URI": _uri(declared, "topology")}
            with ClusterRpcProxy(caller, timeout=PATIENCE_SECONDS) as lab, pytest.raises(NotFound):
                lab.intake.get_project("prj_none")


def test_nobody_publishes_or_reads_in_another_s_name(declared: Broker) -> None:
    """An event of intake can only come from intake, and queues cannot be written to directly.

    What is meant for compute is read by compute. Only the topology step declares queues, and each
    service its own reply queue.
    """
    for user, exchange in (
        ("compute", "intake.events"),
        ("operator", "intake.events"),
        ("notify", ""),
    ):
        channel = _channel(declared, user)
        with pytest.raises(amqp.AccessRefused):
            channel.basic_publish_confirm(amqp.Message(b"{}"), exchange, "project_submitted")
    with pytest.raises(amqp.AccessRefused):
        _channel(declared, "notify").basic_get("compute.on.project_secured")
    with pytest.raises(amqp.AccessRefused):
        _channel(declared, "intake").queue_declare("intake.on.something_else")


def test_service_has_no_call_or_reply_of_others_sent_to_itself(declared: Broker) -> None:
    """It binds its own queue of replies by its own key; through no other exchange either."""
    own, other = (f"rpc.reply-{name}-{uuid4()}" for name in ("catalog", "intake"))
    channel = _channel(declared, "catalog")
    channel.queue_declare(own)
    channel.queue_bind(own, RPC, own)
    foreign = ["#", "*.*", "intake.submit_project", "rpc.#", other]
    for key in [*foreign, str(uuid4()), f"{own}.#", ""]:
        with pytest.raises(amqp.AccessRefused):
            _channel(declared, "catalog").queue_bind(own, RPC, key)
        with pytest.raises(amqp.AccessRefused):
            _channel(declared, "catalog").exchange_bind("catalog.events", RPC, key)
    with pytest.raises(amqp.AccessRefused):
        _channel(declared, "catalog").queue_bind(own, "intake.events", "#")
    with pytest.raises(amqp.AccessRefused):
        _channel(declared, "catalog").queue_declare(other)


def test_service_calls_only_those_that_it_needs(declared: Broker) -> None:
    """A call that it has no business with is refused; its answers go wherever they are due."""
    for key in ("intake.submit_project", "notify.x", "catalog.get_dataset", "rpc.reply.x"):
        with pytest.raises(amqp.AccessRefused):
            _channel(declared, "catalog").basic_publish_confirm(amqp.Message(b"{}"), RPC, key)
    channel = _channel(declared, "catalog")
    for key in ("compute.get_job", f"rpc.reply-intake-{uuid4()}", str(uuid4()), "datalab.probe"):
        channel.basic_publish_confirm(amqp.Message(b"{}"), RPC, key)


def test_partner_hears_the_topics_that_it_may_and_nothing_else(declared: Broker) -> None:
    """With the permissions that the manual gives one."""
    manual = Path("deploy/OPERATING.md").read_text(encoding="utf-8")
    lines = re.findall(r"^rabbitmqctl (set_.*) -p datalab acme (.*)$", manual, re.MULTILINE)
    [(_, plain), (_, topics)] = [(command, shlex.split(rest)) for command, rest in lines]
    PASSWORDS["acme"] = "password of acme"
    declared.manage("PUT", "users/acme", {"password": PASSWORDS["acme"], "tags": ""})
    allowed = dict(zip(("configure", "write", "read"), plain, strict=True))
    declared.manage("PUT", f"permissions/{VHOST}/acme", allowed)
    allowed = dict(zip(("exchange", "write", "read"), topics, strict=True))
    declared.manage("PUT", f"topic-permissions/{VHOST}/acme", allowed)
    channel = _channel(declared, "acme")
    channel.queue_declare("acme.events")
    channel.queue_bind("acme.events", "intake.events", "project_secured")
    for exchange, key in (
        ("intake.events", "#"),
        ("intake.events", "member_joined"),
        ("catalog.events", "dataset_published"),
        (RPC, str(uuid4())),
    ):
        with pytest.raises(amqp.AccessRefused):
            _channel(declared, "acme").queue_bind("acme.events", exchange, key)
    for exchange, key in ((RPC, "intake.submit_project"), ("intake.events", "project_secured")):
        with pytest.raises(amqp.AccessRefused):
            _channel(declared, "acme").basic_publish_confirm(amqp.Message(b"{}"), exchange, key)


def test_operator_reads_what_is_parked(declared: Broker) -> None:
    """`datalab parked` works with that user."""
    channel = _channel(declared, "intake")
    channel.basic_publish_confirm(amqp.Message(b"broken"), "datalab.parked", "intake.on.x")

    assert [event.body for event in parked(_uri(declared, "operator"))] == ["broken"]


def test_files_with_secrets_are_private(tmp_path: Path) -> None:
    """In a folder of mode 0700; containers read them as users that the host does not know.

    No password of the broker stands in its definitions, and the key that signs is for nobody else.
    Each secret of the compose file is one of them, and an address that a service takes. MongoDB's
    users are the services, and none may read another's documents.
    """
    folder = tmp_path / "compose"
    write(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "token.pem").stat().st_mode & 0o777 == 0o600
    uris = [(folder / f"{user.name}_amqp_uri").read_text() for user in users()]
    passwords = [uri.split(":")[2].partition("@")[0] for uri in uris]
    assert len(set(passwords)) == len(passwords)
    assert not any(word in (folder / "definitions.json").read_text() for word in passwords)
    for name, secret in COMPOSE["secrets"].items():
        assert Path(secret["file"]) == FOLDER / name
        assert (folder / name).stat().st_mode & 0o777 == 0o644
    script = (folder / "mongo_users.js").read_text()
    mongo_users = json.loads(script.partition("= ")[2].partition(";")[0])
    assert [user["user"] for user in mongo_users] == list(SERVICES)
    for user in mongo_users:
        service = user["user"]
        assert user["roles"] == [{"role": "readWrite", "db": f"datalab_{service}"}]
        uri = (folder / f"{service}_mongodb_uri").read_text()
        assert uri.startswith(f"mongodb://{service}:{user['pwd']}@")
        environ = COMPOSE["services"][service]["environment"]
        given = {
            name: value.replace("/run/secrets", str(folder))
            for name, value in environ.items()
            if value and "${" not in value
        }
        settings = load_settings({**given, "DATALAB_STORAGE_URL": "file:///files"})
        assert settings.mongodb_uri.endswith(f"@mongo:27017/datalab_{service}")


def test_users_of_a_lab_of_before_get_the_permissions_of_now(tmp_path: Path) -> None:
    """They keep their passwords."""
    write(tmp_path)
    file = tmp_path / "definitions.json"
    now = json.loads(file.read_text())
    before = {key: value for key, value in now.items() if key != "topic_permissions"}
    file.write_text(json.dumps(before | {"permissions": []}))
    renew(file)
    assert json.loads(file.read_text()) == now


@pytest.mark.parametrize("name", [*SERVICES, PORTAL])
def test_container_gets_every_setting_of_its_process(name: str) -> None:
    """What the documents list can be set where the lab runs in containers, too.

    The image says on which address they listen; the address of a service is the catalogue's alone.
    """
    of_the_image = {"DATALAB_HTTP_HOST"}
    of_others = {
        "intake": {"SMTP_URL", "PUBLIC_URL"},
        "catalog": {"SMTP_URL", "TOKEN_PRIVATE_KEY", "SIGN_IN_KEY"},
        "compute": {"SMTP_URL", "PUBLIC_URL", "TOKEN_PRIVATE_KEY", "SIGN_IN_KEY"},
        "notify": {"PUBLIC_URL", "TOKEN_PRIVATE_KEY", "SIGN_IN_KEY"},
    }
    settings = PortalSettings if name == PORTAL else Settings
    listed = {PREFIX + field.upper() for field in settings.model_fields} - of_the_image
    taken = {key.removesuffix("_FILE") for key in COMPOSE["services"][name]["environment"]}
    assert listed - taken == {PREFIX + field for field in of_others.get(name, ())}


def test_image_is_built_from_files_that_git_has() -> None:
    """A file that the Dockerfile copies is tracked, and .dockerignore lets it through."""
    git = subprocess.run(
        [str(shutil.which("git")), "ls-files"], capture_output=True, text=True, check=True
    )
    ignored = Path(".dockerignore").read_text().split()
    context = [path for path in git.stdout.split() if _is_in_context(path, ignored)]
    copied = re.findall(r"^COPY (.+) \S+$", Path("deploy/Dockerfile").read_text(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert len(sources) > 1
    for source in sources:
        assert source == "." or source in context


def _is_in_context(path: str, patterns: list[str]) -> bool:
    """Whether the image is built with a file: the last pattern that fits it, or a folder, says."""
    inside = True
    for pattern in patterns:
        folder = pattern.removeprefix("!")
        if any(fnmatch(str(part), folder) for part in (Path(path), *Path(path).parents)):
            inside = pattern.startswith("!")
    return inside


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_container_is_bounded_and_writes_where_it_must(name: str) -> None:
    """Memory and processes have limits, the root is read-only, nothing is gained by setuid.

    An upgrade is decided; nobody from outside reaches a container directly. Whoever lists a
    container's settings, or is a child of its process, learns no secret.
    """
    container = COMPOSE["services"][name]
    assert re.fullmatch(r"(\$\{\w+:-)?\dg}?", container["mem_limit"])
    assert 0 < container["pids_limit"] <= 1024
    assert container["read_only"] is True
    assert "no-new-privileges:true" in container["security_opt"]
    assert re.fullmatch(r"[\w/]+:v?\d+(\.\d+)+", container["image"])
    assert all(port.startswith("127.0.0.1:") for port in container.get("ports", ()))
    assert container["image"] != "datalab" or container["image"].endswith(version("datalab"))
    assert "env_file" not in container
    secret, environ = re.compile(r"PASSWORD|SECRET|_KEY|_URI"), container.get("environment", {})
    shown = {key for key in environ if secret.search(key)}
    # A path: what intake signs with is in the secret's file.
    public = {"DATALAB_TOKEN_PUBLIC_KEY", "DATALAB_TOKEN_PRIVATE_KEY", "DATALAB_MONGODB_URI"}
    assert {key for key in shown if not key.endswith("_FILE")} <= public
    assert "@" not in str(environ.get("DATALAB_MONGODB_URI", ""))
