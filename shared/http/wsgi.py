"""The WSGI application: finds the route, follows the trace, answers, measures, logs."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from shared import metrics, trace
from shared.errors import LabError, NotFound
from shared.http.health import RecentAnswers
from shared.http.problem import problem_of, response_of
from shared.http.request import BadFraming, check_framing

log = logging.getLogger(__name__)

Handler = Callable[..., Response]
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_UNMATCHED = "unmatched"
_FAILED = 500


class App:
    """Serves `handlers`, a mapping of (method, werkzeug pattern) to what answers there.

    `quiet` names the patterns that machines ask for all the time: not worth a log line.
    """

    def __init__(
        self,
        service: str,
        handlers: Mapping[tuple[str, str], Handler],
        quiet: frozenset[str],
        answers: RecentAnswers,
    ) -> None:
        self._service, self._quiet, self._answers = service, quiet, answers
        rules = [
            Rule(pattern, methods=[method], endpoint=handler)
            for (method, pattern), handler in handlers.items()
        ]
        # Host and scheme play no part: the same routes behind every name and proxy.
        self._urls = Map(rules, merge_slashes=False).bind("localhost")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        request, started = Request(environ), time.monotonic()
        pattern, handler, values = self._find(request)
        with trace.working_on(values.get("project_id", ""), request.headers.get("traceparent")):
            response = self._respond(request, partial(handler, request, **values))
            response.headers["Traceparent"] = trace.traceparent.get()
            if _has_unread_body(environ):
                environ["datalab.close"]()
            self._note(request, pattern, response.status_code, time.monotonic() - started)
        return response(environ, start_response)

    def _find(self, request: Request) -> tuple[str, Handler, dict[str, str]]:
        try:
            rule, values = self._urls.match(request.path, request.method, return_rule=True)
        except MethodNotAllowed as error:
            error.description = f"ce chemin n'accepte pas {request.method}"
            return _UNMATCHED, partial(_refuse, error), {}
        except HTTPException:
            return _UNMATCHED, partial(_refuse, NotFound("rien ne répond à ce chemin")), {}
        return rule.rule, rule.endpoint, dict(values)

    def _respond(self, request: Request, handle: Callable[[], Response]) -> Response:
        try:
            check_framing(request.environ)
            return handle()
        except Exception as error:
            if isinstance(error, BadFraming):
                request.environ["datalab.close"]()
            response = response_of(error)
            if response.status_code >= _FAILED and not isinstance(error, LabError):
                log.exception("a request failed", extra={"path": request.path})
            elif response.status_code >= _FAILED:
                log.warning("a request failed: %s", problem_of(error).detail)
            return response

    def _note(self, request: Request, pattern: str, status: int, seconds: float) -> None:
        method = request.method if request.method in _METHODS else "other"
        route = pattern.replace("<", "{").replace(">", "}")
        labels = (self._service, method, route, str(status))
        metrics.http_seconds.labels(*labels).observe(seconds)
        level = logging.DEBUG if pattern in self._quiet else logging.INFO
        if pattern not in self._quiet:
            member = request.environ["datalab.connection"].member
            self._answers.note(member, failed=status >= _FAILED)
        # Never the query string or a header: either may hold a secret.
        log.log(
            level,
            "%s %s",
            method,
            request.path[:200],
            extra={"route": route, "status": status, "seconds": round(seconds, 4)},
        )


def _refuse(error: Exception, _request: Request) -> Response:
    raise error


def _has_unread_body(environ: Mapping[str, Any]) -> bool:
    source = environ["eventlet.input"]
    if source.chunked_input:
        return bool(source.chunk_length != 0)
    return bool(source.position < (source.content_length or 0))


def exposition(_request: Request) -> Response:
    """The metrics in Prometheus text."""
    content_type, body = metrics.exposition()
    return Response(body, content_type=content_type)
