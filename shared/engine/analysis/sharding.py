"""Which input of a treatment is read for sums alone, so that engines can share its rows."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.engine.applications import APPLICATIONS, traits_of
from shared.engine.contract.work import Work
from shared.events.event import Step


class ShardedStep(NamedTuple):
    """The number of a step, and the input whose rows it needs the sums of."""

    number: int
    table: str


def sharded_step(work: Work) -> ShardedStep | None:
    """Return the first step whose main table's rows may be added up in shards, if there is one.

    The table is an input that nothing else reads, whole, without totals, and nobody's secret. A
    crossing needs sums where an aggregation alone reads what it makes.
    """
    is_plain = not (work.protected or work.invented or work.cached or work.uploads)
    if work.sample_rows is not None or not is_plain:
        return None
    read = [name for step in work.steps for name in step.inputs.values()]
    for number, step in enumerate(work.steps):
        table = step.inputs.get(APPLICATIONS[step.application].main_role(step), "")
        is_alone = table in work.inputs and read.count(table) == 1
        if is_alone and not work.total_rows.get(table) and _needs_sums(work.steps, number):
            return ShardedStep(number, table)
    return None


def _needs_sums(steps: Sequence[Step], number: int) -> bool:
    step, traits = steps[number], traits_of(steps[number])
    summing_step = step if traits.sums else sums_after(steps, number)
    if summing_step is None or not traits.splits(step.parameters):
        return False
    return traits_of(summing_step).splits(summing_step.parameters)


def sums_after(steps: Sequence[Step], number: int) -> Step | None:
    """Return the aggregation that alone reads what a crossing makes, if it comes next.

    A later crossing would take away the keys by which an earlier one can be made anew.
    """
    joining_step, *later = steps[number:]
    readers = [at for at, step in enumerate(later) if joining_step.output in step.inputs.values()]
    is_summed = readers == [0] and traits_of(later[0]).sums
    crosses_again = any(traits_of(step).joins for step in later)
    if not traits_of(joining_step).joins or not is_summed or crosses_again:
        return None
    return later[0]
