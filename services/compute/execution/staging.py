"""Brings into a job's folder what it reads, and stores what it made, with its manifest."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from services.compute.execution.job_folder import JobFolder, job_folder, pieces
from services.compute.execution.spares.spares import Spares
from services.compute.execution.staged_run import StagedRun
from services.compute.jobs.model import Job
from services.compute.jobs.release_review import MaskedOutputs
from shared.aggregate import now
from shared.engine.analysis.known_tables import KnownTable
from shared.engine.contract.policy import Invention, ReleasePolicy
from shared.engine.contract.result import EngineResult, OutputFile
from shared.engine.sandbox.disk_space import Waiting
from shared.engine.sandbox.engine_version import engine_version
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.run_files import LIMITS, read_run_file
from shared.engine.tables.manifest import REVIEWED, Input, Manifest, Output
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.provenance import Provenance, RunLimits
from shared.engine.tables.release import ProtectedInput, ReleaseRecord
from shared.errors import Forbidden, NotFound, Rejected, Unavailable, WrongStage
from shared.events.event import UNTOLD, FileRef
from shared.storage import Storage

_PROJECTION = "shared.engine.running.projection"
_COLUMNS_FILE = "projection.json"
"""Which columns of which input are kept: its file name in `in` -> their names."""

SOURCE = "source"
"""What the only input of a job is called that is no project's."""


class Interrupted(Exception):
    """The run shall stop before it is through."""


class DatasetOpener(Protocol):
    """What compute asks the catalogue before it runs a job."""

    def open_dataset(
        self,
        project_id: str,
        dataset_id: str,
        job_id: str,
        treatment: dict[str, Any],
        kind: str,
        **version: int,
    ) -> Any:  # noqa: ANN401 - JSON
        """Open what the project may read for that job's treatment; a LabError says why not.

        The newest version, unless one is named, for a replay.
        """

    def open_for_protection(self, dataset_id: str) -> Any:  # noqa: ANN401 - JSON
        """Open the table that protected tables are made of; a LabError says why not."""


class ReleaseLedger(DatasetOpener, Protocol):
    """The same, and where what left of data is kept."""

    def reserve_releases(self, project_id: str, job_id: str, claims: list[dict[str, Any]]) -> None:
        """Enter a result into ledgers; Conflict when another did since the data was opened."""


FoundInput: TypeAlias = tuple[Input, FileRef]
"""An input and the file of its whole table, or of its files; UNTOLD where there is none to read."""


def tables_of(found_inputs: Iterable[FoundInput]) -> dict[str, str]:
    """Return the hash of each input's table, or of its files, by dataset id."""
    return {named.dataset_id: file.sha256 for named, file in found_inputs}


def opened_input(name: str, answer: Mapping[str, Any]) -> FoundInput:
    """Return an input of that name as the catalogue opened it."""
    about = {**answer, "name": name, "is_invented": bool(answer.get("invention"))}
    return Input.model_validate(about), FileRef.model_validate(answer["file"])


class StoredResult(NamedTuple):
    """What a job leaves: its manifest's reference, its outputs, and what is said of its table.

    `masked` is the same with cells masked, if a reviewer may let that leave in its place, and
    `reviewed` what reviewers read. `internal` are the files of ledger entries, by name: the
    catalogue alone refers to them.
    """

    result: FileRef
    outputs: tuple[Output, ...]
    privacy: Privacy | None
    release: ReleaseRecord | None
    internal: Mapping[str, FileRef]
    masked: MaskedOutputs | None = None
    reviewed: FileRef | None = None
    is_empty: bool = False
    withheld: str = ""
    lost: str = ""
    near: str = ""
    is_invented: bool = False

    @property
    def ending(self) -> dict[str, Any]:
        """Return what the job keeps of its result."""
        kept = self._asdict()
        del kept["internal"]
        return kept


