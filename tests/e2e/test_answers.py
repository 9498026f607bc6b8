"""A town's question on restricted data is answered at once by its protected tables."""

from typing import Any

import pytest

from deploy.demo import content
from deploy.demo.story import wait
from tests.chaos.lab import Lab
from tests.e2e.acting import OnProject, offered

TOWNS = {"14118": 60, "76540": 45, "61001": 30, "50129": 4}
"""Of how many households each has rows; of the last there are too few to show."""

POLICY = {
    "unit": ["foyer"],
    "dimensions": [
        {"column": "commune", "levels": ["epci", "commune"]},
        {"column": "statut", "levels": ["value"]},
    ],
    "measures": [{"column": "aide"}],
}
SQL = (
    "SELECT commune, count(*) AS foyers, sum(aide) AS aides,"
    " round(100.0 * count(*) FILTER (WHERE statut = 'accordé') / count(*), 1) AS accords"
    " FROM aides GROUP BY commune ORDER BY foyers DESC"
)
NAMES = (
    "SELECT comptes.*, communes.nom FROM comptes"
    " LEFT JOIN communes ON communes.code = comptes.commune"
)
SINGLE = "SELECT foyer, aide FROM aides WHERE aide > 300"


def treatment(aids: str, towns: str, sql: str) -> dict[str, Any]:
    """A query on the households, and the names of their towns beside."""
    query = {
        "application": "query",
        "inputs": {"aides": "aides"},
        "parameters": {"sql": sql},
        "output": "comptes",
    }
    named = {
        "application": "query",
        "inputs": {"comptes": "comptes", "communes": "communes"},
        "parameters": {"sql": NAMES},
        "output": "nommes",
    }
    return {"inputs": {"aides": aids, "communes": towns}, "steps": [query, named]}


class Asking(OnProject):
    """A town asks what the tables of a carrier's restricted data hold."""

    def play(self) -> None:
        """From the upload to the result: the carrier is asked nothing."""
        self.publish()
        towns = content.DATA / "communes_2026.csv"
        self.towns = offered(self.owner, content.open_dataset(towns.name), towns)
        asked = treatment(self.aids, self.towns, SQL)
        single = {**asked, "steps": treatment(self.aids, self.towns, SINGLE)["steps"][:1]}
        for name, body in (("answered", asked), ("waiting", single)):
            self.seen[name] = self.holder.post("compute", "/treatments/check", body)["answers"]
        self.seen["preview"] = self.holder.post("compute", "/treatments/preview", asked)
        body = content.project(self.aids, asked)
        body = {**body, "title": "Qui est aidé, et où ?", "dataset_ids": []}
        self.project_id = self.holder.post("intake", "/projects", body)["id"]
        self.reach("advised")
        wait("catalogue and compute told", lambda: len(self.project()["checks"]) == 2)
        version = self.staff.get("intake", f"/projects/{self.project_id}")["version"]
        self.act("review", {"decision": "secure", "reason": "Chiffres.", "version": version})
        self.reach("trialled")
        self.seen["requests"] = self.owner.get("catalog", "/access-requests")["items"]
        self.job = self.project()["trials"][-1]["job_id"]
        self.seen["job"] = self.holder.get("compute", f"/jobs/{self.job}")
        self.seen["manifest"] = self.holder.get(
            "compute", f"/jobs/{self.job}/result", name="manifest.json"
        )
        self.seen["rows"] = self.holder.text(
            "compute", f"/jobs/{self.job}/result", name="result.csv"
        )

    def publish(self) -> None:
        """The carrier lets its tables be seen."""
        file = self.folder / "aides.csv"
        rows = [
            f"F{town}{number};{town};{('accordé', 'refusé')[number % 2]};{100 + 7 * number}"
            for town, households in TOWNS.items()
            for number in range(households)
        ]
        file.write_text("\n".join(["foyer;commune;statut;aide", *rows]), encoding="utf-8")
        about = {"title": "Aides par foyer", "theme": "social", "licence": "lov2"}
        self.aids = offered(self.owner, {**about, "access": "restricted"}, file)
        path = f"/datasets/{self.aids}/release-policy"
        self.owner.put("catalog", path, POLICY)
        wait("tables are made", lambda: self.owner.get("catalog", path)["latest"])
        self.owner.post("catalog", f"{path}/agreement", {"number": 1})
        wait("they are published", lambda: self.owner.get("catalog", path)["published"])


@pytest.fixture(scope="module")
def asking(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Asking:
    """The whole story."""
    asking = Asking(lab, tmp_path_factory.mktemp("asking"))
    asking.play()
    return asking


def test_check_says_what_leaves_at_once_and_what_waits(asking: Asking) -> None:
    """By form: the other request is told why, and where."""
    ((answered,), (waiting,)) = asking.seen["answered"], asking.seen["waiting"]
    assert (answered["kind"], answered["field"]) == ("at_once", "inputs.aides")
    assert (waiting["kind"], waiting["field"]) == ("waits", "steps.0")
    assert "lignes une à une" in waiting["message"]
    assert asking.seen["preview"]["asked"] == []


def test_nobody_is_asked_and_nothing_is_held(asking: Asking) -> None:
    """The owner has no request of the project; the result went to its holder."""
    requests = asking.seen["requests"]
    assert asking.project_id not in [request["project_id"] for request in requests]
    assert asking.seen["job"]["state"] == "succeeded"
    assert asking.seen["job"]["is_held"] is False


def test_answer_is_right_and_says_of_what_it_is(asking: Asking) -> None:
    """Also in a trial, which takes no sample of tables; small towns stay empty."""
    rows = {line.split(";")[0]: line.split(";") for line in asking.seen["rows"].splitlines()}
    for town in ("14118", "76540"):
        number = TOWNS[town]
        assert rows[town][1] == str(number)
        assert float(rows[town][2]) == sum(100 + 7 * at for at in range(number))
    assert "50129" not in rows or rows["50129"][1] == ""
    source = next(entry for entry in asking.seen["manifest"]["inputs"] if entry["name"] == "aides")
    assert source["title"] == "Tableaux protégés : Aides par foyer"
    assert "exacts" in str(source["conditions"])


def test_steps_stay_those_of_the_holder(asking: Asking) -> None:
    """What runs is made of them; what was asked is kept."""
    (query, _) = asking.seen["manifest"]["steps"]
    assert query["parameters"]["sql"] == SQL
