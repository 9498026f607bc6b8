"""What reviewers read of a result of others' restricted data, and the ledger of what left before.

Such a result waits for a reviewer, whatever is in it. In the manner of ACRO (Green, Ritchie, Smith
2021) the record names each output, each rule and what it found, in French. Its holder reads none of
it.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from shared.events.event import FileRef, Frozen, Verdict

ENTERPRISES, PERSONS = 3, 11
"""How many units a cell needs at least: of enterprises in any table, of natural persons in tax data
(INSEE, Manuel de protection des tableaux, annexe « Règles »)."""

ENTERPRISE_KEYS, PERSON_KEYS = ("siren", "siret"), ("nir", "identifier")
"""What tells whose a row is: types of columns, and of personal findings."""

_NEARLY_ALL = 0.95

ReleaseVerdict = Literal["released", "suppressed", "held"]
"""What a rule advises: nothing is in the way, some cells should be masked, or no rule can tell."""

RuleName = Literal[
    "units",
    "dominance",
    "p_percent",
    "alike",
    "margins",
    "ledger",
    "selection",
    "rows",
    "opaque",
    "untraced",
    "stops",
    "undecided",
]
"""`units`: too few behind a cell; `alike`: all contributors have the same value; `margins`: other
cells of the result would give it away; `ledger`: earlier releases would; `selection`: the holder
chose whose rows count; `rows`: row by row, as the grant says; `opaque`: figures and files of own
code; `untraced`: made in a way that is not followed; `stops`: a step ends at values that the
holder does not expect; `undecided`: too large to decide."""


class RuleOutcome(Frozen):
    """What one rule found in an output; `told` says it in French."""

    rule: RuleName
    verdict: ReleaseVerdict
    cells: int = Field(default=0, ge=0, description="that the rule looked at")
    failed: int = Field(default=0, ge=0, description="of which it would mask")
    told: str


class OutputRelease(Frozen):
    """One output, and what every rule says of it."""

    name: str = Field(description="of the output, e.g. result.parquet, or a report's part")
    verdict: ReleaseVerdict
    rules: tuple[RuleOutcome, ...] = ()


class ReviewedRow(Frozen):
    """A row of a result: its values as text, and by column the rule and the units of a figure."""

    values: tuple[str | None, ...]
    rules: dict[str, RuleName] = {}
    units: dict[str, int] = {}


class ReviewedTable(Frozen):
    """The first rows of a result as a reviewer reads them, those with figures under a rule first.

    `all_rows` are those of the result, of which `marked_rows` have `marked_cells` under a rule.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[ReviewedRow, ...] = ()
    all_rows: int = 0
    marked_rows: int = 0
    marked_cells: int = 0


class LedgerEntry(Frozen):
    """What a result tells of one version of a restricted dataset, if it is released.

    `file` names the job's internal output with a row for each cell that a row of the dataset is in:
    `row` counts from 1 in the order of its table, `cell` numbers the result's rows, `weight` is how
    often the row counts there, `figures` has a bit for each of `figures` that the cell shows,
    `masked_figures` for each that it shows once cells are masked. `unit`, a number, is the same in
    all versions.
    """

    dataset_id: str
    version: int
    sha256: str = Field(description="of the version's source")
    by: tuple[str, ...] = Field(default=(), description="columns of the result that make its cells")
    columns: tuple[str, ...] = Field(
        default=(), description="columns of the dataset that make its cells"
    )
    filters: str = Field(default="", description="which rows count, in French")
    figures: tuple[str, ...] = Field(description="`count`, `sum(column)`, ... at most 60")
    cells: int = Field(ge=0, description="that show a figure")
    units: int = Field(ge=0, description="behind all cells together")
    unit: str = Field(default="", description="the column that tells units apart; empty: rows")
    minimum_units: int = Field(ge=1)
    file: str


class EarlierRelease(Frozen):
    """An entry of the ledger, where its file of cells lies, and whose result it is of."""

    entry: LedgerEntry
    file: FileRef
    job_id: str = ""
    project_id: str = ""
    is_masked: bool = Field(default=False, description="whether it left with cells masked")


