"""The keys under which submissions were sent: a repeated one finds its project.

A project's id has to sort by time, so it cannot be derived from the key itself. A small document
with an id made of holder and key holds it instead, and is written first: whoever comes second, or
after a crash between the two writes, finds the id and completes or reads that same project.
"""

import hashlib
import json
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

from services.intake.bodies import SubmitProject
from shared.aggregate import Aggregate, new_id
from shared.errors import Invalid
from shared.store import Store

_KEY_LENGTH = 255


class Submission(Aggregate):
    """Which project a key of a holder stands for, and the fingerprint of what was sent with it."""

    collection: ClassVar[str] = "submissions"

    project_id: str
    sha256: str


def claim(store: Store, holder_id: str, key: str, body: SubmitProject) -> str:
    """The id of the project that `key` of this holder stands for, a new one the first time.

    Raises Invalid for a key that is empty, too long, or was sent with another body.
    """
    if not isinstance(key, str) or not 1 <= len(key) <= _KEY_LENGTH:
        raise Invalid(f"must be a text of 1 to {_KEY_LENGTH} characters", "Idempotency-Key")
    submission = Submission(
        id=str(uuid5(NAMESPACE_URL, json.dumps(["submission", holder_id, key]))),
        project_id=new_id("prj"),
        sha256=_fingerprint(body),
    )
    kept = store.of(Submission).add(submission)
    if kept.sha256 != submission.sha256:
        raise Invalid("was sent before with another body", "Idempotency-Key")
    return kept.project_id


def _fingerprint(body: SubmitProject) -> str:
    # Without defaults: a field added to the body later leaves older fingerprints as they are.
    sent = json.dumps(body.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(sent.encode()).hexdigest()
