"""One command at a time starts or stops a stack."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.stack_error import StackError


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the lock of the stack at `home`, which must exist; StackError while another does.

    The kernel lets go of it when the process that holds it ends, however it ends.
    """
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"Another command starts or stops the stack in {home} just now; "
                "wait until it is done."
            ) from None
        yield
