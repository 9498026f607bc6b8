"""What an owner declares to be no personal data though screening found it, and what that lifts.

What was found stays as it was seen. The owner's word alone lifts what is doubtful, in a table in
which nothing else is left: names may be those of streets or ships, and nobody knows better than
who owns the data. All else needs the word of somebody of the lab's staff: surer findings, names
beside them (an illness, a birth, a home), what others' restricted data was made into, and what the
staff refused once of this data or, of the same owner, of data like it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from shared.aggregate import now
from shared.engine.tables.manifest import Profile
from shared.engine.tables.privacy import UNEXAMINED, Finding, Privacy
from shared.errors import Invalid, WrongStage
from shared.events.event import DeclarationAnswer, Frozen
from shared.words import french_date, french_list, quoted

_ONE, _MANY = "n'est pas une donnée personnelle", "ne sont pas des données personnelles"
_ANSWERED: dict[DeclarationAnswer, str] = {
    "confirm": "Le Datalab le confirme",
    "refuse": "Le Datalab ne le suit pas",
    "withdraw": "Le propriétaire est revenu sur cette déclaration",
}
_MOST = 50
"""Declarations of one version that are kept."""

_WAITS = "Sans la confirmation du Datalab, rien n'en dépend"


class NotPersonal(Frozen):
    """What the owner declares of one version, and what the lab's staff says of that.

    `findings` are those of the screening that it is about, as they were. With `needs_word` it lifts
    nothing before somebody of the staff confirms it.
    """

    version: int = Field(description="of the dataset, that it was declared of")
    findings: tuple[Finding, ...]
    reason: str = Field(description="the owner's, in French: reviewers and owners read it")
    declared_by: str
    declared_at: datetime
    needs_word: bool = False
    answer: DeclarationAnswer | None = None
    answered_by: str = ""
    answered_at: datetime | None = None
    answer_reason: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return tuple(dict.fromkeys(one.column for one in self.findings))

    @property
    def mark(self) -> tuple[int, datetime]:
        """What tells it from others, in whichever version it stands."""
        return self.version, self.declared_at

    @property
    def about(self) -> dict[str, Any]:
        """What events tell of it."""
        kinds = tuple(one.kind for one in self.findings)
        columns = tuple(one.column for one in self.findings)
        return {"version": self.version, "columns": columns, "kinds": kinds}

    @property
    def holds(self) -> bool:
        """Whether it lifts what was found."""
        return self.answer == "confirm" or (self.answer is None and not self.needs_word)

    @property
    def may_come(self) -> bool:
        """Whether it holds, or may still come to."""
        return self.answer in {"confirm", None}

    def lifts(self, finding: Finding) -> bool:
        """Whether it is about a column in which now this is found: as much as then, or less."""
        return any(_is_alike(one, finding) for one in self.findings)

    def is_open_about(self, columns: Collection[str]) -> bool:
        """Whether something may still be answered to it, and it is about one of the columns.

        When none is named it is about any.
        """
        return self.may_come and (not columns or bool({*columns} & {*self.columns}))

    def repeats(self, before: Self) -> bool:
        """Whether that said the same of the same, and was neither refused nor taken back."""
        mine, known = (self.findings, self.reason), (before.findings, before.reason)
        return mine == known and before.may_come

    def asking_staff(
        self, known: Iterable["NotPersonal"], left: Privacy, *, is_barred: bool
    ) -> Self:
        """The same, which needs the staff's word where the owner's is not enough.

        `known` are all declarations of before, `left` is what they leave of what was found;
        `is_barred` tells that it needs the word for another reason.
        """
        refused = [one for one in known if one.answer == "refuse"]
        was_refused = any(before.lifts(one) for before in refused for one in self.findings)
        is_sure = any(not one.is_doubtful for one in (*self.findings, *left.findings))
        return self.model_copy(update={"needs_word": is_sure or is_barred or was_refused})

    def in_doubt(self) -> Self:
        """The same, which lifts nothing any more unless the staff has confirmed it."""
        return self if self.answer else self.model_copy(update={"needs_word": True})

    def answered(self, answer: DeclarationAnswer, by: str, reason: str) -> Self:
        """The same with that answer; saying it again changes nothing.

        Raises WrongStage for one that was taken back or refused.
        """
        if self.answer == answer:
            return self
        if not self.may_come:
            raise WrongStage("cette déclaration est déjà refusée ou retirée")
        said = {"answer": answer, "answered_by": by, "answered_at": now(), "answer_reason": reason}
        return self.model_copy(update=said)

    def in_french(self) -> str:
        """What the owner says and why, and what came of it, as reviewers and owners read it."""
        day = french_date(self.declared_at.date().isoformat())
        said = (
            f"Le propriétaire déclare {self._what()} : {quoted(self.reason)}"
            f" ({day}, version {self.version})."
        )
        told = _ANSWERED[self.answer] if self.answer else _WAITS * self.needs_word
        why = f" : {quoted(self.answer_reason)}" if self.answer_reason else ""
        return f"{said} {told}{why}." if told else said

    def _what(self) -> str:
        if any(one.kind == UNEXAMINED for one in self.findings):
            return "qu'il ne s'y trouve pas de données personnelles"
        columns = french_list([one.in_french for one in self.findings])
        return f"que {columns} {_ONE if len(self.findings) == 1 else _MANY}"

    def without_content(self) -> Self:
        """What stays of it when the dataset is deleted: who said it, and when."""
        return self.model_copy(update={"findings": (), "reason": "", "answer_reason": ""})


def findings_of(privacy: Privacy | None, columns: Iterable[str]) -> tuple[Finding, ...]:
    """What was found in these columns; raises Invalid, in French, where nothing was."""
    found = privacy.findings if privacy else ()
    wanted = {*columns}
    if missing := sorted(wanted - {one.column for one in found}):
        names = french_list([quoted(one) for one in missing])
        raise Invalid(f"rien n'a été repéré dans {names}", "columns")
    return tuple(one for one in found if one.column in wanted)


def added_to(known: Sequence[NotPersonal], said: NotPersonal) -> tuple[NotPersonal, ...]:
    """The declarations with one more; one of the same that nobody answered is replaced.

    Raises WrongStage where there are too many.
    """
    kept = [one for one in known if one.answer or one.findings != said.findings]
    if len(kept) >= _MOST:
        raise WrongStage(f"cette version porte déjà {len(kept)} déclarations")
    return (*kept, said)


def lifted(declarations: Iterable[NotPersonal], privacy: Privacy) -> Privacy:
    """What a table tells about persons, without what declarations that hold are about."""
    valid = [one for one in declarations if one.holds]
    return privacy.without(
        [found for found in privacy.findings if any(one.lifts(found) for one in valid)]
    )


def still_true(
    declarations: Iterable[NotPersonal], before: Profile, after: Profile
) -> Iterator[NotPersonal]:
    """Those that a newer version takes over: no column is new, and nothing more is found.

    Neither elsewhere, nor more surely, nor in more rows.
    """
    is_same_table = {one.name for one in after.columns} <= {one.name for one in before.columns}
    known, found = (one.privacy.findings if one.privacy else () for one in (before, after))
    if is_same_table and all(any(_is_no_more(old, new) for old in known) for new in found):
        yield from (one for one in declarations if one.may_come)


def _is_no_more(known: Finding, found: Finding) -> bool:
    is_weaker = found.confidence <= known.confidence and found.rows <= known.rows
    return is_weaker and _is_alike(known, found)


def _is_alike(known: Finding, found: Finding) -> bool:
    """Whether it is the same kind in the same column, and doubtful still where it was."""
    is_same = (known.column, known.kind, known.role) == (found.column, found.kind, found.role)
    return is_same and (found.is_doubtful or not known.is_doubtful)
