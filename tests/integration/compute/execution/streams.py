"""Streams of a job's events, as who follows it reads them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3

from tests.integration.compute.lab import OWNER, Lab
from tests.servers import PATIENCE_SECONDS, RunningService

Event = tuple[str, str, Any]


@contextmanager
def followed(
    lab: Lab, compute: RunningService, job: str, member: str = OWNER, **headers: str
) -> Iterator[urllib3.BaseHTTPResponse]:
    """An open stream of a job's events."""
    answer = urllib3.PoolManager(retries=False, timeout=PATIENCE_SECONDS).request(
        "GET",
        f"{compute.url}/jobs/{job}/events",
        headers={"Authorization": f"Bearer {lab.token(member, 'owner')}", **headers},
        preload_content=False,
    )
    try:
        yield answer
    finally:
        answer.close()


def events(answer: urllib3.BaseHTTPResponse) -> Iterator[Event]:
    """Kind, id and data of each event as it comes."""
    fields: dict[str, str] = {}
    for line in answer:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if not name and fields.get("event"):
            yield fields.pop("event"), fields["id"], json.loads(fields["data"])
        elif name:
            fields[name] = value
