"""Runs on a Slurm cluster, by its own commands.

Slurm promises less than its answers say (all of it measured with 24.11). A controller that is
killed forgets what it confirmed in the seconds before: jobs, which run on and are listed no more,
and cancellations. It gives the ids of forgotten jobs to others. An `sbatch` that was killed for its
silence may queue its job when the controller wakes up. A job that could not be launched is queued
again in spite of `--no-requeue`.

So a run is known by its name, not by its id; and who starts it, or decides that it never starts, is
noted in its folder by a symbolic link, which only one of them can make. Whatever Slurm does with
its jobs, the command runs once at most.
"""

import math
import re
import shlex
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from services.compute.execution.executors.contract import (
    STDERR,
    Phase,
    Run,
    RunState,
    Submission,
    Word,
)
from services.compute.execution.executors.transport import CommandFailed, Transport
from shared.errors import Rejected, Unavailable

STARTED, ENDED = "slurm-started", "slurm-ended"
"""Links in the folder of a run: to the id of the job that started it, or the Word for why none
ever does; and to the exit status of its command, or the Word for why there is none."""

_PREFIX = "datalab-"
_LINE = re.compile(r"(\d[^|]*)\|([A-Z_]+)\|(?:datalab-([0-9a-f]+)\|(.*)|.*\|.*)")
"""A job as squeue is asked to list it; the last two groups are those of ours alone."""

_MIB = 1 << 20
_NOT_LISTED = "it started, and is not listed"

_SCRIPT = """\
#!/bin/sh
# With a trap of our own we outlive SIGTERM, and note how the command ended.
trap : TERM
export PATH=/usr/local/bin:/usr/bin:/bin
cd {folder} && ln -sT "$SLURM_JOB_ID" {started} || exit 75
{command}
status=$?
ln -sT "$status" {ended}
exit "$status"
"""

_FOR_EVER = (
    "Access/permission denied",
    "Invalid account",
    "Invalid feature specification",
    "Invalid generic resource",
    "Invalid partition name",
    "Invalid qos",
    "More processors requested than permitted",
    "Requested node configuration is not available",
    "Requested time limit is invalid",
    "User's group not permitted",
)
"""What sbatch says of a job that it will never take; whatever else it says may pass."""


class _Meaning(NamedTuple):
    """What a state of Slurm means for a run."""

    phase: Phase
    word: Word | None = None


_WAITS = _Meaning(Phase.QUEUED)
_WORKS = _Meaning(Phase.RUNNING)

MEANINGS: Mapping[str, _Meaning] = {
    # It has no node, or not again: we wait, and show Slurm's reason.
    "PENDING": _WAITS,
    "CONFIGURING": _WAITS,
    "REQUEUED": _WAITS,
    "REQUEUE_FED": _WAITS,
    "REQUEUE_HOLD": _WAITS,
    "RESV_DEL_HOLD": _WAITS,
    "SPECIAL_EXIT": _WAITS,
    # It has a node, on which processes may be: we wait.
    "RUNNING": _WORKS,
    "SUSPENDED": _WORKS,
    "STOPPED": _WORKS,
    "RESIZING": _WORKS,
    "SIGNALING": _WORKS,
    "COMPLETING": _WORKS,
    "STAGE_OUT": _WORKS,
    # It is over: we see to it that it does not start after all, and the caller reads its result.
    "COMPLETED": _Meaning(Phase.ENDED, Word.COMPLETED),
    "FAILED": _Meaning(Phase.ENDED, Word.FAILED),
    "TIMEOUT": _Meaning(Phase.ENDED, Word.TIMEOUT),
    "DEADLINE": _Meaning(Phase.ENDED, Word.TIMEOUT),
    "OUT_OF_MEMORY": _Meaning(Phase.ENDED, Word.OUT_OF_MEMORY),
    "NODE_FAIL": _Meaning(Phase.ENDED, Word.NODE_FAILED),
    "BOOT_FAIL": _Meaning(Phase.ENDED, Word.NODE_FAILED),
    "LAUNCH_FAILED": _Meaning(Phase.ENDED, Word.NODE_FAILED),
    "PREEMPTED": _Meaning(Phase.ENDED, Word.PREEMPTED),
    "CANCELLED": _Meaning(Phase.ENDED, Word.CANCELLED),
    # Another cluster of the federation has it, and whatever is not in this table: we ask again.
    "REVOKED": _Meaning(Phase.UNKNOWN),
}
"""By Slurm's word for the state of a job: what it means, and above each group what we do."""


