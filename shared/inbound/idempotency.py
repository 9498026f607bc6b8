"""The keys that senders repeat with a repeated command, and what was sent with them."""

import hashlib
import json
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel

from shared import trace
from shared.errors import Invalid

_KEY_LENGTH = 255


@dataclass(frozen=True)
class Key:
    """What a sender repeats with a repeated command, and what it calls that."""

    text: str
    name: str = "Idempotency-Key"

    def __post_init__(self) -> None:
        """Raise Invalid, by that name, for a key that is empty or too long."""
        if not 1 <= len(self.text) <= _KEY_LENGTH:
            raise Invalid(f"doit être un texte de 1 à {_KEY_LENGTH} caractères", self.name)

    @classmethod
    def if_any(cls, text: str | None, *name: str) -> Self | None:
        """The key, if the sender gave one."""
        return None if text is None else cls(text, *name)

    @classmethod
    def of_call(cls) -> Self | None:
        """The present RPC call's id: the broker repeats it with the request."""
        return cls.if_any(trace.call.get() or None, "correlation_id")

    def check_same(self, before: str, sent: str) -> None:
        """Raise Invalid, by that name, when it came with something else before."""
        if before != sent:
            raise Invalid("a déjà servi avec un autre corps", self.name)


def fingerprint(body: BaseModel, *files: str) -> str:
    """A hash of what was sent: a body, and the hashes of its files."""
    # Without defaults: a field added to the body later leaves older fingerprints as they are.
    sent = json.dumps(body.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(" ".join((sent, *files)).encode()).hexdigest()
