"""What is answered while the two processes of the catalog restart in turn, as a balancer sees it.

It asks in turn those whose `/readyz` was green half a second ago at the latest, and the other one
where a process takes no connection. The goal is that each answer is a 200.
"""

import os
import signal
import statistics
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Self

import httpx

from deploy.demo.story import wait
from shared.auth import issue_token
from tests.benchmarks.doors import prepared
from tests.chaos.lab import Lab

PROGRAMS = ("catalog", "catalog-2")
_LOOK_SECONDS, _START_SECONDS, _TIMEOUT_SECONDS = 0.5, 300, 60


class Balancer:
    """Asks for pages of the catalogue, one after the other, until it is stopped."""

    def __init__(self, addresses: dict[str, str], paths: list[str], token: str) -> None:
        self._addresses, self._paths, self._token = addresses, paths, token
        self.is_red = dict.fromkeys(addresses, True)
        self.statuses, self.seconds = Counter[int](), list[float]()
        self._stopping = Event()
        self._threads = [Thread(target=target) for target in (self._watch, self._ask)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            for program, address in self._addresses.items():
                self.is_red[program] = self._status(f"{address}/readyz") != 200

    def _ask(self) -> None:
        number = 0
        while not self._stopping.wait(0.02):
            number += 1
            began = time.perf_counter()
            self.statuses[self._answered(number)] += 1
            self.seconds.append(time.perf_counter() - began)

    def _answered(self, number: int) -> int:
        """The status of the first process that takes the connection; 0 where none does."""
        path = self._paths[number % len(self._paths)]
        in_turn = sorted(PROGRAMS, reverse=bool(number % 2))
        statuses = (
            self._status(self._addresses[program] + path)
            for program in sorted(in_turn, key=self.is_red.__getitem__)
        )
        return next(filter(None, statuses), 0)

    def _status(self, url: str) -> int:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            return httpx.get(url, headers=headers, timeout=_TIMEOUT_SECONDS).status_code
        except httpx.TransportError:
            return 0


def main() -> None:
    """Fill a catalogue, then restart its processes beside who asks."""
    print(f"\nrestarts: {__doc__.splitlines()[0] if __doc__ else ''}")
    with TemporaryDirectory(prefix="dl-") as home:
        lab = Lab(Path(home), workers=len(PROGRAMS))
        with lab.up():
            asks = prepared(lab, Path(home))
            plan = lab.stack.plan
            token = issue_token(plan.keys.private, "mbr_other", ["holder"], timedelta(hours=1))
            urls = (asks["pages"].url, next(iter(asks["small"].values())).url)
            paths = ["/" + url.split("/", 3)[3] for url in urls]
            addresses = {program: plan.url(program) for program in PROGRAMS}
            with Balancer(addresses, paths, token) as balancer:
                for program in PROGRAMS:
                    restart(program, lab, balancer.is_red)
    *_, p99 = statistics.quantiles(balancer.seconds, n=100, method="inclusive")
    print(
        f"  answered {dict(balancer.statuses)}: p50 {statistics.median(balancer.seconds):.3f} s"
        f"  p99 {p99:.3f} s  longest {max(balancer.seconds):.3f} s"
    )


def restart(program: str, lab: Lab, is_red: dict[str, bool]) -> None:
    """Stop a process once all are green, and wait until its successor is."""

    def are_green() -> bool:
        return not any(is_red.values())

    wait("all processes are green", are_green, _START_SECONDS)
    os.kill(lab.stack.pid(program), signal.SIGTERM)
    began = time.monotonic()

    wait(f"{program} is red", lambda: is_red[program], _START_SECONDS)
    wait(f"{program} is green again", are_green, _START_SECONDS)
    print(f"  {program}: green again after {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
