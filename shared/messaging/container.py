"""The service container: runs a method within the trace of the message that caused it."""

import logging
import sys
import time
from typing import Any

from nameko.containers import ServiceContainer, WorkerContext

from shared import trace
from shared.messaging.on import On

log = logging.getLogger(__name__)


class Container(ServiceContainer):
    """nameko's container, with our context, logs and timings around each worker.

    It logs no arguments: they may be somebody's data.
    """

    def _run_worker(self, worker_ctx: WorkerContext, handle_result: Any) -> None:
        data = worker_ctx.data
        token = trace.call.set(data.get("call", ""))
        try:
            with trace.working_on(data.get("correlationid", ""), data.get("traceparent")):
                self._work(worker_ctx, handle_result)
        finally:
            trace.call.reset(token)

    def _work(self, worker_ctx: WorkerContext, handle_result: Any) -> None:
        self._inject_dependencies(worker_ctx)
        self._worker_setup(worker_ctx)
        result, exc_info, began = None, None, time.monotonic()
        try:
            method = getattr(worker_ctx.service, worker_ctx.entrypoint.method_name)
            result = method(*worker_ctx.args, **worker_ctx.kwargs)
        except Exception:  # noqa: BLE001 - the entrypoint decides what a failure means
            exc_info = sys.exc_info()
        if isinstance(worker_ctx.entrypoint, On):
            worker_ctx.entrypoint.seconds.observe(time.monotonic() - began)
        if handle_result is not None:
            result, exc_info = handle_result(worker_ctx, result, exc_info)
        self._worker_result(worker_ctx, result, exc_info)
        self._worker_teardown(worker_ctx)