class EarlierCells(Frozen):
    """The same in a job's folder: `path` is that of its file there."""

    entry: LedgerEntry
    path: str
    job_id: str = ""
    project_id: str = ""
    is_masked: bool = False


class ReleaseDifference(Frozen):
    """How a result and one that left before, or may yet, differ in the units that they tell of.

    Of few units, the difference of two figures tells what these have.
    """

    dataset_id: str
    version: int
    earlier_version: int = Field(default=0, description="that the earlier result was made of")
    job_id: str = Field(description="of the earlier result")
    project_id: str
    by: tuple[str, ...] = Field(description="columns that make the cells of the earlier one")
    filters: str = Field(default="", description="which rows count there, in French")
    figures: tuple[str, ...] = Field(description="that both show, or the count")
    is_comparable: bool = Field(
        default=True, description="whether a column says whose the rows of both versions are"
    )
    in_both: int = Field(ge=0, description="units that both tell of")
    only_here: int = Field(ge=0)
    only_there: int = Field(ge=0)

    @property
    def units(self) -> int:
        """Return the smaller of the differences: 0 where both tell of the same units."""
        return min(filter(None, (self.only_here, self.only_there)), default=0)


class ProtectedInput(Frozen):
    """What the rules need to know of an input that holds others' restricted data: in `job.json`.

    `earlier` are entries of the ledger, of all versions.
    """

    dataset_id: str
    version: int
    sha256: str = ""
    title: str = ""
    personal: Verdict = "none"
    minimum_units: int | None = Field(default=None, ge=1, description="as its owner raised it")
    unit: str = Field(default="", description="the column that tells whose a row is, if any does")
    unit_type: str = Field(default="", description="what that holds: siren, siret, nir, ...")
    is_unit_given: bool = Field(
        default=True, description="whether the treatment may read it; the rules always do"
    )
    earlier: tuple[EarlierCells, ...] = ()

    @property
    def minimum(self) -> int:
        """Return how many units a cell needs: never fewer than the rule asks for."""
        are_enterprises = self.unit_type in ENTERPRISE_KEYS and self.personal == "none"
        return max(ENTERPRISES if are_enterprises else PERSONS, self.minimum_units or 0)


class ReleaseRecord(Frozen):
    """Everything that reviewers are told of a job's outputs.

    `verdict` is "held", but in records of before results waited by their form alone.
    """

    verdict: ReleaseVerdict = "held"
    outputs: tuple[OutputRelease, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    differences: tuple[ReleaseDifference, ...] = Field(
        default=(), description="from earlier results of the same data, the smallest first"
    )
    failure: str = Field(
        default="",
        description="why the treatment did not come to its end, in French, of own code with the"
        " last line of its trace",
    )
    masking: str = Field(
        default="",
        description="what is empty in the same result with cells masked, in French; empty where"
        " there is none",
    )

    @property
    def is_held(self) -> bool:
        """Whether a reviewer has to decide before its holder gets the outputs."""
        return self.verdict == "held"


def strictest(verdicts: Iterable[ReleaseVerdict]) -> ReleaseVerdict:
    """Return the verdict on all together: if one is held, all are held."""
    distinct = set(verdicts)
    return (
        "held" if "held" in distinct else "suppressed" if "suppressed" in distinct else "released"
    )


def unit_of(types: Mapping[str, str], personal: Verdict, stated: str = "") -> tuple[str, str]:
    """Return the column that says whose a row is, and its type; empty texts without one.

    `types` are what columns were recognised to hold, by name. Its owner knows it, and `stated` one
    or none; of several others, persons come first.
    """
    if stated in types:
        return stated, types[stated]
    keys = (*PERSON_KEYS, *ENTERPRISE_KEYS) if personal != "none" else ENTERPRISE_KEYS
    for key in keys:
        for name, kind in types.items():
            if kind == key:
                return name, key
    return "", ""


def minimum_of(asked: int | None, valid: float) -> int | None:
    """Return how many units a cell needs, `asked` by the owner or by the column of units.

    Where fewer than nearly all of its rows are `valid` numbers, the others may be persons.
    """
    return asked if valid >= _NEARLY_ALL else max(PERSONS, asked or 0)
