"""Which versions of a dataset are compared, and what the later one changed of the other."""

from typing import NamedTuple, Self

from pydantic import Field

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from shared.auth import Caller
from shared.engine.contract.table_difference import TableComparison, TableDifference
from shared.errors import WrongStage
from shared.inbound import Body


class DifferenceQuery(Body):
    """Which versions are compared."""

    before: int | None = Field(
        default=None, ge=1, alias="from", description="else the one published before the other"
    )
    after: int | None = Field(
        default=None, ge=1, alias="to", description="else the newest that is published"
    )


class DifferenceView(TableDifference):
    """What a version changed of another."""

    since: int = Field(description="number of the version it is compared with")
    version: int


class VersionPair(NamedTuple):
    """Two versions of a dataset, the second beside the first."""

    before: Version
    after: Version

    @classmethod
    def of(cls, dataset: Dataset, query: DifferenceQuery, caller: Caller) -> Self:
        """Those that a query names; raises as `check_downloadable`, WrongStage without a first."""
        after, _ = dataset.check_downloadable(caller, query.after)
        number = query.before
        if number is None:
            earlier = dataset.history.published_before(after.number)
            if earlier is None:
                raise WrongStage(
                    f"{dataset.id} n'a pas de version publiée avant la version {after.number}"
                )
            number = earlier.number
        before, _ = dataset.check_downloadable(caller, number)
        return cls(before, after)

    @property
    def comparison(self) -> TableComparison:
        """How their tables are read: as their columns were described."""
        return TableComparison(
            before=self.before.described_columns, after=self.after.described_columns
        )
