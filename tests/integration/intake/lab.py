"""Two intake processes on one database, and what a test needs to call, provoke and watch them."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import amqp
import urllib3

from shared import events
from shared.events.event import Event, FileRef, Match
from tests.lab import ServiceLab
from tests.servers import RunningService, eventually

MANIFEST = FileRef(sha256="a" * 64, size=10)
PROJECT: dict[str, Any] = {
    "title": "Logements vacants",
    "problem": "Où les logements restent-ils vides, et à quel taux ?",
    "theme": "logement",
    "territory": ["14"],
    "keywords": ["vacance"],
    "skills": ["Statistique"],
    "dataset_ids": ["dts_logements"],
    "treatment": {
        "inputs": {"logements": "dts_logements", "epci": "dts_epci"},
        "steps": [
            {
                "application": "cross",
                "inputs": {"left": "logements", "right": "epci"},
                "parameters": {"left_key": "com", "right_key": "code"},
                "output": "logements_epci",
            }
        ],
    },
}
HOLDER = ("mbr_holder", "holder")
SIGN_IN_KEY = "what intake and the portal alone know"
REVIEWER = ("mbr_reviewer", "reviewer")
OWNER = ("mbr_owner", "owner")


@dataclass
class Lab(ServiceLab):
    """The two processes, the broker and the documents behind them."""

    tested = "intake"

    services: list[RunningService]
    _turn: Iterator[int] = field(default_factory=itertools.count)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: tuple[str, ...] = HOLDER,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request to the next process in turn."""
        service = self.services[next(self._turn) % len(self.services)]
        token = self.token(*who)
        return self.request(method, service.url + path, token, json=body, headers=headers)

    def done(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """What a request that succeeds answers."""
        answer = self.call(method, path, body, **options)
        assert answer.status in {200, 201}, answer.data
        return answer.json()

    def refused(
        self, status: int, method: str, path: str, body: object = None, **options: Any
    ) -> Any:
        """The problem that answers a request."""
        answer = self.call(method, path, body, **options)
        assert answer.status == status, answer.data
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.json()

    def submit(self, **changes: Any) -> str:
        """The id of a newly submitted project."""
        return str(self.done("POST", "/projects", {**PROJECT, **changes})["id"])

    def submit_as(self, who: tuple[str, ...]) -> str:
        """The id of a project that somebody submits."""
        return str(self.done("POST", "/projects", PROJECT, who=who)["id"])

    def member(self, **changes: Any) -> str:
        """The id of a newly registered member."""
        body = {"name": "Partenaire", "kind": "company", **changes}
        return str(self.done("POST", "/members", body, who=REVIEWER)["id"])

    def read(self, project_id: str) -> Any:
        """A project as the lab's staff sees it."""
        return self.done("GET", f"/projects/{project_id}", who=REVIEWER)

    def seen(self, project_id: str, **decision: str) -> dict[str, Any]:
        """A review of the project as it is now."""
        return {**SECURE, "version": self.read(project_id)["version"], **decision}

    def tell_owners(self, project_id: str, *owners: str) -> None:
        """Let the catalogue say whose data the project's present treatment would read."""
        (document,) = self.documents("projects", _id=project_id)
        fields = {"proposal": document["proposal"], "owners": owners or (OWNER[0],)}
        event = events.InputsChecked.model_validate({"project_id": project_id, **fields})
        self.publish(event)

        def has_noted() -> bool:
            return any(check["by"] == "catalog" for check in self.read(project_id)["checks"])

        eventually(has_noted, what="the owners are told")

    def secure(self, project_id: str, who: tuple[str, ...] = REVIEWER) -> Any:
        """The project, secured as soon as the catalogue has said whose data it reads."""
        self.tell_owners(project_id)
        return self.done("POST", f"/projects/{project_id}/review", self.seen(project_id), who=who)

    def pilot(self, project_id: str, site_id: str) -> None:
        """Ask a site, which accepts."""
        path = f"/projects/{project_id}/pilot-site"
        self.done("POST", path, {"site_id": site_id}, who=REVIEWER)
        self.answer(project_id, site_id)

    def staff(self, project_id: str, *team: str) -> None:
        """Ask a team, of which all accept."""
        self.done("POST", f"/projects/{project_id}/team", {"team": team}, who=REVIEWER)
        for member_id in team:
            self.answer(project_id, member_id)

    def answer(self, project_id: str, member_id: str, answer: str = "accept", **why: str) -> Any:
        """The invitation of a member of whatever role, with its answer."""
        path = f"/projects/{project_id}/invitation"
        return self.done("POST", path, {"answer": answer, **why}, who=(member_id, "owner"))

    def stage(self, project_id: str) -> str:
        """The stage of a project."""
        return str(self.read(project_id)["stage"])

    def wait_for_stage(self, project_id: str, stage: str) -> None:
        """Wait until a project has come to a stage."""
        eventually(lambda: self.stage(project_id) == stage, what=f"{project_id} is {stage}")

    def handled(self, event: type[Event]) -> float:
        """How often the two processes have finished with an event of that class."""
        pattern = rf'datalab_events_handled_total{{event="{event.topic}".*}} (\S+)'
        urls = [f"{service.url}/metrics" for service in self.services]
        pages = [self._pool.request("GET", url).data.decode() for url in urls]
        return sum(float(count) for page in pages for count in re.findall(pattern, page))

    def publish_and_wait(self, event: Event, *, times: int = 1, sequence: int = 1) -> None:
        """Publish, and wait until every copy has been handled."""
        due = self.handled(type(event)) + times
        self.publish(event, sequence=sequence, times=times)
        eventually(lambda: self.handled(type(event)) >= due, what=f"{event.topic} is handled")

    def delivered_again(self, method: str, body: object, times: int) -> list[dict[str, Any]]:
        """The answers to one RPC request that is delivered `times` times."""
        with self.broker.connection(self.vhost) as connection:
            channel = connection.channel()
            replies, call_id = channel.queue_declare(exclusive=True).queue, str(uuid4())
            channel.queue_bind(replies, "nameko-rpc", replies)
            for _ in range(times):
                properties = {"reply_to": replies, "correlation_id": call_id}
                message = amqp.Message(json.dumps(body).encode(), **properties)
                channel.basic_publish_confirm(message, "nameko-rpc", f"intake.{method}")
            answers: list[dict[str, Any]] = []

            def all_came() -> bool:
                while message := channel.basic_get(replies, no_ack=True):
                    answers.append(json.loads(message.body))
                return len(answers) >= times

            eventually(all_came, what=f"{times} answers")
        return answers

    def told_of(self, project_id: str) -> list[dict[str, Any]]:
        """The envelopes about a project that intake published so far, each once, in order."""
        about = [envelope for envelope in self.envelopes() if envelope["subject"] == project_id]
        return sorted(about, key=lambda envelope: int(envelope["sequence"]))

    def topics(self, project_id: str) -> list[str]:
        """The topics of those events."""
        return [str(envelope["type"]) for envelope in self.told_of(project_id)]

    def documents(self, collection: str, **where: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        with self.database() as database:
            return list(database[collection].find(where))


def matched(project_id: str, *titles: str) -> events.DatasetsMatched:
    """The catalogue found these datasets."""
    matches = tuple(
        Match(
            dataset_id=f"dts_{title}",
            title=title,
            score=3,
            reasons=("Se croise sur le code commune.",),
            shared_keys=("commune",),
        )
        for title in titles
    )
    return events.DatasetsMatched(project_id=project_id, matches=matches)


def access(project_id: str, proposal: int | None = None) -> events.DataAccessOpened:
    """The data of a project's treatment may be read; of the first, in an event of before."""
    ids = ("dts_epci", "dts_logements")
    return events.DataAccessOpened(project_id=project_id, dataset_ids=ids, proposal=proposal)


def workspace(project_id: str) -> events.WorkspaceOpened:
    """A project may compute."""
    return events.WorkspaceOpened(project_id=project_id, quota_seconds=3600)


def succeeded(project_id: str, kind: str, job_id: str) -> events.JobSucceeded:
    """A job ended well."""
    fields: dict[str, Any] = {"kind": kind, "project_id": project_id, "seconds": 1.0}
    return events.JobSucceeded(job_id=job_id, result=MANIFEST, **fields)


def failed(project_id: str, job_id: str) -> events.JobFailed:
    """A trial ended badly."""
    return events.JobFailed(
        job_id=job_id, kind="trial", project_id=project_id, reason="colonne absente"
    )


def cancelled(project_id: str, job_id: str) -> events.JobCancelled:
    """A trial was stopped."""
    return events.JobCancelled(job_id=job_id, kind="trial", project_id=project_id, reason="annulé")


def given_up(project_id: str, job_id: str) -> events.JobGivenUp:
    """A trial waits for an operator."""
    why = "erreur interne du service de calcul"
    return events.JobGivenUp(job_id=job_id, kind="trial", project_id=project_id, reason=why)


def retried(project_id: str, job_id: str) -> events.JobRetried:
    """An operator put it back into the queue."""
    return events.JobRetried(job_id=job_id, kind="trial", project_id=project_id)


def new_job() -> str:
    """A job id that no other test uses."""
    return f"job_{uuid4().hex}"


def bring(lab: Lab, project_id: str, goal: str) -> str:
    """Take a submitted project along the usual road to a stage; its id."""
    job_id = new_job()
    road: dict[str, Callable[[], object]] = {
        "advised": lambda: lab.publish(matched(project_id, "epci")),
        "secured": lambda: lab.secure(project_id),
        "equipped": lambda: [lab.publish(make(project_id)) for make in (access, workspace)],
        "trialled": lambda: lab.publish(succeeded(project_id, "trial", job_id)),
        "piloted": lambda: lab.pilot(project_id, lab.member()),
        "staffed": lambda: lab.staff(project_id, lab.member()),
    }
    for stage, step in road.items():
        step()
        lab.wait_for_stage(project_id, stage)
        if stage == goal:
            break
    return project_id


SECURE = {"decision": "secure", "reason": "Licences ouvertes."}
