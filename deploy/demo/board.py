"""The live board of the demo: the project's stages, the job that runs, the events so far."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID
from rich.text import Text

from deploy.cli.api_client import CallError
from shared.stages import WAY

_ENDS = {"job_succeeded", "job_failed", "job_cancelled"}
_LOOK_SECONDS = 0.2


class _Mark(SpinnerColumn):
    def render(self, task: Task) -> Any:  # noqa: ANN401 - what rich renders
        """Nothing yet, on its way, or done."""
        return super().render(task) if task.started else Text("·", style="dim")


class _Words(ProgressColumn):
    def render(self, task: Task) -> Text:
        """What it is and how long it took, or has taken so far."""
        taken = task.finished_time if task.finished else task.elapsed
        seconds = "" if taken is None else f"{taken:6.1f} s"
        return Text(f"{task.description:<10}{seconds}", style="" if task.started else "dim")


@dataclass(frozen=True)
class Board:
    """What is seen of one project: `events` grows, `read_job` gives a job by its id."""

    events: Sequence[Mapping[str, Any]]
    project_id: Callable[[], str]
    read_job: Callable[[str], Mapping[str, Any]]
    _stages: Progress = field(
        default_factory=lambda: Progress(_Mark(finished_text="[green]✓[/green]"), _Words())
    )
    _job: Progress = field(
        default_factory=lambda: Progress(
            "{task.description:<10}", BarColumn(), "{task.percentage:3.0f} %"
        )
    )

    def __post_init__(self) -> None:
        """Every stage has its line from the beginning; the first is on its way."""
        for stage in WAY:
            self._stages.add_task(stage, start=stage == WAY[0], total=1)
        self._job.add_task("no job", total=1)

    def __rich__(self) -> Group:
        """Stages, job and events, one below the other."""
        sources = Counter(str(event["source"]) for event in self.events)
        counts = ", ".join(f"{source} {count}" for source, count in sorted(sources.items()))
        return Group(self._stages, self._job, Text(f"events: {sources.total()}  {counts}"))

    def look(self) -> None:
        """Bring stages and job up to date with the events so far."""
        seen = list(self.events)
        self._mark({event["type"] for event in seen if event["correlationid"] == self.project_id()})
        self._follow(seen)

    @contextmanager
    def displayed(self, console: Console) -> Iterator[None]:
        """Show the board below what a terminal prints, updated by a thread."""
        over = Event()

        def watch() -> None:
            while not over.wait(_LOOK_SECONDS):
                self.look()

        if not console.is_terminal:
            yield
            return
        watcher = Thread(target=watch, daemon=True)
        with Live(self, console=console):
            watcher.start()
            try:
                yield
            finally:
                over.set()
                watcher.join()
                self.look()

    def _mark(self, reached: set[str]) -> None:
        for number, stage in enumerate(WAY):
            task = self._stages.tasks[number]
            if not task.started:
                self._stages.start_task(task.id)
            if f"project_{stage}" not in reached:
                return
            self._stages.update(task.id, completed=1)

    def _follow(self, seen: Sequence[Mapping[str, Any]]) -> None:
        ended = {event["data"]["job_id"] for event in seen if event["type"] in _ENDS}
        running = [event["data"] for event in seen if event["type"] == "job_started"]
        current = [job for job in running if job["job_id"] not in ended][-1:]
        if not current:
            self._job.update(TaskID(0), description="no job", completed=0)
        for job in current:
            with suppress(CallError):
                progress = self.read_job(job["job_id"])["progress"]
                self._job.update(TaskID(0), description=job["kind"], completed=progress)
