"""How long a preview of a crossing takes over HTTP, on a whole stack, for tables of growing size.

Two tables of so many rows, two for each key, half of which meet; the rows that are told are printed
beside those that do.
"""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deploy.cli.api_client import Client
from deploy.demo.story import wait
from tests.chaos.lab import Lab

SIZES, ROUNDS = (10_000, 100_000, 1_000_000), 9
_SECONDS = 300


def main() -> None:
    """Print the median and the longest of each size, and what was told of the keys."""
    print(f"\npreviews: {__doc__.splitlines()[0] if __doc__ else ''}")
    with TemporaryDirectory(prefix="dl-") as home:
        lab = Lab(Path(home), 1)
        with lab.up():
            owner = lab.client("mbr_owner", "holder", "owner")
            for rows in SIZES:
                left, right = (
                    offered(owner, Path(home) / f"{rows}-{side}.csv", rows, first)
                    for side, first in (("left", 0), ("right", rows // 2))
                )
                _measure(owner, rows, left, right)


def _measure(owner: Client, rows: int, left: str, right: str) -> None:
    treatment, seconds = crossing_of(left, right), []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        preview = owner.post("compute", "/treatments/preview", treatment)
        seconds.append(time.perf_counter() - began)
    (match,) = preview["matches"]
    met = match["left"] and match["left"]["rows_met"]
    print(
        f"  {rows:>9,} x {rows:,}: median {statistics.median(seconds) * 1000:.0f} ms, longest"
        f" {max(seconds) * 1000:.0f} ms; told {met} rows that meet, {rows - rows // 2} do"
    )


def crossing_of(left: str, right: str) -> dict[str, Any]:
    """The treatment that crosses two of the tables."""
    step = {
        "application": "cross",
        "inputs": {"left": "a", "right": "b"},
        "parameters": {"left_key": "cle", "right_key": "cle", "many_to_many": "kept"},
        "output": "c",
    }
    return {"inputs": {"a": left, "b": right}, "steps": [step]}


def offered(owner: Client, path: Path, rows: int, first: int) -> str:
    """A published dataset of so many rows from that one on."""
    lines = (f"K{number // 2:09};{number % 97}\n" for number in range(first, first + rows))
    path.write_text("cle;n\n" + "".join(lines), encoding="utf-8")
    about = {"title": path.stem, "theme": "essai", "licence": "lov2", "access": "open"}
    dataset: Any = owner.upload("catalog", "/datasets", about, path)["id"]

    def is_published() -> bool:
        state: str = owner.get("catalog", f"/datasets/{dataset}")["state"]
        return state == "published"

    wait(f"{path.name} is published", is_published, _SECONDS)
    return str(dataset)
