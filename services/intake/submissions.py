"""The keys under which projects and members were sent in: a repeated one finds what it made.

An id has to sort by time, so it cannot be derived from the key itself. A small document with an id
made of sender and key holds it instead, and is written first: whoever comes second, or after a
crash between the two writes, finds the id and completes or reads that same thing.
"""

import hashlib
import json
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

from services.intake.bodies import Body
from shared.aggregate import Aggregate, new_id
from shared.errors import Invalid
from shared.store import Store

_KEY_LENGTH = 255


class Submission(Aggregate):
    """What a key of a sender stands for, and the fingerprint of what was sent with it."""

    collection: ClassVar[str] = "submissions"

    made_id: str
    sha256: str


def claim(store: Store, prefix: str, sender: str, key: str, body: Body) -> str:
    """The id, after `prefix`, that this sender's `key` stands for; a new one the first time.

    Raises Invalid for a key that is empty, too long, or was sent with another body.
    """
    if not isinstance(key, str) or not 1 <= len(key) <= _KEY_LENGTH:
        raise Invalid(f"must be a text of 1 to {_KEY_LENGTH} characters", "Idempotency-Key")
    submission = Submission(
        id=str(uuid5(NAMESPACE_URL, json.dumps([prefix, sender, key]))),
        made_id=new_id(prefix),
        sha256=_fingerprint(body),
    )
    kept = store.of(Submission).add(submission)
    if kept.sha256 != submission.sha256:
        raise Invalid("was sent before with another body", "Idempotency-Key")
    return kept.made_id


def _fingerprint(body: Body) -> str:
    # Without defaults: a field added to the body later leaves older fingerprints as they are.
    sent = json.dumps(body.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(sent.encode()).hexdigest()
