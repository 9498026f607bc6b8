"""Failures that would tell of others' restricted data: a step fails where a person is.

What its holder sees is the same whether it failed or not: a result that waits for a reviewer, who
reads why in its log. How long it takes is seen; against that stands only who reads the code before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import duckdb

from shared.engine.applications import traits_of
from shared.engine.applications.effect import Effect
from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, quoted
from shared.engine.running.own_code.failures import NotLoaded
from shared.errors import Rejected
from shared.events.event import Step

JOURNAL = "journal.txt"
_LONGEST = 1000

DoneT = TypeVar("DoneT")


def hides(work: Work, number: int) -> bool:
    """Return whether a failure at that step, or after all, would tell of others' restricted data.

    What others fail for in the tables that were given is known of these as a whole. In what a step
    made of them it may be one row that a holder chose.
    """
    inside, chosen = set(work.protected), set[str]()
    for at, step in enumerate(work.steps):
        protected_inputs = inside.intersection(step.inputs.values())
        is_made = not protected_inputs <= {*work.inputs}
        may_choose = bool(protected_inputs) and (traits_of(step).may_fail_by_row or is_made)
        if at == number:
            return may_choose
        if protected_inputs:
            inside.add(step.output)
        if may_choose:
            chosen.add(step.output)
    return bool(chosen)


def is_chosen(work: Work, number: int) -> bool:
    """Return whether the holder may have chosen rows that a step reads, by own tables or a step."""
    chosen = work.inputs.keys() - work.protected.keys() - set(work.published)
    for step in work.steps[:number]:
        if traits_of(step).may_fail_by_row or chosen.intersection(step.inputs.values()):
            chosen.add(step.output)
    return bool(chosen.intersection(work.steps[number].inputs.values()))


@dataclass(frozen=True)
class HiddenFailures:
    """The failures of a treatment that must be hidden; `reasons` holds the first, if any."""

    work: Work
    database: Database
    out: Path
    output_files: list[OutputFile]
    reasons: list[str] = field(default_factory=list)

    def attempt(
        self, number: int, step: Step, do: Callable[[], tuple[Effect, Report]]
    ) -> tuple[Effect, Report]:
        """Return what `do` makes of a step, or a table that stands for it after a failure."""
        done = self.attempted(number, do)
        return done or (Effect({}, is_open=True), self._stand_in(step))

    def attempted(self, number: int, do: Callable[[], DoneT]) -> DoneT | None:
        """Return what `do` makes, None after a failure; raises what may be told."""
        if self.reasons:
            return None
        try:
            return do()
        except NotLoaded:
            raise
        except Exception as error:  # whatever it is, that it happens is what must not be told
            if not hides(self.work, number):
                raise
            self._note(_told(error))
            return None

    @property
    def failure(self) -> str:
        """Return why the treatment did not come to its end, for a reviewer; empty where it did."""
        return "".join(self.reasons)[:_LONGEST]

    def _note(self, why: str) -> None:
        self.reasons.append(why)
        path = self.out / JOURNAL
        path.write_text(f"{why}\n", encoding="utf-8")
        self.output_files.append(
            OutputFile(name=JOURNAL, path=f"out/{JOURNAL}", media_type="text/plain", opaque="log")
        )

    def _stand_in(self, step: Step) -> Report:
        """Make the step's table, of nothing that anybody brought."""
        name = quoted(step.output)
        for kind in ("VIEW", "TABLE"):
            try:
                self.database.execute(f"DROP {kind} IF EXISTS {name}")
            except duckdb.CatalogException:
                continue  # it is of the other kind
        self.database.execute(f"CREATE TABLE {name} AS SELECT 'voir le journal' AS resultat")
        return {
            "application": step.application,
            "output": step.output,
            "rows": {"in": {}, "out": 1},
            "summary": "le traitement n'est pas allé au bout : voir le journal",
        }


def _told(error: Exception) -> str:
    """Return the error in French, with what Python says of it where own code failed."""
    why = str(error) if isinstance(error, Rejected) else f"{type(error).__name__} : {error}"
    messages = [f"Python dit : {note}" for note in getattr(error, "__notes__", ()) if note]
    return ". ".join((why, *messages))
