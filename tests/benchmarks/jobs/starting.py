"""How soon jobs begin and end, how many small ones a second, and what the service does meanwhile.

A compute process with its servers and a catalogue that lends everything; seconds are taken where an
event arrives at a queue, as a partner would hear of it. The treatment adds up the 3,287 rows of the
demo's homes and draws a chart.
"""

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import urllib3

from deploy.demo.content import DATA, HOMES_FILE
from deploy.local.signing_keys import key_pair
from deploy.queues import declare
from services.compute.service import Compute
from shared.aggregate import new_id
from shared.auth import issue_token
from shared.events import DatasetPublished, Step, Treatment
from tests.benchmarks.jobs.arrivals import Arrivals, listening
from tests.integration.compute.lab import HOMES, OWNER, Lab
from tests.integration.compute.samples import Catalog, Shelf
from tests.servers import Broker, Documents, RunningService

TIMES, BURST, FLOOD = 20, 24, 200
_REST = 1.5
"""Seconds between two that come alone: a sandbox that waits is there again."""

_LOOK, _IDLE_SECONDS = 0.02, 20.0
_ENDS = ("job_succeeded", "job_failed", "job_given_up")
RETRIES = (0.2, 1.0)
GRANTED = ("com", "logements", "logements_vacants")


class Measured:
    """What a benchmark asks of one compute process."""

    def __init__(self, lab: Lab, service: RunningService, arrivals: Arrivals) -> None:
        self.lab, self.service, self.arrivals = lab, service, arrivals

    def ingest(self, owner: str = OWNER) -> tuple[float, float]:
        """Register a file: seconds to the job's success, and from queued to started."""
        event = self.lab.register(HOMES, owner=owner)
        return self._ended(time.monotonic(), dataset_id=event.dataset_id)

    def ready_project(self, columns: tuple[str, ...] | None = None) -> str:
        """A staffed project that tried the demo's sums, with these columns of the table alone."""
        dataset, project = self.lab.ingest((DATA / HOMES_FILE).read_bytes()), new_id("prj")
        if columns:
            self._grant_columns(dataset, columns)
        self.lab.grant(project, dataset)
        self.lab.secure(project)
        self.lab.equip(project, summing(dataset))
        self.arrivals.wait(_ENDS, project_id=project, kind="trial")
        self.lab.staff(project)
        self.arrivals.wait(_ENDS, project_id=project, kind="full")
        return project

    def run_again(self, project: str) -> tuple[float, float]:
        """Run a project's treatment in full, as its holder asks: as `ingest`."""
        asked = time.monotonic()
        body = {"project_id": project}
        job = self.lab.call(self.service, "POST", "/jobs", json=body).json()
        return self._ended(asked, job_id=job["id"])

    def serve(self, project: str) -> str:
        """Deliver a project's last result as a service that follows its data; returns these."""
        _, done = self.arrivals.wait(("job_succeeded",), project_id=project, kind="full")
        self.lab.deliver(project, done["data"])
        path = f"/services/{project}"
        while self.lab.call(self.service, "GET", path).status == HTTPStatus.NOT_FOUND:
            time.sleep(_LOOK)
        self.lab.call(self.service, "PUT", f"{path}/mode", json={"mode": "on_change"})
        workspace = self.lab.call(self.service, "GET", f"/workspaces/{project}").json()
        return str(workspace["treatment"]["inputs"]["homes"])

    def renew(self, project: str, dataset: str, version: int) -> tuple[float, float]:
        """Publish a version of a service's data: seconds to its next edition; as `ingest`."""
        with self.lab.store("catalog") as store:
            store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update(version=version))
        named = {"dataset_id": dataset, "owner_id": OWNER, "title": "Logements"}
        since = time.monotonic()
        self.lab.publish(DatasetPublished(**named, version=version, rows=3287, keys=()), dataset)
        at, event = self.arrivals.wait(("service_renewed",), project_id=project, edition=version)
        return at - since, self._ended(since, job_id=event["data"]["job_id"])[1]

    def _ended(self, since: float, **about: str) -> tuple[float, float]:
        at, event = self.arrivals.wait(_ENDS, **about)
        if event["type"] != "job_succeeded":
            raise SystemExit(f"a job failed: {event['data']}")
        _, queued = self.arrivals.wait(("job_queued",), job_id=event["data"]["job_id"])
        _, started = self.arrivals.wait(("job_started",), job_id=event["data"]["job_id"])
        times = [datetime.fromisoformat(timeline["time"]) for timeline in (queued, started)]
        return at - since, (times[1] - times[0]).total_seconds()

    def _grant_columns(self, dataset: str, columns: tuple[str, ...]) -> None:
        names = (DATA / HOMES_FILE).read_text().partition("\n")[0].replace('"', "").split(";")
        granted = {"columns": list(columns), "table_columns": names}
        with self.lab.store("catalog") as store:
            store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update(granted))


