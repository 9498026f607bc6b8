"""For whom, why and by which recipe and code a result was made: a part of its manifest."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Self

from pydantic import Field

from shared.events.event import Frozen, Step

_CODE = ("sql", "code", "notebook")
"""Parameters that hold what somebody wrote to be run."""


class StepCode(Frozen):
    """What somebody wrote to be run in a step: SQL, Python or a notebook."""

    step: str = Field(description="the name of the step's table")
    sha256: str = Field(description="of the text, in UTF-8")

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Iterator[Self]:
        """Return the code of the steps that have any."""
        for step in steps:
            texts = filter(None, (step.parameters.get(name) for name in _CODE))
            for text in texts:
                hashed = sha256(str(text).encode("utf-8", "replace")).hexdigest()
                yield cls(step=step.output, sha256=hashed)


class ReusedStep(Frozen):
    """A step that a job did not do anew: an earlier one of its project had done the very same."""

    step: str = Field(description="the name of the step's table")
    job_id: str = Field(description="which job did it")
    day: str = Field(description="when, an ISO date")


class PolicyReference(Frozen):
    """The release policy of restricted data by which its protected tables were made."""

    dataset_id: str = Field(description="the restricted data, which were not read themselves")
    number: int = Field(description="of the policy, as its owner set one after the other")
    sha256: str = Field(description="of the policy, as JSON")


class RunLimits(Frozen):
    """What a run might use at most; memory is that of all its processes together."""

    seconds: float
    memory_bytes: int


class Provenance(Frozen):
    """For whom, why and by which recipe and code a result was made."""

    recipe: str = Field(default="", description="`name@version`")
    code: tuple[StepCode, ...] = ()
    reused: tuple[ReusedStep, ...] = Field(
        default=(), description="steps that were taken over from earlier jobs"
    )
    engine: str = Field(
        default="", description="sha256 of the lab's code and lists that did it, without libraries"
    )
    executor: str = Field(default="", description="where it ran: `local` or `slurm`")
    shards: int = Field(default=1, description="engines that shared the rows of an input")
    limits: RunLimits | None = Field(default=None, description="of the run that made it")
    holder_id: str = Field(default="", description="whose project it is")
    submitted_by: str = Field(
        default="", description="who asked for this run; empty where the project's stage did"
    )
    project_title: str = ""
    purpose: str = Field(default="", description="the problem that the project is about")
