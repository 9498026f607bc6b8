"""How long one member waits beside a flood of another's: 100 requests at a time, without a pause.

The flood comes from a process of its own, so that only the lab is shared. Each kind of flood is
followed by what the other member asks meanwhile: the same, and something small of that service.
"""

import asyncio
import contextlib
import multiprocessing
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from deploy.cli.api_client import CallError, Client
from deploy.demo.story import wait
from services.catalog.datasets.model import Dataset
from shared.auth import issue_token
from shared.store import Store
from tests.benchmarks.jobs import previews
from tests.benchmarks.searching import Vocabulary, make_datasets
from tests.chaos.lab import Lab

DATASETS, HARVESTED, AT_ONCE, PROBES, SECONDS = 2_000, 1_800, 100, 100, 15.0
_UPLOADED = b"cle;n\n" + b"K1;2\n" * 200_000
_PROJECT = {
    "title": "Où les logements sont-ils vacants ?",
    "problem": "Mesurer la vacance des logements par commune et par EPCI.",
    "theme": "habitat",
    "territory": ["14"],
}


@dataclass(frozen=True)
class Ask:
    """One request: a method, where to, and its body as JSON or a file."""

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    file: bytes = field(default=b"", repr=False)

    async def send(self, http: aiohttp.ClientSession) -> int:
        """Its status, once the answer was read."""
        options: dict[str, Any] = {"json": self.body} if self.body else {}
        if self.file:
            form = aiohttp.FormData()
            about = '{"title": "t", "theme": "essai", "licence": "lov2", "access": "open"}'
            form.add_field("metadata", about, content_type="application/json")
            # Members' files differ: the same bytes would be looked up among all that have them.
            file = self.file + f"{token_hex(8)};2\n".encode()
            form.add_field("file", file, filename="a.csv", content_type="text/csv")
            options = {"data": form}
        async with http.request(self.method, self.url, **options) as answer:
            await answer.read()
            return answer.status


def main() -> None:
    """Fill a catalogue, then flood it in each way."""
    print(f"\ndoors: {__doc__.splitlines()[0] if __doc__ else ''}")
    with TemporaryDirectory(prefix="dl-") as home:
        lab = Lab(Path(home), workers=1)
        with lab.up():
            asks = prepared(lab, Path(home))
            key = lab.stack.plan.keys.private
            flooding, other = (
                issue_token(key, member, ["holder", "owner"], timedelta(hours=1))
                for member in ("mbr_flood", "mbr_other")
            )
            small = asks["small"]
            _measure("nothing", None, "", [asks["pages"], *small.values()], other)
            _measure("calls without sign-in", asks["pages"], "", [asks["pages"]], other)
            for kind in ("pages", "previews", "submissions", "uploads"):
                probes = [asks[kind], small[asks[kind].url.split("/")[2]]]
                _measure(kind, asks[kind], flooding, probes, other)
            datasets = asks["store"].of(Dataset)
            wait("uploads are read", lambda: not datasets.find({"state": "registered"}), 600)
            _harvested(asks["store"])
            _measure("a harvest", None, "", [asks["pages"], *small.values()], other)


def _harvested(store: Store) -> None:
    """Datasets that were just published, of which all services are to hear."""
    for dataset in make_datasets(Vocabulary(2), HARVESTED, "harvested"):
        store.of(Dataset).save(dataset)


def _indexed(client: Client) -> int:
    with contextlib.suppress(CallError):
        return int(client.get("catalog", "/datasets", limit="1")["total"])
    return 0


def prepared(lab: Lab, home: Path) -> dict[str, Any]:
    """What is asked, of a catalogue that is filled."""
    urls, environ = lab.stack.urls(), lab.stack.environment()
    store = Store(environ["DATALAB_MONGODB_URI"], "datalab_catalog")
    for dataset in make_datasets(Vocabulary(1), DATASETS):
        # As it is read again: without events, which are measured apart.
        store.of(Dataset).save(Dataset.model_validate(dataset.model_dump()))
    owner = lab.client("mbr_flood", "holder", "owner")
    wait("the catalogue is found", lambda: _indexed(owner) >= DATASETS, 300)
    left, right = (
        previews.offered(owner, home / f"{name}.csv", 1_000, 0) for name in ("left", "right")
    )
    pages = Ask("GET", f"{urls['catalog']}/datasets?q=logements+communes&facets=true&limit=50")
    return {
        "store": store,
        "pages": pages,
        "previews": Ask(
            "POST", f"{urls['compute']}/treatments/preview", previews.crossing_of(left, right)
        ),
        "submissions": Ask("POST", f"{urls['intake']}/projects", _PROJECT),
        "uploads": Ask("POST", f"{urls['catalog']}/datasets", file=_UPLOADED),
        "small": {
            urls[service].split("/")[2]: Ask("GET", f"{urls[service]}{path}")
            for service, path in (
                ("catalog", f"/datasets/{left}"),
                ("compute", "/applications"),
                ("intake", "/projects?limit=10"),
            )
        },
    }


def _measure(name: str, ask: Ask | None, token: str, probes: Sequence[Ask], other: str) -> None:
    """Print how long the other member's requests took beside the flood, and what became of it."""
    answered: multiprocessing.Queue[Counter[int]] = multiprocessing.Queue()
    over = multiprocessing.Event()
    flood = multiprocessing.Process(target=_flood, args=(ask, token, over, answered))
    if ask:
        flood.start()
        time.sleep(2)
    took, statuses = asyncio.run(_probe(probes, other))
    over.set()
    counted = answered.get() if ask else Counter[int]()
    if ask:
        flood.join()
    print(f"  beside {name}: the flood was answered {dict(counted)}")
    for probe, seconds in zip(probes, took, strict=True):
        path = "/" + probe.url.split("/", 3)[3].partition("?")[0]
        # Of the few that are answered beside a flood that holds everything, the longest is both.
        _, *cuts = statistics.quantiles([*seconds, max(seconds)], n=100, method="inclusive")
        print(
            f"    {probe.method} {path[:40]:<40} {len(seconds):3} times: p50 {cuts[48]:6.3f} s"
            f"  p99 {cuts[97]:6.3f} s  longest {max(seconds):6.3f} s",
            flush=True,
        )
    print(f"    answered {dict(statuses)}", flush=True)


async def _probe(probes: Sequence[Ask], token: str) -> tuple[list[list[float]], Counter[int]]:
    took: list[list[float]] = [[] for _ in probes]
    statuses = Counter[int]()
    async with _session(token) as http:
        ends = time.monotonic() + SECONDS
        for _ in range(PROBES):
            for probe, seconds in zip(probes, took, strict=True):
                began = time.perf_counter()
                statuses[await probe.send(http)] += 1
                seconds.append(time.perf_counter() - began)
            if time.monotonic() > ends:
                break
            await asyncio.sleep(0.05)
    return took, statuses


def _flood(ask: Ask, token: str, over: Any, answered: Any) -> None:
    answered.put(asyncio.run(_ask_without_pause(ask, token, over)))


async def _ask_without_pause(ask: Ask, token: str, over: Any) -> Counter[int]:
    statuses = Counter[int]()

    async def ask_again() -> None:
        while not over.is_set():
            try:
                statuses[await ask.send(http)] += 1
            except (aiohttp.ClientError, TimeoutError):
                statuses[0] += 1

    async with _session(token) as http:
        await asyncio.gather(*(ask_again() for _ in range(AT_ONCE)))
    return statuses


def _session(token: str) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=60),
    )


if __name__ == "__main__":
    main()
