"""What one project may read: a grant for each dataset it asked for, decided by its owners."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self, get_args

from pydantic import Field, computed_field

from services.catalog.access.asking import ProjectFacts, ask, is_answered
from services.catalog.access.grants import UNBOUND, Asked, Conditions, Deadlines, Decision, Grant
from services.catalog.access.obstacles import UNKNOWN, UNKNOWN_ONCE, notes_of, obstacle_of
from services.catalog.datasets.model import Dataset, DatasetsById
from services.catalog.decisions.fingerprint import check_read
from shared import events
from shared.aggregate import LONG_AGO, NEVER, Aggregate, now
from shared.auth import Caller
from shared.endings.redaction import redacted
from shared.errors import Forbidden, Invalid, NotFound, WrongStage
from shared.events.event import Frozen, InputNote, Match, Obstacle, ReadingChange, RecipeMatch
from shared.language.french import french_date, french_list, quoted
from shared.language.labels import REQUEST_STATES

STAFF = "*"
"""Stands beside the owners who may see a request: not every server can ask for "not empty"."""

CATALOG = "catalog"
"""Who decides where no owner has to."""

_UNANSWERED = "Sans réponse dans le délai imparti."
_OPEN = "Données ouvertes."
_BY_TABLES = "Le traitement ne lit que les tableaux protégés que leur propriétaire a publiés."
_IN_PART = "Le traitement se passe des colonnes qui n'étaient pas accordées."
_UNREAD = "Le traitement du projet ne lit plus ces données."


class Proposed(Frozen):
    """A treatment that is proposed: what it would read, and what was told of that."""

    proposal: int
    dataset_ids: tuple[str, ...]
    obstacles: tuple[Obstacle, ...] = ()
    persons: tuple[InputNote, ...] = ()
    changes: tuple[ReadingChange, ...] = ()

    def without(self, dataset_ids: frozenset[str]) -> Self:
        """The same with the notes on these erased datasets redacted."""
        left = {
            name: tuple(
                redacted(note) if note.dataset_id in dataset_ids else note for note in notes
            )
            for name, notes in (
                ("obstacles", self.obstacles),
                ("persons", self.persons),
                ("changes", self.changes),
            )
        }
        return self.model_copy(update=left)


class ProjectAccess(Aggregate):
    """The datasets that fit a project and those it may read; its id is the project's.

    A project that ended (`closed`) gets nothing any more, whichever event comes later: no grant of
    it is open or waits. One whose service lives on after delivery is not closed before that ends.
    `due_at` is `next_due` as it was saved: a document from before there were
    dates is due at once.
    """

    collection: ClassVar[str] = "accesses"
    indexes: ClassVar[tuple[str, ...]] = ("asked_of", "waits_for", "due_at", "waits_since", "needs")

    holder_id: str = ""
    grants: list[Grant] = []
    closed: bool = False
    delivered: bool = False
    due_at: datetime = LONG_AGO
    title: str = ""
    matches: tuple[Match, ...] = ()
    needs: list[str] = Field(default=[], description="datasets it names, its kinds of keys")
    opened: bool = False
    facts: ProjectFacts | None = Field(default=None, description="what it does, why, for whom")
    opened_for: int = Field(default=0, description="the proposal that access was last opened for")
    proposed: Proposed | None = Field(default=None, description="what was last proposed to read")
    reviewed: ProjectFacts | None = Field(
        default=None, description="what a reviewer agreed to last; what was secured, if not known"
    )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def asked_of(self) -> list[str]:
        """The owners who were ever asked, and STAFF."""
        return _with_staff(
            [decider for grant in self.grants if grant.asked for decider in grant.deciders]
        )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_for(self) -> list[str]:
        """The owners whose decision is missing, and STAFF."""
        return _with_staff([decider for grant in self.grants for decider in grant.missing])

    @property
    def reads(self) -> tuple[str, ...]:
        """The ids of the datasets that its treatment reads; none before the treatment is known."""
        return self.facts.reads if self.facts else ()

    @property
    def next_due(self) -> datetime:
        """When `tick` has something to do; NEVER when nothing waits for its time."""
        dates = [grant.due_at for grant in self.grants if not self.closed]
        return min(dates, default=NEVER)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_since(self) -> datetime:
        """When the oldest request without a decision was made; NEVER without one."""
        return min((grant.waits_since for grant in self.grants if grant.missing), default=NEVER)

    def sealed(self, *, time: datetime, traceparent: str, because: str | None) -> Self:
        """A copy to be saved, with the date by which it is found when it is due."""
        self.due_at = self.next_due
        return super().sealed(time=time, traceparent=traceparent, because=because)

    def granted(self, dataset_id: str) -> Grant:
        """The grant that lets the project read that dataset; raises Forbidden without one."""
        grant = self.grant_of(dataset_id)
        if grant is None or grant.state != "granted" or grant.due_at <= now():
            raise Forbidden(f"le projet {self.id} n'a pas accès à {dataset_id}")
        return grant

    def request_for(self, dataset_id: str) -> Grant:
        """The grant that the dataset's owner was asked for; raises NotFound when there is none."""
        grant = self.grant_of(dataset_id)
        if grant is None or not grant.asked:
            raise self._no_request(dataset_id)
        return grant

    def grant_of(self, dataset_id: str) -> Grant | None:
        """The project's grant for that dataset, or None."""
        return next((grant for grant in self.grants if grant.dataset_id == dataset_id), None)

    def match(
        self,
        holder_id: str,
        title: str,
        matches: tuple[Match, ...],
        needs: Iterable[str] = (),
        *,
        recipes: tuple[RecipeMatch, ...] = (),
        brought: tuple[str, ...] = (),
    ) -> None:
        """Keep what fits the project and what it needs; record the matches, even none."""
        self.holder_id, self.title, self.matches = holder_id, title, matches
        self.need(needs)
        fields = {"matches": matches, "recipes": recipes, "brought": brought}
        self.record(events.DatasetsMatched(project_id=self.id, **fields))

    def need(self, needs: Iterable[str]) -> None:
        """Remember datasets and kinds of keys: new data that joins them is of use to it."""
        self.needs = sorted({*self.needs, *needs})

    def tell_inputs(
        self,
        proposal: int,
        obstacles: tuple[Obstacle, ...],
        inputs: DatasetsById,
        changes: tuple[ReadingChange, ...] = (),
    ) -> None:
        """Record what stands between a proposed treatment and its data, and who owns the data.

        Also what that tells about persons, as reviewers have to know, and what is beyond the
        treatment that was reviewed.
        """
        proposed = Proposed(
            proposal=proposal,
            dataset_ids=tuple(sorted(inputs)),
            obstacles=obstacles,
            persons=notes_of(inputs),
            changes=changes,
        )
        self._propose(proposed, inputs)

    def tell_again(self, inputs: DatasetsById) -> None:
        """Record the check again when the notes on persons changed since."""
        if self.proposed and self.says_otherwise(inputs):
            newer = self.proposed.model_copy(update={"persons": notes_of(inputs)})
            self._propose(newer, inputs)

    def says_otherwise(self, inputs: DatasetsById) -> bool:
        """Whether the notes on persons of the last proposal's data differ from those recorded."""
        if self.proposed is None or self.closed:
            return False
        return notes_of(inputs) != self.proposed.persons

    def _propose(self, proposed: Proposed, inputs: DatasetsById) -> None:
        self.proposed = proposed
        owners = {owner for dataset in inputs.values() if dataset for owner in dataset.insiders}
        self.record(
            events.InputsChecked(
                project_id=self.id,
                proposal=proposed.proposal,
                obstacles=proposed.obstacles,
                # Also of what is open: none of them reviews the project.
                owners=tuple(sorted(owners)),
                persons=proposed.persons,
                changes=proposed.changes,
            )
        )

    def secure(
        self,
        holder_id: str,
        datasets: DatasetsById,
        deadlines: Deadlines,
        facts: ProjectFacts | None = None,
    ) -> None:
        """Ask for every dataset of `datasets`, None being one that the catalogue does not know.

        The holder's own and open data is granted at once; restricted data waits for its owner, and
        a result also for those whose restricted data went into it, as long as `deadlines` allow. So
        does open data that is not published: its owner may be the one who keeps it back. Unknown
        data is refused, and then nobody is asked. An ended project asks for nothing.
        """
        if self.closed:
            return
        self.holder_id = holder_id
        self._learn(facts)
        self.need(datasets)
        new = {
            dataset_id: dataset
            for dataset_id, dataset in datasets.items()
            if self.grant_of(dataset_id) is None
        }
        unknown = [dataset_id for dataset_id, dataset in new.items() if dataset is None]
        for dataset_id in unknown or new:
            self._add_grant(dataset_id, datasets, deadlines)
        self._open_if_all_granted()

    def change_treatment(
        self,
        facts: ProjectFacts,
        datasets: DatasetsById,
        deadlines: Deadlines | None = None,
        *,
        is_reviewed: bool = False,
    ) -> ProjectFacts | None:
        """Take in a changed treatment: owners are asked where it reads or shows more.

        What reads no more of a dataset and shows nothing finer goes on. Returns what a reviewer
        agreed to last, None for an older treatment that comes late, which changes nothing.
        """
        if self.closed or (self.facts and facts.proposal < self.facts.proposal):
            return None
        self.reviewed = facts if is_reviewed else self.reviewed or self.facts or facts
        self._learn(facts)
        read = {dataset_id: datasets[dataset_id] for dataset_id in facts.reads}
        self.need(read)
        for grant in self.grants:
            if grant.dataset_id not in read and grant.state == "requested":
                grant.asked_for = None
                self._refuse(grant, CATALOG, _UNREAD)
        for dataset_id in read:
            if self.grant_of(dataset_id) is None:
                self._add_grant(dataset_id, read, deadlines or Deadlines())
        for dataset in filter(None, read.values()):
            self.ask_again(dataset, read)
            if dataset.answering_tables:
                self.reconsider(dataset, read)
        self.ask_otherwise(read)
        return self.reviewed

    def ask_otherwise(self, datasets: DatasetsById) -> None:
        """Ask the owners for whom the treatment is different now; `datasets` is what it reads."""
        for grant in self.grants:
            dataset = datasets.get(grant.dataset_id)
            if grant.asked and dataset and not dataset.retirement and not self.closed:
                self._ask_for(grant, datasets)
        self._open_if_all_granted()

    def note_review(self, proposal: int) -> None:
        """A reviewer agreed to the treatment as it is."""
        if self.facts and self.facts.proposal == proposal:
            self.reviewed = self.facts

    def asks_otherwise(self, datasets: DatasetsById) -> bool:
        """Whether the treatment is different for some owner, given the data as it is now."""
        facts = self.facts
        return facts is not None and any(
            ask(facts, grant.dataset_id, datasets).fingerprint != grant.asked_for.fingerprint
            for grant in self.grants
            if grant.asked_for and datasets.get(grant.dataset_id) and not self.closed
        )

    def was_unknown(self, dataset: Dataset) -> bool:
        """Whether the project was told that there is no such dataset, which its holder knows now.

        What is not published is as unknown to others as what does not exist.
        """
        grant = self.grant_of(dataset.id)
        if grant is None or self.closed or grant.state != "refused":
            return False
        if grant.decided_by != CATALOG or grant.reason not in (UNKNOWN, UNKNOWN_ONCE):
            return False
        return dataset.may_be_known_to(Caller(self.holder_id, frozenset()))

    def find_after_all(self, dataset: Dataset, datasets: DatasetsById) -> None:
        """Ask for a dataset that was unknown, and for those not asked for because of it."""
        grant = self.grant_of(dataset.id)
        if grant is None or not self.was_unknown(dataset):
            return
        self.grants.remove(grant)
        self.secure(self.holder_id, datasets, grant.patience, self.facts)

    def can_reconsider(self, dataset: Dataset, datasets: DatasetsById | None = None) -> bool:
        """Whether a grant waits for what the dataset has become: published, open, or tables."""
        grant = self.grant_of(dataset.id)
        if grant is None or self.closed or not dataset.published:
            return False
        return bool(grant.obstacle) or self._needs_nobody(grant, dataset, datasets)

    def reconsider(self, dataset: Dataset, datasets: DatasetsById | None = None) -> None:
        """Take in that a dataset was published or opened: open data needs no decision.

        Its columns are known now (`datasets` are all datasets of the treatment): who is asked for
        more than before is asked anew.
        """
        grant = self.grant_of(dataset.id)
        if grant is None or not self.can_reconsider(dataset, datasets):
            return
        grant.obstacle = ""
        if self._needs_nobody(grant, dataset, datasets):
            taken_back = grant.ended_at, grant.ended_by, grant.end_reason
            grant.free()
            self._grant(grant, CATALOG, self._why_free(dataset))
            # What was made of rows before is no freer than it was.
            grant.ended_at, grant.ended_by, grant.end_reason = taken_back
        elif datasets:
            self._ask_for(grant, datasets)
        self._open_if_all_granted()

    def decide(
        self,
        dataset_id: str,
        decider: str,
        decision: Decision,
        reason: str,
        conditions: Conditions = UNBOUND,
        *,
        fingerprint: str = "",
    ) -> None:
        """Apply a decider's decision; what it refused or took back it may grant later.

        The request is granted once all consent, and refused as soon as one refuses, until that one
        grants; what is granted ends as soon as one takes its consent back. Saying the same again
        changes nothing; granting again on other conditions replaces the decider's own. A grant is
        for what was shown: it names the `fingerprint` of that. Raises NotFound without such a
        request and for anybody but its deciders, Invalid without the fingerprint, WrongStage when
        something else is asked since, the project ended or the state has no such decision.
        """
        grant = self.request_for(dataset_id)
        if decider not in grant.deciders:
            raise self._no_request(dataset_id)
        already_holds = grant.already_holds(decider, decision, conditions)
        if not already_holds:
            self._check_decision(grant, decision, conditions, fingerprint)
        grant.answer(decider, decision, conditions)
        if already_holds:
            return
        if decision == "grant":
            self._consent(grant, decider, reason)
        elif decision == "refuse":
            self._refuse(grant, decider, reason)
        else:
            self._revoke(grant, decider, reason)

    def tick(self, time: datetime) -> None:
        """Do what is due at `time`; once done it is not due again.

        Those who did not answer are reminded once, then asked no longer; a grant ends after the
        last day that its deciders named.
        """
        for grant in self.grants:
            if self.closed or grant.due_at > time:
                continue
            if grant.state == "granted":
                last_day = french_date(grant.until or "")
                grant.lapse(time)
                self._revoke(grant, CATALOG, f"L'accès était accordé jusqu'au {last_day}.")
            elif grant.reminded_at is None:
                self._remind(grant, time)
            else:
                self._expire(grant)

    def close(self, reason: str) -> None:
        """Close the project: it reads nothing any more, and its open requests end.

        `reason`, in French, says how it ended; what owners decided before stays readable.
        """
        self.closed = True
        for grant in self.grants:
            if grant.state in ("requested", "granted"):
                grant.end("", reason)

    def deliver(self, reason: str) -> None:
        """Keep what the delivered service may go on reading, and end all else; close without any.

        Once closed, it stays so. `reason` is French.
        """
        ended = [
            grant
            for grant in self.grants
            if grant.state in ("requested", "granted") and not grant.outlives_delivery
        ]
        for grant in ended:
            grant.end("", reason)
        if lacking := tuple(grant.dataset_id for grant in ended if grant.dataset_id in self.reads):
            self.record(events.ServiceAccessEnded(project_id=self.id, dataset_ids=lacking))
        self.needs = sorted({grant.dataset_id for grant in self.grants})
        self.delivered = True
        self.closed = self.closed or not any(grant.state == "granted" for grant in self.grants)

    def end_dataset(self, dataset_id: str, reason: str) -> None:
        """Refuse what is asked of a retired dataset, and end what was granted of it."""
        grant = self.grant_of(dataset_id)
        if grant is None or self.closed:
            return
        if grant.state == "requested":
            self._refuse(grant, CATALOG, reason)
        elif grant.state == "granted":
            self._revoke(grant, CATALOG, reason)

    def count_use(self, dataset_id: str, job_id: str = "") -> None:
        """Count one use of a granted dataset, a job's once; raises Forbidden without a grant."""
        self.granted(dataset_id).count_use(job_id)

    def must_ask_again(self, dataset: Dataset, datasets: DatasetsById | None = None) -> bool:
        """Whether data was granted without asking anybody, and now somebody has to be asked.

        Its owner restricted it since, or the treatment is no longer answered by its tables.
        """
        grant = self.grant_of(dataset.id)
        was_free = grant is not None and grant.state == "granted" and not grant.asked
        # Of tables that were for all, others are asked for now: their source.
        return was_free and not dataset.tables_of and self._deciders(dataset, datasets) != []

    def ask_again(self, dataset: Dataset, datasets: DatasetsById | None = None) -> None:
        """Ask the deciders of data that was granted without them."""
        if self.must_ask_again(dataset, datasets):
            grant = self.granted(dataset.id)
            grant.ask_again()
            self._ask_deciders(grant, self._deciders(dataset, datasets), datasets)

    def _deciders(self, dataset: Dataset, datasets: DatasetsById | None = None) -> list[str]:
        """Whose consent the treatment needs: nobody's where tables that all may read answer it."""
        deciders, facts = dataset.deciders(self.holder_id), self.facts
        if not deciders or facts is None or dataset.open_tables is None:
            return deciders
        does = is_answered(facts.treatment, dataset, datasets or {}, self.holder_id)
        return [] if does else deciders

    def _why_free(self, dataset: Dataset) -> str:
        return _OPEN if dataset.metadata.access == "open" else _BY_TABLES

    def decisions(
        self, grant: Grant, member_id: str, dataset: Dataset | None
    ) -> tuple[Decision, ...]:
        """Return which decisions on a grant of that dataset the member may take now.

        None but its deciders may take any, and nobody grants what is retired or not read any more.
        """
        if self.closed or member_id not in grant.deciders:
            return ()
        is_grantable = self._is_read(grant) and not (dataset and dataset.retirement)
        possible = filter(grant.allows, get_args(Decision))
        return tuple(decision for decision in possible if decision != "grant" or is_grantable)

    def _is_read(self, grant: Grant) -> bool:
        return self.facts is None or grant.dataset_id in self.reads

    def taken_back(self, dataset_ids: Iterable[str]) -> str:
        """Why access to one of these was taken away before the project's end; else empty."""
        ended = [grant for grant in map(self.grant_of, dataset_ids) if grant and grant.ended_by]
        return ended[0].end_reason if ended else ""

    def _check_decision(
        self, grant: Grant, decision: Decision, conditions: Conditions, fingerprint: str
    ) -> None:
        if self.closed:
            raise WrongStage("ce projet est terminé")
        if not grant.allows(decision):
            state = REQUEST_STATES[grant.state]
            raise WrongStage(f"cette demande est déjà dans l'état « {state} »")
        if decision == "grant" and self.delivered and not conditions.for_service:
            raise Invalid("ce projet est livré : un accord vaut pour son service", "service")
        if decision == "grant" and not self._is_read(grant):
            raise WrongStage("le traitement du projet ne lit plus ces données")
        if conditions.columns is not None:
            self._check_part(grant, conditions.columns)
        if conditions.any_treatment and grant.asked_for and grant.asked_for.bound.by_tables:
            raise Invalid(
                "un accord pour ce que répondent les tableaux protégés ne vaut pas pour les lignes",
                "treatment",
            )
        # From before anything was shown there is nothing to name.
        if decision == "grant" and grant.asked_for:
            check_read(grant.asked_for.fingerprint, fingerprint)

    @staticmethod
    def _check_part(grant: Grant, columns: tuple[str, ...]) -> None:
        """Raise unless all these columns are among those asked for."""
        if grant.state == "granted":
            raise WrongStage("ces données sont accordées : retirez d'abord l'accord")
        asked = grant.asked_for.reading.columns if grant.asked_for else None
        if unknown := set(columns) - set(asked or ()):
            names = french_list([quoted(column) for column in sorted(unknown)])
            raise Invalid(f"ne sont pas demandées : {names}", "columns")

    def _no_request(self, dataset_id: str) -> NotFound:
        return NotFound.of(f"{self.id}.{dataset_id}")

    def _learn(self, facts: ProjectFacts | None) -> None:
        if facts and (self.facts is None or facts.proposal >= self.facts.proposal):
            self.facts, self.title = facts, facts.title or self.title

    def _ask_deciders(
        self, grant: Grant, deciders: list[str], datasets: DatasetsById | None = None
    ) -> None:
        grant.asked, grant.deciders = True, deciders
        if self.facts and datasets:
            grant.ask_for(ask(self.facts, grant.dataset_id, datasets))
        self._tell_request(grant)

    def _ask_for(self, grant: Grant, datasets: DatasetsById) -> None:
        if self.facts is None:
            return
        is_bound = grant.state == "granted" and grant.asked_for is None
        asked = ask(self.facts, grant.dataset_id, datasets)
        if grant.ask_for(asked):
            self._ask_anew(grant)
        elif is_bound:
            about = {**self._about(grant), "asked": asked.sentences}
            self.record(events.AccessBound(**about, member_ids=grant.others))

    def _ask_anew(self, grant: Grant) -> None:
        """Ask those whose consent is missing; when all consented, grant the part they agreed to."""
        if grant.unmet:
            grant.ask_again()
            self._tell_request(grant)
        else:
            self._grant(grant, grant.consents[-1], _IN_PART)

    def _tell_request(self, grant: Grant) -> None:
        asked, facts = grant.asked_for, self.facts
        for decider in grant.unmet:
            self.record(
                events.AccessRequested(
                    **self._about(grant),
                    holder_id=self.holder_id,
                    member_id=decider if decider != grant.owner_id else None,
                    reason=grant.obstacle,
                    holder=facts.holder if facts else None,
                    answer_by=grant.answer_by,
                    **_asked_fields(asked) if asked else {},
                )
            )

    def _grant(self, grant: Grant, decided_by: str, reason: str) -> None:
        grant.settle("granted", decided_by, reason)
        self.record(
            events.AccessGranted(
                **self._about(grant),
                decided_by=decided_by,
                member_ids=grant.others,
                purpose=grant.purpose,
                until=grant.until,
                conditions=grant.wordings,
            )
        )

    def _refuse(
        self, grant: Grant, decided_by: str, reason: str, columns: tuple[str, ...] = ()
    ) -> None:
        """Refuse all that is asked, or only these columns."""
        grant.settle("refused", decided_by, reason)
        fields = {"decided_by": decided_by, "reason": reason, "refused_columns": columns}
        self.record(events.AccessRefused(**self._about(grant), member_ids=grant.others, **fields))

    def _revoke(self, grant: Grant, ended_by: str, reason: str) -> None:
        grant.end(ended_by, reason)
        self.record(
            events.AccessRevoked(**self._about(grant), member_ids=grant.others, reason=reason)
        )

    def _remind(self, grant: Grant, time: datetime) -> None:
        grant.reminded_at = time
        fields = {"member_ids": tuple(grant.missing), "answer_by": grant.answer_by}
        self.record(events.AccessReminded(**self._about(grant), **fields))

    def _expire(self, grant: Grant) -> None:
        grant.settle("expired", CATALOG, _UNANSWERED)
        self.record(
            events.AccessExpired(**self._about(grant), member_ids=grant.others, reason=_UNANSWERED)
        )

    def _about(self, grant: Grant) -> dict[str, str]:
        return {
            "project_id": self.id,
            "dataset_id": grant.dataset_id,
            "owner_id": grant.owner_id,
            # What is not published yet nobody knows of, not even by name.
            "title": "" if grant.obstacle else grant.title,
        }

    def _add_grant(self, dataset_id: str, datasets: DatasetsById, deadlines: Deadlines) -> None:
        dataset = datasets[dataset_id]
        grant = Grant(
            dataset_id=dataset_id,
            title=dataset.metadata.title if dataset else "",
            owner_id=dataset.owner_id if dataset else "",
            state="requested",
            requested_at=now(),
            patience=deadlines,
        )
        self.grants.append(grant)
        if dataset is None:
            self._refuse(grant, CATALOG, UNKNOWN)
            return
        obstacle = obstacle_of(dataset_id, dataset, self.holder_id)
        if obstacle and (dataset.retirement or dataset.is_read_by_source(self.holder_id)):
            self._refuse(grant, CATALOG, obstacle.reason)
            return
        grant.obstacle = obstacle.reason if obstacle else ""
        if deciders := self._deciders(dataset, datasets):
            self._ask_deciders(grant, deciders, datasets)
        elif dataset.owner_id == self.holder_id:
            self._grant(grant, self.holder_id, "Données du porteur du projet.")
        elif obstacle:
            self._ask_deciders(grant, [dataset.owner_id], datasets)
        else:
            self._grant(grant, CATALOG, self._why_free(dataset))

    def _needs_nobody(
        self, grant: Grant, dataset: Dataset, datasets: DatasetsById | None = None
    ) -> bool:
        # What was refused of data stays so, but nobody is kept from tables that all may read.
        said_no = grant.state in ("refused", "revoked") and dataset.deciders(self.holder_id)
        waits = grant.state in ("requested", "expired") or bool(said_no)
        return waits and not self._deciders(dataset, datasets)

    def _consent(self, grant: Grant, decider: str, reason: str) -> None:
        if grant.state == "refused" and grant.decided_by != decider:
            return
        if not grant.unmet and (refused := grant.refused_columns):
            names = french_list([quoted(column) for column in refused])
            without = (
                f"Accordé sans {'la colonne' if len(refused) == 1 else 'les colonnes'} {names}."
            )
            self._refuse(grant, decider, f"{without} {reason}".strip(), refused)
        elif not grant.unmet:
            self._grant(grant, decider, reason)
            self._open_if_all_granted()
        elif grant.state == "refused":
            grant.ask_again()

    def _open_if_all_granted(self) -> None:
        proposal = self.facts.proposal if self.facts else 0
        was_opened = self.opened and self.opened_for >= proposal
        read = [grant for grant in self.grants if not self.facts or grant.dataset_id in self.reads]
        if was_opened or any(grant.state != "granted" or grant.obstacle for grant in read):
            return
        self.opened, self.opened_for = True, proposal
        ids = tuple(grant.dataset_id for grant in read)
        fields = {"project_id": self.id, "dataset_ids": ids, "proposal": proposal or None}
        self.record(events.DataAccessOpened(**fields))


def _with_staff(deciders: list[str]) -> list[str]:
    return [*sorted(set(deciders)), STAFF] if deciders else []


def _asked_fields(asked: Asked) -> dict[str, Any]:
    """The fields of events that the deciders' webhooks show."""
    sentences = (*asked.sentences, f"Licences : {asked.licence}", f"Personnes : {asked.privacy}")
    columns = asked.reading.columns or ()
    return {"asked": sentences, "columns": columns, "fingerprint": asked.fingerprint}
