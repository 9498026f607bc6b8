"""What an owner lets be shown of restricted data: a policy, tried or agreed to, and its tables."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import inf
from typing import Self

from pydantic import Field

from shared.aggregate import LONG_AGO, now
from shared.engine.contract.policy import MadeTables, ReleasePolicy
from shared.errors import WrongStage
from shared.events.event import FileRef, Frozen

YEAR = timedelta(days=365)
_ROUNDING = 1e-9


class Edition(Frozen):
    """Tables that left: of which version, by the policy of which number, in which series, when.

    `rho` is what their noise let be learnt (zCDP); null of exact ones, of which nobody can say.
    """

    version: int
    number: int
    series: str = ""
    left_at: datetime
    rho: float | None = None


def next_edition_at(editions: Iterable[Edition], a_year: int) -> datetime | None:
    """From when on another one may leave by itself, with at most so many in a year; None: never."""
    latest = sorted((edition.left_at for edition in editions), reverse=True)[:a_year]
    if not a_year:
        return None
    return latest[-1] + YEAR if len(latest) == a_year else LONG_AGO


def next_noise_at(editions: Iterable[Edition], rho: float, budget: float) -> datetime:
    """From when on tables that spend `rho` may leave, so that in a year no more than `budget` is.

    Beside exact ones nothing is left of a budget.
    """
    spent = rho
    for edition in sorted(editions, key=lambda edition: edition.left_at, reverse=True):
        spent += inf if edition.rho is None else edition.rho
        if spent > budget * (1 + _ROUNDING):
            return edition.left_at + YEAR
    return LONG_AGO


class VersionTables(Frozen):
    """The protected tables of a version of the data, by the policy of that number; `file`: CSV."""

    version: int
    number: int
    tables: MadeTables
    file: FileRef

    def as_edition(self) -> Edition:
        """The edition that they are when they leave now."""
        return Edition(
            version=self.version,
            number=self.number,
            series=self.tables.policy.series,
            left_at=now(),
            rho=self.rho,
        )

    @property
    def is_for_granted(self) -> bool:
        """Whether only projects with the owner's grant read them."""
        return self.tables.policy.is_for_granted

    @property
    def for_granted(self) -> Self:
        """The same once only projects with the owner's grant read them."""
        policy = self.tables.policy.model_copy(update={"readers": "granted"})
        return self.model_copy(update={"tables": self.tables.model_copy(update={"policy": policy})})

    @property
    def rho(self) -> float | None:
        """What their noise lets be learnt (zCDP); None of exact ones."""
        policy = self.tables.policy
        return policy.edition_budget if policy.is_noisy else None


class Publication(Frozen):
    """A release policy of a dataset's owner, and what was made by it.

    Its owner alone sees the `latest` tables, until it agrees to those of that `number`: then these
    and those of later versions are `leaving` as editions, go into the dataset `tables_id`, and are
    `published` once that was read. Those for everybody go into another than those before that were
    for few. Another policy is tried beside what is published. Once it is
    `removed_at`, nothing is made any more; another begins with the next number.
    """

    policy: ReleasePolicy
    number: int
    set_by: str
    set_at: datetime
    tables_id: str
    agreed_at: datetime | None = None
    removed_at: datetime | None = None
    latest: VersionTables | None = None
    leaving: VersionTables | None = None
    published: VersionTables | None = None
    refusal: str = Field(default="", description="why the last job made no tables, in French")
    close_percent: int | None = Field(
        default=None, description="of the latest tables' large counts with noise, those within 10 %"
    )

    @property
    def agreed_tables(self) -> VersionTables | None:
        """The latest tables, if they are by the policy that its owner agreed to."""
        return self._tables if self.agreed_at else None

    @property
    def waiting_tables(self) -> VersionTables | None:
        """The same until they leave."""
        return self.agreed_tables if self.agreed_tables != self.leaving else None

    @property
    def open_tables(self) -> VersionTables | None:
        """The published tables, if they are for everybody of the lab."""
        tables = self.published
        return tables if tables and not tables.is_for_granted else None

    @property
    def _tables(self) -> VersionTables | None:
        """The latest tables, if they are by the policy of now."""
        return self.latest if self.latest and self.latest.number == self.number else None

    @property
    def files(self) -> tuple[FileRef, ...]:
        """The tables that are kept."""
        return tuple(
            tables.file for tables in (self.latest, self.leaving, self.published) if tables
        )

    def agreed(self, number: int) -> Self:
        """The same once its owner agreed to the tables that it saw by the policy of that number.

        Where these are for few, those of before are at once, too.
        Raises WrongStage where there are none, or another policy was set since.
        """
        if number != self.number or self.removed_at:
            raise WrongStage(
                "ce qui peut être montré a changé depuis : relisez les tableaux, puis acceptez-les"
            )
        if self._tables is None:
            why = f" : {self.refusal}" if self.refusal else ""
            raise WrongStage(f"ces tableaux ne sont pas faits{why}")
        if self.agreed_at:
            return self
        update: dict[str, object] = {"agreed_at": now()}
        if self.policy.is_for_granted:
            # Closing tells nothing, so that it waits for no edition.
            update["leaving"] = self.leaving and self.leaving.for_granted
            update["published"] = self.published and self.published.for_granted
        return self.model_copy(update=update)

    def check_latest(self, version: int) -> None:
        """Raise WrongStage unless the latest tables are of that version."""
        if self.latest is None or self.latest.version != version:
            raise WrongStage(
                f"les tableaux de la version {version} ne sont pas les derniers : relisez-les, puis"
                " acceptez-les"
            )

    def with_tables(
        self, version: int, tables: MadeTables, file: FileRef, close_percent: int | None = None
    ) -> Self:
        """The same with these tables; unchanged where they are by another policy, or no newer."""
        if self.removed_at or tables.policy != self.policy or self._covers(version):
            return self
        latest = VersionTables(version=version, number=self.number, tables=tables, file=file)
        update = {"latest": latest, "refusal": "", "close_percent": close_percent}
        return self.model_copy(update=update)

    def refused(self, version: int, reason: str) -> Self:
        """The same with why no tables were made of that version, unless they were since."""
        if self.removed_at or self._covers(version):
            return self
        return self.model_copy(update={"refusal": reason})

    def with_published(self, file: FileRef) -> Self:
        """The same once the tables in that file can be read by everybody."""
        tables = self.leaving
        is_there = tables is not None and tables.file.sha256 == file.sha256
        return self.model_copy(update={"published": tables}) if is_there else self

    def removed(self) -> Self:
        """The same once nothing is made by it any more."""
        gone = dict.fromkeys(("latest", "leaving", "published", "agreed_at", "close_percent"))
        return self.model_copy(update={**gone, "refusal": "", "removed_at": now()})

    def _covers(self, version: int) -> bool:
        return self._tables is not None and self._tables.version >= version
