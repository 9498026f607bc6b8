"""What every event is: a fact, named in the past tense, that a service publishes."""

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: compared by content, never changed, tolerant of fields of a later version."""

    # JSON has no infinity: it would reach the listeners as null, which they cannot read.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Event(Frozen):
    """A fact that a service publishes about what it owns."""

    source: ClassVar[str] = ""
    topic: ClassVar[str] = ""

    def __init_subclass__(cls, source: str = "", **kwargs: Any) -> None:  # noqa: ANN401
        super().__init_subclass__(**kwargs)
        cls.source = source
        cls.topic = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        if source:
            REGISTRY[cls.topic] = cls


REGISTRY: dict[str, type[Event]] = {}
"""Every event by its topic, the snake_case of its class name and its routing key."""
