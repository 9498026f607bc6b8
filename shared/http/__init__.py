"""HTTP for the services: routes, tokens, validated bodies, uploads, problem answers, OpenAPI."""

from shared.http.entrypoint import http
from shared.http.response import paced
from shared.http.route import Call, Download, EventStream, Text
from shared.http.rpc_entrypoint import ANY_MEMBER, BY, HOLDER, MEMBER, OWNER, WholeBody, as_rpc

__all__ = [
    "ANY_MEMBER",
    "BY",
    "HOLDER",
    "MEMBER",
    "OWNER",
    "Call",
    "Download",
    "EventStream",
    "Text",
    "WholeBody",
    "as_rpc",
    "http",
    "paced",
]
