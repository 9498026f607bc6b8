"""Answers for the machines that watch a service; they never wait for a worker."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import eventlet
from werkzeug.wrappers import Request, Response

from shared import metrics

_CHECK_SECONDS = 3


def live(_request: Request) -> Response:
    """The process runs and its hub turns."""
    return _json({"alive": True}, 200)


def exposition(_request: Request) -> Response:
    """The metrics in Prometheus text."""
    content_type, body = metrics.exposition()
    return Response(body, content_type=content_type)


class Readiness:
    """Whether requests should come here: every check green and nobody asked us to stop."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    def __call__(self, _request: Request) -> Response:
        """503 with the checks that are red, else 200."""
        checks = {"running": not _is_set(self._config.get("stopping"))}
        for name, check in self._config.get("ready_checks", {}).items():
            checks[name] = _passes(check)
        ready = all(checks.values())
        return _json({"ready": ready, "checks": checks}, 200 if ready else 503)


def _is_set(flag: Any) -> bool:  # noqa: ANN401 - a list or an event
    return bool(flag.is_set() if hasattr(flag, "is_set") else flag)


def _passes(check: Callable[[], bool]) -> bool:
    try:
        with eventlet.Timeout(_CHECK_SECONDS):
            return bool(check())
    except (Exception, eventlet.Timeout):  # noqa: BLE001 - a check that fails is red
        return False


def _json(value: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
