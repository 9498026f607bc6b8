"""Errors as RFC 9457 problem details: what went wrong, which field, and nothing of the inside."""

import re
from typing import Any

from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response

from shared.errors import LabError, TooMany, Unauthenticated, Unavailable, invalid_of

MEDIA_TYPE = "application/problem+json"
_LONGEST = 500


class Problem(BaseModel):
    """The answer to a request that failed."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = None


def problem_of(error: Exception) -> Problem:
    """The problem that tells a client of `error`; an unexpected one tells only that it happened."""
    if isinstance(error, ValidationError):
        error = invalid_of(error)
    if isinstance(error, LabError):
        return _of_lab_error(error)
    if isinstance(error, HTTPException):
        return problem_of_status(error.code or 500, error.description or error.name)
    return problem_of_status(500, "the fault is in the service; its log has the details")


def problem_of_status(status: int, detail: str) -> Problem:
    """A problem that says no more than its HTTP status and `detail`."""
    title = HTTP_STATUS_CODES.get(status, "Error")
    return Problem(title=title, status=status, detail=detail[:_LONGEST])


def _of_lab_error(error: LabError) -> Problem:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    return Problem(
        type=f"urn:datalab:problem:{name}",
        title=(type(error).__doc__ or "").split("\n")[0].rstrip("."),
        status=error.status,
        detail=str(error.args[0])[:_LONGEST],
        field=getattr(error, "field", "")[:_LONGEST] or None,
    )


def response_of(error: Exception) -> Response:
    """The whole answer to a request that failed with `error`."""
    problem = problem_of(error)
    response = Response(
        problem.model_dump_json(exclude_none=True), problem.status, content_type=MEDIA_TYPE
    )
    response.headers.extend(_headers(error))
    return response


def _headers(error: Exception) -> dict[str, Any]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="datalab"'}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": ", ".join(sorted(error.valid_methods or ()))}
    if isinstance(error, Unavailable) and error.status in {Unavailable.status, TooMany.status}:
        return {"Retry-After": "1"}
    return {}
