"""The story: each step asks the HTTP API in somebody's role and waits for what it sets off."""

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deploy.cli.api_client import CallError, Client
from deploy.demo import content
from deploy.demo.partner import Partner
from deploy.local.preflight import LEAST_FREE_BYTES
from shared.stages import ABANDONED

Tell = Callable[[str], None]
ClientFor = Callable[..., Client]
"""`client_for(member_id, *roles)` is a client with that member's token."""

_WAIT_SECONDS, _PATIENCE_SECONDS = 180, 5


class StoryError(Exception):
    """The story stopped; the sentence says where."""


def wait(what: str, look: Callable[[], Any], seconds: float = _WAIT_SECONDS) -> Any:  # noqa: ANN401
    """Return the first true answer of `look`; raises StoryError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(0.1)
    raise StoryError(f"waited {seconds:.0f} s in vain: {what}")


def review(reviewer: Client, project_id: str, reason: str) -> None:
    """Secure a project as it is, once the catalogue has said whose data it would read."""

    def read() -> dict[str, Any] | None:
        project: dict[str, Any] = reviewer.get("intake", f"/projects/{project_id}")
        return project if any(check["by"] == "catalog" for check in project["checks"]) else None

    version = wait("the catalogue says whose data it is", read)["version"]
    body = {"decision": "secure", "reason": reason, "version": version}
    reviewer.post("intake", f"/projects/{project_id}/review", body)


def accept(member: Client, project_id: str) -> None:
    """Take the part in a project that the member is asked for."""
    member.post("intake", f"/projects/{project_id}/invitation", {"answer": "accept"})


class Story:
    """Everything from an empty lab to a delivered service that follows its data."""

    def __init__(self, client_for: ClientFor, partner: Partner, tell: Tell) -> None:
        self._client_for, self._partner, self._tell = client_for, partner, tell
        self.staff = client_for("lab", "operator", "reviewer")
        self.members: dict[str, str] = {}
        self.datasets: dict[str, str] = {}
        self.endpoint_id = self.project_id = self.result_id = ""

    @property
    def holder(self) -> Client:
        """The agency that holds the project."""
        return self._client_for(self.members["agency"], "holder", "owner")

    def play(self, partner_url: str) -> None:
        """Every step in turn."""
        self.join()
        self.listen(partner_url)
        self.seed()
        self.understand()
        self.submit()
        self.secure()
        self.trial()
        self.staff_up()
        self.deliver()
        self.renew()

    def join(self) -> None:
        """Register the members, except those that an earlier run registered."""
        member_ids = {
            member["name"]: member["id"] for member in self.staff.get("intake", "/members")["items"]
        }
        for role in content.MEMBERS:
            body = content.member(role)
            member_id = member_ids.get(body["name"])
            self.members[role] = member_id or self.staff.post("intake", "/members", body)["id"]
        self._tell(f"{len(self.members)} members of the lab")

    def listen(self, url: str) -> None:
        """Register the partner's endpoint for every event."""
        body = {"url": url, "event_types": ["*"], "description": "partner of the demo"}
        endpoint = self.staff.post("notify", "/endpoints", body)
        self._partner.trust(endpoint["secret"])
        self.endpoint_id = endpoint["id"]
        self._tell(f"a partner listens to every event at {url}")

    def seed(self) -> None:
        """Fill the catalogue through its own API; wait until each table was read.

        What an earlier run left of the lab's own data is used again.
        """
        owner = self._client_for(self.members["lab"], "owner")
        page = owner.get("catalog", "/datasets", owner_id=self.members["lab"])
        dataset_ids = {dataset["title"]: dataset["id"] for dataset in page["items"]}
        for filename in content.OPEN_DATA:
            metadata = content.open_dataset(filename)
            present_id = dataset_ids.get(metadata["title"])
            file = content.DATA / filename
            self.datasets[filename] = present_id or _offer(owner, metadata, file)
        with TemporaryDirectory() as folder:
            file = content.homes_without_last_row(Path(folder))
            self.datasets[content.HOMES_FILE] = _offer(self.holder, content.HOMES, file)
        for filename, dataset_id in self.datasets.items():
            look = partial(_published, self.staff, dataset_id)
            dataset = wait(f"{filename} is published", look)
            keys = ", ".join(dataset["keys"]) or "none"
            self._tell(f"{filename}: {dataset['rows']} rows, keys: {keys}")

    def understand(self) -> None:
        """Show the joins that the catalogue discovered, and search by a misspelt word."""
        homes, bodies = self.datasets[content.HOMES_FILE], self.datasets["epci_2026.csv"]
        path = f"/datasets/{homes}/joins"
        joins = wait("the joins are known", lambda: self.holder.get("catalog", path)["items"])
        for join in joins[:3]:
            self._tell(f"joins with {join['title']}: {join['reason']}")
        judged = self.holder.get("catalog", "/crossing", dataset_id=[homes, bodies])["licence"]
        self._tell(f"licence of their crossing: {judged['title']}")
        [best, *_] = self.holder.get("catalog", "/datasets", q=content.MISSPELT)["items"]
        self._tell(f"« {content.MISSPELT} » finds: {best['title']} - {'; '.join(best['reasons'])}")

    def submit(self) -> None:
        """Submit the project and read the lab's advice."""
        homes = self.datasets[content.HOMES_FILE]
        body = content.project(homes, self.treatment(homes))
        self.project_id = self.holder.post("intake", "/projects", body)["id"]
        self._tell(f"submitted: {body['title']} ({self.project_id})")
        guidance = self.reach("advised")["guidance"]
        for match in guidance["datasets"][:3]:
            self._tell(f"advised: {match['title']} - {'; '.join(match['reasons'])}")
        for expert in guidance["experts"][:2]:
            self._tell(f"advised: {expert['name']} - {'; '.join(expert['reasons'])}")

    def treatment(self, homes: str) -> dict[str, Any]:
        """Return the treatment that the lab's recipe makes of the holder's homes."""
        recipe = self.staff.post("compute", "/recipes", content.recipe())["name"]
        inputs = {
            "logements": homes,
            "epci": self.datasets["epci_2026.csv"],
            "communes": self.datasets["communes_2026.csv"],
        }
        path = f"/recipes/{recipe}/treatment"
        treatment: dict[str, Any] = self.holder.post("compute", path, {"inputs": inputs})
        self._tell(f"by the recipe {treatment['recipe']}, in {len(treatment['steps'])} steps")
        return treatment

    def secure(self) -> None:
        """Review the project; access and workspace follow by themselves."""
        reason = "Données ouvertes ou du porteur, agrégées : aucune donnée personnelle."
        review(self.staff, self.project_id, reason)
        self._tell(f"secured: {reason}")

    def trial(self) -> None:
        """Wait for the trial and read what it says of the keys."""
        project = self.reach("trialled")
        self._tell("equipped: data access and workspace are open")
        report = self.manifest(project["trials"][-1]["job_id"])["reports"][0]
        self._tell(f"trialled on a sample: {report['summary']}")
        for orphan in report["orphans"]:
            successor = orphan["successor"] or "no successor"
            self._tell(f"  code {orphan['key']} ({orphan['weight']} homes) -> {successor}")

    def staff_up(self) -> None:
        """Ask a pilot site and a team; once all accept, the full job starts."""
        city, team = self.members["city"], [self.members["laboratory"], self.members["agency"]]
        self.act("pilot-site", {"site_id": city})
        self._accept(city)
        self._tell("piloted: Ville pilote accepts")
        self.act("team", {"team": team})
        for member_id in team:
            self._accept(member_id)
        self._tell(f"staffed: a team of {len(team)}, all of whom accept")

    def deliver(self) -> None:
        """Wait for the full job, deliver it, and find the result in the catalogue."""
        results = wait("the full job succeeds", lambda: self.project()["results"])
        self._tell("the full job has run")
        self.act("delivery", content.delivery(results[-1]["job_id"]), self.holder)
        self._tell("delivered")
        self.result_id = wait("the result is in the catalogue", self._find_result)
        self._tell(f"the result is a dataset of the catalogue: {self.result_id}")

    def renew(self) -> None:
        """Have the service renewed when its data change, then send in the row that was missing."""
        path = f"/services/{self.project_id}"
        wait("the service is known", partial(self._lives, path))
        self.holder.put("compute", f"{path}/mode", {"mode": "on_change"})
        began = time.monotonic()
        homes = f"/datasets/{self.datasets[content.HOMES_FILE]}/versions"
        note = {"note": "Un IRIS manquait."}
        self.holder.upload("catalog", homes, note, content.DATA / content.HOMES_FILE)
        wait("the second edition is published", self._has_second_edition)
        self._tell(
            f"a row came late to the homes: {time.monotonic() - began:.1f} s later the result was"
            " made anew and is in the catalogue, without a hand"
        )

    def project(self) -> dict[str, Any]:
        """The project as its holder sees it."""
        project: dict[str, Any] = self.holder.get("intake", f"/projects/{self.project_id}")
        return project

    def act(self, what: str, body: dict[str, Any], client: Client | None = None) -> None:
        """Decide something on the project."""
        (client or self.staff).post("intake", f"/projects/{self.project_id}/{what}", body)

    def reach(self, stage: str) -> dict[str, Any]:
        """Return the project once it is at `stage`; StoryError if its trial failed or it ended."""

        def look() -> dict[str, Any] | None:
            project = self.project()
            failed = [trial["reason"] for trial in project["trials"] if trial["reason"]]
            if project["stage"] in ABANDONED or failed:
                raise StoryError(f"the project is {project['stage']}: {'; '.join(failed)}")
            return project if project["stage"] == stage else None

        project: dict[str, Any] = wait(f"the project is {stage}", look)
        return project

    def manifest(self, job_id: str) -> dict[str, Any]:
        """What a job read, did and made."""
        path = f"/jobs/{job_id}/result"
        manifest: dict[str, Any] = self.holder.get("compute", path, name="manifest.json")
        return manifest

    def fetch(self, folder: Path) -> list[Path]:
        """Download the result's table, chart, map and report."""
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / name for name in content.RESULT_FILES]
        for file in files:
            path = f"/datasets/{self.result_id}/files/{file.name}"
            self.holder.download("catalog", path, file)
        return files

    def stop_listening(self) -> None:
        """Remove the partner's endpoint."""
        self.staff.delete("notify", f"/endpoints/{self.endpoint_id}")

    def _accept(self, member_id: str) -> None:
        accept(self._client_for(member_id, "owner"), self.project_id)

    def _find_result(self) -> str | None:
        page = self.holder.get("catalog", "/datasets", q="vacance EPCI", theme="habitat")
        return next(
            (
                dataset["id"]
                for dataset in page["items"]
                if dataset["project_id"] == self.project_id
            ),
            None,
        )

    def _lives(self, path: str) -> bool:
        try:
            return bool(self.holder.get("compute", path)["state"] == "live")
        except CallError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise

    def _has_second_edition(self) -> bool:
        versions = self.holder.get("catalog", f"/datasets/{self.result_id}")["versions"]
        return len(versions) > 1 and versions[-1]["state"] == "published"


