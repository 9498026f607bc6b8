"""The service process may import the applications."""

import subprocess
import sys


def test_listing_applications_loads_no_data_library() -> None:
    """The service process stays light: the heavy libraries are the sandbox's."""
    program = (
        "import sys, shared.engine.applications, shared.engine.sandbox.sandbox\n"
        "print(sorted({'duckdb', 'pandas', 'pyarrow', 'numpy', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
