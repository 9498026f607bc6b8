"""Has compute look at own code before it is saved: whether it is Python, and anybody can run it."""

from shared.applications.python_application import PYTHON
from shared.errors import Invalid, Unavailable
from shared.events.event import Treatment
from shared.messaging.client import ServiceProxy


def check_code(compute: ServiceProxy, treatment: Treatment | None, at: str = "") -> None:
    """Raise Invalid, naming the line, for code that cannot run; its field begins with `at`.

    Nothing waits for compute: while it does not answer, what it checks later tells as much.
    """
    if treatment is None or all(it.application != PYTHON.name for it in treatment.steps):
        return
    try:
        compute.check_code(treatment.model_dump(mode="json"))
    except Unavailable:
        return
    except Invalid as fault:
        raise Invalid(fault.args[0], f"{at}{fault.field}") from fault
