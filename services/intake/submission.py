"""What a sender's key stands for, so that a submission may be repeated."""

import json
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

from shared.aggregate import Aggregate, new_id
from shared.inbound import Body, IdempotencyKey, fingerprint
from shared.store import Store


class Submission(Aggregate):
    """What a key of a sender stands for, and the fingerprint of what was sent with it.

    An id has to sort by time, so it cannot be derived from the key. This document, whose own id
    is made of sender and key, holds it and is written first: whoever comes second, or after a
    crash between the two writes, finds the id and completes or reads that same thing.
    """

    collection: ClassVar[str] = "submissions"
    has_events: ClassVar[bool] = False

    made_id: str
    sha256: str


def claim(store: Store, prefix: str, sender: str, key: IdempotencyKey, body: Body) -> str:
    """The id, after `prefix`, that this sender's `key` stands for; a new one the first time.

    Raises Invalid for a key that was sent with another body.
    """
    submission = Submission(
        id=str(uuid5(NAMESPACE_URL, json.dumps([prefix, sender, key.text]))),
        made_id=new_id(prefix),
        sha256=fingerprint(body),
    )
    kept = store.of(Submission).add(submission)
    key.check_same(kept.sha256, submission.sha256)
    return kept.made_id
