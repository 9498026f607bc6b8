"""What owners and operators send to end a dataset."""

from pydantic import Field

from services.catalog.datasets.bodies import Text
from shared.inbound import Body


class NewDeletion(Body):
    """Why a dataset is deleted, as all who used it read."""

    reason: Text = Field(min_length=1, description="in French")
    keep_title: bool = Field(default=True, description="whether its title stays known")


class NewRetirement(Body):
    """Why a dataset is taken out of the catalogue, as all who used it read."""

    reason: Text = Field(min_length=1, description="in French")
