"""Requests without an answer and grants whose last day is over, with real time passing."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import urllib3

from services.catalog.access.grants import Deadlines
from services.catalog.access.model import ProjectAccess
from shared.aggregate import new_id, now
from shared.errors import Forbidden, Invalid
from tests.conftest import Token
from tests.integration.catalog.lab import CATALOG, Lab, problem_of, running_lab
from tests.servers import Broker, eventually, running
from tests.unit.catalog.samples import metadata, registered

EXPIRY_SECONDS = 4
YESTERDAY = (now() - timedelta(days=2)).date().isoformat()
IN_A_WEEK = (now() + timedelta(days=7)).date().isoformat()


@pytest.fixture(scope="module")
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog of a lab where owners have seconds to decide."""
    environ = {
        **module_environ,
        "DATALAB_ACCESS_REMINDER_SECONDS": "1",
        "DATALAB_ACCESS_EXPIRY_SECONDS": str(EXPIRY_SECONDS),
    }
    with running_lab(broker, vhost, environ, token) as lab:
        yield lab


@pytest.fixture(scope="module")
def both(lab: Lab) -> Iterator[Lab]:
    """The same catalogue, at which a second process looks, too."""
    with running(CATALOG, lab.environ):
        yield lab


def answer(lab: Lab, request_id: str, member: str, **body: object) -> urllib3.BaseHTTPResponse:
    """What the catalogue says to a decision."""
    path = f"/access-requests/{request_id}/decision"
    return lab.call("POST", path, lab.token(member, "owner"), json=body)


def asked(lab: Lab) -> tuple[str, str, str]:
    """A project, the dataset it asks for, and whose that is."""
    owner = new_id("mbr")
    dataset_id = lab.published(owner, access="restricted")
    return lab.ask_for(dataset_id), dataset_id, owner


def test_request_without_an_answer_is_reminded_and_expires_once(lab: Lab, both: Lab) -> None:
    """Two processes look, one of each event comes; the owner may grant it all the same."""
    project_id, dataset_id, owner = asked(both)
    reminded = lab.wait_for("access_reminded", project_id=project_id)
    expired = lab.wait_for("access_expired", project_id=project_id)
    assert (reminded["owner_id"], reminded["member_ids"]) == (owner, [owner])
    assert expired["reason"].startswith("Sans réponse")
    request_id = f"{project_id}.{dataset_id}"
    assert answer(lab, request_id, owner, decision="grant").json()["state"] == "granted"
    lab.wait_for("data_access_opened", project_id=project_id)
    lab.settled()
    for topic in ("access_reminded", "access_expired", "access_granted"):
        assert len(lab.events(topic, project_id=project_id)) == 1


def test_what_falls_due_while_nobody_runs_is_done_afterwards(lab: Lab) -> None:
    """Due dates are in the documents: a killed process forgets nothing, nor does an upgrade."""
    reminded, undated = asked(lab)[0], asked(lab)[0]
    lab.service.kill()
    with lab.database() as database:
        document = database["accesses"].find_one({"_id": undated}) or {}
        del document["due_at"]
        database["accesses"].replace_one({"_id": undated}, document)
    end = now() + timedelta(seconds=EXPIRY_SECONDS)
    eventually(lambda: now() > end, what="the time to decide is over")
    lab.service.start()
    for project_id in (reminded, undated):
        lab.wait_for("access_expired", project_id=project_id)
    assert len(lab.events("access_reminded", project_id=reminded)) == 1


def test_grant_ends_after_its_last_day(both: Lab) -> None:
    """Its conditions are told to whoever reads; it ends by itself, once, and may be given anew."""
    lab = both
    project_id, dataset_id, owner = asked(lab)
    request_id, bound = f"{project_id}.{dataset_id}", {"purpose": "étude", "until": IN_A_WEEK}
    body = answer(lab, request_id, owner, decision="grant", **bound).json()
    event = lab.wait_for("access_granted", project_id=project_id)
    with lab.rpc() as catalog:
        for told in (body, event, catalog.open_dataset(project_id, dataset_id)):
            assert bound.items() <= told.items()
        let_days_pass(lab, project_id)
        revoked = lab.wait_for("access_revoked", project_id=project_id)
        assert (revoked["dataset_id"], revoked["owner_id"]) == (dataset_id, owner)
        with pytest.raises(Forbidden):
            catalog.open_dataset(project_id, dataset_id)
        catalog.decide_access(request_id, owner, "grant", purpose="suite", until=IN_A_WEEK)
        assert catalog.open_dataset(project_id, dataset_id)["purpose"] == "suite"
    lab.settled()
    assert len(lab.events("access_revoked", project_id=project_id)) == 1


def let_days_pass(lab: Lab, project_id: str) -> None:
    """Make the project's grants end two days ago: their days are too long for a test."""

    def end_two_days_ago(access: ProjectAccess) -> None:
        for grant in access.grants:
            past = {"until": YESTERDAY}
            grant.conditions = [consent.model_copy(update=past) for consent in grant.conditions]

    with lab.store() as store:
        store.of(ProjectAccess).change(project_id, end_two_days_ago)


def test_owner_takes_a_grant_back(lab: Lab) -> None:
    """With a reason, which the project reads; a stranger finds no such request."""
    project_id, dataset_id, owner = asked(lab)
    request_id = f"{project_id}.{dataset_id}"
    assert answer(lab, request_id, owner, decision="revoke", reason="non").status == 409
    late = answer(lab, request_id, owner, decision="grant", until="1999-12-31")
    assert '"until"' in problem_of(late, 422)
    assert answer(lab, request_id, owner, decision="grant").status == 200
    assert "reason" in problem_of(answer(lab, request_id, owner, decision="revoke"), 422)
    assert answer(lab, request_id, "mbr_z", decision="revoke", reason="non").status == 404
    body = answer(lab, request_id, owner, decision="revoke", reason="étude finie").json()
    assert (body["state"], body["end_reason"]) == ("revoked", "étude finie")
    assert lab.wait_for("access_revoked", project_id=project_id)["reason"] == "étude finie"
    with lab.rpc() as catalog:
        with pytest.raises(Forbidden):
            catalog.open_dataset(project_id, dataset_id)
        with pytest.raises(Invalid, match="until"):
            catalog.decide_access(request_id, owner, "grant", until="demain")


def test_operators_see_how_long_owners_have_been_asked(lab: Lab) -> None:
    """How many projects wait, the oldest request's age, and whether anything is late."""
    waiting = ProjectAccess(id=new_id("prj"))
    data = registered(new_id("dts"), metadata(access="restricted"))
    waiting.secure("mbr_h", {data.id: data}, Deadlines())
    with lab.store() as store:
        store.of(ProjectAccess).save(waiting)

    def is_seen() -> bool:
        text = urllib3.request("GET", f"{lab.service.url}/metrics").data.decode()
        matches = dict(re.findall(r'datalab_access_(\w+){service="catalog"} (\S+)', text))
        return (
            float(matches["waiting_projects"]) >= 1
            and float(matches["oldest_waiting_seconds"]) > 0
            and float(matches["oldest_due_seconds"]) >= 0
        )

    eventually(is_seen, "the metrics show the wait")
