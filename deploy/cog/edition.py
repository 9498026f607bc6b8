"""A year's lists of communes, EPCI and départements, from a package that npm fetches."""

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from deploy.cog.territory_history import Entry

_PACKAGE = "@etalab/decoupage-administratif"


@dataclass(frozen=True)
class Edition:
    """What the package has of one year; the first also has INSEE's history since 1943."""

    communes: list[Entry]
    epci: list[Entry]
    departements: list[Entry]
    history: list[Entry]

    @property
    def bodies(self) -> dict[str, str]:
        """The EPCI of each commune that is a member of one."""
        return {member["code"]: body["code"] for body in self.epci for member in body["membres"]}


def fetch(version: str, folder: Path) -> Edition:
    """Download a version with npm, which checks its integrity."""
    command = ["npm", "pack", f"{_PACKAGE}@{version}", "--pack-destination", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        return Edition(
            communes=_read(archive, "communes"),
            epci=_read(archive, "epci"),
            departements=_read(archive, "departements"),
            history=_read(archive, "historique-communes"),
        )


def _read(archive: tarfile.TarFile, name: str) -> list[Entry]:
    """A list of the package, empty when it has none of that name."""
    path = f"package/data/{name}.json"
    file = archive.extractfile(path) if path in archive.getnames() else None
    entries: list[Entry] = json.load(file) if file else []
    return entries
