"""Which page of a list: what every list of the lab takes in its query."""

from pydantic import BaseModel, ConfigDict, Field

from shared.inbound.identifier import Identifier


class Paging(BaseModel):
    """Where a page starts and how long it is; the query of a list adds its conditions."""

    model_config = ConfigDict(extra="forbid")

    after: Identifier | None = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=100)