class Inputs:
    """Finds a job's inputs, and copies them while `should_stop` allows.

    `policy` says which protected tables to make of what was found, if that is the job; `answering`
    is the restricted data, by dataset id, for which its protected tables were opened, `inventions`
    that whose rows are invented for a trial.
    """

    def __init__(
        self,
        catalog: DatasetOpener,
        files: Storage,
        spares: Spares,
        limits: Limits,
        should_stop: Callable[[], bool],
    ) -> None:
        self._catalog, self._files = catalog, files
        self._spares, self._limits, self._should_stop = spares, limits, should_stop
        self.policy: ReleasePolicy | None = None
        self.answering: dict[str, KnownTable] = {}
        self.inventions: dict[str, Invention] = {}
        self._opened: dict[str, FoundInput] = {}

    def find(self, job: Job) -> list[FoundInput]:
        """Return what the job reads, as it may be read now, and where it is stored.

        Raises Rejected when the job can never have one, Unavailable when it cannot now.
        """
        return list(self._find(job))

    def gather(self, found_inputs: Sequence[FoundInput], folder: JobFolder) -> list[Input]:
        """Copy the granted columns of inputs into the folder, numbered; raises as `find` does."""
        numbered = enumerate(named for named, _ in found_inputs)
        columns = {at: named.kept_columns for at, named in numbered if named.columns is not None}
        for number, (named, file) in enumerate(found_inputs):
            if number not in columns:
                self._fetch(named, file, folder.input_path(number))
        if columns:
            with job_folder() as stage:
                for number in columns:
                    self._fetch(*found_inputs[number], stage.input_path(number))
                self._hand_over(stage, columns, folder)
        return [named for named, _ in found_inputs]

    def protect(
        self, found_inputs: Sequence[FoundInput], folder: JobFolder
    ) -> dict[str, ProtectedInput]:
        """Return, by name, what the rules of release need of inputs; copy earlier releases too.

        Raises as `find` does.
        """
        protected = [(named, file) for named, file in found_inputs if named.is_protected]
        earlier = {
            release.file.sha256: (named, release.file)
            for named, _ in protected
            for release in named.releases
        }
        paths = {}
        for number, (sha256, (named, file)) in enumerate(earlier.items()):
            paths[sha256] = folder.ledger_path(number)
            self._fetch(named, file, folder.path / paths[sha256])
        return {named.name: named.protected(paths) for named, _ in protected}

    def _hand_over(
        self, stage: JobFolder, columns: Mapping[int, Sequence[str]], folder: JobFolder
    ) -> None:
        try:
            project(
                stage,
                columns,
                folder,
                spares=self._spares,
                limits=self._limits,
                should_stop=self._should_stop,
            )
        except Rejected as error:
            if self._should_stop():
                raise Interrupted from error
            raise

    def _find(self, job: Job) -> Iterator[FoundInput]:
        if job.source is not None:
            yield _uploaded(job, job.source), job.source
        if job.kind == "protect":
            yield self._open_for_protection(job)
        for name in job.reads:
            yield self.open(name, job)

    def open(self, name: str, job: Job, version: int | None = None) -> FoundInput:
        """Return what a treatment reads under that name, of a replay as that version of it.

        Raises Rejected, with Forbidden as its cause where it may not be read; else as `find` does.
        """
        dataset_id = job.reads[name]
        # Under two names it is one use, and both are the same version.
        if dataset_id not in self._opened:
            self._opened[dataset_id] = self._open(name, job, dataset_id, version)
        named, file = self._opened[dataset_id]
        return named.model_copy(update={"name": name}), file

    def _open(self, name: str, job: Job, dataset_id: str, version: int | None) -> FoundInput:
        try:
            answer = self._catalog.open_dataset(
                job.project_id or "",
                dataset_id,
                job.id,
                job.treatment.model_dump(mode="json") if job.treatment else {},
                job.kind,
                **({} if version is None else {"version": version}),
            )
        except Forbidden as error:
            raise Rejected(
                f"le projet n'a pas accès aux données « {name} », ou le traitement en lit ou en"
                " montre plus que ce que leurs propriétaires ont accordé"
            ) from error
        except NotFound as error:
            raise Rejected(f"les données « {name} » n'existent pas") from error
        except WrongStage as error:
            raise Rejected(
                f"aucune version des données « {name} » n'est publiée : restée chez leur"
                " producteur, illisible, ou retenue tant que son propriétaire n'a pas confirmé la"
                " base légale"
            ) from error
        except Unavailable as error:
            raise Waiting(
                f"le catalogue lit encore les données « {name} », ou ne répond pas"
            ) from error
        if answer.get("answers_for"):
            self.answering[dataset_id] = KnownTable.model_validate(answer["answers_for"])
        if answer.get("invention"):
            self.inventions[dataset_id] = Invention.model_validate(answer["invention"])
        return opened_input(name, answer)

    def _open_for_protection(self, job: Job) -> FoundInput:
        try:
            answer = self._catalog.open_for_protection(job.dataset_id or "")
        except Unavailable as error:
            raise Waiting("le catalogue lit encore ces données, ou ne répond pas") from error
        self.policy = ReleasePolicy.model_validate(answer["policy"])
        dataset = answer["dataset"]
        return Input.model_validate({**dataset, "name": SOURCE}), FileRef.model_validate(
            dataset["file"]
        )

    def _fetch(self, named: Input, file: FileRef, target: Path) -> None:
        fetch(self._files, (named, file), target, self._should_stop)


