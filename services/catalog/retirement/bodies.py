"""What owners and operators send to end a dataset."""

from pydantic import Field

from services.catalog.datasets.bodies import Text
from shared.inbound import Body


class NewRetirement(Body):
    """Why a dataset is taken out of the catalogue, as all who used it read."""

    reason: Text = Field(min_length=1, description="in French")
