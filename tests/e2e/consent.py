"""A carrier's restricted data in a town's project: asked for, granted, taken away, and used."""

from typing import Any

from deploy.cli.api_client import CallError, Client
from deploy.demo import content
from deploy.demo.story import wait
from tests.e2e.acting import OnProject, offered

ROWS = [
    ("stop", "commune", "boardings", "revenue"),
    *(
        (f"A{code}{at}", code, f"{at}0", "SECRET")
        for code in ("14118", "76540", "61001")
        for at in range(11)
    ),
    ("A9", "14118", "n.c.", "7"),
]
"""Stops enough in each town for a figure to leave."""

PURPOSE, LAST_DAY = "desserte des communes", "2100-01-01"
REASON = "étude suspendue par son commanditaire"
WORDS = "Seulement les montées et la commune, jamais la recette."
AGAIN = "La recette par commune, sans les arrêts."


def treatment(buses: str, towns: str, figure: str) -> dict[str, Any]:
    """Crosses the stops with the communes and adds one figure up by commune."""
    cross = {
        "application": "cross",
        "inputs": {"left": "buses", "right": "towns"},
        "parameters": {"left_key": "commune", "right_key": "code"},
        "output": "crossed",
    }
    aggregate = {
        "application": "aggregate",
        "inputs": {"table": "crossed"},
        "parameters": {"by": ["commune", "nom"], **figure_of(figure)},
        "output": "summed",
    }
    return {"inputs": {"buses": buses, "towns": towns}, "steps": [cross, aggregate]}


def figure_of(figure: str) -> dict[str, Any]:
    """Boardings are added up, revenue is counted: not all of it is a number either."""
    return {"sums": [figure]} if figure == "boardings" else {"counts": [figure]}


class Consent(OnProject):
    """A town asks a carrier for its counts of passengers; what everybody saw on the way."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.helper = self.lab.client(self.members["laboratory"], "holder")
        self.stranger = self.lab.client("mbr_stranger", "holder", "owner")

    def play(self) -> None:
        """From the upload to the delivery."""
        self.upload()
        self.ask()
        self.mend()
        self.invite()
        self.take_away()
        self.deliver()

    def upload(self) -> None:
        """The carrier's table is restricted; the communes are open."""
        file = self.folder / "arrets.csv"
        file.write_text("\n".join(";".join(row) for row in ROWS), encoding="utf-8")
        about: dict[str, Any] = {
            "title": "Montées par arrêt",
            "theme": "mobilité",
            "licence": "odc-odbl",
        }
        about = {**about, "access": "restricted", "territory": content.TERRITORY}
        self.buses = offered(self.owner, about, file)
        towns = content.DATA / "communes_2026.csv"
        self.towns = offered(self.owner, content.open_dataset(towns.name), towns)

    def ask(self) -> None:
        """A reviewer secures the project; the owner reads what is asked, and grants just that."""
        body = content.project(self.buses, treatment(self.buses, self.towns, "boardings"))
        body = {**body, "title": "Où ajouter des arrêts ?", "dataset_ids": []}
        self.project_id = self.holder.post("intake", "/projects", body)["id"]
        self.reach("advised")
        self.review()
        self.seen["request"] = wait("the owner is asked", self.request)
        self.decide("grant", conditions=WORDS)

    def mend(self) -> None:
        """A reviewer changes what was tried, by a column that the owner did not grant."""
        self.reach("trialled")
        mended = treatment(self.buses, self.towns, "revenue")
        self.staff.post("intake", f"/projects/{self.project_id}/treatment", mended)
        self.seen["second"] = wait("the owner is asked anew", self.request)
        self.seen["waiting"] = wait("the project says for whom it waits", self.waits)
        self.decide("grant", conditions=AGAIN)
        wait("the changed treatment is tried", lambda: len(self.project()["trials"]) > 1)
        self.seen["trials"] = self.project()["trials"]

    def invite(self) -> None:
        """Site and team see the project and accept."""
        self.act("pilot-site", {"site_id": self.members["lab"]})
        site = self.lab.client(self.members["lab"], "holder")
        site.post("intake", f"/projects/{self.project_id}/invitation", {"answer": "accept"})
        self.reach("piloted")
        self.act("team", {"team": [self.members["laboratory"]]})
        self.seen["invited"] = self.helper.get("intake", f"/projects/{self.project_id}")
        self.helper.post("intake", f"/projects/{self.project_id}/invitation", {"answer": "accept"})
        self.seen["reviewed"] = self.released("full")
        wait("the full job succeeds", lambda: self.project()["results"])

    def take_away(self) -> None:
        """Nothing is delivered while the owner has taken its data away; it is granted again."""
        self.decide("revoke", reason=REASON)
        wait("the project knows", lambda: REASON in str(self.project()["history"]))
        self.seen["refused"] = self.refusal()
        self.decide("grant", conditions=AGAIN, purpose=PURPOSE, until=LAST_DAY)

    def refusal(self) -> CallError | None:
        """Why the project is not delivered; None once it is."""
        delivery = content.delivery(self.project()["results"][-1]["job_id"])
        try:
            self.act("delivery", delivery, self.holder)
        except CallError as error:
            return error
        return None

    def deliver(self) -> None:
        """The result is a dataset, closed to all but those who made it."""
        wait("it is delivered", lambda: self.refusal() is None)
        self.result_id = wait("the result is found", self.find)
        self.seen["stranger"] = self.status(self.stranger)
        self.seen["helper"] = self.status(self.helper)

    def open(self) -> None:
        """The holder asks; the carrier's word opens it, and not before."""
        path = f"/datasets/{self.result_id}"
        try:
            self.holder.patch("catalog", path, {"access": "open"})
        except CallError as error:
            self.seen["patched"] = error
        self.holder.post("catalog", f"{path}/opening", {})
        opening = self.owner.get("catalog", f"{path}/opening")
        self.seen["opening"] = opening
        seen = {"version": opening["version"], "fingerprint": opening["fingerprint"]}
        fields = {"decision": "open", **seen}
        self.seen["before"] = self.status(self.stranger)
        self.owner.post("catalog", f"{path}/opening/decision", fields)
        self.seen["after"] = self.status(self.stranger)

    def review(self) -> None:
        """A reviewer of the lab secures the version that it read, once all is known of it."""
        wait("catalogue and compute told", lambda: len(self.project()["checks"]) == 2)
        version = self.staff.get("intake", f"/projects/{self.project_id}")["version"]
        fields = {"decision": "secure", "reason": "Chiffres agrégés.", "version": version}
        self.act("review", fields)

    def decide(self, decision: str, **why: str) -> None:
        """The owner decides on what it sees, in its own words."""
        path = f"/access-requests/{self.project_id}.{self.buses}"
        seen = self.owner.get("catalog", path)["fingerprint"]
        body = {"decision": decision, "fingerprint": seen, **why}
        self.owner.post("catalog", f"{path}/decision", body)

    def request(self) -> dict[str, Any] | None:
        """What the owner has to decide on now."""
        items = self.owner.get("catalog", "/access-requests", waiting="true")["items"]
        return next(
            (request for request in items if request["project_id"] == self.project_id), None
        )

    def waits(self) -> list[Any]:
        """For whom the project waits."""
        waits: list[Any] = self.project()["waits_for"]
        return waits

    def status(self, client: Client) -> int:
        """What the client is answered that downloads the result."""
        try:
            size = client.download(
                "catalog", f"/datasets/{self.result_id}/table", self.folder / "result.parquet"
            )
        except CallError as error:
            return error.status
        return 200 if size else 0
