"""HTTP for the services: routes, tokens, validated bodies, uploads, problem answers, OpenAPI."""

from shared.http.entrypoint import http
from shared.http.response import paced
from shared.http.route import Call, Download, EventStream, Text

__all__ = ["Call", "Download", "EventStream", "Text", "http", "paced"]
