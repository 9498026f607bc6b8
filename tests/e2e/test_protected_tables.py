"""An owner publishes protected tables of restricted data, which everybody finds and reads."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.api_client import Answer, CallError, Client
from deploy.demo.story import wait
from tests.chaos.lab import Lab
from tests.e2e.acting import offered

TOWNS = {"14118": 60, "76540": 45, "61001": 30, "50129": 4}
"""Of how many households each has rows; of the last there are too few to show."""

POLICY: dict[str, Any] = {
    "unit": ["foyer"],
    "minimum_units": 11,
    "dimensions": [
        {"column": "commune", "levels": ["epci", "commune"]},
        {"column": "statut", "levels": ["value"]},
    ],
    "measures": [{"column": "aide"}],
}
COARSER = {**POLICY, "dimensions": POLICY["dimensions"][:1], "measures": []}
ABOUT = {"title": "Aides aux foyers", "theme": "social", "licence": "lov2", "access": "restricted"}


def rows(towns: dict[str, int]) -> list[dict[str, str]]:
    """Each household's row: half of them got what they asked for."""
    return [
        {
            "foyer": f"F{town}{number}",
            "commune": town,
            "statut": ("accordé", "refusé")[number % 2],
            "aide": str(100 + 7 * number),
        }
        for town, households in towns.items()
        for number in range(households)
    ]


class Publishing:
    """A carrier of restricted data lets its tables be seen; what everybody saw on the way."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder, self.seen = folder, dict[str, Any]()
        self.owner = lab.client("mbr_protects", "owner")
        self.reader = lab.client("mbr_reads_tables", "holder")

    def play(self) -> None:
        """From the upload to the deletion."""
        self.dataset_id = offered(self.owner, ABOUT, self.file(TOWNS))
        self.path = f"/datasets/{self.dataset_id}"
        self.policy = f"{self.path}/release-policy"
        self.seen["proposal"] = self.state()["proposal"]
        self.try_out()
        self.agree()
        self.renew()
        self.end()

    def try_out(self) -> None:
        """A policy that does not fit is told; the tables of another are the owner's alone."""
        wrong = {**POLICY, "measures": [{"column": "revenu"}]}
        self.owner.put("catalog", self.policy, wrong)
        self.seen["refusal"] = wait("it is refused", lambda: self.state()["refusal"])
        self.owner.put("catalog", self.policy, COARSER)
        wait("they are made", self.made(2))
        self.seen["too early"] = self.status(lambda: self.agreed(1))
        self.owner.put("catalog", self.policy, POLICY)
        wait("others are made", self.made(3))
        self.seen["same"] = self.owner.put("catalog", self.policy, POLICY)["number"]
        self.seen["trial"] = self.download(self.owner, f"{self.policy}/tables")
        self.seen["unseen"] = [
            self.status(lambda: self.reader.get("catalog", self.policy)),
            self.status(lambda: self.download(self.reader, f"{self.policy}/tables")),
        ]

    def agree(self) -> None:
        """The owner saw them; from then on another member finds and takes them."""
        self.agreed(3)
        published = wait("they are published", self.published(1))
        self.seen["view"], self.tables = published, published["tables_id"]
        self.seen["dataset"] = self.reader.get("catalog", f"/datasets/{self.tables}")
        wait("a search finds them", lambda: self.tables in str(self.found()))
        self.seen["first"] = self.open_tables()
        self.seen["version"] = self.status(
            lambda: self.owner.upload(
                "catalog", f"/datasets/{self.tables}/versions", {}, self.file({"14118": 1})
            )
        )

    def renew(self) -> None:
        """Another version within the year waits; its owner agrees to this very edition."""
        more = self.file({**TOWNS, "61001": 50})
        self.owner.upload("catalog", f"{self.path}/versions", {}, more)
        self.seen["waiting"] = wait("the tables are made anew", lambda: self.state()["waiting"])
        self.seen["meanwhile"] = self.open_tables()
        self.agreed(3, version=2)
        wait("they are published", self.published(2))
        wait("and read", lambda: len(self.dataset()["versions"]) == 2)
        self.seen["second"] = self.open_tables()

    def end(self) -> None:
        """The data is deleted, and who looks for its tables is told why they are retired."""
        jobs = self.owner.get("compute", "/jobs", state="succeeded", limit=100)["items"]
        self.jobs = [job["id"] for job in jobs if job["kind"] == "protect"]
        self.seen["before"] = set(map(self.manifest, self.jobs))
        self.owner.delete("catalog", self.path, {"reason": "fin de l'enquête"})
        wait("the tables are retired", lambda: self.dataset()["state"] == "retired")
        self.seen["retired"] = self.dataset()["retired"]
        wait("its jobs are forgotten", lambda: set(map(self.manifest, self.jobs)) == {410})

    def file(self, towns: dict[str, int]) -> Path:
        """The table of these households."""
        file = self.folder / "aides.csv"
        with file.open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, ("foyer", "commune", "statut", "aide"), delimiter=";")
            writer.writeheader()
            writer.writerows(rows(towns))
        return file

    def state(self) -> Answer:
        """What the owner sees of its policy."""
        return self.owner.get("catalog", self.policy)

    def dataset(self) -> Answer:
        """The dataset of the tables, as its owner sees it."""
        return self.owner.get("catalog", f"/datasets/{self.tables}")

    def agreed(self, number: int, **edition: int) -> Answer:
        """Agree to the tables of that policy, or to that edition."""
        return self.owner.post("catalog", f"{self.policy}/agreement", {"number": number, **edition})

    def manifest(self, job_id: str) -> int:
        """What its owner is answered that asks for what a job left."""
        path = f"/jobs/{job_id}/result"
        return self.status(lambda: self.owner.text("compute", path, name="manifest.json"))

    def made(self, number: int) -> Callable[[], bool]:
        """Whether there are tables by the policy of that number."""
        return lambda: (self.state()["latest"] or {}).get("number") == number

    def published(self, version: int) -> Callable[[], Answer | None]:
        """What others see, once it is of that version of the data."""

        def look() -> Answer | None:
            try:
                view = self.reader.get("catalog", self.policy)
            except CallError:
                return None
            return view if view["published"]["version"] == version else None

        return look

    def found(self) -> Answer:
        """What another member finds by the words of the title."""
        return self.reader.get("catalog", "/datasets", q="tableaux protégés foyers")

    def open_tables(self) -> list[dict[str, str]]:
        """The rows of the tables that another member downloads."""
        return self.download(self.reader, f"/datasets/{self.tables}/table", format="csv")

    def download(self, client: Client, path: str, **query: str) -> list[dict[str, str]]:
        """The rows of a table that a member downloads."""
        target = self.folder / "download.csv"
        client.download("catalog", path, target, **query)
        with target.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    def status(self, call: Callable[[], object]) -> int:
        """What a call is answered."""
        try:
            call()
        except CallError as error:
            return error.status
        return 200