def _offer(client: Client, metadata: dict[str, Any], file: Path) -> str:
    dataset = client.upload("catalog", "/datasets", metadata, file)
    return str(dataset["id"])


def _published(client: Client, dataset_id: str) -> dict[str, Any] | None:
    dataset: dict[str, Any] = client.get("catalog", f"/datasets/{dataset_id}")
    if dataset["state"] == "rejected":
        raise StoryError(f"{dataset['title']} was rejected: {dataset['versions'][-1]['reason']}")
    return dataset if dataset["state"] == "published" else None


@contextmanager
def explained(
    urls: Mapping[str, str], home: Path, least_free_bytes: int = LEAST_FREE_BYTES
) -> Iterator[None]:
    """Add to what stops the story what is wrong with the lab at `urls`, with its state in `home`.

    Raises StoryError in its place.
    """
    try:
        yield
    except (StoryError, CallError) as error:
        reasons = [str(error), *_not_ready(urls), *_nearly_full(home, least_free_bytes)]
        raise StoryError("; ".join(reasons)) from error


def _not_ready(urls: Mapping[str, str]) -> Iterator[str]:
    for service, url in urls.items():
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=_PATIENCE_SECONDS).close()  # noqa: S310
        except urllib.error.HTTPError as answer:
            yield f"{service} is not ready{_red(answer.read())}"
        except OSError:
            yield f"{service} does not answer"


def _red(body: bytes) -> str:
    """Return the failed checks of a `/readyz` answer, with their reasons."""
    try:
        answer = json.loads(body)
        reasons = answer.get("reasons", {})
        red = [name for name, green in answer["checks"].items() if not green]
        causes = (f"{name}: {reasons[name]}" if name in reasons else name for name in red)
        return f" ({', '.join(causes)})"
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _nearly_full(home: Path, least_free_bytes: int) -> Iterator[str]:
    if home.exists():
        free = shutil.disk_usage(home).free
        if free < least_free_bytes:
            yield f"only {free // 1_000_000} MB are free at {home}"
