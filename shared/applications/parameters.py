"""What parameters of applications are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Parameters(BaseModel):
    """What an application can be told; an unknown name is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
