"""A town's question on restricted data is answered at once by its protected tables."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from deploy.cli.api_client import CallError
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

    policy: ClassVar[dict[str, Any]] = POLICY

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
        self.consent()
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

    def consent(self) -> None:
        """Nobody is asked."""

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
        self.owner.put("catalog", path, self.policy)
        wait("tables are made", lambda: self.owner.get("catalog", path)["latest"])
        self.owner.post("catalog", f"{path}/agreement", {"number": 1})
        wait("they are published", lambda: self.owner.get("catalog", path)["published"])


class AskingForTables(Asking):
    """The same, where the carrier lets those alone read the tables to whom it grants its data."""

    policy = {**POLICY, "readers": "granted"}

    def consent(self) -> None:
        """The carrier grants what it reads of the request."""
        path = f"/access-requests/{self.project_id}.{self.aids}"
        wait("the carrier is asked", self._waits)
        self.seen["request"] = self.owner.get("catalog", path)
        body = {"decision": "grant", "fingerprint": self.seen["request"]["fingerprint"]}
        self.owner.post("catalog", f"{path}/decision", body)

    def revoke(self) -> None:
        """It takes that back."""
        path = f"/access-requests/{self.project_id}.{self.aids}/decision"
        self.owner.post("catalog", path, {"decision": "revoke", "reason": "Étude finie."})

    def _waits(self) -> bool:
        items = self.owner.get("catalog", "/access-requests", waiting="true")["items"]
        return self.project_id in {request["project_id"] for request in items}


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


def test_tables_for_whom_the_data_is_granted_answer_without_a_reviewer(
    lab: Lab, tmp_path: Path
) -> None:
    """Their owner is asked, and told that no row is read; what was read goes with the grant."""
    asking = AskingForTables(lab, tmp_path)
    asking.play()
    [answered] = asking.seen["answered"]
    assert answered["kind"] == "waits"
    assert "il n'y a pas de relecteur" in answered["message"]
    assert [asked["dataset_id"] for asked in asking.seen["preview"]["asked"]] == [asking.aids]
    assert "Aucun relecteur ne décide" in str(asking.seen["request"])
    assert (asking.seen["job"]["state"], asking.seen["job"]["is_held"]) == ("succeeded", False)
    assert f"14118;{TOWNS['14118']}" in asking.seen["rows"]
    tables = asking.owner.get("catalog", f"/datasets/{asking.aids}")["tables_id"]
    with pytest.raises(CallError) as refused:
        asking.holder.text("catalog", f"/datasets/{tables}/table")
    assert refused.value.status == 403
    asking.revoke()
    wait("the result is withheld", lambda: _status(asking) == 403)


def _status(asking: Asking) -> int:
    """What the holder is answered that takes its result."""
    try:
        asking.holder.text("compute", f"/jobs/{asking.job}/result", name="result.csv")
    except CallError as error:
        return error.status
    return 200
