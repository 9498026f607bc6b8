"""Structured logs: one JSON object a line on stderr, with trace and correlation ids."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from shared import trace

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_PASSWORD = re.compile(r"(://[^\s:/@\"]*):[^\s/@\"]+@")
"""A password within an address: a library that fails may quote what it was given."""


class JsonFormatter(logging.Formatter):
    """Formats a record; fields given as `extra=` become fields of the object."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON, exceptions included."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
            **trace.headers(),
            **{key: value for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _PASSWORD.sub(r"\1:***@", json.dumps(line, ensure_ascii=False, default=str))


def configure(service: str, level: str) -> None:
    """Send this process's logs to stderr as JSON; libraries speak from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    for name in ("shared", "services", "deploy"):
        logging.getLogger(name).setLevel(level)
    # kombu shows a stack for every lost connection; `shared.messaging` says so in a line.
    logging.getLogger("kombu.mixins").setLevel(logging.ERROR)
    # A form that breaks off or is wrong is its sender's fault, which the answer tells.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    # nameko logs failed handlers with their arguments; `shared.messaging` logs the outcome itself.
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)
