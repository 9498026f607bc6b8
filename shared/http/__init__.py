"""HTTP for the services: routes, tokens, validated bodies, uploads, problem answers, OpenAPI."""

from shared.http.entrypoint import http
from shared.http.route import Call, Download

__all__ = ["Call", "Download", "http"]
