"""What of the machine a sandbox shows to those who work in it."""

import sys
from pathlib import Path

CODE = Path(__file__).resolve().parents[3]
"""Where the package `shared` lives, in the sandbox too.

What was loaded outside of it finds its files there.
"""

INNER_JOB = "/job"
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the sandbox's own
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": "/tmp",  # noqa: S108 - the sandbox's own
    # Arrow's own pool keeps what it once used: each job is forked from a process that used it.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # One core more or less is nothing to these, and their thread pools count as processes.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def interpreter() -> list[Path]:
    """Return the folders of this Python and its packages that are not below /usr."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    # What was loaded outside of the sandbox may know its files by where links lead.
    prefixes |= {prefix.resolve() for prefix in prefixes}
    return sorted(prefix for prefix in prefixes if not prefix.is_relative_to("/usr"))
