"""How a dataset ended: retired by somebody, or deleted."""

from datetime import datetime

from shared.events.event import Frozen


class Retirement(Frozen):
    """Somebody took the dataset out of the catalogue, for good; `reason` is French."""

    retired_by: str
    retired_at: datetime
    reason: str
