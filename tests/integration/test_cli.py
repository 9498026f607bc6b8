"""The command line against running services: one project's way, and how it says no."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import amqp
import pytest
import urllib3

from deploy import SERVICES
from deploy.local.signing_keys import KeyPair, key_pair
from deploy.parked import parked
from deploy.queues import declare
from deploy.topology import SERVICE_CLASSES
from services.compute.jobs.model import Job
from shared.aggregate import now
from shared.store import Store
from tests import forks
from tests.catalogues import dataset, turtle
from tests.servers import Broker, RunningService, eventually, running
from tests.web_server import drip_body, page, serving

CSV = "insee;nom;valeur\n14118;Caen;1\n76540;Rouen;2\n76351;Le Havre;3\n"
PROJECT = {
    "title": "Logements vacants",
    "problem": "Où sont les logements vacants ?",
    "theme": "logement",
    "territory": ["14", "76"],
}


class Shell:
    """Runs `datalab` as people do, with this environment."""

    def __init__(
        self,
        environ: dict[str, str],
        token: Callable[..., str],
        services: Sequence[RunningService] = (),
    ) -> None:
        self.environ, self.token, self._services = environ, token, services

    def logs(self) -> list[str]:
        """What each service has written down."""
        return [service.log() for service in self._services]

    def run(
        self, *words: str, as_: tuple[str, ...] = (), **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """The command's end, whatever it is, with the token of a member and its roles."""
        program = ("-c", "from deploy.cli import main; main()")
        environ |= {"DATALAB_TOKEN": self.token(*as_)} if as_ else {}
        return forks.commands().run((*program, *words), self.environ | environ)

    def answer(self, service: str, path: str, as_: tuple[str, ...]) -> Any:
        """What a service answers, without a command: to look often costs little."""
        headers = {"Authorization": f"Bearer {self.token(*as_)}"}
        url = self.environ[f"DATALAB_URL_{service.upper()}"]
        return urllib3.request("GET", url + path, headers=headers).json()

    def json(self, *words: str, as_: tuple[str, ...] = ("mbr_staff", "operator")) -> Any:
        """What a command answers to a program."""
        done = self.run(*words, "--json", as_=as_)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shell(
    amqp_uri: str,
    module_environ: dict[str, str],
    token: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shell]:
    """A shell beside the four services."""
    declare(amqp_uri, SERVICE_CLASSES, (0.2, 0.5))
    home = tmp_path_factory.mktemp("home")
    environ = {
        **module_environ,
        "DATALAB_RETRY_SECONDS": "0.2,0.5",
        "DATALAB_WEBHOOK_PRIVATE_ADDRESSES": "true",
        "DATALAB_HARVEST_PRIVATE_ADDRESSES": "true",
    }
    with ExitStack() as stack:
        services = {
            name: stack.enter_context(running(spec, environ)) for name, spec in SERVICES.items()
        }
        urls = {f"DATALAB_URL_{name.upper()}": service.url for name, service in services.items()}
        home_of = {"DATALAB_HOME": str(home), "DATALAB_AMQP_URI": amqp_uri}
        yield Shell({**urls, **home_of}, token, [*services.values()])


@pytest.fixture
def project_file(tmp_path: Path) -> Path:
    """A project as its holder writes it."""
    path = tmp_path / "project.json"
    path.write_text(json.dumps(PROJECT))
    return path


OWNER = ("mbr_owner", "owner")


def add(
    shell: Shell, file: Path, text: str, *words: str, as_: tuple[str, ...] = OWNER
) -> tuple[str, Callable[[], str]]:
    """Upload an open dataset; its id, and what tells its state."""
    file.write_text(text)
    about = ("--title", "Valeurs", "--theme", "logement", "--licence", "lov2", "--access", "open")
    added = str(shell.json("dataset", "add", str(file), *about, *words, as_=as_)["id"])
    return added, lambda: str(shell.answer("catalog", f"/datasets/{added}", as_)["state"])


def offer(shell: Shell, file: Path, *words: str, content: str = CSV) -> str:
    """Upload an open dataset and wait until it was read; its id."""
    dataset, state = add(shell, file, content, "--licence", "Licence Ouverte 2.0", *words)
    eventually(lambda: state() == "published")
    return dataset


