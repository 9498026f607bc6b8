"""The event that the broker benchmarks carry: a submitted project of about a kilobyte."""

import json
from typing import Any

from shared.aggregate import new_id, now
from shared.events import ProjectSubmitted, wrap
from shared.trace import child_of


def envelope() -> dict[str, Any]:
    """A fresh event on the wire."""
    project_id = new_id("prj")
    event = ProjectSubmitted(
        project_id=project_id,
        holder_id="mbr_agence",
        title="Où les logements sont-ils vacants ?",
        problem="Repérer les intercommunalités où la vacance est la plus forte. " * 6,
        theme="habitat",
        territory=("14", "27", "50", "61", "76"),
        keywords=("logement", "vacance"),
    )
    return wrap(
        event, subject=project_id, sequence=1, number=0, time=now(), traceparent=child_of(None)
    )


def body() -> bytes:
    """The same as bytes."""
    return json.dumps(envelope()).encode()
