"""A member leaves: its data is retired and nobody waits for its word."""

import pytest

from shared.aggregate import new_id
from shared.errors import Forbidden
from shared.events import MemberLeft
from tests.integration.catalog.lab import Lab, about, delivered, problem_of


def leave(lab: Lab, member_id: str) -> None:
    """Let a member leave, as told twice."""
    lab.publish(MemberLeft(member_id=member_id, reason="Fin."), times=2)
    lab.settled()


def test_datasets_of_a_member_who_left_are_retired_once(lab: Lab) -> None:
    """They are kept, and found no more; its token brings no new ones."""
    owner = new_id("mbr")
    dataset_id = lab.published(owner)
    leave(lab, owner)
    event = lab.wait_for("dataset_retired", dataset_id=dataset_id)
    assert "a quitté le Datalab" in event["reason"]
    assert len(lab.events("dataset_retired", dataset_id=dataset_id)) == 1
    answer = lab.post_file("/datasets", lab.token(owner, "owner"), about())
    assert "a quitté le Datalab" in problem_of(answer, 403)


def test_nobody_waits_for_the_word_of_a_member_who_left(lab: Lab) -> None:
    """What it was asked is refused, what it granted ends, what it would be asked is refused."""
    owner = new_id("mbr")
    dataset_id = lab.published(owner, access="restricted")
    waits, reads = lab.ask_for(dataset_id), lab.ask_for(dataset_id)
    path = f"/access-requests/{reads}.{dataset_id}/decision"
    token = lab.token(owner, "owner")
    assert lab.call("POST", path, token, json={"decision": "grant"}).status == 200
    lab.wait_for("access_granted", project_id=reads)
    leave(lab, owner)
    refused = lab.wait_for("access_refused", project_id=waits)
    revoked = lab.wait_for("access_revoked", project_id=reads)
    assert "a quitté" in refused["reason"]
    assert "a quitté" in revoked["reason"]
    later = lab.secure(dataset_id)
    assert lab.wait_for("access_refused", project_id=later)
    lab.settled()
    assert len(lab.events("access_refused", project_id=waits)) == 1
    assert len(lab.events("access_revoked", project_id=reads)) == 1
    again = lab.call("POST", path, token, json={"decision": "grant"})
    assert "a quitté le Datalab" in problem_of(again, 403)


def test_member_who_left_takes_no_result_of_its_team_away(lab: Lab) -> None:
    """Nor does one of the staff who left; the owner still has what is its own."""
    holder, team, staff = new_id("mbr"), new_id("mbr"), new_id("mbr")
    source = lab.published(new_id("mbr"), access="restricted")
    event = delivered(lab, source, holder_id=holder)
    path = f"/datasets/{lab.result_of(event.model_copy(update={'team': (team,)}))}"
    tokens = [lab.token(team, "holder"), lab.token(staff, "reviewer")]
    for token in tokens:
        assert lab.call("GET", f"{path}/table", token).status == 200
    for member in (team, staff):
        leave(lab, member)
    for token in tokens:
        for file in ("table", "files/chart.png"):
            problem = problem_of(lab.call("GET", f"{path}/{file}", token), 403)
            assert "a quitté le Datalab" in problem
    leave(lab, holder)
    assert lab.call("GET", f"{path}/table", lab.token(holder, "holder")).status == 200


def test_member_who_left_has_no_word_any_more(lab: Lab) -> None:
    """Neither on the opening of a result, nor on access, nor on the end of others' data."""
    holder, owner, staff = new_id("mbr"), new_id("mbr"), new_id("mbr")
    source = lab.published(owner, access="restricted")
    result = lab.result_of(delivered(lab, source, holder_id=holder))
    token = lab.token(holder, "holder")
    assert lab.call("POST", f"/datasets/{result}/opening", token, json={}).status == 200
    project = lab.ask_for(source)
    for member in (owner, staff):
        leave(lab, member)
    path, body = f"/datasets/{result}/opening/decision", {"decision": "open", "version": 1}
    answer = lab.call("POST", path, lab.token(owner, "owner"), json=body)
    assert "a quitté le Datalab" in problem_of(answer, 403)
    path, body = f"/datasets/{result}/retirement", {"reason": "fin"}
    answer = lab.call("POST", path, lab.token(staff, "operator"), json=body)
    assert "a quitté le Datalab" in problem_of(answer, 403)
    with lab.rpc() as catalog:
        with pytest.raises(Forbidden, match="a quitté"):
            catalog.decide_on_opening(result, owner, "open", 1)
        with pytest.raises(Forbidden, match="a quitté"):
            catalog.request_opening(source, owner)
        with pytest.raises(Forbidden, match="a quitté"):
            catalog.decide_access(f"{project}.{source}", owner, "grant")
    assert lab.get(f"/datasets/{result}", token)["access"] == "restricted"


def test_sources_of_a_member_who_left_are_harvested_no_more(lab: Lab) -> None:
    """Neither by plan nor on request."""
    operator = new_id("mbr")
    token = lab.token(operator, "operator")
    source = {
        "title": "Portail",
        "catalogue": "dcat",
        "url": "https://93.184.216.34/catalog",
        "theme": "territoire",
        "licence": "Licence Ouverte",
        "every_hours": 24,
    }
    source_id = lab.call("POST", "/sources", token, json=source).json()["id"]
    leave(lab, operator)
    assert lab.get(f"/sources/{source_id}", token)["every_hours"] is None
    problem_of(lab.call("POST", f"/sources/{source_id}/harvest", token, json={}), 403)
