"""What parameters of applications are made of."""

from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Parameters(BaseModel):
    """What an application can be told; an unknown name is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def hash_of(asked: tuple[Parameters, ...]) -> str:
    """Return the SHA-256 of what is worked out of columns, empty for nothing."""
    text = "".join(parameters.model_dump_json() for parameters in asked)
    return sha256(text.encode()).hexdigest() if text else ""
