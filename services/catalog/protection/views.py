"""What is shown of protected tables, and of the policy that they are made by."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.catalog.decisions.publication import VersionTables
from shared.engine.contract.policy import ReleasePolicy


class PolicyView(BaseModel):
    """What the owner of restricted data lets be shown, and the tables that are made of that.

    Others than the owner and staff see what is published, and the policy of that.
    """

    policy: ReleasePolicy | None = None
    number: int | None = Field(default=None, description="of the policy, which an agreement names")
    set_by: str | None = None
    set_at: datetime | None = None
    agreed_at: datetime | None = Field(default=None, description="null while it is only tried")
    refusal: str = Field(default="", description="why the last job made no tables, in French")
    waiting: str = Field(
        default="", description="why the latest tables are not published, and until when, in French"
    )
    latest: VersionTables | None = Field(default=None, description="made last, maybe by another")
    published: VersionTables | None = Field(default=None, description="that everybody can read")
    tables_id: str | None = Field(default=None, description="the dataset that they go into")
    close_percent: int | None = Field(
        default=None,
        description="to its owner, of the latest tables with noise: how many of a hundred counts of"
        " `minimum_units` and more are within 10 % of what they should be",
    )
    shows_nothing: bool = Field(
        default=False, description="to its owner: it wants no tables, and each request waits"
    )
    proposal: ReleasePolicy | None = Field(
        default=None, description="to its owner, by the form of the table: where to begin"
    )
