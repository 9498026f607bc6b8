"""What a treatment would make, and of whom its data must be asked, told before it runs."""

from pydantic import Field

from shared.engine.analysis.column_uses import DatasetUse
from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.analysis.remarks import TreatmentCheck
from shared.events.event import Frozen, Step, Treatment


class PlannedTreatment(Treatment):
    """A treatment that may have no steps yet: then it is told which keys its tables have."""

    steps: tuple[Step, ...] = Field(default=(), max_length=10)
    holder_id: str = Field(
        default="", max_length=64, description="whose it would be, as the lab's staff asks it"
    )


class Unmatched(Frozen):
    """Why some values of a key meet nothing; each value counts for one cause."""

    kind: str = Field(
        description="empty, totals, total_label, leading_zero, spelling, other_year, crosswalk,"
        " cedex, no_target, no_code, other_area or unknown"
    )
    values: int = Field(ge=0)
    rows: int | None = None
    examples: tuple[str, ...] = Field(default=(), description="up to three of the values")
    said: str = Field(description="in French")


class MatchedSide(Frozen):
    """A side of a crossing: its rows with a value, those that meet, and why others do not.

    Values are the column's own, also where a crosswalk leads them to others.
    """

    dataset_id: str
    column: str
    via: str = ""
    values: int
    values_met: int | None = Field(default=None, description="distinct values that meet")
    rows: int
    rows_met: int | None
    unmatched: tuple[Unmatched, ...] = ()


class KeyMatch(Frozen):
    """Two keys whose values were compared: those of a step, or such as a step could have.

    `step` is None for proposed ones. Counts are None where they would tell what is in data that the
    asker may not read.
    """

    step: int | None = None
    key: str = Field(description="key space: commune, siren, ...")
    left: MatchedSide | None = None
    right: MatchedSide | None = None
    common: int | None = Field(default=None, description="distinct values in common")
    said: str = Field(description="in French")


class ProposedKey(KeyMatch):
    """A pair of columns by which two datasets may be crossed."""

    left_key: str
    right_key: str
    left_via: str = ""
    right_via: str = ""


class AskedOwner(Frozen):
    """Whose consent the treatment needs, and for which columns."""

    dataset_id: str
    title: str
    owner_id: str
    columns: tuple[str, ...] | None = Field(description="None for all, while they are not known")


class _Known(Frozen):
    """What the catalogue knows of a treatment before it runs, as a member may know it."""

    matches: tuple[KeyMatch, ...] = ()
    proposed: tuple[ProposedKey, ...] = ()
    asked: tuple[AskedOwner, ...] = ()
    reads: tuple[DatasetUse, ...] = Field(
        default=(), description="every dataset that it reads, and what for"
    )
    licence: str = Field(default="", description="of the result; à décider where one must decide")
    obligations: tuple[str, ...] = Field(
        default=(), description="what who publishes the result has to do, in French"
    )
    attribution: str = Field(default="", description="to publish with the result, in French")
    conflict: str = Field(default="", description="why licences do not fit, in French")
    persons: tuple[str, ...] = Field(default=(), description="what data tell of persons, in French")


class KnownPreview(_Known):
    """The same with the tables that it reads."""

    inputs: KnownInputs
    protected: tuple[str, ...] = Field(
        default=(), description="datasets, not the asker's, whose results are checked"
    )


class ResultColumn(Frozen):
    """A column of the result, as far as it is known."""

    name: str
    kind: str = ""
    type: str = Field(default="", description="what it was recognised to hold, if anything")
    unit: str = ""
    key: str = Field(default="", description="the kind of its codes: commune, departement, ...")


class Estimate(Frozen):
    """What the job is likely to take, by what crossings and sums took that were measured.

    Own code, queries and checks of restricted data may take many times as long.
    """

    seconds: float
    memory_bytes: int
    executor: str = Field(
        default="local",
        description="where it runs, `local` or `slurm`; empty where that depends on the size of"
        " data that the asker may not know",
    )
    shards: int = Field(default=1, description="engines that share its rows there")
    shards_seconds: float | None = Field(
        default=None, description="what it takes so, without its wait for machines"
    )


class TreatmentPreview(_Known, TreatmentCheck):
    """What a treatment would make; `rows` is None where nobody can say before it runs."""

    columns: tuple[ResultColumn, ...] = ()
    is_open: bool = Field(description="whether the run may add columns that are not named here")
    rows: int | None = None
    checks: tuple[str, ...] = Field(
        default=(), description="what is checked before the result leaves the lab, in French"
    )
    estimate: Estimate | None = None
