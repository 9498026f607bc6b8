"""RPC by a stock ClusterRpcProxy to a service that answers at once, milliseconds."""

# ruff: noqa: E402 - a contender patches the standard library before it imports

import os
import sys

CALLS = 1_000
WARM_UP = 100

if __name__ == "__main__" and len(sys.argv) > 3:
    os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    import eventlet

    eventlet.monkey_patch()

import json
import statistics
import subprocess
import time

from nameko.containers import ServiceContainer
from nameko.rpc import rpc as stock_rpc
from nameko.standalone.rpc import ClusterRpcProxy

from deploy.queues import declare
from deploy.run import container_config
from shared.messaging import rpc
from shared.messaging.on import Container
from tests.benchmarks.consuming import settings


class Ours:
    """Answers by our `@rpc`."""

    name = "echo"

    @rpc
    def echo(self, value: object) -> object:
        """What was sent."""
        return value


class Stock:
    """Answers by nameko's own `@rpc`."""

    name = "echo"

    @stock_rpc
    def echo(self, value: object) -> object:
        """What was sent."""
        return value


def serve(contender: str, uri: str) -> None:
    """Answer calls until killed."""
    if contender == "ours":
        container = Container(Ours, container_config(settings(uri)))
    else:
        container = ServiceContainer(Stock, {"AMQP_URI": uri, "max_workers": 10})
    container.start()
    print("ready", flush=True)
    container.wait()


def measure(uri: str) -> dict[str, float]:
    """The median and the 99th percentile of many calls, one after the other."""
    seconds: list[float] = []
    with ClusterRpcProxy({"AMQP_URI": uri}, timeout=30) as cluster:
        for _ in range(WARM_UP + CALLS):
            began = time.perf_counter()
            cluster.echo.echo({"project_id": "prj_1"})
            seconds.append(time.perf_counter() - began)
    kept = sorted(seconds[WARM_UP:])
    return {"p50 ms": statistics.median(kept) * 1000, "p99 ms": kept[int(CALLS * 0.99)] * 1000}


def main() -> None:
    """Measure one contender and print its figures as JSON."""
    contender, uri = sys.argv[1:3]
    if len(sys.argv) > 3:
        serve(contender, uri)
        return
    if contender == "ours":
        declare(uri, [Ours], ())
    command = [sys.executable, "-m", "tests.benchmarks.calling", contender, uri, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        print(json.dumps(measure(uri)))
        server.kill()


if __name__ == "__main__":
    main()
