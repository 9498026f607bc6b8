"""What owners send of what may be shown of their restricted data."""

from pydantic import Field

from shared.engine.contract.policy import PolicyDimension, PolicyMeasure, ReleasePolicy
from shared.inbound import Body


class NewDimension(PolicyDimension, Body):
    """A column that tables are made by, from its coarsest level to its finest."""


class NewMeasure(PolicyMeasure, Body):
    """A column of numbers that is summed; what a row has above the cap counts as the cap."""


class NewPolicy(ReleasePolicy, Body):
    """What may be shown of a restricted dataset, to whoever asks, and made once a version."""

    dimensions: tuple[NewDimension, ...] = Field(min_length=1, max_length=12)
    measures: tuple[NewMeasure, ...] = Field(default=(), max_length=10)

    def plain(self) -> ReleasePolicy:
        """The same as the dataset keeps it."""
        return ReleasePolicy.model_validate(self.model_dump())


class NewAgreement(Body):
    """That the owner saw the tables made by the policy of that number, and lets all see them."""

    number: int = Field(ge=1)
    version: int | None = Field(
        default=None, ge=1, description="of the data, whose tables leave now, also if they wait"
    )
