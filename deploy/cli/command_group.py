"""What the commands share: the call, `--json` for programs, and the pages of a list."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client
from deploy.cli.session import client

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
After = Annotated[str, typer.Option(help="Start after this cursor.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1, max=100)]
TableFormat = Annotated[
    str,
    typer.Option(
        "--format", help="The table as csv (for Excel), xlsx or typed parquet; else by the suffix."
    ),
]

ListRequest = tuple[str, str, Mapping[str, object]]
"""The service, path and query of a list; cursor and limit are added here."""

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]


class CommandGroup(typer.Typer):
    """A group of commands; those that ask the API are made of what differs between them."""

    def __init__(self, text: str, **options: Any) -> None:  # noqa: ANN401 - Typer's
        super().__init__(help=text, no_args_is_help=True, **options)

    def answers(self, name: str, display: Callable[[Answer], None] = show.record) -> Decorator:
        """Make a command of a function that calls the API through its first parameter, a Client.

        What it returns is printed as JSON for programs; `display` shows it to people.
        """

        def decorate(call: Function) -> Function:
            def command(context: typer.Context, *, json: Json = False, **arguments: object) -> None:
                show.answer(call(client(context), **arguments), display, json=json)

            self.command(name)(_with_parameters_of(call, command))
            return call

        return decorate

    def lists(
        self,
        name: str,
        *columns: str,
        limit: int = 50,
        display: Callable[[Answer, Sequence[str]], None] = show.page,
    ) -> Decorator:
        """Make a command of a function that returns a ListRequest; people see these `columns`."""

        def decorate(ask: Function) -> Function:
            def page(
                api: Client, *, after: After = "", limit: Limit = limit, **arguments: object
            ) -> Answer:
                service, path, query = ask(**arguments)
                return api.get(service, path, **query, after=after, limit=limit)

            show_page = self.answers(name, lambda answer: display(answer, columns))
            return show_page(_with_parameters_of(ask, page))

        return decorate


def _with_parameters_of(function: Function, outer: Function) -> Function:
    """Give `outer` the signature for Typer: its first parameter, `function`'s, its options."""
    first, *others = inspect.signature(outer).parameters.values()
    options = [parameter for parameter in others if parameter.kind is parameter.KEYWORD_ONLY]
    parameters = inspect.signature(function).parameters.values()
    own = [parameter for parameter in parameters if parameter.annotation is not Client]
    signature = inspect.Signature([first, *own, *options])
    update_wrapper(outer, function)
    outer.__signature__ = signature  # type: ignore[attr-defined]
    outer.__annotations__ = {
        parameter.name: parameter.annotation for parameter in signature.parameters.values()
    }
    return outer
