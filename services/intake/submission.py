"""What holds before a project is saved: it may be sent again, and its code runs."""

import json
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

from shared.aggregate import Aggregate, new_id
from shared.engine.applications import traits_of, with_choices
from shared.errors import Invalid, Unavailable
from shared.events.event import Treatment
from shared.inbound import Body, IdempotencyKey, fingerprint
from shared.messaging.client import ServiceProxy
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


_AWAY = (
    "Le code n'a pas été essayé : le service de calcul ne répond pas. L'essai du projet le fera"
    " tourner."
)


def check_code(
    compute: ServiceProxy, treatment: Treatment | None, member_id: str, at: str = ""
) -> tuple[str, ...]:
    """Return why a member's code was not tried, in French; nothing if it was, or there is no code.

    Raises Invalid, naming the line, for code that cannot run; its field begins with `at`. Nothing
    waits for compute: while it does not answer, what it checks later tells as much.
    """
    if treatment is None or not any(traits_of(step).runs_code for step in treatment.steps):
        return ()
    try:
        untried = compute.check_code(with_choices(treatment).model_dump(mode="json"), member_id)
        return tuple(dict.fromkeys(str(remark["message"]) for remark in untried))
    except Unavailable:
        return (_AWAY,)
    except Invalid as fault:
        raise Invalid(fault.args[0], f"{at}{fault.field}") from fault