@pytest.fixture(scope="module")
def publishing(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Publishing:
    """The whole story."""
    publishing = Publishing(lab, tmp_path_factory.mktemp("publishing"))
    publishing.play()
    return publishing


def counts(table: list[dict[str, str]], *levels: str) -> dict[tuple[str, ...], str]:
    """The counts of the table by these levels."""
    name = " et ".join(levels)
    return {
        tuple(row[level] for level in levels): row["nombre"]
        for row in table
        if row["tableau"] == name
    }


def test_owner_tries_policies_and_others_see_nothing_of_that(publishing: Publishing) -> None:
    """A column that is not there is told; a number of before is no agreement to what came after."""
    seen = publishing.seen
    assert "« revenu »" in seen["refusal"]
    assert seen["proposal"]["unit"] == ["foyer"]
    assert seen["proposal"]["dimensions"][0]["levels"] == ["epci", "commune"]
    assert (seen["too early"], seen["unseen"], seen["same"]) == (409, [404, 404], 3)
    assert counts(seen["trial"], "commune")["14118",] == "60"


def test_tables_are_a_dataset_that_everybody_reads(publishing: Publishing) -> None:
    """Open, beside the data that they are of, with exact figures and nothing of the few."""
    dataset, view = publishing.seen["dataset"], publishing.seen["view"]
    assert (dataset["access"], dataset["title"]) == ("open", "Tableaux protégés : Aides aux foyers")
    assert dataset["tables_of"] == publishing.dataset_id
    assert "au moins 11 unités" in dataset["description"]
    assert (view["latest"], view["proposal"], view["policy"]["unit"]) == (None, None, ["foyer"])
    shown = counts(publishing.seen["first"], "commune")
    expected = Counter(row["commune"] for row in rows(TOWNS))
    assert "50129" in expected
    assert {town: str(expected[town]) for (town,), count in shown.items() if count} == {
        town: count for (town,), count in shown.items() if count
    }
    assert not shown.get(("50129",))
    assert len([count for count in shown.values() if count]) > 1


def test_each_version_of_the_data_makes_one_of_the_tables(publishing: Publishing) -> None:
    """That leaves once a year, or as its owner agrees; nobody but the lab makes any."""
    assert "Les tableaux de la version 2 attendent" in publishing.seen["waiting"]
    assert publishing.seen["meanwhile"] == publishing.seen["first"]
    assert counts(publishing.seen["second"], "commune")["61001",] == "50"
    assert publishing.seen["version"] == 409


def test_tables_of_deleted_data_are_retired(publishing: Publishing) -> None:
    """And say why; what the jobs left that made them is forgotten."""
    assert (len(publishing.jobs), publishing.seen["before"]) == (3, {200})
    assert "fin de l'enquête" in publishing.seen["retired"]


def test_tables_with_noise_hide_nothing_and_say_how_wrong_they_are(
    lab: Lab, tmp_path: Path
) -> None:
    """To all, beside each figure; to their owner alone also how many are close."""
    noisy = Publishing(lab, tmp_path)
    noisy.owner = lab.client("mbr_adds_noise", "owner")
    about = {**ABOUT, "title": "Aides avec du bruit", "territory": ["14", "50", "61", "76"]}
    path = f"/datasets/{offered(noisy.owner, about, noisy.file(TOWNS))}"
    noisy.policy = f"{path}/release-policy"
    commune, statut = POLICY["dimensions"]
    dimensions = [
        {**commune, "levels": ["departement"], "values": about["territory"]},
        {**statut, "values": ["accordé", "refusé"]},
    ]
    policy = {**POLICY, "method": "noise", "guess_percent": 90, "dimensions": dimensions}
    refused = noisy.status(lambda: noisy.owner.put("catalog", noisy.policy, policy))
    noisy.owner.put(
        "catalog", noisy.policy, {**policy, "measures": [{"column": "aide", "cap": 600}]}
    )
    wait("the tables are made", noisy.made(1))
    own = noisy.state()
    noisy.agreed(1)
    view = wait("they are published", noisy.published(1))
    noisy.tables = view["tables_id"]
    assert (refused, view["close_percent"]) == (422, None)
    assert 0 <= own["close_percent"] <= 100
    table = noisy.open_tables()
    assert all(row["nombre"] and float(row["nombre (±)"].replace(",", ".")) > 0 for row in table)
    assert len(counts(table, "departement", "statut")) == 6 * 4
    assert "légèrement fausse" in noisy.dataset()["description"]