def test_project_goes_from_submission_to_withdrawal(shell: Shell, project_file: Path) -> None:
    """Submit, read, list, time line, withdraw: each command finds what the last one did.

    The command may be repeated by a script that was cut off; people get a text.
    """
    holder = ("mbr_holder", "holder")
    words = ("project", "submit", str(project_file), "--idempotency-key", uuid4().hex)
    project = shell.json(*words, as_=holder)["id"]
    text = shell.run(*words, as_=holder).stdout
    assert (text.split()[1], "Logements vacants" in text) == (project, True)
    path = f"/projects/{project}"
    eventually(lambda: shell.answer("intake", path, holder)["stage"] == "advised")
    assert shell.json("project", "show", project)["stage"] == "advised"
    listed = shell.json("project", "list", "--stage", "advised", "--holder", "mbr_holder")
    assert [project["id"] for project in listed["items"]] == [project]
    withdrawn = shell.json("project", "withdraw", project, "--reason", "Fini.", as_=holder)
    assert (withdrawn["stage"], withdrawn["history"][-1]["why"]) == ("withdrawn", "Fini.")

    def told() -> set[str]:
        return {entry["type"] for entry in shell.json("timeline", project)["items"]}

    eventually(lambda: {"project_submitted", "project_withdrawn"} <= told(), every=0.3)


UNFIT: dict[str, Any] = {
    "inputs": {"homes": "dts_1"},
    "steps": [{"application": "aggregate", "inputs": {"table": "homes"}, "output": "sum"}],
}


def test_treatment_that_cannot_run_is_refused_before_it_is_sent(
    shell: Shell, tmp_path: Path
) -> None:
    """The sentence names the file and the place in it, or the field; nothing is registered."""
    holder, file = ("mbr_unfit", "holder"), tmp_path / "project.json"
    for text, fault in (
        ("{\n  oops", f"{file}: ligne 2 : ce n'est ni du JSON ni du YAML"),
        (json.dumps({**PROJECT, "treatment": UNFIT}), "steps.0.parameters.by: ce champ manque"),
    ):
        file.write_text(text)
        done = shell.run("project", "submit", str(file), as_=holder)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert fault in done.stderr
    assert "Nothing found" in shell.run("project", "list", as_=holder).stdout


def test_what_to_think_of_is_printed_before_a_treatment_is_sent(
    shell: Shell, tmp_path: Path
) -> None:
    """An unknown column is refused, with what is near; a warning is printed, and the rest sent."""
    owner, file = ("mbr_warned", "holder", "owner"), tmp_path / "p.json"
    dataset_id, state = add(shell, tmp_path / "t.csv", f"{CSV};Total;6\n", as_=owner)
    eventually(lambda: state() == "published")

    def submit(column: str) -> "subprocess.CompletedProcess[str]":
        step = {**UNFIT["steps"][0], "parameters": {"by": ["insee"], "sums": [column]}}
        asked = {"inputs": {"homes": dataset_id}, "steps": [step]}
        file.write_text(json.dumps({**PROJECT, "treatment": asked}))
        return shell.run("project", "submit", str(file), as_=owner)

    refused, warned = submit("valeurs"), submit("nom")
    assert refused.returncode == 1
    assert "vouliez-vous dire « valeur »" in refused.stderr
    assert warned.returncode == 0
    assert "warning: steps.0.parameters.sums.0: la colonne « nom » n'est pas lue" in warned.stderr
    assert len(shell.json("project", "list", as_=owner)["items"]) == 1
    text = " ".join(shell.run("dataset", "show", dataset_id, as_=owner).stdout.split())
    assert "1 ligne de total : libellé de total dans « nom »" in text


def test_treatment_is_sent_unchecked_while_compute_is_away(
    shell: Shell, project_file: Path, tmp_path: Path
) -> None:
    """Its trial will tell; a warning says so now."""
    holder = ("mbr_away", "holder")
    project = shell.json("project", "submit", str(project_file), as_=holder)["id"]
    file = tmp_path / "treatment.json"
    file.write_text(json.dumps(UNFIT))
    words = ("--compute-url", "http://127.0.0.1:1", "project", "treatment", project, str(file))
    done = shell.run(*words, as_=holder)
    assert done.returncode == 0
    assert "not checked yet: compute cannot be reached" in done.stderr
    body = shell.json("project", "show", project, as_=holder)
    assert body["treatment"]["steps"][0]["application"] == "aggregate"


