"""Runs a scheduler's commands: here, or elsewhere by what stands before them."""

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile

from shared.errors import Unavailable


class CommandFailed(Unavailable):
    """A command of the scheduler said no; the message is what it wrote."""


@dataclass(frozen=True)
class Transport:
    """Runs commands after a `prefix`, each for `deadline_seconds` at most.

    `joins_words` says that the prefix hands its words to a shell as one line, as ssh does.
    """

    prefix: tuple[str, ...] = ()
    deadline_seconds: float = 15.0
    joins_words: bool = False

    def run(self, command: Sequence[str], text: str = "") -> str:
        """Return what the command printed, with `text` as its input.

        Raises CommandFailed when it ends with another status than 0, and Unavailable when it does
        not start or end: what it asked for may have been done.
        """
        # In files, not pipes: one that stays behind would keep a pipe open, and us waiting.
        with TemporaryFile() as source, TemporaryFile() as output, TemporaryFile() as errors:
            source.write(text.encode())
            source.seek(0)
            try:
                process = subprocess.Popen(
                    self._words(command),
                    stdin=source,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                raise Unavailable(f"{command[0]} does not start: {error}") from error
            status = self._wait(process, command[0])
            output.seek(0)
            errors.seek(0)
            if status:
                message = errors.read().decode(errors="replace").strip()
                raise CommandFailed(f"{command[0]}: {message or f'exit status {status}'}")
            return output.read().decode(errors="replace")

    def _words(self, command: Sequence[str]) -> list[str]:
        return [*self.prefix, *([shlex.join(command)] if self.joins_words else command)]

    def _wait(self, process: "subprocess.Popen[bytes]", name: str) -> int:
        try:
            return process.wait(self.deadline_seconds)
        except subprocess.TimeoutExpired as error:
            message = f"{name} did not answer within {self.deadline_seconds:g} s"
            raise Unavailable(message) from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
