"""`datalab up`, `down`, `status`: the local stack by hand; `run`, `protect`: the engine alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.cli import show
from deploy.cli.api_client import CallError
from deploy.cli.written import pairs, read_object
from deploy.local import StackError
from deploy.local.ports import ports_from
from deploy.local.stack import Stack
from deploy.local.supervision import ProcessState
from shared.errors import LabError

if TYPE_CHECKING:
    from deploy.local.engine_run import EngineRun

Home = Annotated[Path, typer.Option(envvar="DATALAB_HOME", help="Folder of the stack's state.")]
HOME = Path(".datalab")


def up(
    home: Home = HOME,
    workers: Annotated[int, typer.Option(min=1, help="Processes of each service.")] = 1,
) -> None:
    """Start the broker, the document server, the services and the portal, unless they run."""
    console = Console()
    with _sentences():
        running = Stack.remembered(home, os.environ)
        if running.running():
            console.print(
                f"The stack in {running.home} runs already, with the settings it was started with; "
                "`datalab down` stops it.",
                highlight=False,
                soft_wrap=True,
            )
            _show_all(running, running.examined(), console)
            return
        stack = Stack(home, ports_from(os.environ), os.environ, workers)
        with console.status("starting") as spinner:
            stack.up(spinner.update)
        _show(stack, stack.status(), console)


def down(home: Home = HOME) -> None:
    """Stop the stack; its data stay."""
    console = Console()
    with _sentences(), console.status("stopping") as spinner:
        was_up = Stack.remembered(home, os.environ).down(spinner.update)
    console.print("The stack is down." if was_up else "The stack was not running.")


def status(home: Home = HOME) -> None:
    """Show every process of the stack; exits 1 when one does not run, or does nothing."""
    with _sentences():
        stack = Stack.remembered(home, os.environ)
        processes = stack.examined()
        if not processes:
            raise StackError(f"The stack in {stack.home} is not running; `datalab up` starts it.")
        _show_all(stack, processes, Console())


def _show_all(stack: Stack, processes: list[ProcessState], console: Console) -> None:
    """Show them; exits 1 when one does not work."""
    _show(stack, processes, console)
    if not all(process.works for process in processes):
        raise typer.Exit(1)


def _show(stack: Stack, processes: list[ProcessState], console: Console) -> None:
    table = Table("process", "state", "pid", "address", box=None)
    addresses = stack.addresses()
    for process in processes:
        table.add_row(
            process.name, process.state.lower(), str(process.pid or ""), addresses[process.name]
        )
    console.print(table)
    console.print(f"State and logs: {stack.home}", highlight=False, soft_wrap=True)


@contextmanager
def _sentences() -> Iterator[None]:
    """Print a StackError as what it is, one sentence, and exit with 1."""
    try:
        yield
    except StackError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def protect(
    file: Annotated[Path, typer.Argument(dir_okay=False, exists=True, help="A table.")],
    policy: Annotated[typer.FileText, typer.Option(help="YAML: what of it may be shown.")],
    output: Annotated[Path, typer.Option(file_okay=False, help="Where the tables go.")],
) -> None:
    """Make the tables of your FILE that could be shown to all, with the engine alone."""
    with _engine() as engine:
        sentences = engine.protect(file, read_object(policy), output)
    _show_written(sentences, output)


def run(
    recipe: Annotated[typer.FileText, typer.Argument(help="YAML or JSON, as it is published.")],
    inputs: Annotated[
        list[str], typer.Option("--input", help="INPUT=FILE of the recipe; several times.")
    ],
    output: Annotated[Path, typer.Option(file_okay=False, help="Where the results go.")],
    values: Annotated[
        list[str], typer.Option("--set", help="PARAMETER=VALUE of the recipe; several times.")
    ] = [],
) -> None:
    """Run a RECIPE on your files with the engine alone: no service is needed, nothing is sent."""
    files = {name: Path(file) for name, file in pairs("--input", inputs).items()}
    for file in files.values():
        if not file.is_file():
            raise CallError(f"{file} is no file")
    chosen = pairs("--set", values)
    with _engine() as engine:
        sentences = engine.run(read_object(recipe), files, chosen, output)
    _show_written(sentences, output)


@contextmanager
def _engine() -> Iterator["EngineRun"]:
    """The engine on this machine; what is wrong with its work is one sentence."""
    from deploy.local.engine_run import EngineRun  # noqa: PLC0415 - only who runs one pays for it

    try:
        yield EngineRun.here(show.line)
    except LabError as error:
        raise CallError(str(error)) from error
    except OSError as error:
        raise CallError(f"the results are not written: {error}") from error


def _show_written(sentences: list[str], output: Path) -> None:
    for sentence in sentences:
        show.line(sentence)
    show.line(f"written to {output}: {', '.join(sorted(path.name for path in output.iterdir()))}")