def test_dataset_is_uploaded_read_and_downloaded(shell: Shell, tmp_path: Path) -> None:
    """A file becomes a dataset with a job to look at, comes back, and is screened anew."""
    dataset = offer(shell, tmp_path / "été\udcff.csv")
    assert shell.json("dataset", "uses", dataset, as_=OWNER) == {"items": [], "next": None}
    assert shell.json("dataset", "show", dataset)["versions"][0]["filename"] == "été?.csv"

    def download(file: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        return shell.run("dataset", "download", dataset, "-o", str(file), *words, as_=OWNER)

    for suffix, start in {"parquet": b"PAR1", "xlsx": b"PK", "CSV": b"\xef\xbb\xbf"}.items():
        file = tmp_path / f"by_suffix.{suffix}"
        assert download(file).returncode == 0
        assert file.read_bytes().startswith(start)
    other = download(tmp_path / "table.bin", "--format", "pdf")
    assert (other.returncode, "format" in other.stderr) == (1, True)
    lost = download(tmp_path / "none/x")
    text = f"datalab: {tmp_path}/none/x cannot be written: No such file or directory\n"
    assert (lost.returncode, lost.stderr) == (1, text)
    job = next(job for job in shell.json("job", "list")["items"] if job["dataset_id"] == dataset)
    assert shell.json("job", "show", job["id"])["state"] == "succeeded"
    applications = {entry["name"]: entry for entry in shell.json("job", "applications")}
    assert applications["cross"]["roles"]
    for command, told in (("logs", "fichier lu"), ("follow", "fichier lu"), ("provenance", "SHA")):
        done = shell.run("job", command, job["id"], as_=OWNER)
        assert (done.returncode, told in done.stdout) == (0, True)
    manifest = tmp_path / "manifest.json"
    named = ("-o", str(manifest), "--name", "manifest.json")
    assert shell.run("job", "result", job["id"], *named, as_=OWNER).returncode == 0
    assert json.loads(manifest.read_text())["job_id"] == job["id"]
    for screened, member in (((dataset,), OWNER), (("--all",), ("mbr_staff", "operator"))):
        outcome = shell.run("dataset", "screen", *screened, as_=member)
        assert dataset in outcome.stdout.split(), outcome.stderr

    def is_read_anew() -> bool:
        version = shell.answer("catalog", f"/datasets/{dataset}", OWNER)["versions"][0]
        return not version["again"] and version["job_id"] != job["id"]

    eventually(is_read_anew)
    assert shell.json("dataset", "show", dataset)["state"] == "published"


def test_jobs_that_were_given_up_are_retried(
    shell: Shell, project_file: Path, module_environ: dict[str, str]
) -> None:
    """One by its id or all at once, by an operator; a word is needed that says which."""
    project = shell.json("project", "submit", str(project_file), as_=("mbr_holder", "holder"))
    about = {"kind": "full", "project_id": project["id"], "owner_id": "m", "lane": "m"}
    jobs = [Job(id=f"job_{n}", state="given_up", queued_at=now(), **about) for n in range(3)]
    database = f"{module_environ['DATALAB_DATABASE_PREFIX']}_compute"
    with closing(Store(module_environ["DATALAB_MONGODB_URI"], database)) as store:
        for job in jobs:
            store.of(Job).save(job)
    listed = shell.json("job", "list", "--state", "given_up")
    assert [retried_job["id"] for retried_job in listed["items"]] == ["job_0", "job_1", "job_2"]
    assert "name a job" in shell.run("job", "retry", as_=("mbr_staff", "operator")).stderr
    assert shell.run("job", "retry", "job_1", as_=("mbr_holder", "holder")).returncode == 1
    (entry,) = shell.json("job", "retry", "job_1")["items"]
    assert (entry["id"], entry["state"]) == ("job_1", "queued")
    rest = shell.json("job", "retry", "--given-up")
    assert [job["id"] for job in rest["items"]] == ["job_0", "job_2"]
    assert shell.json("job", "list", "--state", "given_up")["items"] == []
    for job in jobs:
        shell.json("job", "cancel", job.id)


def test_what_the_catalogue_knows_of_a_dataset_is_asked(shell: Shell, tmp_path: Path) -> None:
    """Found by a word and a key, with reasons and facets; licence and joins of a crossing.

    A crossing whose both sides repeat is refused, with the option that asks for it. All that is
    said of a dataset is exported for portals.
    """
    words = ["--temporal-start", "2020-01-01", "--frequency", "annual", "--hvd", "statistics"]
    words += ["--contact-name", "Service données", "--contact-email", "donnees@ville.fr"]
    many = "".join([CSV, *CSV.splitlines(keepends=True)[1:]])
    dataset = offer(shell, tmp_path / "valeurs.csv", *words, content=many)
    other = offer(shell, tmp_path / "autres.csv", content=many)
    assert shell.json("dataset", "crossing", dataset, dataset)["licence"] == "lov2"
    datasets = shell.json("dataset", "search", "valeur", "--key", "commune")["items"]
    assert dataset in [dataset["id"] for dataset in datasets]
    ranked = shell.run("dataset", "search", "valeur", "--facets", as_=OWNER).stdout
    assert "« valeur » dans le titre" in ranked
    assert "Licence Ouverte 2.0" in ranked
    entries = shell.json("dataset", "joins", dataset, "--column", "insee")["items"]
    [*_, join] = [entry for entry in entries if entry["dataset_id"] == other]
    assert join["containment"] == 1
    joinable = [
        entry["id"]
        for entry in shell.json("dataset", "search", "--joinable-with", dataset)["items"]
    ]
    assert (other in joinable, dataset in joinable) == (True, False)
    cross = ("cross", dataset, other, "--on", "commune")
    refused = shell.run(*cross, as_=OWNER)
    assert refused.returncode == 1
    assert "many_to_many: 6 lignes deviendraient 12" in refused.stderr
    assert refused.stderr.endswith("(here: --many-to-many)\n")
    assert shell.json(*cross, "--many-to-many")["preview"]["rows"] == 12
    exported = shell.run("dataset", "export", dataset, "--format", "rdfxml", as_=OWNER).stdout
    described = ("2020-01-01", "frequency/ANNUAL", "bna/c_e1da4e07", "mailto:donnees@ville.fr")
    for text in (f'/datasets/{dataset}">', *described):
        assert text in exported
    assert f"datasets/{dataset}>" in shell.run("dataset", "export", as_=OWNER).stdout


def test_proposed_repair_is_accepted_and_the_file_read_anew(shell: Shell, tmp_path: Path) -> None:
    """Through the whole lab: proposed by the first reading, made by the second."""
    text = "com;n\n" + "".join(f"{code};1\n" for code in range(1001, 1006))
    owner = ("mbr_ain", "owner")
    dataset, _ = add(shell, tmp_path / "ain.csv", text, as_=owner)

    def meaning(number: int) -> dict[str, Any]:
        version = shell.answer("catalog", f"/datasets/{dataset}", owner)["versions"][number - 1]
        return version["profile"]["columns"][0]["meaning"] if version["profile"] else {}

    eventually(lambda: meaning(1).get("repair") == "leading_zero")
    shell.json("dataset", "repair", dataset, "com", as_=owner)
    eventually(lambda: meaning(2).get("valid") == 1.0)
    second = shell.json("dataset", "show", dataset)["versions"][1]
    assert [(repair["code"], repair["count"]) for repair in second["profile"]["repairs"]] == [
        ("leading_zero", 5)
    ]
    assert shell.json("dataset", "show", dataset)["keys"] == ["commune"]


def test_columns_are_described_by_a_file(shell: Shell, tmp_path: Path) -> None:
    """People see each beside its column; names that no column has are named."""
    text, dictionary = "com;ht_hc;annee\n", tmp_path / "columns.csv"
    text += "".join(f"14{at:03};{at};{1980 + at if at > 1 else 13}\n" for at in range(1, 40))
    dictionary.write_text("ht_hc;part des logements vacants\nht_h;autre\n", encoding="utf-8")
    words = ("--columns", str(dictionary), "--sheet", "EPCI")
    dataset, state = add(shell, tmp_path / "l.csv", text, *words)
    command = ("dataset", "show", dataset)
    eventually(lambda: state() == "published")
    assert shell.json(*command, as_=OWNER)["unknown_columns"] == ["ht_h"]
    described = ("dataset", "describe", dataset, "--columns", str(dictionary))
    assert "vouliez-vous dire « ht_hc »" in shell.run(*described, as_=OWNER).stderr
    dictionary.write_text("nom,description\nht_hc,taux de vacance\n", encoding="utf-8")
    shell.json(*described, as_=OWNER)
    stdout = shell.run(*command, as_=OWNER).stdout
    assert re.search(r"ht_hc +integer +integer +taux de vacance", stdout), stdout
    assert "feuille demandée, d'un fichier qui n'en a pas : EPCI" in json.dumps(
        shell.json(*command), ensure_ascii=False
    )
    assert re.search(r"annee +deux conventions dans une colonne .*« 13 » \(ligne 1", stdout), stdout


def test_persons_are_held_until_their_owner_confirms(shell: Shell, tmp_path: Path) -> None:
    """The sandbox finds them, others do not, and no process writes a word of the table down."""
    other = ("mbr_other", "holder")
    mails = [f"marie.dupont{number}@orange.fr" for number in range(30)]
    text = "x;y\n" + "".join(f"{at};{mail}\n" for at, mail in enumerate(mails))
    dataset, state = add(shell, tmp_path / "abonnes.csv", text)
    eventually(lambda: state() == "held")
    listed = shell.json("dataset", "list", "--state", "held", as_=OWNER)["items"]
    assert [entry["id"] for entry in listed] == [dataset]
    hidden = shell.run("dataset", "show", dataset, as_=other)
    assert hidden.returncode == 1
    said = ("--column", "y", "--reason", "ce sont des navires")
    assert shell.json("dataset", "not-personal", dataset, *said, as_=OWNER)["state"] == "held"
    word = ("dataset", "answer-declaration", dataset, "--answer", "refuse", "--reason", "non")
    assert "ce sont des navires (refuse)" in shell.run(*word, as_=("mbr_r", "reviewer")).stdout
    words = ("dataset", "confirm", dataset, "--purpose", "Lettre", "--basis", "consent")
    confirmed = shell.json(*words, as_=OWNER)
    assert confirmed["versions"][0]["legal_basis"]["basis"] == "consent"
    assert state() == "published"
    options = ("--title", "Lettre", "--keyword", "abonnés", "--hvd", "")
    kind = ("--producer-kind", "nonprofit")
    described = shell.json("dataset", "describe", dataset, *options, *kind, as_=OWNER)
    assert (described["title"], described["keywords"]) == ("Lettre", ["abonnés"])
    assert described["producer_kind"] == "nonprofit"
    seen = json.dumps(shell.json("dataset", "show", dataset, as_=other))
    assert "marie.dupont" not in seen
    jobs = json.dumps(shell.json("job", "list"))
    assert dataset in jobs
    assert "marie.dupont" not in jobs
    assert not any("marie.dupont" in log for log in shell.logs())


def test_protected_tables_are_proposed_made_and_agreed_to(shell: Shell, tmp_path: Path) -> None:
    """What is proposed can be sent as it is printed, and waits for the owner's yes."""
    statuses = ("oui", "non")
    rows = (f"F{at};14118;{statuses[at % 2]};{at * 7}" for at in range(60))
    content = "\n".join(("foyer;commune;statut;aide", *rows, ""))
    dataset = offer(shell, tmp_path / "aides.csv", "--access", "restricted", content=content)
    command = ("dataset", "release-policy", dataset)
    policy = tmp_path / "policy.yaml"
    policy.write_text(shell.run(*command, "--proposal", as_=OWNER).stdout)
    assert "- foyer" in policy.read_text()
    assert shell.json(*command, "--set", str(policy), as_=OWNER)["number"] == 1
    path = f"/datasets/{dataset}/release-policy"
    eventually(lambda: shell.answer("catalog", path, OWNER)["latest"])
    shown = shell.run(*command, as_=OWNER).stdout
    assert "latest: policy 1, version 1" in shown
    assert "agreed_at" not in shown
    refused = shell.run(*command, "--agree", "1", "--edition", "2", as_=OWNER)
    assert "version 2" in refused.stderr
    assert shell.json(*command, "--agree", "1", "--edition", "1", as_=OWNER)["agreed_at"]
    assert shell.json(*command, "--remove", as_=OWNER)["policy"] is None


def test_webhook_is_added_listed_and_removed(shell: Shell, project_file: Path) -> None:
    """The secret is shown once; what was tried can be seen and tried again."""
    member = ("mbr_hook", "holder")
    url = "http://127.0.0.1:9/hook"
    added = shell.json("webhook", "add", url, "--event", "project_*", as_=member)
    assert added["secret"].startswith("whsec_")
    shell.json("project", "submit", str(project_file), as_=member)

    def sent() -> list[dict[str, Any]]:
        deliveries: list[dict[str, Any]] = shell.json(
            "webhook", "deliveries", added["id"], as_=member
        )["items"]
        return deliveries

    eventually(sent, every=0.3, what="a delivery was made of the event")
    assert shell.json("webhook", "replay", sent()[0]["id"], as_=member)["state"] == "pending"
    listed = shell.json("webhook", "list", as_=member)["items"]
    assert [("secret" in delivery, delivery["id"]) for delivery in listed] == [(False, added["id"])]
    assert shell.run("webhook", "remove", added["id"], as_=member).returncode == 0
    assert shell.json("webhook", "list", as_=member)["items"] == []


def test_parked_event_is_listed_shown_replayed_and_dropped(
    shell: Shell, broker: Broker, vhost: str
) -> None:
    """Nonsense in a queue is parked with its reason, and again after a replay, until dropped.

    An id with half a character and a property that is not UTF-8 break no command.
    """
    with broker.connection(vhost) as connection:
        message = amqp.Message(b'{"id": "evt-\\ud800"}', correlation_id=b"\xff", delivery_mode=2)
        connection.channel().basic_publish(message, "", "intake.on.datasets_matched")
    identifier = "evt-\N{REPLACEMENT CHARACTER}"

    uri = broker.uri(vhost)
    eventually(lambda: parked(uri))
    [listed] = shell.json("parked", "list")["items"]
    assert listed["id"] == identifier
    shown = shell.json("parked", "show", identifier)
    assert (shown["queue"], shown["body"]) == (
        "intake.on.datasets_matched",
        '{"id": "evt-\\ud800"}',
    )
    assert identifier in shell.run("parked", "list").stdout
    [before] = parked(uri)
    assert "1 event is back" in shell.run("parked", "replay", identifier).stdout
    eventually(lambda: parked(uri) not in ([], [before]))
    for nothing in (["drop", ""], ["replay", "--queue", "nope"]):
        refused = shell.run("parked", *nothing)
        assert (refused.returncode, refused.stdout) == (1, ""), "an unset variable means no event"
        assert "no parked event" in refused.stderr
    assert shell.run("parked", "drop", identifier).stdout == "1 event was dropped.\n"
    assert parked(uri) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("project", "show", "prj_none"), "rien n'a ici l'identifiant prj_none"),
        (("project", "list", "--stage", "lost"), "stage: "),
        (("dataset", "decide", "x", "--decision", "grant"), "datalab dataset access-request x"),
        (("project", "withdraw", "prj_none", "--reason", "\udcff"), "bytes that are not UTF-8"),
        (("parked", "drop", "evt_none"), "no parked event has the id evt_none"),
        (("parked", "replay", "x", "--queue", "y"), "no parked event of y has the id x"),
        (("dataset", "screen"), "give the ids of datasets, or --all"),
        (("token", "mbr_x", "--role", "holder", "--hours", "87600"), "--hours must be from 0.01"),
        (("--intake-url", "http://127.0.0.1:1", "project", "list"), "intake cannot be reached"),
        (("--token", "x", "project", "list"), "le jeton n'est pas valide"),
    ],
)
def test_refusal_is_one_sentence_and_exit_1(
    shell: Shell, words: tuple[str, ...], message: str
) -> None:
    """No traceback, nothing on the standard output."""
    done = shell.run(*words, as_=("mbr_staff", "operator", "owner"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("datalab: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_token_is_signed_with_the_stacks_key(
    shell: Shell, token_keys: KeyPair, tmp_path: Path
) -> None:
    """With a key at home no token is needed, and tokens for other members can be made."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "token.pem").write_bytes(token_keys.private.read_bytes())
    home = str(tmp_path)
    assert shell.run("project", "list", DATALAB_HOME=home).returncode == 0
    ghost = shell.run("token", "ghost", "--role", "holder", DATALAB_HOME=home)
    assert (ghost.returncode, ghost.stdout) == (1, "")
    assert "ghost" in ghost.stderr
    shell.json("member", "add", "Agence", "--kind", "association", "--id", "mbr_x")
    outcome = shell.run("token", "mbr_x", "--role", "holder", DATALAB_HOME=home)
    assert shell.run("project", "list", DATALAB_TOKEN=outcome.stdout.strip()).returncode == 0
    assert shell.run("token", "mbr_x", "--role", "king", DATALAB_HOME=home).returncode == 2


def test_accounts_and_keys_are_kept(shell: Shell) -> None:
    """Opened, listed, changed and erased; keys of all by operators, with who made them."""
    staff = ("mbr_staff", "operator")
    shell.json("member", "add", "Port", "--kind", "company", "--id", "port")
    opened = shell.json("account", "open", "port", "Une agente", "a@b.example", "--role", "owner")
    assert "a@b.example" in shell.run("account", "list", "--member", "port", as_=staff).stdout
    changed = shell.json("account", "change", opened["id"], "--role", "holder")
    assert changed["roles"] == ["holder"]
    assert shell.run("account", "erase", opened["id"], as_=staff).returncode == 0
    assert "a@b.example" not in shell.run("account", "list", as_=staff).stdout
    headers = {"Authorization": f"Bearer {shell.token('port', 'owner')}"}
    body, url = {"name": "Import", "roles": ["owner"]}, shell.environ["DATALAB_URL_INTAKE"]
    key = urllib3.request("POST", f"{url}/keys", json=body, headers=headers).json()
    listed = shell.json("key", "list")["items"]
    assert (key["id"], "port") in {
        (listed_key["id"], listed_key["member_id"]) for listed_key in listed
    }
    assert shell.json("key", "revoke", key["id"])["ended_at"]


def test_key_is_rotated(shell: Shell, tmp_path: Path) -> None:
    """A token of before is good for those who read the new file."""
    home = tmp_path / "home"
    keys = key_pair(home / "keys")
    before = keys.private.read_bytes()
    assert shell.run("rotate-key", DATALAB_HOME=str(home)).returncode == 0
    assert keys.private.read_bytes() != before
    assert keys.private.stat().st_mode & 0o777 == 0o600
    assert keys.public.read_text().count("BEGIN PUBLIC KEY") == 2


def test_catalogues_are_harvested_from_addresses_and_files(shell: Shell, tmp_path: Path) -> None:
    """Add, list, run and show; what is refused is listed with its reason."""
    with serving() as portal:
        portal.answers["/catalogue"] = page(
            turtle(dataset("a"), "[] a dcat:Dataset; dct:title 'X' .")
        )
        words = ("harvest", "add", "Portail", "--url", portal.url("/catalogue"))
        source = shell.json(*words, "--every-hours", "24")
        assert source["id"] in {harvest["id"] for harvest in shell.json("harvest", "list")["items"]}
        changed = shell.json("harvest", "change", source["id"], "--every-hours", "0")
        assert (changed["every_hours"], changed["title"]) == (None, "Portail")
        shell.json("harvest", "run", source["id"])

        def ended() -> bool:
            return bool(shell.json("harvest", "show", source["id"])["state"] == "completed")

        eventually(ended, every=0.3)
        done = shell.json("harvest", "show", source["id"])["id"]
        portal.answers["/catalogue"] = drip_body
        begun = shell.json("harvest", "run", source["id"])
        stopped = shell.json("harvest", "cancel", source["id"])
    assert (stopped["id"], stopped["state"]) == (begun["id"], "cancelled")
    stdout = shell.run("harvest", "show", done, as_=("mbr_staff", "operator")).stdout
    assert "2 jeux de données lus : 1 nouveau, 1 refusé." in stdout
    assert "rien qui l'identifie" in stdout
    (tmp_path / "catalogue.ttl").write_bytes(turtle(dataset("a")))
    again = shell.json("harvest", "run", source["id"], "--file", str(tmp_path / "catalogue.ttl"))
    assert again["source_id"] == source["id"]
