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
from shared.language.french import french_date, french_list, quoted

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
        return tuple(dict.fromkeys(finding.column for finding in self.findings))

    @property
    def mark(self) -> tuple[int, datetime]:
        """What tells it from others, in whichever version it stands."""
        return self.version, self.declared_at

    @property
    def about(self) -> dict[str, Any]:
        """The fields of events about it."""
        kinds = tuple(finding.kind for finding in self.findings)
        columns = tuple(finding.column for finding in self.findings)
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
        """Whether it covers this finding: the same column and kind, and no surer than then."""
        return any(_is_alike(declared, finding) for declared in self.findings)

    def is_open_about(self, columns: Collection[str]) -> bool:
        """Whether it may still be answered, and is about one of the columns.

        When none is named it is about any.
        """
        return self.may_come and (not columns or bool({*columns} & {*self.columns}))

    def repeats(self, before: Self) -> bool:
        """Whether `before` says the same of the same findings, and was not refused or withdrawn."""
        mine, theirs = (self.findings, self.reason), (before.findings, before.reason)
        return mine == theirs and before.may_come

    def asking_staff(
        self, declarations: Iterable["NotPersonal"], left: Privacy, *, is_barred: bool
    ) -> Self:
        """The same, which needs the staff's word where the owner's is not enough.

        `declarations` are all declarations of before, `left` is what they leave of what was found;
        `is_barred` tells that it needs the word for another reason.
        """
        refused = [declaration for declaration in declarations if declaration.answer == "refuse"]
        was_refused = any(before.lifts(finding) for before in refused for finding in self.findings)
        is_sure = any(not finding.is_doubtful for finding in (*self.findings, *left.findings))
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
        fields = {
            "answer": answer,
            "answered_by": by,
            "answered_at": now(),
            "answer_reason": reason,
        }
        return self.model_copy(update=fields)

    def in_french(self) -> str:
        """The declaration, its reason and its outcome, in French, for reviewers and owners."""
        day = french_date(self.declared_at.date().isoformat())
        sentence = (
            f"Le propriétaire déclare {self._what()} : {quoted(self.reason)}"
            f" ({day}, version {self.version})."
        )
        outcome = _ANSWERED[self.answer] if self.answer else _WAITS * self.needs_word
        why = f" : {quoted(self.answer_reason)}" if self.answer_reason else ""
        return f"{sentence} {outcome}{why}." if outcome else sentence

    def _what(self) -> str:
        if any(finding.kind == UNEXAMINED for finding in self.findings):
            return "qu'il ne s'y trouve pas de données personnelles"
        columns = french_list([finding.in_french for finding in self.findings])
        return f"que {columns} {_ONE if len(self.findings) == 1 else _MANY}"

    def without_content(self) -> Self:
        """What stays of it when the dataset is deleted: who said it, and when."""
        return self.model_copy(update={"findings": (), "reason": "", "answer_reason": ""})


def findings_of(privacy: Privacy | None, columns: Iterable[str]) -> tuple[Finding, ...]:
    """The findings in these columns; raises Invalid, in French, for columns without any."""
    findings = privacy.findings if privacy else ()
    column_names = {*columns}
    if missing := sorted(column_names - {finding.column for finding in findings}):
        names = french_list([quoted(name) for name in missing])
        raise Invalid(f"rien n'a été repéré dans {names}", "columns")
    return tuple(finding for finding in findings if finding.column in column_names)


def added_to(
    declarations: Sequence[NotPersonal], declaration: NotPersonal
) -> tuple[NotPersonal, ...]:
    """The declarations with one more, which replaces an unanswered one of the same findings.

    Raises WrongStage where there are too many.
    """
    kept = [
        earlier
        for earlier in declarations
        if earlier.answer or earlier.findings != declaration.findings
    ]
    if len(kept) >= _MOST:
        raise WrongStage(f"cette version porte déjà {len(kept)} déclarations")
    return (*kept, declaration)


def lifted(declarations: Iterable[NotPersonal], privacy: Privacy) -> Privacy:
    """The privacy of a table without the findings that valid declarations lift."""
    valid = [declaration for declaration in declarations if declaration.holds]
    return privacy.without(
        [
            finding
            for finding in privacy.findings
            if any(declaration.lifts(finding) for declaration in valid)
        ]
    )


def still_true(
    declarations: Iterable[NotPersonal], before: Profile, after: Profile
) -> Iterator[NotPersonal]:
    """Those that a newer version takes over: it has no new column, and nothing more is found.

    Neither elsewhere, nor more surely, nor in more rows.
    """
    is_same_table = {column.name for column in after.columns} <= {
        column.name for column in before.columns
    }
    old_findings, new_findings = (
        profile.privacy.findings if profile.privacy else () for profile in (before, after)
    )
    if is_same_table and all(
        any(_is_no_more(old, new) for old in old_findings) for new in new_findings
    ):
        yield from (declaration for declaration in declarations if declaration.may_come)


def _is_no_more(old: Finding, new: Finding) -> bool:
    is_weaker = new.confidence <= old.confidence and new.rows <= old.rows
    return is_weaker and _is_alike(old, new)


def _is_alike(old: Finding, new: Finding) -> bool:
    """Whether column, kind and role are the same, and what was doubtful still is."""
    is_same = (old.column, old.kind, old.role) == (new.column, new.kind, new.role)
    return is_same and (new.is_doubtful or not old.is_doubtful)
