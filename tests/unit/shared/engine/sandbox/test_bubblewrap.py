"""The order of a sandbox's mounts."""

import sys
from pathlib import Path

from shared.engine.sandbox.bubblewrap import confined


def test_empty_tmp_does_not_hide_a_python_installed_below_it() -> None:
    """The job's own /tmp is mounted before the interpreter, wherever that lies."""
    words = confined(Path("job"), ["true"], 1)
    assert words.index("--tmpfs") < words.index(sys.prefix)
