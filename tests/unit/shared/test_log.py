"""A log line is one JSON object that tells everything but secrets."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from shared import log, trace
from shared.log import JsonFormatter

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def record(message: str, *args: object, **fields: Any) -> logging.LogRecord:
    """A warning as a logger makes it."""
    exc_info = fields.pop("exc_info", None)
    log_record = logging.LogRecord("shared.x", logging.WARNING, "x.py", 1, message, args, exc_info)
    vars(log_record).update(fields)
    return log_record


def line(message: str, *args: object, **fields: Any) -> dict[str, Any]:
    """The formatted record, read again."""
    text = JsonFormatter("intake").format(record(message, *args, **fields))
    assert "\n" not in text
    read: dict[str, Any] = json.loads(text)
    return read


@pytest.fixture
def _logging_restored() -> Iterator[None]:
    """Whatever `configure` changes is as before when the test ends."""
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, ("shared", "services", "deploy", "nameko.containers"))]
    levels, handlers = [logger.level for logger in loggers], root.handlers[:]
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_line_says_when_where_and_what() -> None:
    """The fields that every search begins with."""
    read = line("%s of %d", "three", 4)
    assert datetime.fromisoformat(read.pop("time")).utcoffset() is not None
    assert read == {
        "level": "warning",
        "service": "intake",
        "logger": "shared.x",
        "message": "three of 4",
    }


def test_extra_fields_become_fields_of_the_line() -> None:
    """What a log can be searched by is not hidden in a sentence."""
    assert line("an event was parked", event="job_failed", attempt=3).items() >= {
        ("event", "job_failed"),
        ("attempt", 3),
    }


def test_text_of_several_lines_stays_on_one() -> None:
    """A line break in a message cannot forge a second record."""
    assert line('a\n{"level": "error"}\r\u2028b')["message"] == 'a\n{"level": "error"}\r\u2028b'


def test_accents_are_readable() -> None:
    """French reasons are read by people."""
    assert "refusé" in JsonFormatter("intake").format(record("refusé"))


def test_exception_is_inside_the_line() -> None:
    """One record, one line, traceback included."""
    try:
        raise ZeroDivisionError("by zero")  # noqa: TRY301 - a traceback needs a raise
    except ZeroDivisionError:
        read = line("it failed", exc_info=sys.exc_info())
    assert read["exception"].startswith("Traceback (most recent call last):\n")
    assert read["exception"].endswith("ZeroDivisionError: by zero")


def test_work_at_hand_is_named_on_every_line() -> None:
    """The lines of one project, and of one trace, are found across all services."""
    with trace.working_on("prj_1", PARENT):
        read = line("x")
    assert (read["correlationid"], read["traceparent"][:36]) == ("prj_1", PARENT[:36])
    assert "correlationid" not in line("x")


@pytest.mark.parametrize(
    "address",
    [
        "amqp://lab:hunter2@broker:5672/lab",
        "amqps://lab:hunter2@[::1]/lab",
        "mongodb://lab:hunter2@one,two/?tls=true",
        "mongodb+srv://lab:hunter2@documents",
        "amqp://:hunter2@broker",
    ],
)
def test_password_of_an_address_is_masked_wherever_it_stands(address: str) -> None:
    """In the message, in a field, in an exception: a log is read by many."""
    try:
        raise OSError(f"cannot reach {address}")  # noqa: TRY301 - a traceback needs a raise
    except OSError:
        raised = sys.exc_info()
    text = JsonFormatter("intake").format(
        record("no broker at %s", address, error=f"({address!r})", exc_info=raised)
    )
    assert "hunter2" not in text
    assert text.count(":***@") >= 3
    assert json.loads(text)["message"] == "no broker at " + address.replace("hunter2", "***")


@pytest.mark.parametrize(
    "harmless",
    ["https://host:8443/hook/@me", "http://host/a:b@c", "see https://host and mail a:b@c.example"],
)
def test_other_text_is_left_alone(harmless: str) -> None:
    """Masking does not garble what is no secret."""
    assert line(harmless)["message"] == harmless


@pytest.mark.usefixtures("_logging_restored")
def test_configured_process_writes_json_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Our own lines from the chosen level, libraries from warnings on, Python's warnings too."""
    log.configure("intake", "DEBUG")
    logging.getLogger("shared.store").debug("ours")
    logging.getLogger("pymongo").info("theirs, chatty")
    logging.getLogger("pymongo").warning("theirs, worried")
    logging.getLogger("nameko.containers").error("with arguments")
    logging.getLogger("python_multipart.multipart").warning("a sender's broken form")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", UserWarning, stacklevel=1)
    written = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert [read["message"].split(":")[0] for read in written[:2]] == ["ours", "theirs, worried"]
    assert [read["logger"] for read in written[2:]] == ["py.warnings"]
    assert {read["service"] for read in written} == {"intake"}