_PASSES = re.compile(
    "|(None|Priority|Resources|BeginTime|Cleaning|Licenses|Prolog|Reservation|SchedDefer)"
    r"|(?!.*Per(Job|Node|Limit))(?!.*(?<!Run)Minutes)(Assoc|QOS)?(Grp|Max)\w+"
)
"""Why a job is queued that starts once others end: they have the machines, or the account's share.

Other reasons (src/common/job_state_reason.c) are limits that the job itself exceeds, a budget that
is used up, or something that an administrator of the cluster did.
"""


class _Job(NamedTuple):
    """One job as squeue lists it."""

    job_id: str
    state: str
    reason: str

    @property
    def meaning(self) -> RunState:
        phase, word = MEANINGS.get(self.state, _Meaning(Phase.UNKNOWN))
        is_stuck = phase == Phase.QUEUED and not _PASSES.fullmatch(self.reason)
        reason = self.reason if phase != Phase.UNKNOWN else self.state
        return RunState(phase, word, reason, is_stuck)


class SlurmExecutor:
    """Runs as jobs of the user who calls Slurm.

    One that started, left no note of its end and is not listed counts as ended once the answers of
    `patience_seconds` in a row lacked it: a controller that forgot it finds it on its node first,
    and ends it.
    """

    def __init__(self, transport: Transport, patience_seconds: float = 60.0) -> None:
        self._transport = transport
        self._patience_seconds = patience_seconds
        self._wordless_since: dict[str, float] = {}

    def submit(self, submission: Submission) -> str:
        """Queue a run, unless that was done: see Executor."""
        run = submission.run
        starter = _read(run, STARTED) or _first_id(self._jobs(run).get(run.run_id, ()))
        if not starter:
            starter = self._queue(submission)
        return starter if starter.isdecimal() else ""

    def poll(self, runs: Collection[Run]) -> Mapping[str, RunState]:
        """Where each of these runs stands, by its id, from one answer of squeue: see Executor."""
        if not runs:
            return {}
        try:
            listed = self._jobs()
        except Unavailable as error:
            # What was missing before may be listed by the controller that comes back.
            self._wordless_since.clear()
            return {run.run_id: RunState(Phase.UNKNOWN, reason=str(error)) for run in runs}
        return {run.run_id: self._state(run, listed.get(run.run_id, [])) for run in runs}

    def cancel(self, run: Run) -> None:
        """End a run in whatever state, and keep it from starting if it did not: see Executor."""
        self._wordless_since.pop(run.run_id, None)
        try:
            _note_once(run, STARTED, Word.CANCELLED)
        finally:
            self._transport.run(["scancel", "--me", f"--name={_PREFIX}{run.run_id}"])

    def _queue(self, submission: Submission) -> str:
        try:
            answer = self._transport.run(_sbatch(submission), _script(submission))
        except CommandFailed as error:
            if any(phrase in str(error) for phrase in _FOR_EVER):
                raise Rejected(str(error)) from error
            raise
        job_id = answer.strip().rpartition("\n")[2].partition(";")[0]
        if not job_id.isdecimal():
            raise Unavailable(f"sbatch answered {answer[:200]!r}")
        return job_id

    def _jobs(self, run: Run | None = None) -> Mapping[str, list[_Job]]:
        """Return our jobs by the id of their run, or those of one run; raises Unavailable."""
        answer = self._transport.run(
            [
                *("squeue", "--me", "--states=all", "--noheader", "--format=%i|%T|%j|%r"),
                *([f"--name={_PREFIX}{run.run_id}"] if run else []),
            ]
        )
        return _read_jobs(answer)

    def _state(self, run: Run, jobs: Sequence[_Job]) -> RunState:
        try:
            starter = _read(run, STARTED)
            if not starter:
                state = _furthest(jobs)
                if state.phase != Phase.ENDED:
                    return state
                # From here on none starts it, also one that the controller has forgotten.
                starter = _note_once(run, STARTED, state.word or Word.NEVER_STARTED)
            if not starter.isdecimal():
                return RunState(Phase.ENDED, Word(starter), _furthest(jobs).reason)
            # Others of its name find that it has started, and do nothing.
            return self._state_of_started(run, [job for job in jobs if job.job_id == starter])
        except (Unavailable, ValueError) as error:
            return RunState(Phase.UNKNOWN, reason=str(error))

    def _state_of_started(self, run: Run, jobs: Sequence[_Job]) -> RunState:
        exit_status = _read(run, ENDED)
        if exit_status == "0":
            # Slurm may not have heard of it yet, and calls it cancelled if that comes first.
            self._wordless_since.pop(run.run_id, None)
            return RunState(Phase.ENDED, _word_of(exit_status))
        state = _furthest(jobs) if jobs else RunState(Phase.UNKNOWN, reason=_NOT_LISTED)
        if state.phase == Phase.ENDED or (jobs and not exit_status):
            self._wordless_since.pop(run.run_id, None)
            return state
        # Of a failure Slurm's own word says more, and follows soon, unless it is no longer listed,
        # or queued again in spite of us: it does not start a second time.
        is_settled = exit_status and state.phase != Phase.RUNNING
        if not is_settled and not self._has_waited(run):
            return state
        self._wordless_since.pop(run.run_id, None)
        exit_status = exit_status or _note_once(run, ENDED, Word.FORGOTTEN)
        return RunState(Phase.ENDED, _word_of(exit_status))

    def _has_waited(self, run: Run) -> bool:
        """Whether no answer of the last `patience_seconds` had a last word, nor this one."""
        now = time.monotonic()
        return now - self._wordless_since.setdefault(run.run_id, now) >= self._patience_seconds


