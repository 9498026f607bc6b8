"""The embedded document server: nx-27017, MongoDB's wire protocol on SQLite."""

import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.waiting import LOOPBACK


@dataclass(frozen=True)
class DocumentServer:
    """One server below `home`: a SQLite file for each database, its own log and pid file."""

    home: Path
    port: int

    @property
    def command(self) -> list[str]:
        """The server, in the foreground."""
        program = Path(sys.executable).with_name("nx-27017")
        # Without --data-dir every logical database shares its collections with the others.
        folders = ["--data-dir", str(self.home / "data")]
        own = ["--log-file", str(self.home / "log"), "--pid-file", str(self.home / "pid")]
        return [str(program), "--host", LOOPBACK, "--port", str(self.port), *folders, *own]

    @property
    def uri(self) -> str:
        """Where pymongo finds it."""
        return f"mongodb://{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Make the folder; the data of an earlier run stay."""
        (self.home / "data").mkdir(parents=True, exist_ok=True)