def project(
    stage: JobFolder,
    columns: Mapping[int, Sequence[str]],
    target: JobFolder,
    *,
    spares: Spares,
    limits: Limits,
    should_stop: Callable[[], bool],
) -> None:
    """Copy the inputs of those numbers from `stage` to `target`, with these columns only.

    Tables are read in a sandbox of their own, like all that people brought. Raises Rejected when
    one cannot be read, or the run shall stop.
    """
    named = {str(number): list(names) for number, names in columns.items()}
    (stage.path / _COLUMNS_FILE).write_text(json.dumps(named))
    outcome = spares.run(stage.path, _PROJECTION, limits, should_stop)
    if not outcome.ok:
        raise Rejected(f"les colonnes accordées n'ont pas pu être extraites : {outcome.reason}")
    for number in columns:
        projected_file = stage.left_path(f"out/{number}")
        projected_file.rename(target.input_path(number))


def fetch(
    files: Storage, found_input: FoundInput, target: Path, should_stop: Callable[[], bool]
) -> None:
    """Copy an input's file; raises Interrupted when asked to stop, Rejected without a file.

    Of invented rows without protected tables there is none.
    """
    named, file = found_input
    if file == UNTOLD:
        return
    try:
        with target.open("wb") as out:
            for chunk in paced(files.chunks(file)):
                out.write(chunk)
                if should_stop():
                    raise Interrupted
    except NotFound as error:
        raise Rejected(f"le fichier des données « {named.name} » n'existe plus") from error


def store_result(
    job: Job, staged: StagedRun, folder: JobFolder, files: Storage, executor: str
) -> StoredResult:
    """Store a job's outputs and its manifest, and the same of what has cells masked.

    Raises Rejected when the sandbox left something else than its result.
    """
    result = folder.result()
    release = None
    if staged.is_protected:
        # It waits for what went in, whatever the sandbox says of it.
        release = (result.release or ReleaseRecord()).model_copy(update={"verdict": "held"})
    stored = _stored(result.outputs, folder, files)
    outputs = tuple(output for output in stored if not output.is_internal)
    internal = {output.name: output.file for output in stored if output.is_internal}
    manifest = _manifest(job, staged.inputs, staged.began).model_copy(
        update={
            "outputs": outputs,
            "reports": result.reports,
            "software": result.software,
            "provenance": _provenance(job, result, folder, executor),
        }
    )
    lost, near = result.lost
    return StoredResult(
        _put(manifest, files),
        outputs,
        result.privacy,
        release,
        internal,
        _store_masked(result, manifest, folder, files),
        internal.pop(REVIEWED, None),
        is_empty=result.is_empty,
        withheld=result.withheld,
        lost=lost,
        near=near,
        is_invented=manifest.is_invented,
    )


