"""What requests bring: identifiers, pages of lists, keys of repeated commands, strict JSON."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import from_json

from shared.aggregate import caused_id
from shared.errors import Invalid, Rejected
from shared.events.event import finite

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:@-]{1,200}")
_KEY_LENGTH = 255


def _identifier(value: str) -> str:
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(
            "doit être un identifiant : de 1 à 200 des caractères A-Z a-z 0-9 _ . : @ -"
        )
    return value


Identifier = Annotated[
    str,
    AfterValidator(_identifier),
    Field(json_schema_extra={"pattern": f"^{_IDENTIFIER.pattern}$"}),
]
"""The id of anything, or a cursor, which is one; whether the thing exists is not asked."""


class Body(BaseModel):
    """A request's body or query: refused when a field is unknown rather than half understood."""

    model_config = ConfigDict(extra="forbid")


class Paging(Body):
    """Where a page starts and how long it is; the query of a list adds its conditions."""

    after: Identifier | None = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=100)


@dataclass(frozen=True)
class IdempotencyKey:
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

    def id_for(self, prefix: str, sender: str) -> str:
        """The id of the one thing that `sender` makes with this key."""
        return caused_id(prefix, f"{sender} {self.text}")

    def check_same(self, before: str, sent: str) -> None:
        """Raise Invalid, by that name, when it came with something else before."""
        if before != sent:
            raise Invalid("a déjà servi avec un autre corps", self.name)


def fingerprint(body: BaseModel, *files: str) -> str:
    """A hash of what was sent: a body, and the hashes of its files."""
    # Without defaults: a field added to the body later leaves older fingerprints as they are.
    sent = json.dumps(body.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(" ".join((sent, *files)).encode()).hexdigest()


def parse_json(raw: str | bytes, what: str = "le corps") -> Any:  # noqa: ANN401 - whatever JSON says
    """What `raw` says; Rejected with line and column when it is not JSON, as NaN is not.

    Raises Invalid for what JSON can say and nobody can keep: 1e999 and U+0000.
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Rejected(f"{what} n'est pas du JSON : {error}") from error
    try:
        finite(value)
    except ValueError as error:
        raise Invalid(str(error)) from error
    if _holds_nul(value):
        raise Invalid("un texte ne peut contenir le caractère U+0000", _nul_field(value))
    return value


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _nul_field(value: object) -> str:
    """Where the first text stands that holds U+0000, or the object that has it in a name."""
    if isinstance(value, dict):
        parts = [(name, part) for name, part in value.items() if not _holds_nul(name)]
    else:
        parts = list(enumerate(value)) if isinstance(value, list) else []
    for name, part in parts:
        if _holds_nul(part):
            return f"{name}.{_nul_field(part)}".removesuffix(".")
    return ""