def summing(dataset_id: str) -> Treatment:
    """The demo's second step, on the homes alone."""
    chart = {"value": "logements_vacants", "label": "com", "title": "Logements vacants"}
    parameters = {"by": ["com"], "sums": ["logements", "logements_vacants"], "chart": chart}
    inputs = {"table": "homes"}
    step = Step(application="aggregate", inputs=inputs, parameters=parameters, output="sums")
    return Treatment(inputs={"homes": dataset_id}, steps=(step,))


def alone(run: Callable[[], tuple[float, float]], what: str) -> None:
    """Jobs that come one by one, with a rest between them."""
    taken = []
    for _ in range(TIMES):
        time.sleep(_REST)
        taken.append(run())
    _print(what, taken)


def in_row(measured: Measured) -> None:
    """Each job as soon as the one before ended: what a lifecycle does."""
    _print("small ingests in a row", [measured.ingest() for _ in range(TIMES)])


def renewed(measured: Measured, project: str) -> None:
    """A delivered service whose data change, one version after the other."""
    dataset = measured.serve(project)
    taken = [measured.renew(project, dataset, version) for version in range(2, TIMES + 2)]
    _print("service, from its data's change", taken)


def burst(measured: Measured) -> None:
    """Many small jobs at once, of four members."""
    began = time.monotonic()
    owners = [f"mbr_{number % 4}" for number in range(BURST)]
    datasets = [measured.lab.register(HOMES, owner=owner).dataset_id for owner in owners]
    last = max(measured.arrivals.wait(_ENDS, dataset_id=dataset)[0] for dataset in datasets)
    print(f"  {'burst of small ingests':<32} {BURST / (last - began):.2f} jobs/s", flush=True)


def flooded(measured: Measured) -> None:
    """Small jobs of one member beside two hundred of another, alone and then many at once."""
    flood = {measured.lab.register(HOMES, owner="mbr_many").dataset_id for _ in range(FLOOD)}
    _print(f"beside {FLOOD} of another", [measured.ingest("mbr_few") for _ in range(TIMES)])

    def ended() -> int:
        return sum(measured.arrivals.has(_ENDS, dataset_id=dataset) for dataset in flood)

    before = ended()
    datasets = [measured.lab.register(HOMES, owner="mbr_few").dataset_id for _ in range(TIMES)]
    for dataset in datasets:
        measured.arrivals.wait(_ENDS, dataset_id=dataset)
    ratio = (ended() - before) / len(datasets)
    print(f"  {'jobs of that one meanwhile':<32} {ratio:.2f} for each; fair is 1", flush=True)


