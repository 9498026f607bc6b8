"""The code and queries that people wrote for a treatment, for those who decide on it."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from pydantic import Field, ValidationError

from shared.engine.applications import APPLICATIONS, traits_of
from shared.engine.applications.python.application import PythonParameters
from shared.engine.applications.query.application import QUERY
from shared.engine.applications.query.sql import hash_of_query
from shared.events.event import Frozen, Step, Treatment


class OwnCode(Frozen):
    """Code or a query of a treatment, for those who decide on it."""

    step: str = Field(description="what its step calls its result")
    application: str = Field(default="python", description="`python` or `query`")
    text: str = Field(description="Python, the JSON of a notebook, or SQL")
    sha256: str

    @property
    def is_query(self) -> bool:
        """Return whether it is SQL, and no program."""
        return APPLICATIONS[self.application].traits.runs_sql

    @property
    def lines(self) -> int:
        """Return how many lines it has."""
        return len(self.text.splitlines())


def own_code(treatment: Treatment) -> tuple[OwnCode, ...]:
    """Return the code and queries of a treatment, step by step; none of steps that cannot run."""
    return tuple(_own_code(treatment.steps))


def _own_code(steps: Iterable[Step]) -> Iterator[OwnCode]:
    for step in steps:
        if traits_of(step).runs_code:
            with suppress(ValidationError):
                code = PythonParameters.model_validate(step.parameters)
                yield OwnCode(step=step.output, text=code.text, sha256=code.hash)
        elif traits_of(step).runs_sql and isinstance(sql := step.parameters.get("sql"), str):
            query, digest = QUERY.name, hash_of_query(sql)
            yield OwnCode(step=step.output, application=query, text=sql, sha256=digest)
