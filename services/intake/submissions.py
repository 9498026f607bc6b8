"""The keys under which projects and members were sent in: a repeated one finds what it made.

An id has to sort by time, so it cannot be derived from the key itself. A small document with an id
made of sender and key holds it instead, and is written first: whoever comes second, or after a
crash between the two writes, finds the id and completes or reads that same thing.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import NAMESPACE_URL, uuid5

from services.intake.bodies import Body
from shared import trace
from shared.aggregate import Aggregate, new_id
from shared.errors import Invalid
from shared.store import Store

_KEY_LENGTH = 255


class Submission(Aggregate):
    """What a key of a sender stands for, and the fingerprint of what was sent with it."""

    collection: ClassVar[str] = "submissions"

    made_id: str
    sha256: str


@dataclass(frozen=True)
class Key:
    """What a sender repeats with a repeated submission, and what it calls that."""

    text: str
    name: str = "Idempotency-Key"

    def __post_init__(self) -> None:
        """Raise Invalid, by that name, for a key that is empty or too long."""
        if not 1 <= len(self.text) <= _KEY_LENGTH:
            raise Invalid(f"must be a text of 1 to {_KEY_LENGTH} characters", self.name)

    @classmethod
    def if_any(cls, text: str | None, *name: str) -> Self | None:
        """The key, if the sender gave one."""
        return None if text is None else cls(text, *name)

    @classmethod
    def of_call(cls) -> Self | None:
        """The present RPC call's id: the broker repeats it with the request."""
        return cls.if_any(trace.call.get() or None, "correlation_id")


def claim(store: Store, prefix: str, sender: str, key: Key, body: Body) -> str:
    """The id, after `prefix`, that this sender's `key` stands for; a new one the first time.

    Raises Invalid for a key that was sent with another body.
    """
    submission = Submission(
        id=str(uuid5(NAMESPACE_URL, json.dumps([prefix, sender, key.text]))),
        made_id=new_id(prefix),
        sha256=_fingerprint(body),
    )
    kept = store.of(Submission).add(submission)
    if kept.sha256 != submission.sha256:
        raise Invalid("was sent before with another body", key.name)
    return kept.made_id


def _fingerprint(body: Body) -> str:
    # Without defaults: a field added to the body later leaves older fingerprints as they are.
    sent = json.dumps(body.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(sent.encode()).hexdigest()
