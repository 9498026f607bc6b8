"""What the invented rows of a restricted table are drawn from: what everybody may know of it."""

from pydantic import Field

from shared.engine.contract.policy import MadeTables
from shared.events.event import Frozen


class Invention(Frozen):
    """What is known of a table beside its columns; its protected tables are the input's file."""

    seed: str = Field(description="the dataset and its version: the same rows each time")
    rows: int = Field(ge=0, description="that the table has at most, as everybody is told")
    territory: tuple[str, ...] = Field(default=(), description="codes of places that it is about")
    facts: MadeTables | None = Field(default=None, description="of its protected tables, if any")
