"""Whether own code runs, found before a treatment is saved.

It is what a project's trial does: the same engine, sample and sandbox, for a few seconds, on data
that its author may read and on invented rows in the place of others' restricted data.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, NamedTuple, Protocol

from services.compute.execution.instructions import code_trial
from services.compute.execution.job_folder import job_folder
from services.compute.execution.spares.spares import Spares
from services.compute.execution.staging import FoundInput, Interrupted, fetch, opened_input
from shared.engine.analysis.remarks import Remark
from shared.engine.applications import traits_of
from shared.engine.applications.python.application import CODE_PARAMETERS
from shared.engine.contract.policy import Invention
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox
from shared.errors import Invalid, Rejected, Unavailable
from shared.events import Treatment
from shared.events.event import Step
from shared.settings import Settings
from shared.storage import Storage

_MODULE = "shared.engine.running.code_trial"
_MOST_BYTES = 50_000_000
"""Of all files that are read; to copy and sample more takes too long for who waits."""

_NOT_FREE = (
    "Le code a seulement été relu, pas essayé : il reçoit des données que personne ne peut lire"
    " pour l'instant. L'essai du projet le fera tourner."
)
_LATER = "L'essai du projet le fera tourner."
_AWAY = f"Le code n'a pas été essayé : le catalogue ou le stockage ne répond pas. {_LATER}"
_BUSY = f"Le code n'a pas été essayé : d'autres le sont en ce moment. {_LATER}"
_LARGE = f"Le code n'a pas été essayé : ses données dépassent {_MOST_BYTES // 10**6} Mo. {_LATER}"
_TOO_LONG = "cela prend plus de {:g} secondes"
_UNFINISHED = "Le code n'a pas été essayé jusqu'au bout : {why}. " + _LATER


class TrialCatalogue(Protocol):
    """The question that a trial of code asks the catalogue."""

    def open_readable(self, treatment: dict[str, Any], member_id: str) -> Any:  # noqa: ANN401 - JSON
        """Open what a member may read without a grant, or have invented, of a treatment's data."""


class TrialTurns:
    """Lets a few trials run at a time, of each member one."""

    def __init__(self, at_once: int) -> None:
        self._lock, self._at_once = threading.Lock(), at_once
        self._members = set[str]()

    @contextmanager
    def turn(self, member_id: str) -> Iterator[bool]:
        """Take the member's turn; yields whether it is free, without waiting."""
        with self._lock:
            is_free = len(self._members) < self._at_once and member_id not in self._members
            if is_free:
                self._members.add(member_id)
        try:
            yield is_free
        finally:
            if is_free:
                with self._lock:
                    self._members.discard(member_id)


_TURNS = TrialTurns(2)


class TriedSteps(NamedTuple):
    """The steps that lead to own code, each with its number, and those of code left untried."""

    steps: Sequence[tuple[int, Step]]
    untried: Sequence[int]


def tried_steps(steps: Sequence[Step], readable: frozenset[str]) -> TriedSteps:
    """Return the steps that run on the tables in `readable` alone, as far as code needs them."""
    tables, possible, untried = set(readable), list[tuple[int, Step]](), list[int]()
    for number, step in enumerate(steps):
        if tables.issuperset(step.inputs.values()):
            possible.append((number, step))
            tables.add(step.output)
        elif traits_of(step).runs_code:
            untried.append(number)
    needed, kept = set[str](), list[tuple[int, Step]]()
    for number, step in reversed(possible):
        if traits_of(step).runs_code or step.output in needed:
            kept.insert(0, (number, step))
            needed.update(step.inputs.values())
    return TriedSteps(kept, untried)


