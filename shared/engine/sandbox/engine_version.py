"""Which code jobs are done by, here or on a machine that has the engine alone."""

import time
from functools import cache
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).parents[3]
ENGINE = "shared"
"""The folder that a machine needs to do jobs."""


@cache
def code_hash(*folders: str) -> str:
    """Return a hash of the code and lists in these folders of the lab, without libraries."""
    digest = sha256()
    for folder in folders:
        for path in sorted((_ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(_ROOT)).encode())
                digest.update(sha256(path.read_bytes()).digest())
                time.sleep(0)  # other green threads run between
    return digest.hexdigest()


def engine_version() -> str:
    """Return the hash of the engine: what a cluster's node must have as the service has it."""
    return code_hash(ENGINE)
