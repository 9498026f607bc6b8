"""Which code a job is done by."""

import time
from functools import cache
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_CODE = ("services/compute", "shared")


@cache
def engine_version() -> str:
    """Return a hash of the code and lists that jobs use."""
    digest = sha256()
    for top in _CODE:
        for path in sorted((_ROOT / top).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(_ROOT)).encode())
                digest.update(sha256(path.read_bytes()).digest())
                time.sleep(0)  # other green threads run between
    return digest.hexdigest()
