"""What a run read, as it was brought into its folder: its result is stored with that."""

from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import to_json

from shared.engine.sandbox.run_files import write_whole
from shared.engine.tables.manifest import Input
from shared.events.event import Frozen

_FILE = "staged.json"


class StagedRun(Frozen):
    """The inputs of a run, when it opened them, and what their tables and steps are kept under.

    `hashes_by_dataset` are of whole tables, `step_keys` of steps that may be kept, by output.
    """

    inputs: tuple[Input, ...]
    began: datetime
    hashes_by_dataset: dict[str, str]
    step_keys: dict[str, str]
    is_invented: bool = False

    @property
    def is_protected(self) -> bool:
        """Whether others' restricted data is in it."""
        return any(read_input.is_protected for read_input in self.inputs)

    def write(self, folder: Path) -> None:
        """Leave it in the folder of a run, for whichever process stores the result."""
        # Also what manifests have not of an input: rules of release need it.
        inputs = [dict(read_input) for read_input in self.inputs]
        write_whole(folder / _FILE, to_json({**dict(self), "inputs": inputs}))

    @classmethod
    def read(cls, folder: Path) -> "StagedRun | None":
        """Read what is in the folder of a run; None where it was not staged whole."""
        try:
            return cls.model_validate_json((folder / _FILE).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