def _furthest(jobs: Sequence[_Job]) -> RunState:
    """Return the state of a run by its jobs: it is as alive as the most alive of them."""
    order = (Phase.RUNNING, Phase.QUEUED, Phase.UNKNOWN, Phase.ENDED)
    states = sorted((job.meaning for job in jobs), key=lambda state: order.index(state.phase))
    return states[0] if states else RunState(Phase.ENDED)


def _first_id(jobs: Sequence[_Job]) -> str:
    return min((job.job_id for job in jobs), key=int, default="")


def _read_jobs(answer: str) -> Mapping[str, list[_Job]]:
    """Return our jobs in an answer of squeue, by the id of their run; raises Unavailable."""
    jobs = defaultdict(list)
    for line in answer.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise Unavailable(f"squeue answered {line[:200]!r}")
        job_id, state, run_id, reason = match.groups()
        if run_id:
            jobs[run_id].append(_Job(job_id, state, reason if reason != "None" else ""))
    return jobs


def _sbatch(submission: Submission) -> list[str]:
    """Return the command that queues a run, whose script is its input.

    `NIL` and not `NONE`, which reads the user's profile on the node: it takes a second, and brings
    who knows what. Logs are appended to, so that another job of the same run leaves them alone. A
    minute more than asked for lets the runner's own clock come first.
    """
    run, folder = submission.run, submission.run.folder
    named = {"account": submission.account, "partition": submission.partition}
    return [
        *("sbatch", "--parsable", "--no-requeue", "--export=NIL", "--open-mode=append"),
        f"--job-name={_PREFIX}{run.run_id}",
        *(f"--{option}={value}" for option, value in named.items() if value),
        *("--nodes=1", "--ntasks=1", f"--cpus-per-task={submission.cores}"),
        f"--mem={math.ceil(submission.memory_bytes / _MIB)}M",
        f"--time={math.ceil(submission.seconds / 60) + 1}",
        f"--chdir={folder}",
        f"--output={folder / 'stdout.log'}",
        f"--error={folder / STDERR}",
    ]


def _script(submission: Submission) -> str:
    return _SCRIPT.format(
        folder=shlex.quote(str(submission.run.folder)),
        command=shlex.join(submission.command),
        started=STARTED,
        ended=ENDED,
    )


def _read(run: Run, name: str) -> str:
    """Return what a link in the folder of a run says, or nothing; raises Unavailable."""
    try:
        return str((run.folder / name).readlink())
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unavailable(f"the folder of a run is not to be read: {error}") from error


def _note_once(run: Run, name: str, word: Word) -> str:
    """Make a link in the folder of a run, unless it is there; returns what it says then."""
    link: Path = run.folder / name
    try:
        with suppress(FileExistsError):
            link.symlink_to(word)
        return str(link.readlink())
    except OSError as error:
        raise Unavailable(f"the folder of a run is not to be written: {error}") from error


def _word_of(exit_status: str) -> Word:
    """Return what the note of an end says: an exit status, or why there is none."""
    if exit_status.isdecimal():
        return Word.COMPLETED if exit_status == "0" else Word.FAILED
    return Word(exit_status)