def lag(measured: Measured) -> None:
    """What the service takes to answer, and how late its hub is, without jobs and beside two."""
    until = time.monotonic() + _IDLE_SECONDS
    _watch(measured, "without a job", lambda: time.monotonic() > until)
    rows = b"".join(b"14%03d;%d;%d;texte %d\n" % (n % 900, n, n // 7, n) for n in range(900_000))
    # A member runs one job at a time there.
    datasets = [
        measured.lab.register(b"com;logements;vacants;nom\n" + rows, owner=owner).dataset_id
        for owner in ("mbr_first", "mbr_second")
    ]
    for dataset in datasets:
        measured.arrivals.wait(("job_started",), dataset_id=dataset)
    _watch(
        measured,
        "beside two that burn CPU",
        lambda: any(measured.arrivals.has(_ENDS, dataset_id=dataset) for dataset in datasets),
    )


def _watch(measured: Measured, when: str, is_over: Callable[[], bool]) -> None:
    answers, lags, pool = [], [], urllib3.PoolManager(maxsize=1)
    while not is_over():
        asked = time.monotonic()
        pool.request("GET", f"{measured.service.url}/livez")
        answers.append(time.monotonic() - asked)
        if len(answers) % 50 == 0:
            lags.append(_hub_lag(pool, measured.service.url))
        time.sleep(_LOOK)
    late = statistics.quantiles(answers, n=100, method="inclusive")[98]
    print(
        f"  {when:<32} answers p50 {statistics.median(answers) * 1000:.0f} ms,"
        f" p99 {late * 1000:.0f} ms ({len(answers)});"
        f" hub lag at most {max(lags) * 1000:.0f} ms ({len(lags)} looks)",
        flush=True,
    )


def _hub_lag(pool: urllib3.PoolManager, url: str) -> float:
    text = pool.request("GET", f"{url}/metrics").data.decode()
    (line,) = [line for line in text.splitlines() if line.startswith("datalab_hub_lag")]
    return float(line.rsplit(" ", 1)[1])


def _print(what: str, taken: list[tuple[float, float]]) -> None:
    texts = []
    for name, seconds in zip(
        ("to success", "queued to started"), zip(*taken, strict=True), strict=True
    ):
        late = statistics.quantiles(seconds, n=20, method="inclusive")[18]
        texts.append(f"{name} p50 {statistics.median(seconds):.3f} s, p95 {late:.3f} s")
    print(f"  {what:<32} {'; '.join(texts)}", flush=True)


def main() -> None:
    """Measure with one slot, and the lag with two."""
    print(f"\nstarting: {(__doc__ or '').splitlines()[0]}")
    with _lab() as lab:
        with _measured(lab) as measured:
            measured.ingest()
            alone(measured.ingest, "small ingests alone")
            in_row(measured)
            burst(measured)
            for what, columns in (
                ("sums and chart", None),
                ("the same of granted columns", GRANTED),
            ):
                project = measured.ready_project(columns)
                alone(lambda project=project: measured.run_again(project), what)  # type: ignore[misc]
            renewed(measured, project)
        with _measured(lab, job_slots="2") as measured:
            burst(measured)
            lag(measured)
            flooded(measured)


@contextlib.contextmanager
def _measured(lab: Lab, **settings: str) -> Iterator[Measured]:
    with (
        listening(lab.broker.uri(lab.vhost), "compute") as arrivals,
        lab.catalog(),
        lab.compute(job_spare="true", **settings) as service,
    ):
        yield Measured(lab, service, arrivals)


@contextlib.contextmanager
def _lab() -> Iterator[Lab]:
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="dl-")))
        broker, documents = Broker(home / "broker"), Documents(home / "documents")
        for server in (broker, documents):
            server.start()
        stack.callback(broker.close)
        stack.callback(documents.stop)
        vhost, keys, work = broker.new_vhost(), key_pair(home / "keys"), home / "work"
        work.mkdir()
        environ = {
            "DATALAB_AMQP_URI": broker.uri(vhost),
            "DATALAB_MONGODB_URI": documents.uri,
            "DATALAB_STORAGE_URL": f"file://{home}/files",
            "DATALAB_TOKEN_PUBLIC_KEY": str(keys.public),
            "DATALAB_DATABASE_PREFIX": f"bench_{uuid4().hex[:8]}",
            "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
            "DATALAB_RENEWAL_WAIT_SECONDS": "0",
            "TMPDIR": str(work),
        }
        declare(broker.uri(vhost), [Compute, Catalog], RETRIES)

        def token(member: str, *roles: str) -> str:
            return issue_token(keys.private, member, roles, timedelta(hours=1))

        yield Lab(broker, vhost, environ, token, work)


if __name__ == "__main__":
    main()