@dataclass(frozen=True)
class CodeTrials:
    """Tries own code with what compute runs jobs with."""

    catalogue: TrialCatalogue
    files: Storage
    spares: Spares
    settings: Settings

    @property
    def _too_long(self) -> str:
        return _TOO_LONG.format(self.settings.code_trial_seconds)

    def untried(self, treatment: Treatment, member_id: str) -> tuple[Remark, ...]:
        """State in French why a member's code was not tried; nothing where it works.

        Raises Invalid, naming the field and the line, for code that fails. Nothing waits: what
        cannot be tried now is left to the project's trial.
        """
        own = [at for at, step in enumerate(treatment.steps) if traits_of(step).runs_code]
        if not own:
            return ()
        with _TURNS.turn(member_id) as is_free:
            if not is_free:
                return _remarks(treatment, own, _BUSY)
            try:
                until = time.monotonic() + self.settings.code_trial_seconds
                return self._try(treatment, member_id, until)
            except (Unavailable, OSError):
                return _remarks(treatment, own, _AWAY)

    def _try(self, treatment: Treatment, member_id: str, until: float) -> tuple[Remark, ...]:
        answer = self.catalogue.open_readable(treatment.model_dump(mode="json"), member_id)
        found_inputs, inventions = _found(treatment.inputs, answer), _inventions(answer)
        tried = tried_steps(treatment.steps, frozenset(named.name for named, _ in found_inputs))
        remarks = _remarks(treatment, tried.untried, _NOT_FREE)
        own = [number for number, step in tried.steps if traits_of(step).runs_code]
        if not own:
            return remarks
        needed = {name for _, step in tried.steps for name in step.inputs.values()}
        found_inputs = [(named, file) for named, file in found_inputs if named.name in needed]
        if sum({file.sha256: file.size for _, file in found_inputs}.values()) > _MOST_BYTES:
            return (*remarks, *_remarks(treatment, own, _LARGE))
        try:
            why = self._run([step for _, step in tried.steps], found_inputs, inventions, until)
        except (Interrupted, Rejected) as error:
            why = self._too_long if isinstance(error, Interrupted) else str(error)
        if not why:
            return remarks
        _raise_fault(treatment, own, why)
        message = _UNFINISHED.format(why=why.removeprefix(":").rstrip("."))
        return (*remarks, *_remarks(treatment, own, message))

    def _run(
        self,
        steps: Sequence[Step],
        found_inputs: Sequence[FoundInput],
        inventions: Mapping[str, Invention],
        until: float,
    ) -> str:
        """Run the steps; returns the engine's message where they fail, else an empty text."""
        seconds = self.settings.code_trial_seconds
        limits = Limits(seconds=seconds, memory_bytes=self.settings.job_memory_bytes)
        with job_folder() as folder, self.spares.around(folder.path, _MODULE) as waiting:
            for number, found_input in enumerate(found_inputs):
                fetch(self.files, found_input, folder.input_path(number), lambda: _is_over(until))
            inputs = [named for named, _ in found_inputs]
            folder.describe(code_trial(steps, inputs, inventions, self.settings))
            # Pseudonyms that are made here are kept nowhere.
            folder.hand_key(token_hex(32))
            messages = [""]
            outcome = Sandbox(limits, module=_MODULE).run(
                folder.path,
                lambda news: messages.extend([news.message] * bool(news.message)),
                lambda: _is_over(until),
                waiting,
            )
        if not outcome.ok and _is_over(until):
            return ", ".join(filter(None, (self._too_long, messages[-1])))
        return outcome.reason


def _is_over(until: float) -> bool:
    return time.monotonic() > until


def _found(inputs: Mapping[str, str], answer: Any) -> list[FoundInput]:  # noqa: ANN401 - JSON
    """Return the inputs of a treatment that the catalogue opens, by their names in it."""
    opened = {opened_input["dataset_id"]: opened_input for opened_input in answer}
    return [
        opened_input(name, opened[dataset_id])
        for name, dataset_id in inputs.items()
        if dataset_id in opened
    ]


def _inventions(answer: Any) -> dict[str, Invention]:  # noqa: ANN401 - JSON
    """Return, by dataset id, what the rows of others' restricted data are invented from."""
    return {
        opened["dataset_id"]: Invention.model_validate(opened["invention"])
        for opened in answer
        if opened.get("invention")
    }


def _field(treatment: Treatment, number: int) -> str:
    """Return the field that holds the code of that step."""
    parameters = treatment.steps[number].parameters
    name = next(
        (parameter for parameter in CODE_PARAMETERS if parameters.get(parameter)),
        CODE_PARAMETERS[0],
    )
    return f"steps.{number}.parameters.{name}"


def _remarks(treatment: Treatment, numbers: Iterable[int], message: str) -> tuple[Remark, ...]:
    return tuple(
        Remark(field=_field(treatment, number), kind="not_tried", message=message)
        for number in numbers
    )


def _raise_fault(treatment: Treatment, numbers: Iterable[int], why: str) -> None:
    """Raise Invalid where the engine names the step whose code failed."""
    output, _, message = why.partition(":")
    for number in numbers:
        if treatment.steps[number].output == output:
            raise Invalid(message, _field(treatment, number))