def _provenance(job: Job, result: EngineResult, folder: JobFolder, executor: str) -> Provenance:
    limits = read_run_file(folder.path, LIMITS, Limits)
    update = {
        "reused": result.reused,
        "engine": engine_version(),
        "executor": executor,
        "shards": max(1, len(folder.work().sums)),
        "limits": limits and RunLimits(seconds=limits.seconds, memory_bytes=limits.memory_bytes),
    }
    return job.provenance.model_copy(update=update)


def _store_masked(
    result: EngineResult, manifest: Manifest, folder: JobFolder, files: Storage
) -> MaskedOutputs | None:
    if result.masked is None:
        return None
    outputs = tuple(_stored(result.masked.outputs, folder, files))
    update = {"outputs": outputs, "reports": result.masked.reports}
    return MaskedOutputs(result=_put(manifest.model_copy(update=update), files), outputs=outputs)


def store_failure(
    job: Job, inputs: list[Input], began: datetime, reason: str, files: Storage
) -> StoredResult:
    """Store a manifest without outputs, for a job whose failure only reviewers may know of."""
    record = ReleaseRecord(failure=reason)
    return StoredResult(_put(_manifest(job, inputs, began), files), (), None, record, {})


def _manifest(job: Job, inputs: Sequence[Input], began: datetime) -> Manifest:
    started, ended = began, now()
    if any(read_input.is_protected for read_input in inputs):
        # How long it took may tell of the data: the day is enough.
        started = ended = began.replace(hour=0, minute=0, second=0, microsecond=0)
    return Manifest(
        job_id=job.id,
        kind=job.kind,
        project_id=job.project_id,
        inputs=tuple(read_input.in_results for read_input in inputs),
        steps=job.treatment.steps if job.treatment else (),
        provenance=job.provenance,
        started=started,
        ended=ended,
    )


def _put(manifest: Manifest, files: Storage) -> FileRef:
    return files.put([manifest.model_dump_json().encode()], "application/json")


def _stored(outputs: Iterable[OutputFile], folder: JobFolder, files: Storage) -> list[Output]:
    return [
        Output(
            name=output.name,
            file=files.put(paced(pieces(folder.left_path(output.path))), output.media_type),
            is_internal=output.is_internal,
            opaque=output.opaque,
        )
        for output in outputs
    ]


def claims_of(inputs: Sequence[Input], kept: StoredResult) -> list[dict[str, Any]]:
    """Return the places that a result claims in release ledgers.

    Raises Rejected for an entry of what the job did not read, or without its file.
    """
    read = {
        (read_input.dataset_id, read_input.version): read_input
        for read_input in inputs
        if read_input.is_protected
    }
    claims: list[dict[str, Any]] = []
    for entry in kept.release.entries if kept.release else ():
        source, file = read.get((entry.dataset_id, entry.version)), kept.internal.get(entry.file)
        if source is None or file is None:
            raise Rejected("le traitement n'a pas rendu de compte lisible de ce qui en sort")
        before = sum(claim["entry"]["dataset_id"] == entry.dataset_id for claim in claims)
        files_of_claim = {
            "entry": entry.model_dump(mode="json"),
            "file": file.model_dump(mode="json"),
        }
        claims.append({"place": source.ledger_length + before, **files_of_claim})
    return claims


def reserve(ledger: ReleaseLedger, job: Job, inputs: Sequence[Input], kept: StoredResult) -> None:
    """Enter a result into the ledgers of what it was made of; raises as `claims_of`, Conflict."""
    claims = claims_of(inputs, kept)
    if claims:
        ledger.reserve_releases(job.project_id or "", job.id, claims)


def paced(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks, letting other green threads run between them."""
    for chunk in chunks:
        yield chunk
        time.sleep(0)


def _uploaded(job: Job, source: FileRef) -> Input:
    return Input(
        name=SOURCE,
        dataset_id=job.dataset_id or "",
        version=job.dataset_version or 0,
        sha256=source.sha256,
        title=job.title,
    )
